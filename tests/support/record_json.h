// Batches as the JSON of the golden files: what a reader makes of bytes, field by field.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/record/record_reader.h"
#include "tests/support/golden.h"

namespace ottla::test {

using nlohmann::json;

inline json Nullable(const NullableBytes& bytes) { return bytes ? json(ToHex(*bytes)) : json(nullptr); }

inline std::string TypeName(TimestampType type) {
  switch (type) {
    case TimestampType::kCreateTime: return "CreateTime";
    case TimestampType::kLogAppendTime: return "LogAppendTime";
    case TimestampType::kNone: return "NoTimestampType";
  }
  return "";
}

inline json BatchJson(const BatchFrame& frame, Offset first_offset) {
  const BatchHeader& h = frame.header;
  json out = {{"magic", h.magic},
              {"size", h.size},
              {"codec", ToString(h.codec)},
              {"timestamp_type", TypeName(h.timestamp_type)},
              {"base_offset", first_offset.value},
              {"last_offset", h.last_offset.value},
              {"next_offset", h.next_offset().value},
              {"max_timestamp", h.max_timestamp},
              {"crc", h.crc},
              {"is_compressed", h.codec != Codec::kNone}};
  if (h.magic < 2) {
    out["wrapper_offset"] = h.base_offset.value;
    return out;
  }
  const RecordBatchView v2 = frame.v2();
  out["count"] = h.count;
  out["base_timestamp"] = h.base_timestamp;
  out["partition_leader_epoch"] = h.leader_epoch.value;
  out["producer_id"] = h.producer_id;
  out["producer_epoch"] = h.producer_epoch;
  out["base_sequence"] = h.base_sequence;
  out["last_sequence"] = h.last_sequence;
  out["is_transactional"] = h.is_transactional;
  out["is_control"] = h.is_control;
  out["delete_horizon_ms"] = v2.delete_horizon_ms() ? json(*v2.delete_horizon_ms()) : json(nullptr);
  return out;
}

inline json RecordJson(const Record& record, const BatchHeader& header) {
  json out = {{"offset", record.offset.value},
              {"timestamp", record.timestamp},
              {"key", Nullable(record.key)},
              {"value", Nullable(record.value)}};
  if (header.magic < 2) return out;
  out["headers"] = json::array();
  RecordHeaders headers = record.headers;
  for (RecordHeader each; headers.Next(each);) {
    out["headers"].push_back({ToHex(each.key), Nullable(each.value)});
  }
  if (header.has_producer_id()) out["sequence"] = record.sequence;
  return out;
}

struct DecodedBatches {
  json batches = json::array();
  json records = json::array();
  json control;
  std::size_t consumed = 0;
};

inline DecodedBatches Decode(std::string_view bytes) {
  DecodedBatches out;
  CodecContext codecs;
  RecordReader reader(codecs, std::size_t{64} << 20);
  BatchScanner scanner(bytes);
  BatchFrame frame;
  auto step = scanner.Next(frame);
  for (; step == BatchScanner::Step::kBatch; step = scanner.Next(frame)) {
    EXPECT_TRUE(CrcMatches(frame));
    EXPECT_EQ(reader.Open(frame), RecordFault::kNone);
    out.batches.push_back(BatchJson(frame, reader.first_offset()));
    Record record;
    auto got = reader.Next(record);
    for (; got == RecordReader::Step::kRecord; got = reader.Next(record)) {
      out.records.push_back(RecordJson(record, frame.header));
      if (!frame.header.is_control) continue;
      const auto control = ParseControlRecord(record);
      EXPECT_TRUE(control.has_value());
      if (control)
        out.control = {{"type_id", control->type}, {"coordinator_epoch", control->coordinator_epoch.value_or(0)}};
    }
    EXPECT_EQ(got, RecordReader::Step::kEnd);
  }
  EXPECT_EQ(step, BatchScanner::Step::kEnd);
  out.consumed = scanner.consumed();
  return out;
}

}  // namespace ottla::test
