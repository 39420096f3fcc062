// This broker's own requests to the controller, whichever broker that is: producer id blocks and controlled shutdown.
// Owner: the control loop. Callers retry as they see fit. Producer ids go over a connection that agrees on versions,
// the other's version is fixed by inter.broker.protocol.version (Apache Kafka: RPCProducerIdManager, KafkaServer).
#pragma once

#include <memory>
#include <string>

#include "broker/replica/metadata_cache.h"
#include "broker/txn/producer_ids.h"
#include "common/net/rpc_channel.h"

namespace ottla {

class ControllerClient {
 public:
  struct Options {
    BrokerId self;
    std::string inter_broker_listener;
    Micros request_timeout{std::chrono::seconds(30)};
  };
  ControllerClient(LoopContext& control, Network& network, std::uint64_t seed, Options options)
      : control_(control), network_(network), random_(seed), options_(std::move(options)) {}

  void OnMetadata(MetadataPtr view) { view_ = std::move(view); }
  void SetBrokerEpoch(BrokerEpoch epoch) { epoch_ = epoch; }

  void AllocateProducerIds(UniqueFunction<void(Result<ProducerIdBlock>)> done);
  // How many partitions this broker still leads, or why nothing is known.
  void ControlledShutdown(UniqueFunction<void(Result<std::size_t>)> done);
  void Close();

 private:
  using Channel = std::unique_ptr<RpcChannel>;
  Status Connect(Channel& channel, bool negotiate);  // to the controller of the newest view
  Result<ProducerIdBlock> ReadBlock(const Result<RpcReply>& reply);

  LoopContext& control_;
  Network& network_;
  Random random_;
  const Options options_;
  BrokerEpoch epoch_{-1};
  MetadataPtr view_ = std::make_shared<MetadataView>();
  Channel ids_;
  Channel shutdown_;
};

}  // namespace ottla
