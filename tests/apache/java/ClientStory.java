import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What one version of Apache's Java clients does with a cluster: ClientStory BOOTSTRAP CODEC,CODEC,... [one-less]
 * Compiles against every version from 0.11 on; where names changed, reflection chooses (class Version).
 * The first thing that is not as expected ends it with an exception and status 1.
 */
public class ClientStory {
    static final int PARTITIONS = 3;
    static final long FIRST_TIME = 1700000000000L;
    final String bootstrap;
    final String[] codecs;

    ClientStory(String bootstrap, String[] codecs) {
        this.bootstrap = bootstrap;
        this.codecs = codecs;
    }

    public static void main(String[] args) throws Exception {
        ClientStory story = new ClientStory(args[0], args[1].split(","));
        try (AdminClient admin = AdminClient.create(story.common())) {
            if (args.length > 2) {
                story.oneBrokerLess();
                return;
            }
            story.topics(admin);
            story.produceAndConsume();
            story.offsets();
            story.errors(admin);
            Version.newerAdmin(admin, "story");
            story.deletion(admin);
        }
        System.out.println("story complete");
    }

    // ---- a third word: after broker 3 died

    /** What needs two replicas in sync is refused, the rest goes on; topics "pair" and "triple" were made before. */
    void oneBrokerLess() throws Exception {
        Properties impatient = common();
        impatient.put("retries", "0");
        try (KafkaProducer<byte[], byte[]> producer = producer(impatient, "all", false, "none")) {
            fails("NotEnoughReplicasException", () -> send(producer, "pair", new byte[1]));
        }
        try (KafkaProducer<byte[], byte[]> producer = producer("1", false, "none")) {
            equal(0L, send(producer, "pair", new byte[1]).offset(), "first offset");
        }
        try (KafkaProducer<byte[], byte[]> producer = producer("all", true, "none")) {
            equal(0L, send(producer, "triple", new byte[1]).offset(), "first offset");
        }
        System.out.println("story complete");
    }

    // ---- topics

    void topics(AdminClient admin) throws Exception {
        equal(3, admin.describeCluster().nodes().get().size(), "brokers");
        check(admin.describeCluster().controller().get().id() > 0, "a controller");
        check(admin.describeCluster().clusterId().get().length() == 22, "cluster id");
        NewTopic topic = new NewTopic("story", PARTITIONS, (short) 3);
        topic.configs(Collections.singletonMap("retention.ms", "-1"));
        NewTopic placed = new NewTopic("placed", Collections.singletonMap(0, Arrays.asList(2, 1)));
        NewTopic small = new NewTopic("small", 1, (short) 2);
        small.configs(Collections.singletonMap("max.message.bytes", "1000"));
        admin.createTopics(Arrays.asList(topic, placed, small)).all().get();
        check(admin.listTopics().names().get().containsAll(Arrays.asList("story", "placed", "small")), "list");
        TopicDescription seen = Version.describe(admin, "story");
        equal(PARTITIONS, seen.partitions().size(), "partitions");
        equal(3, seen.partitions().get(0).replicas().size(), "replicas");
        equal(2, Version.describe(admin, "placed").partitions().get(0).replicas().get(0).id(), "first replica");
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "small");
        Config config = admin.describeConfigs(Collections.singleton(resource)).all().get().get(resource);
        ConfigEntry entry = config.get("max.message.bytes");
        equal("1000", entry.value(), "max.message.bytes");
        check(!entry.isDefault(), "not a default");
        if (Version.knowsConfigSources()) {
            check(config.get("segment.bytes").isDefault(), "a default");
        }
    }

    void errors(AdminClient admin) throws Exception {
        fails("TopicExistsException", () -> create(admin, new NewTopic("story", 1, (short) 1)));
        fails("InvalidTopicException", () -> create(admin, new NewTopic("no good!", 1, (short) 1)));
        fails("InvalidReplicationFactorException", () -> create(admin, new NewTopic("many", 1, (short) 9)));
        fails("InvalidPartitionsException", () -> create(admin, new NewTopic("none", 0, (short) 1)));
        NewTopic unknownConfig = new NewTopic("odd", 1, (short) 1);
        unknownConfig.configs(Collections.singletonMap("no.such.config", "1"));
        fails("InvalidConfigurationException", () -> create(admin, unknownConfig));
        fails("InvalidReplicaAssignmentException",
              () -> create(admin, new NewTopic("twice", Collections.singletonMap(0, Arrays.asList(1, 1)))));
        fails("UnknownTopicOrPartitionException", () -> Version.describe(admin, "absent"));
        fails("UnknownTopicOrPartitionException",
              () -> admin.deleteTopics(Collections.singleton("absent")).all().get());
        try (KafkaProducer<byte[], byte[]> producer = producer("1", false, "none")) {
            fails("RecordTooLargeException", () -> send(producer, "small", new byte[2000]));
            fails("RecordTooLargeException", () -> send(producer, "story", new byte[2000000]));
            // Clients before 2.2 do not know the error and wait in vain.
            fails("InvalidTopicException|TimeoutException", () -> send(producer, "no good!", new byte[1]));
            fails("TimeoutException|UnknownTopicOrPartitionException", () -> send(producer, "absent", new byte[1]));
        }
    }

    static Object create(AdminClient admin, NewTopic topic) throws Exception {
        return admin.createTopics(Collections.singleton(topic)).all().get();
    }

    static RecordMetadata send(KafkaProducer<byte[], byte[]> producer, String topic, byte[] value) throws Exception {
        return producer.send(new ProducerRecord<byte[], byte[]>(topic, value)).get();
    }

    void deletion(AdminClient admin) throws Exception {
        List<String> names = Arrays.asList("story", "placed", "small");
        admin.deleteTopics(names).all().get();
        long end = System.currentTimeMillis() + 20000;
        while (!Collections.disjoint(admin.listTopics().names().get(), names)) {
            check(System.currentTimeMillis() < end, "topics are gone within 20 s");
            Thread.sleep(100);
        }
    }

    // ---- records

    /** Everything sent, by partition and offset. */
    final Map<Integer, TreeMap<Long, ProducerRecord<byte[], byte[]>>> sent = new HashMap<>();

    void produceAndConsume() throws Exception {
        for (int p = 0; p < PARTITIONS; p++) sent.put(p, new TreeMap<>());
        int series = 0;
        for (String codec : codecs) {
            produce(series++, "1", false, codec);
            produce(series++, "all", false, codec);
            produce(series++, "all", true, codec);
        }
        produce(series++, "0", false, "none");
        long total = 0;
        for (TreeMap<Long, ProducerRecord<byte[], byte[]>> p : sent.values()) total += p.size();
        equal((long) series * 60, total, "records that have an offset of their own");
        for (String isolation : new String[] {"read_uncommitted", "read_committed"}) {
            consumeAll(isolation, 1048576);
            consumeAll(isolation, 300);  // less than a batch: one batch at a time
        }
    }

    void produce(int series, String acks, boolean idempotent, String codec) throws Exception {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(acks, idempotent, codec)) {
            equal(PARTITIONS, producer.partitionsFor("story").size(), "partitionsFor");
            for (int i = 0; i < 60; i++) {
                ProducerRecord<byte[], byte[]> record = record(series, i);
                records.add(record);
                answers.add(producer.send(record));
                if (i % 20 == 19) producer.flush();
            }
            for (int i = 0; i < 60; i++) note(records.get(i), answers.get(i).get(), acks);
        }
    }

    void note(ProducerRecord<byte[], byte[]> record, RecordMetadata answer, String acks) {
        if (record.partition() != null) equal(record.partition(), answer.partition(), "partition");
        long offset = answer.offset();
        // Without acknowledgement the offset is not told; nobody else writes, so it is the next one.
        TreeMap<Long, ProducerRecord<byte[], byte[]>> log = sent.get(answer.partition());
        if (acks.equals("0")) offset = log.lastKey() + 1;
        else equal(record.timestamp(), (Long) answer.timestamp(), "timestamp");
        check(log.put(offset, record) == null, "offset " + offset + " was given twice");
        equal(offset + 1, (long) log.size(), "offsets have no gaps");
    }

    static ProducerRecord<byte[], byte[]> record(int series, int i) {
        byte[] key = i % 10 == 9 ? null : i % 10 == 8 ? new byte[0] : bytes("key-" + series + "-" + i);
        byte[] value = i % 10 == 7 ? null : i % 10 == 6 ? new byte[0] : bytes(text(series, i));
        List<Header> headers = new ArrayList<>();
        for (int h = 0; h < i % 4; h++) headers.add(new RecordHeader("h" + (h / 2), h == 1 ? null : bytes("é" + h)));
        Integer partition = i % 3 == 0 ? null : Integer.valueOf(i % PARTITIONS);
        return new ProducerRecord<>("story", partition, FIRST_TIME + series * 1000 + i, key, value, headers);
    }

    static String text(int series, int i) {
        StringBuilder text = new StringBuilder("value-" + series + "-" + i);
        for (int n = 0; n < i * 3; n++) text.append(" of many words ").append(n);
        return text.toString();
    }

    void consumeAll(String isolation, int partitionBytes) throws Exception {
        Properties config = common();
        config.put("isolation.level", isolation);
        config.put("max.partition.fetch.bytes", "" + partitionBytes);
        config.put("fetch.min.bytes", "1");
        Map<Integer, Long> next = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config)) {
            consumer.assign(partitions());
            consumer.seekToBeginning(partitions());
            long end = System.currentTimeMillis() + 30000;
            while (!complete(next)) {
                check(System.currentTimeMillis() < end, "everything within 30 s, got up to " + next);
                for (ConsumerRecord<byte[], byte[]> record : Version.poll(consumer, 500)) compare(record, next);
            }
            for (TopicPartition p : partitions()) equal(next.get(p.partition()), (Long) consumer.position(p), "position");
        }
    }

    boolean complete(Map<Integer, Long> next) {
        for (int p = 0; p < PARTITIONS; p++) {
            if (next.getOrDefault(p, 0L) < sent.get(p).size()) return false;
        }
        return true;
    }

    void compare(ConsumerRecord<byte[], byte[]> got, Map<Integer, Long> next) {
        String where = "partition " + got.partition() + " offset " + got.offset();
        equal(next.getOrDefault(got.partition(), 0L), (Long) got.offset(), "next of partition " + got.partition());
        ProducerRecord<byte[], byte[]> record = sent.get(got.partition()).get(got.offset());
        check(record != null, "nobody sent " + where);
        check(Arrays.equals(record.key(), got.key()), "key of " + where);
        check(Arrays.equals(record.value(), got.value()), "value of " + where);
        equal(record.timestamp(), (Long) got.timestamp(), "timestamp of " + where);
        equal(record.headers(), got.headers(), "headers of " + where);
        next.put(got.partition(), got.offset() + 1);
    }

    // ---- offsets

    void offsets() throws Exception {
        Properties config = common();
        config.put("auto.offset.reset", "none");
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config)) {
            TopicPartition p = new TopicPartition("story", 1);
            long end = sent.get(1).size();
            equal(Collections.singletonMap(p, 0L), consumer.beginningOffsets(Collections.singleton(p)), "beginning");
            equal(Collections.singletonMap(p, end), consumer.endOffsets(Collections.singleton(p)), "end");
            times(consumer, p);
            consumer.assign(Collections.singleton(p));
            consumer.seek(p, 17);
            equal(17L, Version.poll(consumer, 5000).iterator().next().offset(), "first after seek");
            consumer.seekToEnd(Collections.singleton(p));
            equal(end, consumer.position(p), "position at the end");
            equal(0, Version.poll(consumer, 300).count(), "records at the end");
            consumer.seek(p, end + 1000);
            fails("OffsetOutOfRangeException", () -> Version.poll(consumer, 5000));
            consumer.seek(p, end - 1);
            consumer.pause(Collections.singleton(p));
            equal(0, Version.poll(consumer, 300).count(), "records while paused");
            consumer.resume(Collections.singleton(p));
            equal(1, Version.poll(consumer, 5000).count(), "the last record");
            equal(PARTITIONS, consumer.partitionsFor("story").size(), "partitionsFor");
            check(consumer.listTopics().containsKey("placed"), "listTopics");
        }
    }

    /** The first record whose time is the one asked for or later, for a row of times. */
    void times(KafkaConsumer<byte[], byte[]> consumer, TopicPartition p) {
        long last = 0;
        for (ProducerRecord<byte[], byte[]> r : sent.get(1).values()) last = Math.max(last, r.timestamp());
        for (long time = FIRST_TIME - 10; time <= last; time += 137) {
            OffsetAndTimestamp found = consumer.offsetsForTimes(Collections.singletonMap(p, time)).get(p);
            for (Map.Entry<Long, ProducerRecord<byte[], byte[]>> e : sent.get(1).entrySet()) {
                if (e.getValue().timestamp() < time) continue;
                equal(e.getKey(), (Long) found.offset(), "offset for " + time);
                equal(e.getValue().timestamp(), (Long) found.timestamp(), "time for " + time);
                break;
            }
        }
        check(consumer.offsetsForTimes(Collections.singletonMap(p, last + 1)).get(p) == null, "nothing is newer");
    }

    // ---- kit

    List<TopicPartition> partitions() {
        List<TopicPartition> all = new ArrayList<>();
        for (int p = 0; p < PARTITIONS; p++) all.add(new TopicPartition("story", p));
        return all;
    }

    Properties common() {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        return config;
    }

    KafkaProducer<byte[], byte[]> producer(String acks, boolean idempotent, String codec) {
        return producer(common(), acks, idempotent, codec);
    }

    static KafkaProducer<byte[], byte[]> producer(Properties config, String acks, boolean idempotent, String codec) {
        config.put("acks", acks);
        config.put("enable.idempotence", "" + idempotent);
        config.put("compression.type", codec);
        config.put("max.block.ms", "5000");
        config.put("linger.ms", "5");
        config.put("max.request.size", "3000000");
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Properties config) {
        config.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void equal(Object expected, Object actual, String what) {
        if (!expected.equals(actual)) throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }

    /** The exception, or its cause, has one of the names. */
    static void fails(String names, Callable<?> action) throws Exception {
        Set<String> expected = new HashSet<>(Arrays.asList(names.split("\\|")));
        try {
            action.call();
        } catch (Exception e) {
            Throwable error = e instanceof ExecutionException ? e.getCause() : e;
            if (expected.contains(error.getClass().getSimpleName())) return;
            throw new AssertionError("expected " + names, error);
        }
        throw new AssertionError("expected " + names + ", but it went well");
    }
}
