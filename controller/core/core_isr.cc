// ControllerCore: ISR changes by leaders, asked for or (by old ones) already written.
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"
#include "controller/core/isr_change.h"

namespace ottla::controller {
namespace {

// How one AlterPartition stands while its writes are in flight.
struct Proposals {
  AlterPartitionAnswer answer;
  std::vector<TopicPartition> partitions;  // as the answers; empty topic: unknown id
  std::vector<std::size_t> written;        // index of the answer behind each write
  std::vector<zk::PartitionStateData> next;
};

void FillState(const LeaderAndIsr& state, IsrAnswer& answer) {
  answer.leader = state.data.leader;
  answer.leader_epoch = state.data.leader_epoch;
  answer.isr = state.data.isr;
  answer.recovering = state.data.recovering;
  answer.partition_epoch = state.partition_epoch;
}

}  // namespace

void ControllerCore::Handle(AlterPartitionCommand& command) {
  const auto broker = state_.brokers.find(command.broker);
  if (broker == state_.brokers.end() || broker->second.epoch != command.broker_epoch) {
    Answer_(AlterPartitionAnswer{ErrorCode::kStaleBrokerEpoch, {}});
    return;
  }
  auto work = std::make_shared<Proposals>();
  std::vector<ZkWrite> writes;
  for (const IsrProposal& proposal : command.partitions) {
    IsrAnswer answer{proposal.topic, proposal.topic_id, proposal.partition, ErrorCode::kNone, kNoBroker, {}, {}, {},
                     false};
    const bool by_id = proposal.topic.empty();
    const auto name = state_.topic_by_id.find(proposal.topic_id);
    const std::string topic = !by_id ? proposal.topic : name != state_.topic_by_id.end() ? name->second : "";
    const TopicPartition tp{topic, proposal.partition};
    const Partition* partition = topic.empty() || state_.Deleting(topic) ? nullptr : state_.Find(tp);
    IsrDecision decision = JudgeIsr(state_, partition, proposal, command.broker, command.version, epoch_);
    if (by_id && topic.empty()) decision = {IsrVerdict::kRefuse, ErrorCode::kUnknownTopicId, {}};
    switch (decision.verdict) {
      case IsrVerdict::kRefuse: answer.error = decision.error; break;
      case IsrVerdict::kAlready: FillState(*partition->state, answer); break;
      case IsrVerdict::kWrite:
        writes.push_back({{ZkOp::Set(zk::State(topic, tp.partition), zk::Encode(decision.next),
                                     partition->state->partition_epoch.value)},
                          ""});
        work->written.push_back(work->partitions.size());
        work->next.push_back(std::move(decision.next));
        break;
    }
    work->partitions.push_back(tp);
    work->answer.partitions.push_back(std::move(answer));
  }
  Write(std::move(writes), [this, work](ZkDone& done) {
    for (std::size_t i = 0; i < done.writes.size(); ++i) {
      const TopicPartition& tp = work->partitions[work->written[i]];
      IsrAnswer& answer = work->answer.partitions[work->written[i]];
      const ZkWriteResult& result = done.writes[i];
      if (result.error == ZkError::kOk) {
        Stored(tp, {work->next[i], false, {}, {}}, PartitionEpoch(result.results.back().stat.version));
        FillState(*state_.Find(tp)->state, answer);
      } else if (result.error == ZkError::kBadVersion && result.found_error == ZkError::kOk) {
        AdoptState(tp, result.found, result.found_stat);
        const Partition* partition = state_.Find(tp);
        // Ours after all: the write was done, its answer was lost.
        const bool ours = partition->usable() && partition->state->data == work->next[i];
        answer.error = ours ? ErrorCode::kNone : ErrorCode::kInvalidUpdateVersion;
        if (ours) FillState(*partition->state, answer);
      } else {
        answer.error = ErrorCode::kUnknownServerError;
        Say(Note::Level::kError, "storing the ISR of " + tp.ToString() + ": " + std::string(ToString(result.error)),
            "state_write_failures");
      }
    }
    for (const TopicPartition& tp : work->partitions) plan_.AddMetadata(tp);
    Answer_(std::move(work->answer));
    Finish();
  });
}

// Leaders of protocol versions before AlterPartition write the state themselves and tell afterwards.
void ControllerCore::Handle(IsrChangesNotified& event) {
  Partitions known;
  ZkRequest request;
  for (const TopicPartition& tp : event.partitions) {
    if (state_.Find(tp) == nullptr) continue;
    known.push_back(tp);
    request.reads.push_back(zk::State(tp.topic, tp.partition));
  }
  Ask(std::move(request), [this, known](ZkDone& done) {
    for (std::size_t i = 0; i < done.reads.size(); ++i) {
      if (done.reads[i].error != ZkError::kOk) continue;
      AdoptState(known[i], done.reads[i].data, done.reads[i].stat);
      plan_.AddMetadata(known[i]);
    }
    Finish();
  });
}

}  // namespace ottla::controller
