#include "common/record/record_reader.h"

namespace ottla {
namespace {

// What a reader keeps between batches; a rare larger one gives its memory back.
constexpr std::size_t kKeepBytes = std::size_t{4} << 20;

}  // namespace

RecordFault RecordReader::OpenV2(const BatchFrame& frame) {
  const RecordBatchView batch = frame.v2();
  if (!IsKnown(batch.codec())) return RecordFault::kCorrupt;
  if (batch.count() < 0) return RecordFault::kInvalid;
  std::string_view records = batch.records();
  if (batch.codec() != Codec::kNone && batch.count() > 0) {
    buffer_.Trim(kKeepBytes);
    const RecordFault fault = codecs_.Decompress(batch.codec(), 2, records, limit_, buffer_);
    if (fault != RecordFault::kNone) return fault;
    records = buffer_.view();
  } else if (batch.count() == 0) {
    records = {};  // an emptied batch says nothing more, whatever follows its header
  }
  v2_.emplace(batch, records);
  first_offset_ = batch.base_offset();
  return RecordFault::kNone;
}

RecordFault RecordReader::Open(const BatchFrame& frame) {
  v2_.reset();
  message_.reset();
  in_set_ = false;
  fault_ = RecordFault::kNone;
  if (frame.header.magic == 2) return fault_ = OpenV2(frame);
  if (frame.header.codec == Codec::kNone) {
    message_ = frame;
    first_offset_ = frame.header.base_offset;
    return RecordFault::kNone;
  }
  set_.buffer().Trim(kKeepBytes);
  fault_ = set_.Open(frame, codecs_, limit_);
  in_set_ = fault_ == RecordFault::kNone;
  first_offset_ = set_.first_offset();
  return fault_;
}

RecordReader::Step RecordReader::Fail(RecordFault fault) {
  fault_ = fault;
  v2_.reset();
  message_.reset();
  in_set_ = false;
  return Step::kFault;
}

RecordReader::Step RecordReader::NextLegacy(Record& out) {
  if (message_) {
    if (!ParseLegacyFields(*message_, out.key, out.value)) return Fail(RecordFault::kInvalid);
    out.offset = message_->header.base_offset;
    out.timestamp = message_->header.max_timestamp;
    out.sequence = kNoSequence;
    out.headers = RecordHeaders();
    message_.reset();
    return Step::kRecord;
  }
  if (!in_set_) return Step::kEnd;
  switch (set_.Next(out)) {
    case LegacySet::Step::kRecord: return Step::kRecord;
    case LegacySet::Step::kEnd: return Step::kEnd;
    case LegacySet::Step::kCorrupt: return Fail(RecordFault::kCorrupt);
    case LegacySet::Step::kInvalid: return Fail(RecordFault::kInvalid);
  }
  return Step::kEnd;
}

RecordReader::Step RecordReader::Next(Record& out) {
  if (fault_ != RecordFault::kNone) return Step::kFault;
  if (!v2_) return NextLegacy(out);
  switch (v2_->Next(out)) {
    case RecordIterator::Step::kRecord: return Step::kRecord;
    case RecordIterator::Step::kEnd: return Step::kEnd;
    case RecordIterator::Step::kInvalid: return Fail(RecordFault::kInvalid);
  }
  return Step::kEnd;
}

std::optional<ControlRecord> ParseControlRecord(const Record& record) {
  if (!record.key || record.key->size() < 4 || LoadI16(record.key->data()) < 0) return std::nullopt;
  ControlRecord out;
  out.type = LoadI16(record.key->data() + 2);
  if (out.type != static_cast<std::int16_t>(ControlType::kAbort) &&
      out.type != static_cast<std::int16_t>(ControlType::kCommit)) {
    return out;
  }
  if (!record.value || record.value->size() < 6 || LoadI16(record.value->data()) < 0) return std::nullopt;
  out.coordinator_epoch = LoadI32(record.value->data() + 2);
  return out;
}

}  // namespace ottla
