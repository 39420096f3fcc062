import java.util.Collections;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Admin calls that clients before 2.8 do not have. */
class NewerAdmin {
    static void run(AdminClient admin, String topic) throws Exception {
        TopicPartition p = new TopicPartition(topic, 1);
        ClientStory.equal(0L, offset(admin, p, OffsetSpec.earliest()).offset(), "earliest");
        long end = offset(admin, p, OffsetSpec.latest()).offset();
        ClientStory.check(end > 0, "latest");
        ListOffsetsResultInfo found = offset(admin, p, OffsetSpec.forTimestamp(ClientStory.FIRST_TIME));
        ClientStory.equal(0L, found.offset(), "by time");
        ClientStory.equal(-1L, offset(admin, p, OffsetSpec.forTimestamp(Long.MAX_VALUE)).offset(), "after all times");
        admin.createPartitions(Collections.singletonMap(topic, NewPartitions.increaseTo(5))).all().get();
        long deadline = System.currentTimeMillis() + 20000;
        while (Version.describe(admin, topic).partitions().size() != 5) {
            ClientStory.check(System.currentTimeMillis() < deadline, "five partitions within 20 s");
            Thread.sleep(100);
        }
        ClientStory.fails("InvalidPartitionsException",
            () -> admin.createPartitions(Collections.singletonMap(topic, NewPartitions.increaseTo(2))).all().get());
    }

    static ListOffsetsResultInfo offset(AdminClient admin, TopicPartition p, OffsetSpec spec) throws Exception {
        return admin.listOffsets(Collections.singletonMap(p, spec)).partitionResult(p).get();
    }
}
