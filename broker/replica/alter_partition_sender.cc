#include "broker/replica/alter_partition_sender.h"

#include <algorithm>
#include <utility>

#include "common/base/broker_ids.h"
#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::int16_t kFirstAlterWithIds = 2;
constexpr std::int16_t kFirstWithEpochs = 3;

AlterPartitionRequest::PartitionData ToPartition(const IsrProposal& proposal, std::int16_t version) {
  AlterPartitionRequest::PartitionData out;
  out.partition_index = proposal.tp.partition;
  out.leader_epoch = proposal.leader_epoch.value;
  out.partition_epoch = proposal.partition_epoch.value;
  for (const BrokerId id : proposal.isr) {
    if (version >= kFirstWithEpochs) {
      out.new_isr_with_epochs.push_back({.broker_id = id.value});  // no epochs in ZooKeeper mode
    } else {
      out.new_isr.push_back(id.value);
    }
  }
  return out;
}

// A state that is neither "recovered" nor "recovering" says nothing of the rest: asked again, as Kafka does.
ErrorCode ErrorOf(const AlterPartitionResponse::PartitionData& answer) {
  const bool known = answer.leader_recovery_state == 0 || answer.leader_recovery_state == 1;
  return answer.error_code == ErrorCode::kNone && !known ? ErrorCode::kUnknownServerError : answer.error_code;
}

}  // namespace

AlterPartitionSender::AlterPartitionSender(LoopContext& control, Network& network, std::uint64_t seed, Options options,
                                           std::function<BrokerEpoch()> broker_epoch)
    : control_(control),
      network_(network),
      random_(seed),
      options_(std::move(options)),
      broker_epoch_(std::move(broker_epoch)),
      self_(std::make_shared<AlterPartitionSender*>(this)) {}

AlterPartitionSender::~AlterPartitionSender() { *self_ = nullptr; }

void AlterPartitionSender::Propose(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done) {
  control_.executor->Post([self = self_, proposal = std::move(proposal), done = std::move(done)]() mutable {
    if (*self != nullptr) (*self)->Add(std::move(proposal), std::move(done));
  });
}

void AlterPartitionSender::Add(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done) {
  const TopicPartition tp = proposal.tp;
  waiting_.insert_or_assign(tp, Pending{std::move(proposal), std::move(done)});
  // A pause after an error is left alone: the new proposal joins the retry.
  if (!in_flight_ && timer_ == 0) Send();
}

void AlterPartitionSender::OnMetadata(MetadataPtr view) {
  const bool moved = view_->controller() != view->controller();
  view_ = std::move(view);
  if (!moved) return;
  if (in_flight_) {
    channel_->Disconnect();  // nobody may be left there to answer; what was sent goes again, to the new one
  } else if (!waiting_.empty()) {
    control_.executor->Cancel(std::exchange(timer_, 0));
    Send();
  }
}

void AlterPartitionSender::SendAfter(Micros delay) {
  if (timer_ != 0) return;
  timer_ = control_.executor->RunAfter(delay, [self = self_] {
    if (*self == nullptr) return;
    (*self)->timer_ = 0;
    (*self)->Send();
  });
}

bool AlterPartitionSender::ConnectToController() {
  const auto controller = view_->controller();
  const MetadataBroker* broker = controller.has_value() ? view_->FindBroker(*controller) : nullptr;
  const MetadataEndpoint* endpoint = broker == nullptr ? nullptr : broker->EndpointOf(options_.inter_broker_listener);
  if (endpoint == nullptr) return false;
  if (channel_ == nullptr) {
    RpcChannel::Options options{.client_id = std::to_string(options_.self.value)};
    options.request_timeout = options_.request_timeout;
    options.negotiate = true;
    channel_ = std::make_unique<RpcChannel>(control_, network_, random_.Next(), endpoint->address, options);
  } else {
    channel_->SetEndpoint(endpoint->address);
  }
  return true;
}

void AlterPartitionSender::Send() {
  if (in_flight_ || waiting_.empty()) return;
  // Without a registration there is nobody to speak for: the answer would be STALE_BROKER_EPOCH, which fences leaders.
  const BrokerEpoch epoch = broker_epoch_();
  if (epoch.value < 0 || !ConnectToController()) {
    SendAfter(options_.controller_poll);
    return;
  }
  sent_ = std::make_shared<PendingMap>(std::move(waiting_));
  waiting_.clear();
  in_flight_ = true;
  const bool all_ids =
      std::none_of(sent_->begin(), sent_->end(), [](const auto& one) { return one.second.proposal.topic_id.IsZero(); });
  const auto max_version =
      static_cast<std::int16_t>(all_ids ? AlterPartitionRequest::kMaxVersion : kFirstAlterWithIds - 1);
  auto agreed = std::make_shared<std::int16_t>(std::int16_t{-1});
  channel_->CallNegotiated(
      static_cast<std::int16_t>(AlterPartitionRequest::kKey), AlterPartitionRequest::kMinVersion, max_version,
      [batch = sent_, agreed, self = options_.self, epoch](std::int16_t version, EncodedBody* body) {
        *agreed = version;
        return EncodeRequest(*batch, self, epoch, version, body);
      },
      [self = self_, agreed](Result<RpcReply> reply) {
        if (*self != nullptr) (*self)->OnReply(*agreed, std::move(reply));
      });
}

Status AlterPartitionSender::EncodeRequest(const PendingMap& batch, BrokerId self, BrokerEpoch epoch,
                                           std::int16_t version, EncodedBody* body) {
  AlterPartitionRequest request;
  request.broker_id = self.value;
  request.broker_epoch = epoch.value;
  for (const auto& [tp, pending] : batch) {  // ascending: the partitions of one topic stand together
    const Uuid& id = pending.proposal.topic_id;
    const bool same =
        !request.topics.empty() && (version >= kFirstAlterWithIds ? request.topics.back().topic_id == id
                                                                  : request.topics.back().topic_name == tp.topic);
    if (!same) {
      auto& topic = request.topics.emplace_back();
      if (version >= kFirstAlterWithIds) {
        topic.topic_id = id;
      } else {
        topic.topic_name = tp.topic;
      }
    }
    request.topics.back().partitions.push_back(ToPartition(pending.proposal, version));
  }
  return Encode(request, version, body);
}

void AlterPartitionSender::OnReply(std::int16_t sent_version, Result<RpcReply> reply) {
  in_flight_ = false;
  AlterPartitionResponse response;
  Status status = reply.status();
  if (reply.ok()) status = reply->DecodeInto(&response);
  if (!status.ok()) {
    SayTrouble(status.ToString());
    Retry();
    return;
  }
  switch (response.error_code) {
    case ErrorCode::kNone:
      SayTrouble("");
      OnAnswer(response, sent_version);
      return;
    case ErrorCode::kStaleBrokerEpoch: {
      // The controller takes this broker for dead, or for a newer incarnation: it must not act as leader until told
      // anew.
      LOG(WARNING) << "AlterPartition: STALE_BROKER_EPOCH; " << sent_->size() << " partitions are fenced";
      PendingMap sent = std::exchange(*sent_, {});
      for (auto& [tp, pending] : sent) pending.done({.error = ErrorCode::kStaleBrokerEpoch});
      if (!waiting_.empty()) SendAfter(options_.retry);
      return;
    }
    default:
      SayTrouble(std::string(ToString(response.error_code)));
      // Asked the wrong broker: the connection is of no use until the metadata names another.
      if (response.error_code == ErrorCode::kNotController) channel_->Disconnect();
      Retry();
  }
}

void AlterPartitionSender::SayTrouble(const std::string& trouble) {
  if (trouble == trouble_) {
    if (!trouble.empty()) ++troubles_;
    return;
  }
  if (trouble.empty()) {
    LOG(INFO) << "AlterPartition: answered again, after " << troubles_ << " attempts that failed";
    troubles_ = 0;
  } else {
    LOG(WARNING) << "AlterPartition: " << trouble << "; tried again until answered";
    ++troubles_;
  }
  trouble_ = trouble;
}

void AlterPartitionSender::Retry() {
  PendingMap sent = std::exchange(*sent_, {});
  for (auto& [tp, pending] : sent) waiting_.try_emplace(tp, std::move(pending));
  SendAfter(options_.retry);
}

void AlterPartitionSender::OnAnswer(const AlterPartitionResponse& response, std::int16_t version) {
  PendingMap sent = std::exchange(*sent_, {});
  std::map<std::pair<Uuid, std::int32_t>, TopicPartition> by_id;
  for (const auto& [tp, pending] : sent) by_id.emplace(std::pair(pending.proposal.topic_id, tp.partition), tp);
  bool failed = false;
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      TopicPartition tp{std::string(topic.topic_name), partition.partition_index};
      if (version >= kFirstAlterWithIds) {
        const auto known = by_id.find({topic.topic_id, partition.partition_index});
        if (known == by_id.end()) continue;
        tp = known->second;
      }
      const auto at = sent.find(tp);
      if (at == sent.end()) continue;
      const ErrorCode error = ErrorOf(partition);
      failed = failed || error != ErrorCode::kNone;
      at->second.done({.error = error,
                       .leader = BrokerId(partition.leader_id),
                       .leader_epoch = LeaderEpoch(partition.leader_epoch),
                       .partition_epoch = PartitionEpoch(partition.partition_epoch),
                       .isr = ToBrokerIds(partition.isr)});
      sent.erase(at);
    }
  }
  // Not mentioned: nothing is known of them, they go again.
  failed = failed || !sent.empty();
  for (auto& [tp, pending] : sent) waiting_.try_emplace(tp, std::move(pending));
  // A partition may answer an error by proposing the same again: not faster than this.
  if (failed) {
    SendAfter(options_.retry);
  } else {
    Send();
  }
}

}  // namespace ottla
