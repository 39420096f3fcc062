#include "broker/log/append_check.h"

#include <algorithm>

#include "broker/log/record_rules.h"
#include "common/config/topic_config.h"
#include "common/record/batch_builder.h"
#include "common/record/record.h"

namespace ottla {
namespace {

constexpr std::size_t kKeepBytes = std::size_t{4} << 20;  // scratch memory kept between batches
constexpr std::int16_t kOneBatchVersion = 3;              // Produce from here on: exactly one v2 batch per partition
constexpr std::int16_t kZstdVersion = 7;

ErrorCode ToWire(RecordFault fault) {
  switch (fault) {
    case RecordFault::kNone: return ErrorCode::kNone;
    case RecordFault::kCorrupt: return ErrorCode::kCorruptMessage;
    case RecordFault::kInvalid: return ErrorCode::kInvalidRecord;
    case RecordFault::kTooLarge: return ErrorCode::kMessageTooLarge;
  }
  return ErrorCode::kUnknownServerError;
}

// What all records of a batch are together.
struct Walk {
  bool malformed = false;
  bool surplus = false;    // bytes behind the last record
  bool sequential = true;  // offset deltas are 0, 1, 2...
  std::int64_t max_timestamp = kNoTimestamp;
};

// The hot loop: every record of the batch, once. A function of its own, for its variables to stay in registers.
// `stamped`: the batch has its timestamp for all records.
template <bool kByRules>
[[gnu::noinline]] Walk WalkRecords(const RecordBatchView& batch, std::string_view records, bool stamped,
                                   RecordRules* rules) {
  const char* p = records.data();
  const char* const end = p + records.size();
  const std::int32_t count = batch.count();
  const std::int64_t base = batch.base_timestamp();
  Walk walk;
  RecordGlance record;
  for (std::int32_t i = 0; i < count; ++i) {
    if (!GlanceAtRecord(p, end, record)) {
      walk.malformed = true;
      return walk;
    }
    const std::int64_t timestamp =
        kByRules && stamped ? batch.max_timestamp() : WrappingAdd(base, record.timestamp_delta);
    walk.max_timestamp = std::max(walk.max_timestamp, timestamp);
    walk.sequential &= record.offset_delta == i;
    if constexpr (kByRules) rules->Check(i, record.offset_delta, record.null_key, timestamp, stamped);
  }
  walk.surplus = p != end;
  return walk;
}

// One partition's batches on their way through stage 1.
class Check {
 public:
  Check(std::span<char> bytes, const AppendRules& rules, const AppendSource& source, AppendScratch& scratch)
      : bytes_(bytes), rules_(rules), source_(source), scratch_(scratch), records_(rules, source) {
    out_.timestamp_type = rules.timestamp_type;
  }

  CheckedAppend Run() {
    const std::string_view all(bytes_.data(), bytes_.size());
    if ((NeedsOneBatch() && !CheckShape(all)) || !CheckFrames(all)) return std::move(out_);
    if (frames_ == 0) return std::move(out_);
    const bool fine = first_.header.magic == 2 ? CheckV2() : CheckLegacy(all);
    OTTLA_CHECK(fine == out_.ok());
    return std::move(out_);
  }

 private:
  // A broken structure outweighs what single records did wrong.
  bool Refuse(ErrorCode code, const char* reason, bool before_leadership = false) {
    out_.refusal.code = code;
    out_.refusal.reason = reason;
    out_.refusal.before_leadership = before_leadership;
    return false;
  }

  bool IsClient() const { return source_.origin == AppendOrigin::kClient; }
  bool NeedsOneBatch() const { return IsClient() && source_.produce_version >= kOneBatchVersion; }

  // ProduceRequest.validateRecords: what is refused before anyone looks for the partition.
  bool CheckShape(std::string_view all) {
    constexpr bool kBefore = true;
    BatchScanner scanner(all);
    BatchFrame frame;
    BatchFrame second;
    switch (scanner.Next(frame)) {
      case BatchScanner::Step::kCorrupt: return Refuse(ErrorCode::kCorruptMessage, "no batch can be framed", kBefore);
      case BatchScanner::Step::kEnd: return Refuse(ErrorCode::kInvalidRecord, "no whole batch", kBefore);
      case BatchScanner::Step::kBatch: break;
    }
    if (frame.header.magic != 2) return Refuse(ErrorCode::kInvalidRecord, "a batch of an old format", kBefore);
    if (frame.header.codec == Codec::kZstd && source_.produce_version < kZstdVersion) {
      return Refuse(ErrorCode::kUnsupportedCompressionType, "zstd in an old produce version", kBefore);
    }
    switch (scanner.Next(second)) {
      case BatchScanner::Step::kCorrupt: return Refuse(ErrorCode::kCorruptMessage, "junk behind the batch", kBefore);
      case BatchScanner::Step::kBatch: return Refuse(ErrorCode::kInvalidRecord, "more than one batch", kBefore);
      case BatchScanner::Step::kEnd: break;
    }
    return true;
  }

  // UnifiedLog.analyzeAndValidateRecords, and what LogValidator demands of the set as a whole.
  bool CheckFrames(std::string_view all) {
    BatchScanner scanner(all);
    BatchFrame frame;
    bool compressed = false;
    bool mixed = false;
    auto step = scanner.Next(frame);
    for (; step == BatchScanner::Step::kBatch; step = scanner.Next(frame)) {
      if (frames_++ == 0) first_ = frame;
      if (frame.header.magic == 2 && IsClient() && frame.header.base_offset != Offset(0)) {
        return Refuse(ErrorCode::kInvalidRecord, "base offset of a client's batch is not 0");
      }
      if (frame.bytes.size() > static_cast<std::uint64_t>(std::max<std::int64_t>(rules_.max_message_bytes, 0))) {
        return Refuse(ErrorCode::kMessageTooLarge, "batch above max.message.bytes");
      }
      if (!CrcMatches(frame)) return Refuse(ErrorCode::kCorruptMessage, "CRC does not match");
      if (!IsKnown(frame.header.codec)) return Refuse(ErrorCode::kCorruptMessage, "unknown codec");
      compressed |= frame.header.codec != Codec::kNone;
      mixed |= frame.header.magic != first_.header.magic;
    }
    if (step == BatchScanner::Step::kCorrupt) return Refuse(ErrorCode::kCorruptMessage, "a batch cannot be framed");
    if (mixed) return Refuse(ErrorCode::kInvalidRecord, "batches of several formats");
    if (frames_ > 1 && (compressed || first_.header.magic == 2)) {
      return Refuse(ErrorCode::kInvalidRecord, "more than one batch where one is allowed");
    }
    whole_bytes_ = scanner.consumed();
    return true;
  }

  bool CheckV2Header(const BatchHeader& h) {
    if (!IsClient()) return h.count > 0 || Refuse(ErrorCode::kInvalidRecord, "batch without records");
    const std::int32_t delta = first_.v2().last_offset_delta();
    if (delta < 0) return Refuse(ErrorCode::kInvalidRecord, "negative last offset delta");
    if (h.count <= 0) return Refuse(ErrorCode::kInvalidRecord, "record count is not positive");
    if (h.count - 1 != delta) return Refuse(ErrorCode::kInvalidRecord, "count differs from the offset range");
    if (h.is_control) return Refuse(ErrorCode::kInvalidRecord, "control batch from a client");
    if (h.has_producer_id() && h.base_sequence < 0)
      return Refuse(ErrorCode::kInvalidRecord, "producer without sequence");
    return true;
  }

  bool CheckV2() {
    const BatchHeader& header = first_.header;
    const RecordBatchView batch = first_.v2();
    if (!CheckV2Header(header)) return false;
    std::string_view records = batch.records();
    if (header.codec != Codec::kNone) {
      scratch_.plain.Trim(kKeepBytes);
      const std::size_t limit = DecompressLimit();
      const RecordFault fault = scratch_.codecs.Decompress(header.codec, 2, records, limit, scratch_.plain);
      scratch_.may_decompress -= fault == RecordFault::kTooLarge ? limit : std::min(limit, scratch_.plain.size());
      if (fault != RecordFault::kNone) return Refuse(ToWire(fault), "does not decompress");
      records = scratch_.plain.view();
    }
    if (!WalkV2(batch, records) || !NoRecordErrors()) return false;
    const Codec target = header.is_control ? header.codec : rules_.codec.value_or(header.codec);
    if (target != header.codec) return Recompress(batch, records, target);
    if (header.codec != Codec::kNone && !sequential_) {
      return Refuse(ErrorCode::kInvalidRecord, "offsets in a compressed batch are not 0, 1, 2...");
    }
    out_.in_place = bytes_.first(first_.bytes.size());
    if (rules_.timestamp_type == TimestampType::kCreateTime) {
      SetTimestamps(out_.in_place.data(), out_.in_place.size(), TimestampType::kCreateTime, max_timestamp_);
    }
    return Finish();
  }

  bool WalkV2(const RecordBatchView& batch, std::string_view records) {
    const bool stamped = batch.timestamp_type() == TimestampType::kLogAppendTime;
    const Walk walk = records_.Any(stamped) ? WalkRecords<true>(batch, records, stamped, &records_)
                                            : WalkRecords<false>(batch, records, stamped, nullptr);
    if (walk.malformed) return Refuse(ErrorCode::kInvalidRecord, "malformed record");
    if (walk.surplus) return Refuse(ErrorCode::kInvalidRecord, "bytes behind the last record");
    max_timestamp_ = walk.max_timestamp;
    sequential_ = walk.sequential;
    return true;
  }

  bool NoRecordErrors() {
    if (records_.fine()) return true;
    out_.refusal = records_.TakeRefusal();
    return false;
  }

  std::size_t DecompressLimit() const { return std::min(rules_.max_decompressed_bytes, scratch_.may_decompress); }
  int Level(Codec codec) const { return rules_.codec == codec && rules_.level ? *rules_.level : DefaultLevel(codec); }

  // Another codec than the producer's: the records stay byte for byte unless their offsets or times must be
  // written anew.
  bool Recompress(const RecordBatchView& batch, std::string_view records, Codec target) {
    const bool stamped = batch.timestamp_type() == TimestampType::kLogAppendTime;
    if (!sequential_ || stamped) return RebuildV2(batch, records, target);
    AppendRecompressed(batch, records, target, Level(target), max_timestamp_, scratch_.codecs, out_.rewritten);
    return FinishRewritten();
  }

  bool RebuildV2(const RecordBatchView& batch, std::string_view records, Codec target) {
    BatchBuilder builder = Builder(target);
    RecordIterator iterator(batch, records);
    Record record;
    while (iterator.Next(record) == RecordIterator::Step::kRecord) {
      builder.Append(builder.NextOffset(), record.timestamp, record.key, record.value, record.headers);
    }
    builder.Build(&scratch_.codecs, out_.rewritten);
    return FinishRewritten();
  }

  BatchBuilder Builder(Codec target) const {
    BatchFields fields;
    fields.codec = target;
    fields.level = Level(target);
    fields.producer_id = first_.header.producer_id;
    fields.producer_epoch = first_.header.producer_epoch;
    fields.base_sequence = first_.header.base_sequence;
    fields.is_transactional = first_.header.is_transactional;
    return BatchBuilder(fields);
  }

  // Messages of magic 0 and 1 become one v2 batch.
  bool CheckLegacy(std::string_view all) {
    if (!IsClient()) return Refuse(ErrorCode::kInvalidRecord, "an old format from a coordinator");
    const Codec source = first_.header.codec;
    BatchBuilder builder = Builder(rules_.codec.value_or(source));
    if (source == Codec::kNone ? !ConvertMessages(all, builder) : !ConvertWrapper(builder)) return false;
    builder.Build(&scratch_.codecs, out_.rewritten);
    return FinishRewritten();
  }

  bool ConvertMessages(std::string_view all, BatchBuilder& builder) {
    builder.Reserve(all.size());
    BatchScanner scanner(all.substr(0, whole_bytes_));
    BatchFrame frame;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      Record record;
      if (!ParseLegacyFields(frame, record.key, record.value)) {
        return Refuse(ErrorCode::kInvalidRecord, "malformed message");
      }
      record.offset = frame.header.base_offset;
      record.timestamp = frame.header.max_timestamp;
      // Each message is a batch of its own: the first bad one ends the check, as index 0.
      if (!ConvertRecord(0, record, frame.header, builder) || !NoRecordErrors()) return false;
    }
    return true;
  }

  bool ConvertWrapper(BatchBuilder& builder) {
    scratch_.set.buffer().Trim(kKeepBytes);
    const std::size_t limit = DecompressLimit();
    const RecordFault fault = scratch_.set.Open(first_, scratch_.codecs, limit);
    scratch_.may_decompress -= fault == RecordFault::kTooLarge ? limit : std::min(limit, scratch_.set.buffer().size());
    if (fault != RecordFault::kNone) return Refuse(ToWire(fault), "unusable compressed message set");
    Record record;
    std::int8_t magic = 0;
    for (std::int32_t index = 0;; ++index) {
      switch (scratch_.set.Next(record, magic)) {
        case LegacySet::Step::kEnd: return NoRecordErrors();
        case LegacySet::Step::kCorrupt: return Refuse(ErrorCode::kCorruptMessage, "inner CRC does not match");
        case LegacySet::Step::kInvalid: return Refuse(ErrorCode::kInvalidRecord, "malformed inner message");
        case LegacySet::Step::kRecord: break;
      }
      if (magic != first_.header.magic) {
        records_.RefuseMagic(index, magic, first_.header.magic);
        continue;
      }
      if (!ConvertRecord(index, record, first_.header, builder)) return false;
    }
  }

  bool ConvertRecord(std::int32_t index, const Record& record, const BatchHeader& outer, BatchBuilder& builder) {
    const bool stamped = outer.timestamp_type == TimestampType::kLogAppendTime;
    records_.Check(index, record.offset.value, !record.key, record.timestamp, stamped);
    if (!records_.fine()) return true;  // nothing will be written; the rest is only examined
    if (record.timestamp < kNoTimestamp) return Refuse(ErrorCode::kInvalidRecord, "negative timestamp");
    builder.Append(builder.NextOffset(), record.timestamp, record.key, record.value);
    return true;
  }

  bool FinishRewritten() {
    if (out_.rewritten.size() > static_cast<std::uint64_t>(rules_.max_message_bytes)) {
      out_.rewritten = std::string();
      return Refuse(ErrorCode::kMessageTooLarge, "above max.message.bytes after rewriting");
    }
    return Finish();
  }

  bool Finish() {
    const HeaderParse parsed = ParseBatchHeader(out_.bytes(), out_.header);
    OTTLA_CHECK(parsed == HeaderParse::kOk);
    return true;
  }

  std::span<char> bytes_;
  const AppendRules& rules_;
  const AppendSource& source_;
  AppendScratch& scratch_;
  RecordRules records_;
  CheckedAppend out_;

  std::size_t frames_ = 0;
  std::size_t whole_bytes_ = 0;
  BatchFrame first_;
  std::int64_t max_timestamp_ = kNoTimestamp;
  bool sequential_ = true;  // offset deltas are 0, 1, 2...
};

}  // namespace

AppendRules MakeAppendRules(const TopicConfig& config) {
  AppendRules rules;
  if (config.compression_type == "uncompressed") rules.codec = Codec::kNone;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    if (config.compression_type == ToString(codec)) rules.codec = codec;
  }
  if (rules.codec == Codec::kGzip) rules.level = config.compression_gzip_level;
  if (rules.codec == Codec::kLz4) rules.level = config.compression_lz4_level;
  if (rules.codec == Codec::kZstd) rules.level = config.compression_zstd_level;
  rules.timestamp_type = config.log_append_time ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  rules.timestamp_before_max_ms = config.message_timestamp_before_max_ms;
  rules.timestamp_after_max_ms = config.message_timestamp_after_max_ms;
  rules.max_message_bytes = config.max_message_bytes;
  rules.compacted = config.compact;
  return rules;
}

CheckedAppend CheckAppend(std::span<char> bytes, const AppendRules& rules, const AppendSource& source,
                          AppendScratch& scratch) {
  return Check(bytes, rules, source, scratch).Run();
}

AssignedAppend AssignOffsets(CheckedAppend& append, Offset next_offset, LeaderEpoch epoch, std::int64_t now_ms) {
  OTTLA_CHECK(append.ok() && !append.empty());
  char* batch = append.data();
  const std::size_t size = append.bytes().size();
  SetBaseOffset(batch, next_offset);
  SetLeaderEpoch(batch, epoch);
  const bool stamp = append.timestamp_type == TimestampType::kLogAppendTime;
  if (stamp) SetTimestamps(batch, size, TimestampType::kLogAppendTime, now_ms);
  const RecordBatchView view(append.bytes());
  append.header.base_offset = view.base_offset();
  append.header.last_offset = view.last_offset();
  append.header.leader_epoch = epoch;
  append.header.timestamp_type = view.timestamp_type();
  append.header.max_timestamp = view.max_timestamp();
  append.header.crc = view.crc();
  return {.first_offset = view.base_offset(),
          .last_offset = view.last_offset(),
          .max_timestamp = view.max_timestamp(),
          .offset_of_max_timestamp = view.last_offset(),
          .log_append_time = stamp ? now_ms : kNoTimestamp};
}

}  // namespace ottla
