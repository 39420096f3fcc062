#include "common/config/topic_config.h"

#include <algorithm>

#include "common/base/check.h"

namespace ottla {
namespace {
using rows::Bool, rows::Double, rows::Int, rows::List, rows::Long, rows::Str, rows::kLongMax;

std::vector<TopicRow> MakeRows() {
  std::vector<TopicRow> all = {
      {List("cleanup.policy", "delete", "What happens to old records: delete, compact, or both.")
           .Valid("compact,delete"),
       {"log.cleanup.policy"}},
      {Str("compression.type", "producer", "Compression of stored batches; producer keeps what the client chose.")
           .Valid("uncompressed,zstd,lz4,snappy,gzip,producer"),
       {"compression.type"}},
      {Int("compression.gzip.level", "-1", "gzip level when the broker compresses again."), {"compression.gzip.level"}},
      {Int("compression.lz4.level", "9", "lz4 level when the broker compresses again.").Min(1).Max(17),
       {"compression.lz4.level"}},
      {Int("compression.zstd.level", "3", "zstd level when the broker compresses again.").Min(-131072).Max(22),
       {"compression.zstd.level"}},
      {Long("delete.retention.ms", "86400000", "How long tombstones stay after compaction.").Min(0),
       {"log.cleaner.delete.retention.ms"}},
      {Long("min.compaction.lag.ms", "0", "Age below which records are not compacted.").Min(0),
       {"log.cleaner.min.compaction.lag.ms"}},
      {Long("max.compaction.lag.ms", kLongMax, "Age above which records must be compacted.").Min(1),
       {"log.cleaner.max.compaction.lag.ms"}},
      {Double("min.cleanable.dirty.ratio", "0.5", "Share of not yet compacted bytes that starts compaction.")
           .Min(0)
           .Max(1),
       {"log.cleaner.min.cleanable.ratio"}},
      {Long("file.delete.delay.ms", "60000", "Wait before files of a deleted segment are removed.").Min(0),
       {"log.segment.delete.delay.ms"}},
      {Long("flush.messages", kLongMax, "Records after which the log is flushed.").Min(1),
       {"log.flush.interval.messages"}},
      {Long("flush.ms", kLongMax, "Age of unflushed records.").Min(0),
       {"log.flush.interval.ms", "log.flush.scheduler.interval.ms"}},
      {Int("index.interval.bytes", "4096", "Bytes of log per index entry.").Min(0), {"log.index.interval.bytes"}},
      {Bool("preallocate", "false", "Give new segments their full size at once."), {"log.preallocate"}},
      {Int("segment.index.bytes", "10485760", "Largest offset index of a segment.").Min(4),
       {"log.index.size.max.bytes"}},
      {Int("max.message.bytes", "1048588", "Largest record batch accepted.").Min(0), {"message.max.bytes"}},
      {Str("message.format.version", "3.0-IV1", "Ignored; all records are stored in format v2 (deprecated)."),
       {"log.message.format.version"}},
      {Str("message.timestamp.type", "CreateTime", "Whose clock stamps records.").Valid("CreateTime,LogAppendTime"),
       {"log.message.timestamp.type"}},
      {Long("message.timestamp.difference.max.ms", kLongMax, "Distance of a record's time from now (deprecated).")
           .Min(0),
       {"log.message.timestamp.difference.max.ms"}},
      {Long("message.timestamp.before.max.ms", kLongMax, "How far a record's time may lie in the past.").Min(0),
       {"log.message.timestamp.before.max.ms"}},
      {Long("message.timestamp.after.max.ms", kLongMax, "How far a record's time may lie in the future.").Min(0),
       {"log.message.timestamp.after.max.ms"}},
      {Bool("message.downconversion.enable", "true", "Convert records for clients of old formats."),
       {"log.message.downconversion.enable"}},
      {Int("min.insync.replicas", "1", "Replicas in sync that acks=all needs.").Min(1), {"min.insync.replicas"}},
      {Bool("unclean.leader.election.enable", "false", "Let replicas lead that may lack acknowledged records."),
       {"unclean.leader.election.enable"}},
      {Long("retention.bytes", "-1", "Size of a partition above which old segments go; -1 is no limit."),
       {"log.retention.bytes"}},
      {Long("retention.ms", "604800000", "Age at which records may go; -1 keeps them.").Min(-1),
       {"log.retention.ms", "log.retention.minutes", "log.retention.hours"}},
      {Int("segment.bytes", "1073741824", "Size at which a segment is rolled.").Min(14), {"log.segment.bytes"}},
      {Long("segment.ms", "604800000", "Age at which a segment is rolled.").Min(1), {"log.roll.ms", "log.roll.hours"}},
      {Long("segment.jitter.ms", "0", "Random part taken off segment.ms.").Min(0),
       {"log.roll.jitter.ms", "log.roll.jitter.hours"}},
      {Long("local.retention.ms", "-2", "Tiered storage; without effect.").Min(-2), {"log.local.retention.ms"}},
      {Long("local.retention.bytes", "-2", "Tiered storage; without effect.").Min(-2), {"log.local.retention.bytes"}},
      {List("leader.replication.throttled.replicas", "", "Replicas throttled on the leader, partition:broker or *."),
       {}},
      {List("follower.replication.throttled.replicas", "", "Replicas throttled on followers, partition:broker or *."),
       {}},
      {Bool("remote.storage.enable", "false", "Tiered storage; must be false."), {}},
      {Bool("remote.log.copy.disable", "false", "Tiered storage; must be false."), {}},
      {Bool("remote.log.delete.on.disable", "false", "Tiered storage; must be false."), {}},
  };
  std::ranges::sort(all, {}, [](const TopicRow& row) { return row.row.name; });
  return all;
}

using Values = std::map<std::string, ConfigValue, std::less<>>;

// The broker's value behind a topic row, in the topic's unit.
ConfigValue BrokerValue(const BrokerConfig& broker, const TopicRow& topic_row) {
  const std::string_view name = topic_row.row.name;
  if (name == "retention.ms") return broker.log_retention_ms;
  if (name == "segment.ms") return broker.log_roll_ms;
  if (name == "segment.jitter.ms") return broker.log_roll_jitter_ms;
  if (name == "flush.ms") return broker.log_flush_interval_ms;
  if (topic_row.synonyms.empty()) return DefaultValue(topic_row.row);
  return broker.Value(topic_row.synonyms.front());
}

bool IsThrottleEntry(const std::string& entry) {
  const std::size_t colon = entry.find(':');
  if (colon == std::string::npos) return entry == "*" || entry == "none";
  auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  return digits(std::string_view(entry).substr(0, colon)) && digits(std::string_view(entry).substr(colon + 1));
}

Status Invalid(const ConfigRow& row, const std::string& value, std::string_view reason) {
  return Status(StatusCode::kInvalidArgument,
                "Invalid value " + value + " for configuration " + std::string(row.name) + ": " + std::string(reason));
}

// What a row alone cannot say about one value.
Status CheckValue(const ConfigRow& row, const std::string& text, const ConfigValue& value) {
  if (row.name.ends_with(".replication.throttled.replicas")) {
    for (const std::string& entry : std::get<std::vector<std::string>>(value)) {
      if (IsThrottleEntry(entry)) continue;
      return Invalid(row, text,
                     "Must be the literal '*' or a list of replicas in the following format: "
                     "[partitionId]:[brokerId],[partitionId]:[brokerId],...");
    }
  } else if (row.name.starts_with("remote.") && std::get<bool>(value)) {
    return Status(StatusCode::kInvalidArgument,
                  "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with " +
                      std::string(row.name) + "=true.");
  } else if (row.name == "compression.gzip.level") {
    const std::int64_t level = std::get<std::int64_t>(value);
    if (level != -1 && (level < 1 || level > 9)) {
      return Invalid(row, text, "Value must be between 1 and 9 or equal to -1");
    }
  } else if (row.name == "message.format.version") {
    Result<InterBrokerVersion> version = ParseInterBrokerVersion(std::get<std::string>(value));
    if (!version.ok()) return Invalid(row, text, version.status().message());
  }
  return Status::Ok();
}

Result<ConfigValue> ParseOverride(const std::string& name, const std::string& text) {
  const TopicRow* topic_row = FindTopicRow(name);
  if (topic_row == nullptr) return Status(StatusCode::kInvalidArgument, "Unknown topic config name: " + name);
  Result<ConfigValue> value = ParseConfigValue(topic_row->row, text);
  if (!value.ok()) return value;
  if (Status status = CheckValue(topic_row->row, text, *value); !status.ok()) return status;
  return value;
}

Values BrokerValues(const BrokerConfig& broker) {
  Values values;
  for (const TopicRow& topic_row : TopicRows()) values.emplace(topic_row.row.name, BrokerValue(broker, topic_row));
  return values;
}

std::int64_t Number(const Values& values, std::string_view name) {
  return std::get<std::int64_t>(values.find(name)->second);
}
std::int32_t Int32(const Values& values, std::string_view name) {
  return static_cast<std::int32_t>(Number(values, name));
}
bool Flag(const Values& values, std::string_view name) { return std::get<bool>(values.find(name)->second); }
const std::string& Text(const Values& values, std::string_view name) {
  return std::get<std::string>(values.find(name)->second);
}
const std::vector<std::string>& Items(const Values& values, std::string_view name) {
  return std::get<std::vector<std::string>>(values.find(name)->second);
}

std::int64_t TimestampLimit(const Values& values, std::string_view name) {
  const std::int64_t limit = Number(values, name);
  const bool not_set = limit == std::numeric_limits<std::int64_t>::max();
  return not_set ? Number(values, "message.timestamp.difference.max.ms") : limit;
}

void Fill(const Values& values, TopicConfig* c) {
  const auto& policy = Items(values, "cleanup.policy");
  c->compact = std::ranges::find(policy, "compact") != policy.end();
  c->remove = std::ranges::find(policy, "delete") != policy.end();
  c->compression_type = Text(values, "compression.type");
  c->compression_gzip_level = Int32(values, "compression.gzip.level");
  c->compression_lz4_level = Int32(values, "compression.lz4.level");
  c->compression_zstd_level = Int32(values, "compression.zstd.level");
  c->delete_retention_ms = Number(values, "delete.retention.ms");
  c->file_delete_delay_ms = Number(values, "file.delete.delay.ms");
  c->flush_messages = Number(values, "flush.messages");
  c->flush_ms = Number(values, "flush.ms");
  c->index_interval_bytes = Int32(values, "index.interval.bytes");
  c->max_message_bytes = Int32(values, "max.message.bytes");
  c->message_downconversion_enable = Flag(values, "message.downconversion.enable");
  c->log_append_time = Text(values, "message.timestamp.type") == "LogAppendTime";
  c->message_timestamp_before_max_ms = TimestampLimit(values, "message.timestamp.before.max.ms");
  c->message_timestamp_after_max_ms = TimestampLimit(values, "message.timestamp.after.max.ms");
  c->max_compaction_lag_ms = Number(values, "max.compaction.lag.ms");
  c->min_compaction_lag_ms = Number(values, "min.compaction.lag.ms");
  c->min_cleanable_dirty_ratio = std::get<double>(values.find("min.cleanable.dirty.ratio")->second);
  c->min_insync_replicas = Int32(values, "min.insync.replicas");
  c->preallocate = Flag(values, "preallocate");
  c->retention_bytes = Number(values, "retention.bytes");
  c->retention_ms = Number(values, "retention.ms");
  c->segment_bytes = Int32(values, "segment.bytes");
  c->segment_index_bytes = Int32(values, "segment.index.bytes");
  c->segment_jitter_ms = Number(values, "segment.jitter.ms");
  c->segment_ms = Number(values, "segment.ms");
  c->unclean_leader_election_enable = Flag(values, "unclean.leader.election.enable");
  c->leader_throttled_replicas = Items(values, "leader.replication.throttled.replicas");
  c->follower_throttled_replicas = Items(values, "follower.replication.throttled.replicas");
}

}  // namespace

std::span<const TopicRow> TopicRows() {
  static const std::vector<TopicRow> rows = MakeRows();
  return rows;
}

const TopicRow* FindTopicRow(std::string_view name) {
  const auto rows = TopicRows();
  const auto it = std::ranges::lower_bound(rows, name, {}, [](const TopicRow& row) { return row.row.name; });
  return it != rows.end() && it->row.name == name ? &*it : nullptr;
}

Status ValidateTopicConfig(const BrokerConfig& broker, const Properties& overrides) {
  Values values = BrokerValues(broker);
  for (const auto& [name, text] : overrides) {
    Result<ConfigValue> value = ParseOverride(name, text);
    if (!value.ok()) return value.status();
    values[name] = std::move(value).value();
  }
  const std::int64_t min_lag = Number(values, "min.compaction.lag.ms");
  const std::int64_t max_lag = Number(values, "max.compaction.lag.ms");
  if (min_lag <= max_lag) return Status::Ok();
  return Status(StatusCode::kInvalidArgument, "conflict topic config setting min.compaction.lag.ms (" +
                                                  std::to_string(min_lag) + ") > max.compaction.lag.ms (" +
                                                  std::to_string(max_lag) + ")");
}

TopicConfig TopicConfig::Make(const BrokerConfig& broker, const Properties& overrides,
                              std::vector<std::string>* warnings) {
  TopicConfig config;
  Values values = BrokerValues(broker);
  for (const auto& [name, text] : overrides) {
    Result<ConfigValue> value = ParseOverride(name, text);
    if (!value.ok()) {
      if (warnings != nullptr) warnings->push_back(value.status().message());
      continue;
    }
    values[name] = std::move(value).value();
    config.overrides[name] = text;
  }
  Fill(values, &config);
  for (const auto& [name, value] : values) config.values.emplace(name, CanonicalText(value));
  return config;
}

}  // namespace ottla
