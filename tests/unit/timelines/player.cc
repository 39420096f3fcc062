#include "player.h"

#include <utility>

#include "common/base/check.h"
#include "common/zk/zk_paths.h"

namespace ottla::timelines {

using controller::ControlAnswered;
using controller::ControlRequest;

// Answers every request, after a moment.
class Player::Link final : public controller::ControlLink {
 public:
  Link(Player& player, std::int32_t from) : player_(player), from_(from) {}
  void Call(const ControlRequest& request, Done done) override {
    auto waiting = std::make_shared<Done>(std::move(done));
    player_.node(from_).executors().control().RunAfter(
        Millis(1), [this, alive = std::weak_ptr<bool>(alive_), request, waiting] {
          if (alive.expired()) return;
          if (player_.node(request.broker.value).alive()) {
            (*waiting)(player_.Answer(request));
          } else {
            (*waiting)(Status(StatusCode::kUnavailable, "nobody is there"));
          }
        });
  }

 private:
  Player& player_;
  const std::int32_t from_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Player::Player(const Timeline& timeline) : timeline_(timeline) {
  sim::SimNodeOptions options;
  options.zk.session_timeout = Millis(30'000);
  options.zk.keeper = true;  // a session ends when the recording says so
  for (const Change& change : timeline.changes) {
    if (change.broker < 0 || processes_.contains(change.broker)) continue;
    processes_[change.broker].node = world_.AddNode(options).id();
  }
  world_.zk().Observe([this](std::int64_t session, const std::vector<ZkOp>& ops) { Observe(session, ops); });
}

Player::~Player() {
  for (auto& [id, process] : processes_) {
    if (node(id).alive()) Kill(id);
  }
}

void Player::Play() {
  for (; at_ < timeline_.changes.size(); ++at_) {
    Take(timeline_.changes[at_]);
    tree_.Apply(timeline_.changes[at_]);
  }
}

void Player::Observe(std::int64_t session, const std::vector<ZkOp>& ops) {
  if (session == 0) return;
  bool fenced = false;
  for (const ZkOp& op : ops) {
    if (op.kind == ZkOp::Kind::kCheck) {
      fenced |= op.path == zk::kControllerEpoch;
      continue;
    }
    if (not_ours_.contains(op.path)) continue;
    if (ParseState(op.path) && op.kind == ZkOp::Kind::kSet && op.version < 0) {
      faults_.push_back(op.path + " is written whatever its version");
    }
    ours_.push_back({"", "", op, fenced, timeline_.changes[at_].line});
  }
}

bool Player::Setting(const char* name, bool otherwise) const {
  if (!timeline_.settings.is_object()) return otherwise;
  return timeline_.settings.value(name, otherwise ? "true" : "false") == "true";
}

void Player::Boot(const Change& change) {
  if (node(change.broker).alive()) Kill(change.broker);  // it woke after its session had gone
  Process& it = process(change.broker);
  it.session = change.session;
  it.connected = false;
  it.failed.clear();
  node(change.broker).Boot();
  it.registration = std::make_unique<Registration>(node(change.broker).executors().Control(), node(change.broker).zk(),
                                                   node(change.broker).clock(), Random(3));
  On(change.broker, [this, &it, id = change.broker] {
    node(id).zk().Start(
        [&it](ZkClient::SessionState state) { it.connected |= state == ZkClient::SessionState::kConnected; });
  });
  if (!world_.RunUntil([&it] { return it.connected; }, Millis(60'000))) faults_.push_back("no connection");
  bool ready = false;
  On(change.broker,
     [&it, &ready] { it.registration->Prepare([&ready](const Result<std::string>& id) { ready = id.ok(); }); });
  if (!world_.RunUntil([&ready] { return ready; }, Millis(60'000))) faults_.push_back("the paths are not made");
}

void Player::Kill(std::int32_t broker) {
  if (boss_ == broker) boss_ = -1;
  if (paused_ == broker) paused_ = -1;
  leaving_.erase(broker);
  node(broker).Kill([this, broker] {
    process(broker).controller.reset();
    process(broker).registration.reset();
  });
}

void Player::Register(const Change& change) {
  Process& it = process(change.broker);
  const std::string path = zk::Broker(BrokerId(change.broker));
  const zk::BrokerRegistration what = zk::DecodeBroker(change.ops.back().data).value();
  it.registered_version = what.version;
  bool done = false;
  if (what.version >= 5) {
    Said(change);
    On(change.broker, [&] {
      it.registration->Register(BrokerId(change.broker), what, Millis(1000),
                                [&done](const Result<BrokerEpoch>& epoch) { done = epoch.ok(); });
    });
  } else {
    not_ours_.insert(path);
    On(change.broker, [&] {
      node(change.broker).zk().Multi(change.ops, [&done](ZkError error, const std::vector<ZkOpResult>&) {
        done = error == ZkError::kOk;
      });
    });
  }
  if (!world_.RunUntil([&done] { return done; }, Millis(60'000))) faults_.push_back("not registered: " + path);
  not_ours_.erase(path);
  Settle();
}

controller::ControllerOptions Player::Options(std::int32_t broker) const {
  const auto registration = zk::DecodeBroker(tree_.Data(zk::Broker(BrokerId(broker)))).value();
  controller::ControllerOptions options;
  options.core.self = BrokerId(broker);
  options.core.listener = registration.endpoints.front().listener;
  options.core.delete_topics = Setting("delete.topic.enable", true);
  options.core.unclean_default = Setting("unclean.leader.election.enable", false);
  options.core.seed = static_cast<std::uint64_t>(broker) + 1;
  options.auto_rebalance = false;  // where the recording has one it is a cause
  return options;
}

// `broker` wins the election.
void Player::StartController(std::int32_t broker) {
  Process& it = process(broker);
  it.controller = std::make_unique<controller::Controller>(
      node(broker).executors().Control(), node(broker).zk(), node(broker).clock(), Options(broker),
      [this, broker](const controller::Broker&) { return std::make_unique<Link>(*this, broker); });
  boss_ = broker;
  On(broker, [&it] { it.controller->Start(); });
  if (!world_.RunUntil([&it] { return it.controller->IsActive(); }, Millis(60'000))) {
    faults_.push_back("broker " + std::to_string(broker) + " is not elected");
  }
  Settle();
  if (paused_ < 0) return;
  const std::int32_t former = std::exchange(paused_, -1);
  node(former).SetPaused(false);
  Settle();
  if (process(former).controller->IsActive()) faults_.push_back("a deposed controller goes on");
  On(former, [this, former] { process(former).controller->Stop(); });
  On(former, [this, former] { process(former).controller.reset(); });
}

// /controller is about to be removed by hand, and another broker is quicker.
void Player::Depose() {
  if (boss_ < 0) return;
  paused_ = std::exchange(boss_, -1);
  node(paused_).SetPaused(true);
}

ControlAnswered Player::Answer(const ControlRequest& request) {
  ControlAnswered answer{
      ControlAnswered::Kind::kUpdateMetadata, request.broker, request.broker_epoch, ErrorCode::kNone, {}};
  const std::set<TopicPartition>& failed = process(request.broker.value).failed;
  if (const auto* lai = std::get_if<controller::LeaderAndIsrRequestPlan>(&request.body)) {
    answer.kind = ControlAnswered::Kind::kLeaderAndIsr;
    for (const controller::PartitionImage& image : lai->partitions) {
      answer.partitions.emplace_back(
          image.partition, failed.contains(image.partition) ? ErrorCode::kKafkaStorageError : ErrorCode::kNone);
    }
  } else if (const auto* stop = std::get_if<controller::StopReplicaRequestPlan>(&request.body)) {
    answer.kind = ControlAnswered::Kind::kStopReplica;
    for (const auto& item : stop->items) answer.partitions.emplace_back(item.partition, ErrorCode::kNone);
  }
  return answer;
}

}  // namespace ottla::timelines
