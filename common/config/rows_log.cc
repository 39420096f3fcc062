#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Class, rows::Double, rows::Int, rows::List, rows::Long, rows::Str, rows::kDoubleMax,
    rows::kLongMax;

constexpr ConfigRow kRows[] = {
    Str("log.dirs", nullptr, "Directories for data, separated by commas; wins over log.dir."),
    Str("log.dir", "/tmp/kafka-logs", "Directory for data when log.dirs is not set."),
    Int("num.partitions", "1", "Partitions of topics that do not say.").Min(1),
    Bool("auto.create.topics.enable", "true", "Create topics when clients ask for them."),
    Int("min.insync.replicas", "1", "Replicas in sync that acks=all needs.").Min(1).Dynamic(),
    Int("log.segment.bytes", "1073741824", "Size at which a segment is rolled.").Min(14).Dynamic(),
    Long("log.roll.ms", nullptr, "Age at which a segment is rolled; beats log.roll.hours.").Min(1).Dynamic(),
    Int("log.roll.hours", "168", "Age in hours at which a segment is rolled.").Min(1),
    Long("log.roll.jitter.ms", nullptr, "Random part taken off the roll time.").Min(0).Dynamic(),
    Int("log.roll.jitter.hours", "0", "Random part taken off the roll time, in hours.").Min(0),
    Long("log.retention.ms", nullptr, "Age at which records may go; beats minutes and hours. -1 keeps them.").Dynamic(),
    Int("log.retention.minutes", nullptr, "Age in minutes at which records may go; beats hours."),
    Int("log.retention.hours", "168", "Age in hours at which records may go."),
    Long("log.retention.bytes", "-1", "Size of a partition above which old segments go; -1 is no limit.").Dynamic(),
    Long("log.retention.check.interval.ms", "300000", "How often retention is checked.").Min(1),
    List("log.cleanup.policy", "delete", "What happens to old records: delete, compact, or both.")
        .Valid("compact,delete")
        .Dynamic(),
    Int("log.index.size.max.bytes", "10485760", "Largest offset index of a segment.").Min(4).Dynamic(),
    Int("log.index.interval.bytes", "4096", "Bytes of log per index entry.").Min(0).Dynamic(),
    Long("log.flush.interval.messages", kLongMax, "Records after which a log is flushed.").Min(1).Dynamic(),
    Long("log.flush.interval.ms", nullptr, "Age of unflushed records; the scheduler interval if unset.").Dynamic(),
    Long("log.flush.scheduler.interval.ms", kLongMax, "How often logs that need a flush are looked for."),
    Int("log.flush.offset.checkpoint.interval.ms", "60000", "How often recovery points are saved.").Min(0),
    Int("log.flush.start.offset.checkpoint.interval.ms", "60000", "How often log start offsets are saved.").Min(0),
    Long("log.segment.delete.delay.ms", "60000", "Wait before files of a deleted segment are removed.")
        .Min(0)
        .Dynamic(),
    Bool("log.preallocate", "false", "Give new segments their full size at once.").Dynamic(),
    Str("log.message.format.version", "3.0-IV1", "Ignored; all records are stored in format v2 (deprecated)."),
    Str("log.message.timestamp.type", "CreateTime", "Whose clock stamps records.")
        .Valid("CreateTime,LogAppendTime")
        .Dynamic(),
    Long("log.message.timestamp.difference.max.ms", kLongMax, "Distance of a record's time from now (deprecated).")
        .Min(0)
        .Dynamic(),
    Long("log.message.timestamp.before.max.ms", kLongMax, "How far a record's time may lie in the past.")
        .Min(0)
        .Dynamic(),
    Long("log.message.timestamp.after.max.ms", kLongMax, "How far a record's time may lie in the future.")
        .Min(0)
        .Dynamic(),
    Bool("log.message.downconversion.enable", "true", "Convert records for clients of old formats.").Dynamic(),
    Long("log.dir.failure.timeout.ms", "30000", "Without effect under ZooKeeper.").Min(1),
    Long("log.initial.task.delay.ms", "30000", "Wait before the first background work on logs.").Min(0).Hidden(),
    Class("create.topic.policy.class.name", nullptr, "Java plugin; not supported."),
    Class("alter.config.policy.class.name", nullptr, "Java plugin; not supported."),

    Bool("log.cleaner.enable", "true", "Whether compaction runs."),
    Int("log.cleaner.threads", "1", "Threads that compact.").Min(0).Dynamic(),
    Double("log.cleaner.io.max.bytes.per.second", kDoubleMax, "Bytes per second compaction may read and write.")
        .Dynamic(),
    Long("log.cleaner.dedupe.buffer.size", "134217728", "Memory of compaction's key maps, all threads together.")
        .Dynamic(),
    Int("log.cleaner.io.buffer.size", "524288", "Buffers of compaction, all threads together.").Min(0).Dynamic(),
    Double("log.cleaner.io.buffer.load.factor", "0.9", "How full a key map may become.").Dynamic(),
    Long("log.cleaner.backoff.ms", "15000", "Pause of the cleaner when nothing is to be done.").Min(0).Dynamic(),
    Double("log.cleaner.min.cleanable.ratio", "0.5", "Share of not yet compacted bytes that starts compaction.")
        .Min(0)
        .Max(1)
        .Dynamic(),
    Long("log.cleaner.delete.retention.ms", "86400000", "How long tombstones stay after compaction.").Min(0).Dynamic(),
    Long("log.cleaner.min.compaction.lag.ms", "0", "Age below which records are not compacted.").Min(0).Dynamic(),
    Long("log.cleaner.max.compaction.lag.ms", kLongMax, "Age above which records must be compacted.").Min(1).Dynamic(),
};
}  // namespace

std::span<const ConfigRow> LogRows() { return kRows; }

}  // namespace ottla
