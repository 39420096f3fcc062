#include "harness.h"

#include <algorithm>
#include <sstream>

#include "common/base/check.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller::test {
namespace {

std::string Brief(const PartitionImage& image, bool metadata) {
  std::ostringstream out;
  out << image.partition << " L" << image.state.leader << " e" << image.state.leader_epoch << " isr["
      << ToText(image.state.isr) << "] zk" << image.partition_epoch;
  if (!image.assignment.adding.empty()) out << " +[" << ToText(image.assignment.adding) << "]";
  if (!image.assignment.removing.empty()) out << " -[" << ToText(image.assignment.removing) << "]";
  if (metadata && !image.offline.empty()) out << " off[" << ToText(image.offline) << "]";
  if (!metadata && image.is_new) out << " NEW";
  return out.str();
}

template <class Items, class Say>
std::string Joined(const Items& items, Say say) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? " " : "; ") + say(item);
  return out;
}

std::string Brief(const ControlRequest& request) {
  const std::string to = std::to_string(request.broker.value) + ": ";
  if (const auto* lai = std::get_if<LeaderAndIsrRequestPlan>(&request.body)) {
    return to + "LeaderAndIsr" + Joined(lai->partitions, [](const auto& p) { return Brief(p, false); });
  }
  if (const auto* metadata = std::get_if<UpdateMetadataRequestPlan>(&request.body)) {
    std::string live;
    for (const Broker& broker : *metadata->live_brokers)
      live += (live.empty() ? "" : ",") + std::to_string(broker.id.value);
    return to + "UpdateMetadata live[" + live + "]" +
           Joined(*metadata->partitions, [](const auto& p) { return Brief(p, true); });
  }
  return to + "StopReplica" + Joined(std::get<StopReplicaRequestPlan>(request.body).items, [](const auto& item) {
           return item.partition.ToString() + " e" + std::to_string(item.leader_epoch.value) +
                  (item.delete_partition ? " delete" : "");
         });
}

}  // namespace

void ZTree::Put(const std::string& path, ZkData data) {
  const std::string parent(zk::Parent(path));
  if (parent != "/" && !nodes.contains(parent)) Put(parent, std::nullopt);
  const auto it = nodes.find(path);
  ++zxid;
  if (it == nodes.end()) {
    ZNode node{std::move(data), {}};
    node.stat.czxid = node.stat.mzxid = zxid;
    nodes.emplace(path, std::move(node));
  } else {
    it->second.data = std::move(data);
    ++it->second.stat.version;
    it->second.stat.mzxid = zxid;
  }
}

void ZTree::Remove(const std::string& path) {
  std::erase_if(nodes, [&](const auto& node) { return node.first == path || node.first.starts_with(path + "/"); });
}

std::vector<std::string> ZTree::Children(const std::string& parent) const {
  std::vector<std::string> names;
  for (const auto& [path, node] : nodes) {
    if (zk::Parent(path) == parent) names.emplace_back(zk::BaseName(path));
  }
  return names;
}

ZkReadResult ZTree::Read(const std::string& path) const {
  const auto it = nodes.find(path);
  if (it == nodes.end()) return {ZkError::kNoNode, std::nullopt, {}};
  return {ZkError::kOk, it->second.data, it->second.stat};
}

std::string ZTree::Data(const std::string& path) const {
  const auto it = nodes.find(path);
  return it == nodes.end() ? "-" : it->second.data.value_or("null");
}

ZkWriteResult ZTree::Apply(const ZkWrite& write) {
  if (!write.delete_tree.empty()) {
    Remove(write.delete_tree);
    return {};
  }
  const auto before = nodes;
  ZkWriteResult result;
  ++zxid;
  for (std::size_t i = 0; i < write.ops.size(); ++i) {
    const ZkOp& op = write.ops[i];
    const auto it = nodes.find(op.path);
    ZkError error = ZkError::kOk;
    const bool exists = it != nodes.end();
    if (op.kind == ZkOp::Kind::kCreate) {
      const std::string parent(zk::Parent(op.path));
      if (exists) error = ZkError::kNodeExists;
      if (parent != "/" && !nodes.contains(parent)) error = ZkError::kNoNode;
    } else if (!exists) {
      error = ZkError::kNoNode;
    } else if (op.version >= 0 && op.version != it->second.stat.version) {
      error = ZkError::kBadVersion;
    }
    if (error != ZkError::kOk) {
      nodes = before;
      const ZkReadResult found = Read(op.path);
      return {error, i, {}, found.error, found.data, found.stat};
    }
    ZkOpResult done;
    if (op.kind == ZkOp::Kind::kCreate) {
      ZNode node{op.data, {}};
      node.stat.czxid = node.stat.mzxid = zxid;
      nodes.emplace(op.path, std::move(node));
      done.path = op.path;
    } else if (op.kind == ZkOp::Kind::kSet) {
      it->second.data = op.data;
      ++it->second.stat.version;
      it->second.stat.mzxid = zxid;
      done.stat = it->second.stat;
    } else if (op.kind == ZkOp::Kind::kDelete) {
      nodes.erase(it);
    }
    result.results.push_back(std::move(done));
  }
  return result;
}

Harness::Harness(CoreOptions options) : core(std::move(options)) {
  for (const std::string& path : zk::PersistentPaths()) tree.Put(path, std::nullopt);
}

void Harness::Up(std::int32_t id, const std::string& rack) {
  zk::BrokerRegistration registration;
  registration.endpoints = {{"PLAINTEXT", "PLAINTEXT", "host" + std::to_string(id), 9092}};
  if (!rack.empty()) registration.rack = rack;
  tree.Remove(zk::Broker(BrokerId(id)));
  tree.Put(zk::Broker(BrokerId(id)), zk::Encode(registration));
  if (core.active()) TellBrokers();
}

void Harness::Down(std::int32_t id) {
  tree.Remove(zk::Broker(BrokerId(id)));
  if (core.active()) TellBrokers();
}

void Harness::TellBrokers() {
  BrokersChanged event;
  for (const std::string& name : tree.Children(zk::kBrokerIds)) {
    const ZkReadResult node = tree.Read(zk::Child(zk::kBrokerIds, name));
    event.brokers.push_back({name, node.data, node.stat});
  }
  On(event);
}

void Harness::Elect() {
  if (core.active()) On(Resigned{});
  BecameController event;
  event.epoch = ControllerEpoch(next_epoch++);
  for (const std::string& name : tree.Children(zk::kBrokerIds)) {
    const ZkReadResult node = tree.Read(zk::Child(zk::kBrokerIds, name));
    event.brokers.push_back({name, node.data, node.stat});
  }
  for (const std::string& name : tree.Children(zk::kBrokerTopics)) {
    const ZkReadResult node = tree.Read(zk::Topic(name));
    event.topics.push_back({name, node.data, node.stat});
    for (const std::string& partition : tree.Children(zk::Partitions(name))) {
      const std::int32_t number = std::stoi(partition);
      const ZkReadResult state = tree.Read(zk::State(name, number));
      if (state.error == ZkError::kOk) event.states[{name, number}] = {state.data, state.stat};
    }
  }
  event.delete_topics = tree.Children(zk::kDeleteTopics);
  const ZkReadResult preferred = tree.Read(zk::kPreferredElection);
  if (preferred.error == ZkError::kOk) event.preferred_election = preferred.data;
  const ZkReadResult reassignment = tree.Read(zk::kReassignPartitions);
  if (reassignment.error == ZkError::kOk) event.reassignment = reassignment.data;
  On(event);
}

void Harness::On(Event event) {
  Carry(core.On(std::move(event)));
  core.CheckInvariants();
}

void Harness::Carry(Effects effects) {
  std::optional<ZkRequest> request;
  for (Effect& effect : effects) {
    if (auto* ask = std::get_if<ZkRequest>(&effect)) {
      OTTLA_CHECK(!request) << "two ZooKeeper requests at once";
      request = std::move(*ask);
    } else if (auto* send = std::get_if<SendControl>(&effect)) {
      NoteSent(*send);
    } else if (auto* reply = std::get_if<Reply>(&effect)) {
      OTTLA_CHECK(reply->to == last_request_);
      reply_ = std::move(reply->answer);
    } else if (auto* note = std::get_if<Note>(&effect)) {
      notes_.push_back(note->text);
    } else if (auto* close = std::get_if<CloseChannel>(&effect)) {
      std::erase_if(unanswered_, [&](const ControlRequest& r) { return r.broker == close->broker; });
    } else if (auto* open = std::get_if<OpenChannel>(&effect)) {
      std::erase_if(unanswered_, [&](const ControlRequest& r) { return r.broker == open->broker.id; });
    }
  }
  if (!request) {
    OTTLA_CHECK(!core.busy());
    return;
  }
  if (before_writes && !request->writes.empty()) std::exchange(before_writes, nullptr)(tree);
  ZkDone done;
  for (const std::string& path : request->reads) done.reads.push_back(tree.Read(path));
  for (const ZkWrite& write : request->writes) {
    NoteWrite(write);
    done.writes.push_back(tree.Apply(write));
  }
  Carry(core.On(std::move(done)));
}

void Harness::NoteWrite(const ZkWrite& write) {
  if (!write.delete_tree.empty()) written_.push_back("tree " + write.delete_tree);
  for (const ZkOp& op : write.ops) {
    const bool create = op.kind == ZkOp::Kind::kCreate;
    written_.push_back((create ? "create " : op.kind == ZkOp::Kind::kSet ? "set " : "delete ") + op.path);
  }
}

void Harness::NoteSent(const SendControl& send) {
  OTTLA_CHECK(send.request.broker_epoch == EpochOf(send.request.broker.value)) << Brief(send.request);
  OTTLA_CHECK(send.request.controller_epoch == core.epoch());
  told_.push_back(Brief(send.request));
  sent_.push_back(send.request);
  unanswered_.push_back(send.request);
}

BrokerEpoch Harness::EpochOf(std::int32_t broker) const {
  return BrokerEpoch(tree.Read(zk::Broker(BrokerId(broker))).stat.czxid);
}

Answer Harness::Ask(Command command) {
  reply_.reset();
  On(CommandReceived{++last_request_, std::move(command)});
  OTTLA_CHECK(reply_.has_value()) << "not answered";
  return *std::exchange(reply_, std::nullopt);
}

CreatedTopic Harness::Create(const std::string& topic, const std::vector<std::string>& partitions) {
  CreatableTopic creatable;
  creatable.name = topic;
  std::int32_t number = 0;
  zk::TopicAssignment by_hand;
  for (const std::string& replicas : partitions) {
    by_hand.partitions[number].replicas = Ids(replicas);
    creatable.assignment[number++] = Ids(replicas);
  }
  const bool even =
      std::ranges::all_of(partitions, [&](const std::string& p) { return p.size() == partitions[0].size(); });
  if (!even) {  // requests refuse it, znodes do not
    tree.Put(zk::Topic(topic), zk::Encode(by_hand));
    const ZkReadResult node = tree.Read(zk::Topic(topic));
    On(TopicsChanged{tree.Children(zk::kBrokerTopics), {{topic, node.data, node.stat}}});
    return {};
  }
  return std::get<CreateTopicsAnswer>(Ask(CreateTopicsCommand{{creatable}, false})).topics.front();
}

IsrAnswer Harness::ProposeIsr(const std::string& topic, std::int32_t partition, std::int32_t leader,
                              const std::string& isr) {
  const LeaderAndIsr& now = *core.state().Find({topic, partition})->state;
  IsrProposal proposal{
      "", core.state().topics.at(topic).id, partition, now.data.leader_epoch, now.partition_epoch, Ids(isr), false};
  const Answer answer = Ask(AlterPartitionCommand{BrokerId(leader), EpochOf(leader), 3, {proposal}});
  const auto& altered = std::get<AlterPartitionAnswer>(answer);
  OTTLA_CHECK(altered.error == ErrorCode::kNone) << static_cast<int>(altered.error);
  return altered.partitions.front();
}

void Harness::AnswerAll(std::int32_t broker, ErrorCode error) {
  const std::vector<ControlRequest> requests = std::exchange(unanswered_, {});
  std::vector<ControlAnswered> answers;
  for (const ControlRequest& request : requests) {
    if (request.broker.value != broker) {
      unanswered_.push_back(request);
      continue;
    }
    ControlAnswered answer{
        ControlAnswered::Kind::kUpdateMetadata, request.broker, request.broker_epoch, ErrorCode::kNone, {}};
    if (const auto* lai = std::get_if<LeaderAndIsrRequestPlan>(&request.body)) {
      answer.kind = ControlAnswered::Kind::kLeaderAndIsr;
      for (const PartitionImage& image : lai->partitions) answer.partitions.emplace_back(image.partition, error);
    } else if (const auto* stop = std::get_if<StopReplicaRequestPlan>(&request.body)) {
      answer.kind = ControlAnswered::Kind::kStopReplica;
      for (const auto& item : stop->items) answer.partitions.emplace_back(item.partition, error);
    }
    answers.push_back(std::move(answer));
  }
  for (ControlAnswered& answer : answers) On(std::move(answer));
}

std::string Harness::State(const std::string& topic, std::int32_t partition) {
  const ZkReadResult node = tree.Read(zk::State(topic, partition));
  if (node.error != ZkError::kOk) return "none";
  const Result<zk::PartitionStateData> data = zk::DecodeState(node.data);
  if (!data.ok()) return data.status().ToString();
  if (const Partition* known = core.state().Find({topic, partition}); known != nullptr && known->usable()) {
    OTTLA_CHECK(known->state && known->state->data == *data && known->state->partition_epoch.value == node.stat.version)
        << "the core believes something else of " << topic << "-" << partition;
  }
  std::ostringstream out;
  out << "L" << data->leader << " e" << data->leader_epoch << " isr[" << ToText(data->isr) << "] zk"
      << node.stat.version;
  if (data->recovering) out << " recovering";
  return out.str();
}

std::vector<BrokerId> Ids(const std::string& text) {
  std::vector<BrokerId> ids;
  std::istringstream in(text);
  for (std::string id; std::getline(in, id, ',');) ids.emplace_back(std::stoi(id));
  return ids;
}

}  // namespace ottla::controller::test
