#include "tests/sim/kit/sim_producer.h"

#include <utility>

#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/22_init_producer_id.h"
#include "common/record/batch_builder.h"

namespace ottla::sim {

namespace {

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kInitProducerIdVersion = 4;
constexpr std::int64_t kTimestamp = 1'731'000'000'000;

// Errors after which the same batch may simply be sent again (Kafka's RetriableException).
bool MayResend(ErrorCode error) {
  switch (error) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kRequestTimedOut:
    case ErrorCode::kNetworkException:
    case ErrorCode::kNotEnoughReplicas:
    case ErrorCode::kNotEnoughReplicasAfterAppend:
    case ErrorCode::kKafkaStorageError: return true;
    default: return false;
  }
}

}  // namespace

SimProducer::SimProducer(Executor& loop, SimRpc& rpc, ClusterView& view, Random random, History& history,
                         Options options)
    : loop_(loop), rpc_(rpc), view_(view), random_(random), history_(history), options_(std::move(options)) {
  for (const TopicPartition& tp : options_.partitions) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->tp = tp;
  }
}

SimProducer::~SimProducer() = default;

bool SimProducer::idle() const {
  for (const auto& slot : slots_) {
    if (!slot->bytes.empty()) return false;
  }
  return true;
}

std::string SimProducer::Describe() const {
  std::string text = "producer " + std::to_string(options_.id) + " (id " + std::to_string(producer_id_) + ")";
  for (const auto& slot : slots_) {
    if (slot->bytes.empty()) continue;
    text += "; " + slot->tp.ToString() + " sequence " + std::to_string(slot->sequence) + " tried " +
            std::to_string(slot->tries) + " times: " + slot->last_error;
  }
  return text;
}

void SimProducer::After(Millis pause_max, Task task) {
  const auto pause =
      Micros(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(Micros(pause_max).count()) + 1)));
  loop_.RunAfter(pause, std::move(task));
}

void SimProducer::Start() { AskProducerId(); }

void SimProducer::AskProducerId() {
  InitProducerIdRequest request;
  request.transactional_id = std::nullopt;
  request.transaction_timeout_ms = 60'000;
  rpc_.Call<InitProducerIdResponse>(view_.Any(), request, kInitProducerIdVersion, Millis(10'000),
                                    [this](const Status& status, const InitProducerIdResponse* response) {
                                      if (!status.ok() || response->error_code != ErrorCode::kNone) {
                                        After(Millis(300), [this] { AskProducerId(); });
                                        return;
                                      }
                                      producer_id_ = response->producer_id;
                                      producer_epoch_ = response->producer_epoch;
                                      for (const auto& slot : slots_) {
                                        slot->producer_id = producer_id_;
                                        slot->producer_epoch = producer_epoch_;
                                        NextBatch(*slot);
                                      }
                                    });
}

void SimProducer::NextBatch(Slot& slot) {
  if (draining_) return;
  const auto count = 1 + random_.Below(static_cast<std::uint64_t>(options_.records_max));
  for (std::uint64_t i = 0; i < count; ++i) {
    const RecordId id{options_.id, next_index_++};
    slot.batch.push_back(id);
    history_.Sent(slot.tp, id);
  }
  Build(slot);
  slot.tries = 0;
  Send(slot);
}

void SimProducer::Build(Slot& slot) {
  BatchFields fields;
  fields.producer_id = slot.producer_id;
  fields.producer_epoch = slot.producer_epoch;
  fields.base_sequence = slot.sequence;
  BatchBuilder builder(fields);
  for (const RecordId& id : slot.batch) builder.Append(kTimestamp + id.index, std::nullopt, id.Value());
  slot.bytes.clear();
  builder.Build(nullptr, slot.bytes);
}

// What a real producer does when its sequence is unknown: a new identity, and the batch under way as its first.
void SimProducer::BeginAnew(Slot& slot) {
  ++retries_;
  InitProducerIdRequest request;
  request.transactional_id = std::nullopt;
  request.transaction_timeout_ms = 60'000;
  rpc_.Call<InitProducerIdResponse>(view_.Any(), request, kInitProducerIdVersion, Millis(10'000),
                                    [this, &slot](const Status& status, const InitProducerIdResponse* response) {
                                      if (!status.ok() || response->error_code != ErrorCode::kNone) {
                                        After(Millis(300), [this, &slot] { BeginAnew(slot); });
                                        return;
                                      }
                                      slot.producer_id = response->producer_id;
                                      slot.producer_epoch = response->producer_epoch;
                                      slot.sequence = 0;
                                      Build(slot);
                                      Send(slot);
                                    });
}

void SimProducer::Send(Slot& slot) {
  if (abandoned_) {
    slot.bytes.clear();
    return;
  }
  ++slot.tries;
  const std::optional<Endpoint> leader = view_.LeaderOf(slot.tp);
  if (!leader.has_value()) {
    Retry(slot, "no leader known", true);
    return;
  }
  ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = static_cast<std::int32_t>(options_.request_timeout.count());
  request.topic_data.push_back({slot.tp.topic, {{slot.tp.partition, Records::Of(slot.bytes)}}});
  VLOG(3) << slot.tp << " producer " << options_.id << " sequence " << slot.sequence << " to " << leader->ToString();
  rpc_.Call<ProduceResponse>(
      *leader, request, kProduceVersion, options_.request_timeout * 2,
      [this, &slot, from = *leader, era = history_.era(slot.tp)](const Status& status,
                                                                 const ProduceResponse* response) {
        if (!status.ok()) {
          Retry(slot, status.ToString(), true);
          return;
        }
        if (response->responses.size() != 1 || response->responses[0].partition_responses.size() != 1) {
          history_.Violation("a produce answer without its partition");
          return;
        }
        const auto& answer = response->responses[0].partition_responses[0];
        Answered(slot, from, answer.error_code, Offset(answer.base_offset), era);
      });
}

void SimProducer::Answered(Slot& slot, const Endpoint& from, ErrorCode error, Offset base, History::Era era) {
  VLOG(3) << slot.tp << " producer " << options_.id << " sequence " << slot.sequence << " answered "
          << static_cast<int>(error) << " at " << base;
  const bool duplicate =
      error == ErrorCode::kDuplicateSequenceNumber || (error == ErrorCode::kNone && base == kNoOffset);
  if (error != ErrorCode::kNone && !duplicate) {
    const bool unknown = error == ErrorCode::kOutOfOrderSequenceNumber || error == ErrorCode::kUnknownProducerId;
    if (unknown && history_.forgiven(slot.tp) && !abandoned_) {
      BeginAnew(slot);
      return;
    }
    // A leader that has not yet heard of its successor has not all records before this one.
    const bool deposed = unknown && options_.deposed && options_.deposed(slot.tp, from);
    if (!MayResend(error) && !deposed && !abandoned_) {
      history_.Violation(Describe() + ": answered with error " + std::to_string(static_cast<int>(error)) +
                         " for sequence " + std::to_string(slot.sequence) + " of " + slot.tp.ToString());
    }
    Retry(slot, "error " + std::to_string(static_cast<int>(error)), true);
    return;
  }
  for (std::size_t i = 0; i < slot.batch.size(); ++i) {
    if (duplicate) {
      history_.AckedSomewhere(slot.tp, slot.batch[i], era);
    } else {
      history_.Acked(slot.tp, Advance(base, static_cast<std::int64_t>(i)), slot.batch[i], era);
    }
  }
  slot.sequence += static_cast<std::int32_t>(slot.batch.size());
  slot.batch.clear();
  slot.bytes.clear();
  After(options_.pause_max, [this, &slot] { NextBatch(slot); });
}

void SimProducer::Retry(Slot& slot, const std::string& why, bool refresh) {
  ++retries_;
  slot.last_error = why;
  After(Millis(200), [this, &slot, refresh] {
    if (!refresh) {
      Send(slot);
      return;
    }
    view_.Refresh([this, &slot] { Send(slot); });
  });
}

}  // namespace ottla::sim
