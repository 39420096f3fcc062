#include "common/record/down_convert.h"

#include "common/record/batch_builder.h"

namespace ottla {
namespace {

// Rewrites one batch of a newer format. False: it cannot be read; `out` may then have grown.
bool Rewrite(const BatchFrame& frame, int to_magic, Offset first_offset, RecordReader& reader, CodecContext& codecs,
             DownConverted& result, std::string& out) {
  if (reader.Open(frame) != RecordFault::kNone) return false;
  const bool compressed = frame.header.codec != Codec::kNone;
  LegacyBuilder builder(to_magic, frame.header.codec, frame.header.timestamp_type, frame.header.max_timestamp);
  Record record;
  auto step = reader.Next(record);
  for (; step == RecordReader::Step::kRecord; step = reader.Next(record)) {
    if (!compressed && record.offset < first_offset) continue;
    builder.Append(record.offset, record.timestamp, record.key, record.value);
    ++result.records_converted;
  }
  if (step == RecordReader::Step::kFault) return false;
  builder.Build(&codecs, out);
  return true;
}

}  // namespace

DownConverted DownConvert(std::string_view batches, int to_magic, Offset first_offset, std::size_t max_bytes,
                          RecordReader& reader, CodecContext& codecs, std::string& out) {
  OTTLA_CHECK(to_magic == 0 || to_magic == 1);
  DownConverted result;
  const std::size_t begin = out.size();
  BatchScanner scanner(batches);
  BatchFrame frame;
  auto step = scanner.Next(frame);
  for (; step == BatchScanner::Step::kBatch; step = scanner.Next(frame)) {
    if (out.size() - begin >= max_bytes) {
      result.stop = DownConvertStop::kEnough;
      return result;
    }
    const std::size_t before = out.size();
    const std::int64_t converted_before = result.records_converted;
    if (frame.header.magic <= to_magic) {
      out += frame.bytes;
    } else if (!frame.header.is_control) {
      if (frame.header.codec == Codec::kZstd) {
        result.stop = DownConvertStop::kUnsupportedCodec;
        return result;
      }
      if (!Rewrite(frame, to_magic, first_offset, reader, codecs, result, out)) {
        out.resize(before);
        result.records_converted = converted_before;
        result.stop = DownConvertStop::kFault;
        return result;
      }
    }
    result.consumed = scanner.consumed();
  }
  result.stop = step == BatchScanner::Step::kEnd ? DownConvertStop::kEnd : DownConvertStop::kFault;
  return result;
}

}  // namespace ottla
