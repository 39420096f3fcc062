// The recording, change by change: is this a cause, or what the controller made of one?
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "player.h"

namespace ottla::timelines {
namespace {

std::vector<BrokerId> Minus(const std::vector<BrokerId>& ids, const std::vector<BrokerId>& others) {
  std::vector<BrokerId> rest;
  std::ranges::copy_if(ids, std::back_inserter(rest), [&](BrokerId id) { return !Contains(others, id); });
  return rest;
}

}  // namespace

void Player::Cause(const std::string& kind, const std::string& what, const std::string& topic) {
  ++counts_[kind];
  const std::string text = kind + ": " + what;
  kafka_.push_back({text, topic, {}, false, timeline_.changes[at_].line});
  ours_.push_back({text, topic, {}, false, timeline_.changes[at_].line});
}

// Kafka's controller, or a starting broker, wrote this.
void Player::Said(const Change& change) {
  for (const std::string& acl : change.acls) {
    if (acl != "world:anyone:31") faults_.push_back(change.ops.front().path + " is not open to all: ours are");
  }
  for (const ZkOp& op : change.ops) {
    const nlohmann::json before = tree_.Json(op.path);
    const bool again = op.kind == ZkOp::Kind::kSet && before.is_object() &&
                       before == nlohmann::json::parse(op.data.value_or("null"), nullptr, false);
    if (!again) kafka_.push_back({"", "", op, change.fenced, change.line});
  }
}

void Player::Take(const Change& change) {
  if (change.opens && change.broker >= 0) {
    Cause("start", "broker " + std::to_string(change.broker));
    Boot(change);
  } else if (change.closes && change.broker >= 0) {
    if (process(change.broker).session != change.session || !node(change.broker).alive()) return;
    Cause("end", "broker " + std::to_string(change.broker));
    Kill(change.broker);
    Settle();
  } else if (!change.ops.empty()) {
    TakeWrites(change);
  }
}

void Player::TakeWrites(const Change& change) {
  const std::string& path = change.ops.front().path;
  if (change.broker < 0) {
    TakeOperator(change);
  } else if (IsBrokerStart(change) || (path == zk::kFeature && OursIsBoss(change.broker))) {
    Said(change);  // done when it started, or was elected
  } else if (path == zk::Broker(BrokerId(change.broker)) && change.ops.front().kind == ZkOp::Kind::kCreate) {
    Register(change);
  } else if (path == zk::kController || path == zk::kControllerEpoch) {
    if (process(change.broker).registered_version < 5) {
      Foreign(change);
      return;
    }
    Said(change);
    if (path == zk::kController) StartController(change.broker);
  } else if (!OursIsBoss(change.broker) && (change.fenced || path == zk::kFeature)) {
    Foreign(change);
  } else if (change.fenced) {
    TakeFenced(change);
  } else {
    TakeUnfenced(change);
  }
}

bool Player::IsBrokerStart(const Change& change) const {
  if (change.ops.front().kind != ZkOp::Kind::kCreate) return false;
  const std::string& path = change.ops.front().path;
  if (path == zk::kClusterId || path == zk::Parent(zk::kClusterId)) return true;
  return std::ranges::any_of(zk::PersistentPaths(), [&](const std::string& persistent) {
    return persistent == path || persistent.starts_with(path + "/");
  });
}

// As it was written, with a session only where the node needs one.
void Player::Foreign(const Change& change) {
  const bool ephemeral = change.ops.front().mode == ZkCreateMode::kEphemeral;
  if (ephemeral && change.broker >= 0) {
    bool done = false;
    for (const ZkOp& op : change.ops) not_ours_.insert(op.path);
    On(change.broker, [&] {
      node(change.broker).zk().Multi(change.ops, [&done](ZkError error, const std::vector<ZkOpResult>&) {
        done = error == ZkError::kOk;
      });
    });
    if (!world_.RunUntil([&done] { return done; }, Millis(60'000))) faults_.push_back(change.ops.front().path);
    for (const ZkOp& op : change.ops) not_ours_.erase(op.path);
  } else if (!ephemeral) {
    world_.zk().Operate(change.ops);
  }
  Settle();
}

void Player::TakeOperator(const Change& change) {
  const ZkOp& op = change.ops.front();
  const std::string topic = TopicOf(op.path);
  if (op.path == zk::kController) {
    Cause("by hand", "/controller goes");
    Depose();
  } else if (op.path.starts_with("/admin/") || !topic.empty()) {
    Cause("by hand", op.path, topic);
  }
  Foreign(change);
}

// --- writes of the controller ---

void Player::TakeFenced(const Change& change) {
  const ZkOp& op = change.ops.front();
  const auto state = ParseState(op.path);
  if (op.kind == ZkOp::Kind::kSet && state) {
    FencedState(op, *state);
  } else if (op.kind == ZkOp::Kind::kSet && IsTopic(op.path)) {
    FencedTopic(op);
  }
  // The recording of the write follows the cause that it shows, and ours have been done by then.
  Said(change);
}

void Player::FencedState(const ZkOp& op, const StatePath& at) {
  const TopicPartition tp{at.topic, at.partition};
  if (tree_.Has(zk::DeleteTopic(at.topic))) return;
  const zk::PartitionStateData was = zk::DecodeState(tree_.Data(op.path)).value();
  const zk::PartitionStateData now = zk::DecodeState(op.data).value();
  if (now.leader_epoch == was.leader_epoch) {
    Cause("ISR", tp.ToString(), at.topic);
    AskIsr(tp, now);
    return;
  }
  const auto topic = zk::DecodeTopic(tree_.Data(zk::Topic(at.topic))).value();
  const zk::PartitionReplicas& assignment = topic.partitions.at(at.partition);
  for (const BrokerId gone : Minus(was.isr, now.isr)) {
    const bool there = tree_.Registered(gone.value) && process(gone.value).registered_version > 0;
    if (!there || Contains(assignment.removing, gone) || process(gone.value).failed.contains(tp)) continue;
    if (!Contains(assignment.replicas, gone)) continue;  // a move that was called off
    if (now.recovering) continue;
    if (!leaving_.insert(gone.value).second) continue;
    Cause("leave", "broker " + std::to_string(gone.value));
    AskShutdown(gone.value);
  }
  const bool moving = !assignment.adding.empty() || !assignment.removing.empty();
  const bool led =
      was.leader != kNoBroker && tree_.Registered(was.leader.value) && !process(was.leader.value).failed.contains(tp);
  const bool preferred = now.leader == assignment.replicas.front() && now.isr == was.isr && led && !moving;
  if (preferred && now.leader != was.leader && !tree_.Has(zk::kPreferredElection)) {
    Cause("election", tp.ToString(), at.topic);
    AskElection(tp, false);
  }
  const zk::ConfigMap config = zk::DecodeConfig(tree_.Data(zk::TopicConfig(at.topic))).value();
  const auto setting = config.find("unclean.leader.election.enable");
  const bool allowed =
      setting != config.end() ? setting->second == "true" : Setting("unclean.leader.election.enable", false);
  if (now.recovering && !was.recovering && !allowed) {
    Cause("unclean election", tp.ToString(), at.topic);
    AskElection(tp, true);
  }
}

// A move begins, changes or is called off; its end is ours to see.
void Player::FencedTopic(const ZkOp& op) {
  const std::string name = TopicOf(op.path);
  const auto was = zk::DecodeTopic(tree_.Data(op.path)).value().partitions;
  const auto now = zk::DecodeTopic(op.data).value().partitions;
  const auto asked = zk::DecodeReassignment(tree_.Data(zk::kReassignPartitions));
  for (const auto& [number, next] : now) {
    const auto before = was.find(number);
    if (before == was.end() || before->second == next) continue;
    const TopicPartition tp{name, number};
    const bool by_znode =
        asked.ok() && std::ranges::any_of(*asked, [&](const auto& entry) { return entry.partition == tp; });
    const bool ends = next.adding.empty() && next.removing.empty();
    const std::vector<BrokerId> target = Minus(before->second.replicas, before->second.removing);
    const bool moved = !before->second.adding.empty() || !before->second.removing.empty();
    if (by_znode || (ends && moved && next.replicas == target)) continue;
    Cause("move", tp.ToString(), name);
    const bool cancelled = ends && moved && next.replicas == Minus(before->second.replicas, before->second.adding);
    AskMove(tp, cancelled ? std::nullopt : std::optional(Minus(next.replicas, next.removing)));
  }
}

// --- writes without a fence ---

bool Player::CreatesTopic(std::int32_t broker, const std::string& topic) const {
  if (!OursIsBoss(broker)) return false;
  for (std::size_t i = at_; i < timeline_.changes.size(); ++i) {
    const Change& change = timeline_.changes[i];
    if (change.ops.empty() || change.ops.front().path != zk::Topic(topic)) continue;
    return change.broker == broker && change.ops.front().kind == ZkOp::Kind::kCreate;
  }
  return false;
}

void Player::TakeUnfenced(const Change& change) {
  const ZkOp& op = change.ops.front();
  const std::string topic = TopicOf(op.path);
  const bool ours = OursIsBoss(change.broker);
  const bool creates = op.kind == ZkOp::Kind::kCreate;
  if (creates && op.path == zk::TopicConfig(topic) && CreatesTopic(change.broker, topic)) {
    Cause("create", topic, topic);
    Said(change);
  } else if (ours && creates && IsTopic(op.path)) {
    Said(change);
    AskTopic(topic, op);
  } else if (ours && op.kind == ZkOp::Kind::kSet && IsTopic(op.path)) {
    Cause("grow", topic, topic);
    Said(change);
    AskGrowth(topic, op);
  } else if (ours && creates && op.path == zk::DeleteTopic(topic)) {
    Cause("delete", topic, topic);
    Said(change);
    AskDeletion(topic);
  } else if (ours && op.path == zk::kProducerIdBlock) {
    Cause("producer ids", "a block");
    Said(change);
    AskProducerIds(op);
  } else {
    if (op.path.starts_with(zk::kLogDirEvents)) LogDirFails(change.broker);
    if (!topic.empty()) Cause("another broker", op.path, topic);
    Foreign(change);
    const auto changed =
        op.path.starts_with(zk::kConfigChanges) ? zk::DecodeConfigChange(op.data) : Result<std::string>("");
    if (boss_ >= 0 && changed.ok() && changed->starts_with("topics/")) {
      boss().TopicConfigChanged(changed->substr(7));
      Settle();
    }
  }
}

// The replicas that the recorded controller then takes for lost, while their broker lives.
void Player::LogDirFails(std::int32_t broker) {
  Cause("log dir", "of broker " + std::to_string(broker));
  RecordedTree tree = tree_;
  const BrokerId id(broker);
  for (std::size_t i = at_; i < timeline_.changes.size() && timeline_.changes[i].mark.empty(); ++i) {
    const Change& change = timeline_.changes[i];
    const auto at = change.ops.empty() ? std::nullopt : ParseState(change.ops.front().path);
    if (at && change.fenced && change.ops.front().kind == ZkOp::Kind::kSet) {
      const auto was = zk::DecodeState(tree.Data(change.ops.front().path)).value();
      const auto now = zk::DecodeState(change.ops.front().data).value();
      const bool out = Contains(was.isr, id) && !Contains(now.isr, id);
      const bool last = was.leader == id && now.leader == kNoBroker;
      if (out || last) process(broker).failed.insert({at->topic, at->partition});
    }
    tree.Apply(change);
  }
}

}  // namespace ottla::timelines
