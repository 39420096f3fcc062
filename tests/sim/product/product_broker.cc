// The product's Broker on a simulated machine.
#include <algorithm>
#include <memory>
#include <utility>

#include "broker/server/broker.h"
#include "tests/sim/cluster/broker_process.h"

namespace ottla::sim {

namespace {

class ProductBroker final : public BrokerProcess {
 public:
  ProductBroker(SimNode& node, const Properties& properties) : node_(node) {
    Result<BrokerConfig> config = BrokerConfig::Make(properties, nullptr);
    OTTLA_CHECK(config.ok()) << config.status();
    Broker::Options options;
    options.host_name = node.host();
    options.on_fatal = [this](const Status& why) { Exit(why); };
    broker_ = std::make_unique<Broker>(
        Env{node.clock(), node.executors(), node.files(), node.network(), node.zk(), node.random().Fork()},
        std::make_shared<const BrokerConfig>(std::move(config).value()), std::move(options));
  }

  void Start() override {
    broker_->Start([this](const Status& status) {
      if (status.ok()) {
        started_ = true;
      } else {
        Exit(status);
      }
    });
  }
  void Stop(Task done) override { broker_->Stop(std::move(done)); }
  bool exited() const override { return exited_; }

  bool HasFailedDir() const override {
    const std::vector<LogDirStatus> dirs = broker_->LogDirs();
    return std::any_of(dirs.begin(), dirs.end(), [](const LogDirStatus& dir) { return dir.offline; });
  }

  void ForEachReplica(const std::function<void(const ReplicaView&)>& visit) const override {
    if (!started_ || exited_) return;
    for (std::size_t loop = 0; loop < node_.executors().data_loops(); ++loop) ForEachReplicaOf(loop, visit);
  }

  void ForEachReplicaOf(std::size_t loop, const std::function<void(const ReplicaView&)>& visit) const override {
    if (!started_ || exited_) return;
    auto& executor = static_cast<SimExecutor&>(node_.executors().Data(loop));
    executor.Run([&] {
      broker_->ForEachBounds(loop, [&](const PartitionBounds& bounds) {
        visit({bounds.tp, bounds.topic_id, bounds.leader, bounds.leader_epoch, bounds.log_start, bounds.log_end,
               bounds.high_watermark, bounds.log_dir});
      });
    });
  }

 private:
  void Exit(const Status& why) {
    LOG(WARNING) << node_.host() << " ends: " << why;
    exited_ = true;
  }

  SimNode& node_;
  bool started_ = false;
  bool exited_ = false;
  std::unique_ptr<Broker> broker_;
};

}  // namespace

std::unique_ptr<BrokerProcess> MakeBroker(SimNode& node, const Properties& properties) {
  return std::make_unique<ProductBroker>(node, properties);
}

}  // namespace ottla::sim
