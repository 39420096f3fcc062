#include "broker/log/record_rules.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/record/record.h"

namespace ottla {
namespace {

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kErrorsInMessage = 3;

// `limit` of kForever: none. Beyond the ends of the number line nothing is out of range either.
bool IsTooOld(std::int64_t timestamp, std::int64_t now, std::int64_t limit) {
  std::int64_t oldest = 0;
  return limit != kForever && !__builtin_sub_overflow(now, limit, &oldest) && timestamp < oldest;
}
bool IsTooNew(std::int64_t timestamp, std::int64_t now, std::int64_t limit) {
  std::int64_t newest = 0;
  return limit != kForever && !__builtin_add_overflow(now, limit, &newest) && timestamp > newest;
}

}  // namespace

bool RecordRules::LimitsTimestamps() const {
  return rules_.timestamp_before_max_ms != kForever || rules_.timestamp_after_max_ms != kForever;
}

bool RecordRules::InTime(std::int64_t timestamp) const {
  return !IsTooOld(timestamp, source_.now_ms, rules_.timestamp_before_max_ms) &&
         !IsTooNew(timestamp, source_.now_ms, rules_.timestamp_after_max_ms);
}

// A record is told its first fault only.
void RecordRules::Check(std::int32_t index, std::int64_t offset, bool null_key, std::int64_t timestamp, bool stamped) {
  if (rules_.compacted && null_key) {
    Add(index, ErrorCode::kInvalidRecord,
        "Compacted topic cannot accept message without key in topic partition " + PartitionName());
  } else if (rules_.timestamp_type == TimestampType::kCreateTime && timestamp != kNoTimestamp) {
    if (!InTime(timestamp)) Add(index, ErrorCode::kInvalidTimestamp, OutOfRange(timestamp, offset));
  } else if (stamped) {
    Add(index, ErrorCode::kInvalidTimestamp,
        "Invalid timestamp type in message with offset " + std::to_string(offset) +
            ". Producer should not set timestamp type to LogAppendTime.");
  }
}

void RecordRules::RefuseMagic(std::int32_t index, std::int8_t magic, std::int8_t outer) {
  Add(index, ErrorCode::kInvalidRecord,
      "Record's magic " + std::to_string(magic) + " does not match outer magic " + std::to_string(outer) +
          " in topic partition " + PartitionName());
}

void RecordRules::Add(std::int32_t index, ErrorCode code, std::string message) {
  ++count_;
  timestamp_error_ |= code == ErrorCode::kInvalidTimestamp;
  if (errors_.size() < kMaxRecordErrors) errors_.push_back({index, std::move(message)});
}

std::string RecordRules::PartitionName() const {
  return TopicPartition{std::string(source_.topic), source_.partition}.ToString();
}

std::string RecordRules::OutOfRange(std::int64_t timestamp, std::int64_t offset) const {
  return "Timestamp " + std::to_string(timestamp) + " of message with offset " + std::to_string(offset) +
         " is out of range. The timestamp should be within [" +
         std::to_string(WrappingSub(source_.now_ms, rules_.timestamp_before_max_ms)) + ", " +
         std::to_string(WrappingAdd(source_.now_ms, rules_.timestamp_after_max_ms)) + "]";
}

std::string RecordRules::Summary() const {
  std::string text = "One or more records have been rejected due to " + std::to_string(count_) +
                     " record errors in total, and only showing the first three errors at most: [";
  for (std::size_t i = 0; i < std::min(kErrorsInMessage, errors_.size()); ++i) {
    text += i == 0 ? "" : ", ";
    text +=
        "RecordError(batchIndex=" + std::to_string(errors_[i].batch_index) + ", message='" + errors_[i].message + "')";
  }
  return text + "]";
}

AppendRefusal RecordRules::TakeRefusal() {
  AppendRefusal refusal;
  refusal.code = timestamp_error_ ? ErrorCode::kInvalidTimestamp : ErrorCode::kInvalidRecord;
  refusal.reason = timestamp_error_ ? "timestamp out of range" : "records refused";
  refusal.message = timestamp_error_ ? "One or more records have been rejected due to invalid timestamp" : Summary();
  refusal.record_errors = std::move(errors_);
  return refusal;
}

}  // namespace ottla
