#include "tests/sim/kit/sim_consumer.h"

#include <utility>

#include "common/base/check.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/record/record_reader.h"

namespace ottla::sim {

namespace {

constexpr std::int16_t kFetchVersion = 12;
constexpr Millis kMaxWait{500};
constexpr Millis kDeadline{10'000};

}  // namespace

SimConsumer::SimConsumer(Executor& loop, SimRpc& rpc, ClusterView& view, Random random, History& history,
                         Options options)
    : loop_(loop), rpc_(rpc), view_(view), random_(random), history_(history), options_(std::move(options)) {
  for (const TopicPartition& tp : options_.partitions) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->tp = tp;
  }
}

SimConsumer::~SimConsumer() = default;

void SimConsumer::Start() {
  for (const auto& slot : slots_) Fetch(*slot);
}

bool SimConsumer::done() const {
  for (const auto& slot : slots_) {
    if (!slot->done) return false;
  }
  return true;
}

const std::map<Offset, RecordId>& SimConsumer::read(const TopicPartition& tp) const {
  for (const auto& slot : slots_) {
    if (slot->tp == tp) return slot->read;
  }
  LOG(FATAL) << "not consumed: " << tp;
}

std::string SimConsumer::Describe() const {
  std::string text;
  for (const auto& slot : slots_) {
    text += slot->tp.ToString() + " at " + std::to_string(slot->next.value) + " " + slot->last_error + "; ";
  }
  return text;
}

void SimConsumer::Fetch(Slot& slot) {
  if (stopped_ || slot.done) return;
  if (!options_.once && random_.Chance(options_.restart)) slot.next = Offset(0);
  const std::optional<Endpoint> leader = view_.LeaderOf(slot.tp);
  if (!leader.has_value()) {
    slot.last_error = "no leader known";
    Pause(slot, Millis(300), true);
    return;
  }
  FetchRequest request;
  request.max_wait_ms = static_cast<std::int32_t>(kMaxWait.count());
  request.min_bytes = 1;
  request.max_bytes = 1 << 20;
  FetchRequest::FetchPartition wanted;
  wanted.partition = slot.tp.partition;
  // As real consumers do: a follower with an older or newer leadership refuses, instead of judging the offset by a log
  // that may be shorter.
  if (options_.epochs) wanted.current_leader_epoch = view_.EpochOf(slot.tp);
  wanted.fetch_offset = slot.next.value;
  wanted.partition_max_bytes = static_cast<std::int32_t>(1 + random_.Below(64 << 10));
  FetchRequest::FetchTopic topic;
  topic.topic = slot.tp.topic;
  topic.partitions.push_back(wanted);
  request.topics.push_back(std::move(topic));
  rpc_.Call<FetchResponse>(
      *leader, request, kFetchVersion, kDeadline,
      [this, &slot, era = history_.era(slot.tp)](const Status& status, const FetchResponse* response) {
        if (!status.ok() || response->error_code != ErrorCode::kNone || response->responses.size() != 1 ||
            response->responses[0].partitions.size() != 1) {
          slot.last_error = status.ok() ? "no partition in the answer" : status.ToString();
          Pause(slot, Millis(300), true);
          return;
        }
        const auto& answer = response->responses[0].partitions[0];
        if (answer.error_code == ErrorCode::kOffsetOutOfRange) OutOfRange(slot);
        if (answer.error_code != ErrorCode::kNone) {
          slot.last_error = "error " + std::to_string(static_cast<int>(answer.error_code));
          Pause(slot, Millis(300), true);
          return;
        }
        slot.last_error.clear();
        slot.out_of_range = 0;
        const Offset before = slot.next;
        if (answer.records.bytes.has_value()) Take(slot, *answer.records.bytes, era);
        if (options_.once && slot.next.value >= answer.high_watermark) slot.done = true;
        Pause(slot, slot.next == before ? options_.pause_max * 2 : options_.pause_max, false);
      });
}

void SimConsumer::OutOfRange(Slot& slot) {
  constexpr int kAtLast = 30;
  if (history_.forgiven(slot.tp)) {
    slot.next = Offset(0);
    slot.read.clear();
    return;
  }
  if (options_.epochs || ++slot.out_of_range >= kAtLast) history_.OutOfRange(slot.tp, slot.next);
}

void SimConsumer::Take(Slot& slot, std::string_view records, History::Era era) {
  BatchScanner scanner(records);
  BatchFrame frame;
  CodecContext codecs;
  RecordReader reader(codecs, kNoDecompressLimit);
  BatchScanner::Step step;
  while ((step = scanner.Next(frame)) == BatchScanner::Step::kBatch) {
    if (!CrcMatches(frame)) history_.Violation(slot.tp.ToString() + ": a batch with a wrong CRC was served");
    if (reader.Open(frame) != RecordFault::kNone) {
      history_.Violation(slot.tp.ToString() + ": a batch that cannot be read was served");
      return;
    }
    Record record;
    while (reader.Next(record) == RecordReader::Step::kRecord) {
      if (record.offset < slot.next) continue;  // the batch began before the wanted offset
      if (record.offset != slot.next) {
        history_.Violation(slot.tp.ToString() + ": offset " + std::to_string(slot.next.value) + " is missing, got " +
                           std::to_string(record.offset.value));
      }
      history_.Read(slot.tp, record.offset, record.value.value_or(""), era);
      if (options_.once) slot.read[record.offset] = RecordId::Parse(record.value.value_or(""));
      slot.next = Advance(record.offset, 1);
    }
  }
  if (step == BatchScanner::Step::kCorrupt)
    history_.Violation(slot.tp.ToString() + ": bytes that are no batch were served");
}

void SimConsumer::Pause(Slot& slot, Millis most, bool refresh) {
  const auto pause =
      Micros(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(Micros(most).count()) + 1)));
  loop_.RunAfter(pause, [this, &slot, refresh] {
    if (!refresh) {
      Fetch(slot);
      return;
    }
    view_.Refresh([this, &slot] { Fetch(slot); });
  });
}

}  // namespace ottla::sim
