import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * All that a cluster holds, as JSON lines: Records BOOTSTRAP read. One object per record (t p o ts tt le k v h, long bytes as
 * length and hash) and one per partition (offsets). Records BOOTSTRAP append MARK: five records into each partition.
 */
public class Records {
    static final ObjectMapper JSON = new ObjectMapper();
    static final int LONG_BYTES = 96;

    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        List<TopicPartition> partitions;
        try (Admin admin = Admin.create(config)) {
            partitions = partitions(admin);
            if (args[1].equals("read")) {
                for (TopicPartition p : partitions) System.out.println(offsets(admin, p));
            }
        }
        if (args[1].equals("append")) append(config, partitions, args[2]);
        else for (String isolation : new String[] {"read_uncommitted", "read_committed"}) read(config, partitions, isolation);
    }

    static List<TopicPartition> partitions(Admin admin) throws Exception {
        List<TopicPartition> all = new ArrayList<>();
        Set<String> names = admin.listTopics(new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true)).names().get();
        Map<String, TopicDescription> topics = admin.describeTopics(new TreeSet<>(names)).allTopicNames().get();
        for (String name : new TreeSet<>(names)) {
            topics.get(name).partitions().forEach(p -> {
                if (p.leader() != null) all.add(new TopicPartition(name, p.partition()));
            });
        }
        return all;
    }

    static ObjectNode offsets(Admin admin, TopicPartition p) {
        ObjectNode out = JSON.createObjectNode().put("offsets", p.topic()).put("p", p.partition());
        put(out, "earliest", admin, p, OffsetSpec.earliest());
        put(out, "latest", admin, p, OffsetSpec.latest());
        put(out, "max_timestamp", admin, p, OffsetSpec.maxTimestamp());
        return out;
    }

    static void put(ObjectNode out, String name, Admin admin, TopicPartition p, OffsetSpec spec) {
        try {
            ListOffsetsResultInfo found = admin.listOffsets(Collections.singletonMap(p, spec)).partitionResult(p).get();
            out.put(name, found.offset());
            out.put(name + "_time", found.timestamp());
        } catch (Exception e) {
            out.put(name, e.getCause().getClass().getSimpleName());
        }
    }

    static void append(Properties config, List<TopicPartition> partitions, String mark) throws Exception {
        config.put("acks", "all");
        config.put("enable.idempotence", "false");
        config.put("delivery.timeout.ms", "20000");
        config.put("request.timeout.ms", "10000");
        config.put("linger.ms", "0");
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (TopicPartition p : partitions) {
                if (p.topic().startsWith("__")) continue;
                for (int i = 0; i < 5; i++) {
                    byte[] text = (mark + "-" + p + "-" + i).getBytes();
                    producer.send(new ProducerRecord<>(p.topic(), p.partition(), text, text)).get();
                }
            }
        }
    }

    static void read(Properties config, List<TopicPartition> partitions, String isolation) throws Exception {
        config.put("isolation.level", isolation);
        config.put("enable.auto.commit", "false");
        config.put("auto.offset.reset", "none");
        config.put("max.poll.records", "10000");
        config.put("fetch.max.wait.ms", "10");  // else each change of partition waits for the last fetch
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            for (TopicPartition p : partitions) readOne(consumer, p, isolation);
        }
    }

    /** Until the end, or for 15 s: what then is missing shows in the comparison. */
    static void readOne(KafkaConsumer<byte[], byte[]> consumer, TopicPartition p, String isolation) throws Exception {
        consumer.assign(Collections.singleton(p));
        consumer.seekToBeginning(Collections.singleton(p));
        long end = consumer.endOffsets(Collections.singleton(p)).get(p);
        long deadline = System.currentTimeMillis() + 15000;
        try {
            while (consumer.position(p) < end && System.currentTimeMillis() < deadline) {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                    System.out.println(isolation.equals("read_committed") ? brief(r) : record(r));
                }
            }
        } catch (KafkaException e) {  // a batch that fails its checksum; what follows is not asked for
            System.err.println(e);
        }
        System.out.println(JSON.createObjectNode().put("read", p.topic()).put("p", p.partition()).put("isolation", isolation)
                               .put("up_to", consumer.position(p)));
    }

    static ObjectNode brief(ConsumerRecord<byte[], byte[]> r) {
        return JSON.createObjectNode().put("committed", r.topic()).put("p", r.partition()).put("o", r.offset());
    }

    static ObjectNode record(ConsumerRecord<byte[], byte[]> r) throws Exception {
        ObjectNode out = JSON.createObjectNode().put("t", r.topic()).put("p", r.partition()).put("o", r.offset());
        out.put("ts", r.timestamp()).put("tt", r.timestampType().toString()).put("le", r.leaderEpoch().orElse(null));
        bytes(out, "k", r.key());
        bytes(out, "v", r.value());
        ArrayNode headers = JSON.createArrayNode();
        for (Header h : r.headers()) headers.addArray().add(h.key()).add(h.value() == null ? null : hex(h.value()));
        if (headers.size() > 0) out.set("h", headers);
        return out;
    }

    static void bytes(ObjectNode out, String name, byte[] data) throws Exception {
        if (data == null || data.length <= LONG_BYTES) {
            out.put(name, data == null ? null : hex(data));
        } else {
            out.put(name + "_len", data.length);
            out.put(name + "_sha256", hex(MessageDigest.getInstance("SHA-256").digest(data)));
        }
    }

    static String hex(byte[] data) {
        StringBuilder text = new StringBuilder();
        for (byte b : data) text.append(String.format("%02x", b));
        return text.toString();
    }
}
