// What a single record of a produced batch may be refused for, and how Kafka 3.9's LogValidator words it. Pure. One
// object for one partition's batch: it gathers the errors of all records, for a client is told of all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/log/append_check.h"

namespace ottla {

class RecordRules {
 public:
  // Both outlive this.
  RecordRules(const AppendRules& rules, const AppendSource& source) : rules_(rules), source_(source) {}

  // False: no record can be refused for its content, and Check need not be asked. `stamped`: the producer set the batch
  // to LogAppendTime.
  bool Any(bool stamped) const { return stamped || rules_.compacted || LimitsTimestamps(); }
  void Check(std::int32_t index, std::int64_t offset, bool null_key, std::int64_t timestamp, bool stamped);
  void RefuseMagic(std::int32_t index, std::int8_t magic, std::int8_t outer);  // of a message in a wrapper

  bool fine() const { return count_ == 0; }
  AppendRefusal TakeRefusal();  // when not fine

 private:
  bool LimitsTimestamps() const;
  bool InTime(std::int64_t timestamp) const;
  void Add(std::int32_t index, ErrorCode code, std::string message);
  std::string PartitionName() const;
  std::string OutOfRange(std::int64_t timestamp, std::int64_t offset) const;
  std::string Summary() const;

  const AppendRules& rules_;
  const AppendSource& source_;
  std::size_t count_ = 0;
  bool timestamp_error_ = false;
  std::vector<RecordError> errors_;  // the first kMaxRecordErrors
};

}  // namespace ottla
