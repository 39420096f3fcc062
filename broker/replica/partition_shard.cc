#include "broker/replica/partition_shard.h"

#include <algorithm>
#include <utility>

#include "broker/replica/partition.h"
#include "broker/replica/shard_state.h"

namespace ottla {

std::size_t ShardIndex(std::string_view topic, std::int32_t partition, std::size_t loops) {
  return PartitionHash{}(PartitionKey{topic, partition}) % loops;
}

PartitionShards::PartitionShards(Executors& loops, ReplicaEnv& env) {
  for (std::size_t i = 0; i < loops.data_loops(); ++i) {
    shards_.push_back(std::make_unique<PartitionShard>(i, loops.Data(i), env));
  }
}

PartitionShard::PartitionShard(std::size_t index, Executor& loop, ReplicaEnv& env)
    : index_(index), loop_(loop), state_(std::make_shared<ShardState>(loop, env)) {}

PartitionShard::~PartitionShard() = default;

const MetadataPtr& PartitionShard::metadata() const { return state_->metadata; }

void PartitionShard::Append(AppendRequest request, AppendCallback done) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  ErrorCode error = ErrorCode::kNone;
  const auto partition = state_->FindOr(request.topic, request.partition, &error);
  if (partition != nullptr && (request.origin != AppendOrigin::kClient || partition->InMetadata())) {
    partition->Append(std::move(request), std::move(done));
    return;
  }
  ProduceResult result{.error = partition != nullptr ? ErrorCode::kUnknownTopicOrPartition : error};
  const MetadataPartition* known = state_->metadata->FindPartition(request.topic, request.partition);
  if (known != nullptr && result.error == ErrorCode::kNotLeaderOrFollower) {
    result.current_leader = {known->leader, known->leader_epoch};
  }
  state_->Answer(std::move(done), std::move(result));
}

void PartitionShard::ListOffset(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  ListOffsetAnswer answer;
  const auto partition = state_->FindOr(query.topic, query.partition, &answer.error);
  if (partition == nullptr) {
    done(answer);
  } else {
    partition->ListOffset(query, std::move(done));
  }
}

void PartitionShard::ListOffsetsV0(const ListOffsetQuery& query, std::int32_t max_offsets,
                                   UniqueFunction<void(ErrorCode, std::vector<Offset>)> done) {
  loop_.CheckOnLoop();
  ErrorCode error = ErrorCode::kNone;
  const auto partition = state_->FindOr(query.topic, query.partition, &error);
  if (partition != nullptr && !partition->core().is_leader() && query.replica_id != BrokerId(-2)) {
    error = ErrorCode::kNotLeaderOrFollower;
  }
  if (error != ErrorCode::kNone) {
    done(error, {});
  } else {
    done(error, partition->ListOffsetsV0(query, max_offsets));
  }
}

EpochEndAnswer PartitionShard::OffsetForLeaderEpoch(std::string_view topic, std::int32_t partition,
                                                    LeaderEpoch current_leader_epoch, LeaderEpoch wanted) {
  loop_.CheckOnLoop();
  EpochEndAnswer answer;
  const auto found = state_->FindOr(topic, partition, &answer.error);
  if (found == nullptr) return answer;
  answer.error = found->core().CheckEpoch(current_leader_epoch);
  if (answer.error == ErrorCode::kNone && !found->core().is_leader()) answer.error = ErrorCode::kNotLeaderOrFollower;
  if (answer.error == ErrorCode::kNone) answer.end = found->log().EndOffsetFor(wanted);
  return answer;
}

void PartitionShard::DeleteRecords(std::string_view topic, std::int32_t partition, Offset offset, Millis timeout,
                                   UniqueFunction<void(DeleteRecordsAnswer)> done) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  DeleteRecordsAnswer answer;
  const auto found = state_->FindOr(topic, partition, &answer.error);
  if (found == nullptr) {
    done(answer);
  } else {
    found->DeleteRecords(offset, timeout, std::move(done));
  }
}

DescribeProducersAnswer PartitionShard::DescribeProducers(std::string_view topic, std::int32_t partition) {
  loop_.CheckOnLoop();
  DescribeProducersAnswer answer;
  const auto found = state_->FindOr(topic, partition, &answer.error);
  if (found == nullptr) return answer;
  if (!found->core().is_leader()) {
    answer.error = ErrorCode::kNotLeaderOrFollower;
    return answer;
  }
  for (const auto& [id, entry] : found->log().producers().producers()) {
    answer.producers.push_back({id, entry.epoch, entry.last_sequence(), entry.last_timestamp, entry.coordinator_epoch,
                                entry.txn_first_offset});
  }
  return answer;
}

bool PartitionShard::HasOpenTransaction(std::string_view topic, std::int32_t partition, std::int64_t producer_id,
                                        std::int16_t producer_epoch) const {
  const auto found = state_->Find(topic, partition);
  if (found == nullptr) return false;
  const ProducerEntry* entry = found->log().producers().Find(producer_id);
  return entry != nullptr && entry->in_transaction() && entry->epoch == producer_epoch;
}

std::optional<PartitionInfo> PartitionShard::Info(std::string_view topic, std::int32_t partition) const {
  const auto found = state_->Find(topic, partition);
  return found == nullptr ? std::nullopt : std::optional(found->Info());
}

void PartitionShard::ForEachInfo(const std::function<void(const PartitionInfo&)>& visit) const {
  for (const auto& [tp, partition] : state_->partitions) visit(partition->Info());
  for (const TopicPartition& tp : state_->offline) {
    PartitionInfo info;
    info.tp = tp;
    info.offline = true;
    visit(info);
  }
}

void PartitionShard::ForEachBounds(const std::function<void(const PartitionBounds&)>& visit) const {
  for (const auto& [tp, partition] : state_->partitions) {
    const PartitionCore& core = partition->core();
    PartitionLog& log = partition->log();
    visit({tp, log.topic_id(), log.dir().path(), core.is_leader(), core.leader_epoch(), core.log_start(),
           core.log_end(), core.high_watermark()});
  }
}

std::shared_ptr<PartitionLog> PartitionShard::LeaderLog(std::string_view topic, std::int32_t partition,
                                                        LeaderEpoch* leader_epoch) const {
  const auto found = state_->Find(topic, partition);
  if (found == nullptr || !found->core().is_leader()) return nullptr;
  if (leader_epoch != nullptr) *leader_epoch = found->core().leader_epoch();
  return found->shared_log();
}

void PartitionShard::ApplyFetched(std::vector<FollowerSlice> slices,
                                  UniqueFunction<void(std::vector<FollowerStep>)> done) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  struct Gather {
    std::vector<FollowerStep> steps;
    std::size_t missing = 0;
    UniqueFunction<void(std::vector<FollowerStep>)> done;
  };
  auto gather = std::make_shared<Gather>();
  gather->steps.resize(slices.size());
  gather->missing = slices.size() + 1;
  gather->done = std::move(done);
  const auto arrived = [](Gather& all) {
    if (--all.missing == 0) all.done(std::move(all.steps));
  };
  for (std::size_t i = 0; i < slices.size(); ++i) {
    auto one = [gather, i, arrived](FollowerStep step) {
      gather->steps[i] = step;
      arrived(*gather);
    };
    const auto partition = state_->Find(slices[i].tp->topic, slices[i].tp->partition);
    if (partition == nullptr) {
      one({.kind = FollowerStep::Kind::kDropped});
    } else {
      partition->ApplySlice(std::move(slices[i]), std::move(one));
    }
  }
  arrived(*gather);
}

}  // namespace ottla
