// Proposals of ISRs to the controller, whichever broker that is (this one included), as AlterPartition requests.
// Owner: the control loop; Propose may be called from anywhere. Nothing survives a crash: leaders propose again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/replica/isr_sender.h"
#include "broker/replica/metadata_cache.h"
#include "common/net/loop_context.h"
#include "common/net/network.h"
#include "common/net/rpc_channel.h"
#include "common/protocol/messages/56_alter_partition.h"

namespace ottla {

class AlterPartitionSender final : public IsrSender {
 public:
  struct Options {
    BrokerId self;
    std::string inter_broker_listener;
    Micros request_timeout{std::chrono::seconds(30)};
    Micros retry{Millis(50)};             // after an error
    Micros controller_poll{Millis(100)};  // while no controller is known
  };
  // `broker_epoch`: of the registration in force; asked on the control loop for each request.
  AlterPartitionSender(LoopContext& control, Network& network, std::uint64_t seed, Options options,
                       std::function<BrokerEpoch()> broker_epoch);
  ~AlterPartitionSender() override;

  void Propose(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done) override;
  // Control loop: where the controller is, and under which names brokers listen.
  void OnMetadata(MetadataPtr view);

 private:
  struct Pending {
    IsrProposal proposal;
    UniqueFunction<void(IsrAnswer)> done;
  };
  using PendingMap = std::map<TopicPartition, Pending>;

  void Add(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done);
  void Send();
  void SendAfter(Micros delay);
  bool ConnectToController();
  void OnReply(std::int16_t sent_version, Result<RpcReply> reply);
  void OnAnswer(const AlterPartitionResponse& response, std::int16_t version);
  // Logs where `trouble` (empty: none) is another than the one before: attempts follow each other many times a second.
  void SayTrouble(const std::string& trouble);
  void Retry();  // what was sent goes with the next request, unless something newer waits
  static Status EncodeRequest(const PendingMap& batch, BrokerId self, BrokerEpoch epoch, std::int16_t version,
                              EncodedBody* body);

  LoopContext& control_;
  Network& network_;
  Random random_;
  const Options options_;
  const std::function<BrokerEpoch()> broker_epoch_;
  MetadataPtr view_ = std::make_shared<MetadataView>();
  std::unique_ptr<RpcChannel> channel_;
  PendingMap waiting_;
  std::shared_ptr<PendingMap> sent_ = std::make_shared<PendingMap>();
  bool in_flight_ = false;
  TimerId timer_ = 0;
  std::string trouble_;
  std::uint64_t troubles_ = 0;  // attempts since the last answer
  std::shared_ptr<AlterPartitionSender*> self_;
};

}  // namespace ottla
