// Kafka's own conversions to formats 1 and 0 (conversions.jsonl).
#include "common/record/down_convert.h"

#include <gtest/gtest.h>

#include "common/record/batch_builder.h"
#include "tests/support/golden.h"
#include "tests/support/record_json.h"

namespace ottla {
namespace {

using nlohmann::json;

json WithoutSizes(json batches) {
  for (json& batch : batches) {
    batch.erase("size");
    batch.erase("crc");
  }
  return batches;
}

TEST(DownConvert, AsKafka) {
  CodecContext codecs;
  RecordReader reader(codecs, kNoDecompressLimit);
  test::ForEachGolden("conversions.jsonl", [&](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>() + " to " + line["to_magic"].dump());
    const std::string in = test::FromHex(line["in_hex"].get<std::string>());
    std::string out;
    const DownConverted result =
        DownConvert(in, line["to_magic"], Offset(line["first_offset"]), SIZE_MAX, reader, codecs, out);
    if (line.contains("error")) {
      EXPECT_EQ(line["error"], "UnsupportedCompressionTypeException");
      EXPECT_EQ(result.stop, DownConvertStop::kUnsupportedCodec);
      return;
    }
    EXPECT_EQ(result.stop, DownConvertStop::kEnd);
    EXPECT_EQ(result.records_converted, line["records_converted"]);
    if (!line["out_compressed"].get<bool>()) {
      EXPECT_EQ(test::ToHex(out), line["out_hex"].get<std::string>());
      return;
    }
    const test::DecodedBatches decoded = test::Decode(out);
    EXPECT_EQ(decoded.records, line["records"]);
    EXPECT_EQ(WithoutSizes(decoded.batches), WithoutSizes(line["batches"]));
  });
}

TEST(DownConvert, StepsResumeWhereTheyStopped) {
  std::string in;
  for (int i = 0; i < 10; ++i) {
    BatchFields fields;
    fields.base_offset = Offset(i * 2);
    BatchBuilder builder(fields);
    builder.Append(1, "k", "v");
    builder.Append(2, "k", "v");
    builder.Build(nullptr, in);
  }
  CodecContext codecs;
  RecordReader reader(codecs, kNoDecompressLimit);
  std::string whole;
  EXPECT_EQ(DownConvert(in, 1, Offset(0), SIZE_MAX, reader, codecs, whole).consumed, in.size());
  std::string stepwise;
  std::size_t at = 0;
  int steps = 0;
  for (auto stop = DownConvertStop::kEnough; stop == DownConvertStop::kEnough; ++steps) {
    const DownConverted step = DownConvert(std::string_view(in).substr(at), 1, Offset(0), 1, reader, codecs, stepwise);
    at += step.consumed;
    stop = step.stop;
  }
  EXPECT_EQ(steps, 10);
  EXPECT_EQ(stepwise, whole);
}

TEST(DownConvert, StopsBeforeWhatCannotBeRead) {
  std::string good;
  BatchBuilder builder(BatchFields{});
  builder.Append(1, "k", "v");
  builder.Build(nullptr, good);
  std::string bad = good;
  bad.back() = '\x40';  // promises headers that are not there
  CodecContext codecs;
  RecordReader reader(codecs, kNoDecompressLimit);
  std::string out;
  const DownConverted result = DownConvert(good + bad, 0, Offset(0), SIZE_MAX, reader, codecs, out);
  EXPECT_EQ(result.stop, DownConvertStop::kFault);
  EXPECT_EQ(result.consumed, good.size());
  EXPECT_EQ(result.records_converted, 1);
  EXPECT_EQ(test::Decode(out).records.size(), 1U);
}

}  // namespace
}  // namespace ottla
