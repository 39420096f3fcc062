#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Int, rows::List, rows::Long, rows::Short, rows::Str, rows::kIntMax;

constexpr ConfigRow kRows[] = {
    // Groups.
    Int("group.min.session.timeout.ms", "6000", "Shortest session timeout a member may ask for."),
    Int("group.max.session.timeout.ms", "1800000", "Longest session timeout a member may ask for."),
    Int("group.initial.rebalance.delay.ms", "3000", "Wait for more members before a new group's first rebalance."),
    Int("group.max.size", kIntMax, "Most members of a group.").Min(1),
    Int("offset.metadata.max.bytes", "4096", "Longest metadata text of a committed offset."),
    Int("offsets.load.buffer.size", "5242880", "Bytes read at once when group state is loaded.").Min(1),
    Short("offsets.topic.replication.factor", "3", "Replicas of __consumer_offsets.").Min(1),
    Int("offsets.topic.num.partitions", "50", "Partitions of __consumer_offsets; not to be changed later.").Min(1),
    Int("offsets.topic.segment.bytes", "104857600", "Segment size of __consumer_offsets.").Min(1),
    Int("offsets.topic.compression.codec", "0", "Codec of stored offsets: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.")
        .Min(0)
        .Max(4),
    Int("offsets.retention.minutes", "10080", "Offsets of an empty group are dropped after this time.").Min(1),
    Long("offsets.retention.check.interval.ms", "600000", "How often old offsets are looked for.").Min(1),
    Int("offsets.commit.timeout.ms", "5000", "How long an offset commit may wait for replicas.").Min(1),
    Short("offsets.commit.required.acks", "-1", "Acknowledgements an offset commit needs (deprecated)."),
    List("group.coordinator.rebalance.protocols", "classic", "Rebalance protocols offered to groups.")
        .Valid("consumer,classic,share,unknown"),
    Int("group.coordinator.threads", "1", "Threads of the newer coordinator.").Min(1),
    Int("group.coordinator.append.linger.ms", "10", "Linger of the newer coordinator's appends.").Min(0),
    Bool("group.coordinator.new.enable", "false", "Internal.").Hidden(),
    Int("group.consumer.session.timeout.ms", "45000", "Session timeout of the consumer protocol.").Min(1),
    Int("group.consumer.min.session.timeout.ms", "45000", "Shortest session timeout of the consumer protocol.").Min(1),
    Int("group.consumer.max.session.timeout.ms", "60000", "Longest session timeout of the consumer protocol.").Min(1),
    Int("group.consumer.heartbeat.interval.ms", "5000", "Heartbeat interval of the consumer protocol.").Min(1),
    Int("group.consumer.min.heartbeat.interval.ms", "5000", "Shortest heartbeat interval.").Min(1),
    Int("group.consumer.max.heartbeat.interval.ms", "15000", "Longest heartbeat interval.").Min(1),
    Int("group.consumer.max.size", kIntMax, "Most members of a consumer-protocol group.").Min(1),
    List("group.consumer.assignors",
         "org.apache.kafka.coordinator.group.assignor.UniformAssignor,"
         "org.apache.kafka.coordinator.group.assignor.RangeAssignor",
         "Server-side assignors; the first is the default."),
    Str("group.consumer.migration.policy", "disabled", "Whether groups may change between protocols.")
        .Valid("DISABLED,DOWNGRADE,UPGRADE,BIDIRECTIONAL")
        .Hidden(),
    Bool("group.share.enable", "false", "Share groups; not offered under ZooKeeper.").Hidden(),
    Int("group.share.delivery.count.limit", "5", "Share groups; without effect.").Min(2).Max(10),
    Short("group.share.max.groups", "10", "Share groups; without effect.").Min(1).Max(100),
    Short("group.share.max.size", "200", "Share groups; without effect.").Min(10).Max(1000),
    Int("group.share.session.timeout.ms", "45000", "Share groups; without effect.").Min(1),
    Int("group.share.min.session.timeout.ms", "45000", "Share groups; without effect.").Min(1),
    Int("group.share.max.session.timeout.ms", "60000", "Share groups; without effect.").Min(1),
    Int("group.share.heartbeat.interval.ms", "5000", "Share groups; without effect.").Min(1),
    Int("group.share.min.heartbeat.interval.ms", "5000", "Share groups; without effect.").Min(1),
    Int("group.share.max.heartbeat.interval.ms", "15000", "Share groups; without effect.").Min(1),
    Int("group.share.record.lock.duration.ms", "30000", "Share groups; without effect.").Min(1000).Max(60000),
    Int("group.share.min.record.lock.duration.ms", "15000", "Share groups; without effect.").Min(1000).Max(30000),
    Int("group.share.max.record.lock.duration.ms", "60000", "Share groups; without effect.").Min(30000).Max(3600000),
    Int("group.share.partition.max.record.locks", "200", "Share groups; without effect.").Min(100).Max(10000),
    Int("share.fetch.purgatory.purge.interval.requests", "1000", "Share groups; without effect.").Hidden(),

    // Transactions.
    Int("transactional.id.expiration.ms", "604800000", "Idle transactional ids are dropped after this time.").Min(1),
    Int("transaction.max.timeout.ms", "900000", "Longest transaction timeout a producer may ask for.").Min(1),
    Int("transaction.state.log.num.partitions", "50", "Partitions of __transaction_state.").Min(1),
    Short("transaction.state.log.replication.factor", "3", "Replicas of __transaction_state.").Min(1),
    Int("transaction.state.log.min.isr", "2", "min.insync.replicas of __transaction_state.").Min(1),
    Int("transaction.state.log.segment.bytes", "104857600", "Segment size of __transaction_state.").Min(1),
    Int("transaction.state.log.load.buffer.size", "5242880", "Bytes read at once when state is loaded.").Min(1),
    Int("transaction.abort.timed.out.transaction.cleanup.interval.ms", "10000", "How often timeouts are looked for.")
        .Min(1),
    Int("transaction.remove.expired.transaction.cleanup.interval.ms", "3600000",
        "How often expired transactional ids are looked for.")
        .Min(1),
    Bool("transaction.partition.verification.enable", "true", "Verify transactional appends with the coordinator.")
        .Dynamic(),
    Int("producer.id.expiration.ms", "86400000", "Idle idempotent producers are forgotten after this time.")
        .Min(1)
        .Dynamic(),
    Int("producer.id.expiration.check.interval.ms", "600000", "How often idle producers are looked for.")
        .Min(1)
        .Hidden(),
};
}  // namespace

std::span<const ConfigRow> CoordinatorRows() { return kRows; }

}  // namespace ottla
