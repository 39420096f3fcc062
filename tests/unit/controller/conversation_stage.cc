#include "conversation_stage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "common/protocol/codec.h"
#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/56_alter_partition.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller::test {
namespace {

CoreOptions OptionsOf(std::int32_t self, bool leader_recovery) {
  CoreOptions options;
  options.leader_recovery = leader_recovery;
  options.self = BrokerId(self);
  options.listener = "INTER";
  return options;
}

// A leader speaks of the epochs it was told, which in ours may be lower than in Kafka.
void AsToldByOurs(const ClusterState& cluster, IsrProposal& proposal) {
  const auto name = cluster.topic_by_id.find(proposal.topic_id);
  const Partition* partition =
      name == cluster.topic_by_id.end() ? nullptr : cluster.Find({name->second, proposal.partition});
  if (partition == nullptr || !partition->state) return;
  const LeaderAndIsr& now = *partition->state;
  if (proposal.leader_epoch > now.data.leader_epoch) {
    proposal.leader_epoch = now.data.leader_epoch;
    proposal.partition_epoch = now.partition_epoch;
  }
}

std::int16_t VersionOf(const ControlVersions& versions, std::int16_t key) {
  return key == 4 ? versions.leader_and_isr : key == 5 ? versions.stop_replica : versions.update_metadata;
}

}  // namespace

void Known::Take(const UpdateMetadataRequest& request) {
  live.clear();
  for (const auto& broker : request.live_brokers) {
    live.insert(broker.id);
    zk::BrokerRegistration registration;
    for (const auto& at : broker.endpoints) {
      registration.endpoints.push_back({std::string(at.listener), "PLAINTEXT", std::string(at.host), at.port});
    }
    registrations[broker.id] = registration;
  }
  for (const auto& topic : request.topic_states) {
    const std::string name(topic.topic_name);
    ids[name] = topic.topic_id.ToString();
    for (const auto& p : topic.partition_states) {
      const TopicPartition tp{name, p.partition_index};
      if (p.leader == -2) {
        partitions.erase(tp);
        dying.insert(name);
        continue;
      }
      dying.erase(name);
      KnownPartition& known = partitions[tp];
      if (known.replicas.empty() || known.word.partition_epoch <= p.zk_version) {
        const bool same = !known.replicas.empty() && known.word.leader_epoch == p.leader_epoch && p.isr.size() == 1;
        known = {{p.controller_epoch, p.leader, p.leader_epoch, p.zk_version, p.isr, "", false, ""},
                 p.replicas,
                 same && known.recovering};
      }
    }
  }
}

void Known::Take(const Frame& frame) {
  if (!frame.request || (frame.key != 4 && frame.key != 5 && frame.key != 6)) return;
  const auto head = [&](const auto& request) {
    controller = request.controller_id;
    epoch = request.controller_epoch;
    broker_epochs[frame.to] = request.broker_epoch;
  };
  if (frame.key == 6) {
    UpdateMetadataRequest request;
    ASSERT_TRUE(Decode(frame.body, frame.version, &request).ok());
    head(request);
    Take(request);
  } else if (frame.key == 4) {
    LeaderAndIsrRequest request;
    ASSERT_TRUE(Decode(frame.body, frame.version, &request).ok());
    head(request);
    for (const auto& topic : request.topic_states) {
      for (const auto& p : topic.partition_states) {
        const auto known = partitions.find({std::string(topic.topic_name), p.partition_index});
        if (p.leader_recovery_state == 1 && known != partitions.end()) known->second.recovering = true;
      }
    }
  } else {
    StopReplicaRequest request;
    ASSERT_TRUE(Decode(frame.body, frame.version, &request).ok());
    head(request);
  }
}

Stage::Stage(const std::vector<std::vector<Frame>>& steps, InterBrokerVersion ibp, const Story& story)
    : steps_(steps),
      versions_(ControlVersionsOf(ibp)),
      leader_recovery_(ibp >= InterBrokerVersion{3, 2, 0}),
      step_(static_cast<std::size_t>(std::stoi(story.step) - 1)),
      story_(&story) {
  for (std::size_t i = 0; i < step_; ++i) {
    for (const Frame& frame : steps_[i]) before_.Take(frame);
  }
  for (const Frame& frame : steps_[step_]) {
    if (frame.ms < story.from) before_.Take(frame);
  }
  Restart(story);
}

void Stage::Restart(const Story& story) {
  story_ = &story;
  kafka_.clear();
  ours_.clear();
  after_ = before_;
  // A broker may be told of another before it has come itself: who came is known only at the end.
  for (const Frame& frame : steps_[step_]) {
    if (frame.ms < story.to) after_.Take(frame);
    if (frame.ms < story.from || frame.ms >= story.to || !frame.request) continue;
    if (kafka_[frame.to].AddBody(frame.key, frame.version, frame.body)) {
      EXPECT_EQ(frame.version, VersionOf(versions_, frame.key));
    }
  }
  std::erase_if(kafka_, [](const auto& entry) { return entry.second.kinds.empty(); });
}

zk::TopicAssignment Stage::AssignmentIn(const Known& known, const std::string& topic) const {
  zk::TopicAssignment assignment;
  assignment.id = Uuid::FromString(known.ids.at(topic));
  for (const auto& [tp, partition] : known.partitions) {
    if (tp.topic != topic) continue;
    auto& replicas = assignment.partitions[tp.partition].replicas;
    for (const std::int32_t id : partition.replicas) replicas.emplace_back(id);
  }
  return assignment;
}

void Stage::Register(std::int32_t broker) {
  const std::string path = zk::Broker(BrokerId(broker));
  const auto& epochs = after_.broker_epochs.contains(broker) ? after_.broker_epochs : before_.broker_epochs;
  harness_->tree.Remove(path);
  harness_->tree.Put(path, zk::Encode(after_.registrations.at(broker)));
  harness_->tree.nodes.at(path).stat.czxid = epochs.at(broker);
}

// The znodes as the recording had them.
void Stage::Build(std::int32_t self, std::int32_t epoch, const std::set<std::int32_t>& live) {
  harness_ = std::make_unique<Harness>(OptionsOf(self, leader_recovery_));
  harness_->next_epoch = epoch;
  harness_->tree.zxid = 1'000'000;  // behind every registration: nobody came back unseen
  for (const std::int32_t broker : live) {
    Register(broker);
    const auto known = before_.broker_epochs.find(broker);
    if (known != before_.broker_epochs.end()) {
      harness_->tree.nodes.at(zk::Broker(BrokerId(broker))).stat.czxid = known->second;
    }
  }
  for (const auto& [tp, partition] : before_.partitions) {
    harness_->tree.Put(zk::Topic(tp.topic), zk::Encode(AssignmentIn(before_, tp.topic)));
    const Word& word = partition.word;
    zk::PartitionStateData state{BrokerId(word.leader),
                                 LeaderEpoch(word.leader_epoch),
                                 {},
                                 ControllerEpoch(word.controller_epoch),
                                 partition.recovering};
    for (const std::int32_t id : word.isr) state.isr.emplace_back(id);
    const std::string path = zk::State(tp.topic, tp.partition);
    harness_->tree.Put(path, zk::Encode(state));
    harness_->tree.nodes.at(path).stat.version = word.partition_epoch;
  }
}

void Stage::Play() {
  const bool takes_over = !story_->causes.empty() && story_->causes.front().first < 0;
  if (!story_->goes_on && !takes_over) {
    Build(before_.controller, before_.epoch, before_.live);
    const auto nodes = harness_->tree.nodes;
    harness_->Elect();
    for (const auto& [path, node] : nodes) {
      at_rest_ = at_rest_ && harness_->tree.Data(path) == node.data.value_or("null");
      if (story_->derived) continue;
      ASSERT_EQ(harness_->tree.Data(path), node.data.value_or("null")) << "the story does not begin at rest: " << path;
    }
    if (!at_rest_) return;
    AfterCause();
    ours_.clear();
  }
  std::size_t next = 0;
  const auto due = [&](double ms) {
    while (next < story_->causes.size() && story_->causes[next].first <= ms) {
      story_->causes[next++].second(*this);
      AfterCause();
    }
  };
  for (const Frame& frame : steps_[step_]) {
    if (frame.ms < story_->from || frame.ms >= story_->to) continue;
    due(frame.ms);
    if (frame.request && (frame.key == 56 || frame.key == 7)) Ask(frame);
  }
  due(std::numeric_limits<double>::infinity());
}

// Every broker answers what it was sent until nothing more comes of it.
void Stage::AfterCause() {
  for (bool more = true; more;) {
    const std::vector<ControlRequest> sent = harness_->Sent();
    for (const ControlRequest& request : sent) {
      Heard& heard = ours_[request.broker.value];
      const BrokerId self = harness_->core.options().self;
      std::visit(
          [&](const auto& plan) {
            const auto wire = ToWire(request, plan, self);
            EncodedBody body;
            const auto key = static_cast<std::int16_t>(wire.kKey);
            ASSERT_TRUE(Encode(wire, VersionOf(versions_, key), &body).ok());
            heard.AddBody(key, VersionOf(versions_, key), body.bytes);
          },
          request.body);
    }
    more = !sent.empty();
    for (const auto& [id, broker] : ClusterState(harness_->core.state()).brokers) harness_->AnswerAll(id.value);
  }
}

// What Kafka's controller answered, or "": it refused as a whole, because it was no controller any more.
void Stage::Ask(const Frame& frame) {
  for (const Frame& other : steps_[step_]) {
    if (other.request || other.conn != frame.conn || other.correlation != frame.correlation || other.ms < frame.ms) {
      continue;
    }
    if (frame.key == 56) {
      AskIsr(frame, other.body);
    } else {
      AskShutdown(frame, other.body);
    }
    AfterCause();
    return;
  }
}

void Stage::AskIsr(const Frame& frame, const std::string& recorded) {
  AlterPartitionRequest request;
  AlterPartitionResponse expected;
  ASSERT_TRUE(Decode(frame.body, frame.version, &request).ok());
  ASSERT_TRUE(Decode(recorded, frame.version, &expected).ok());
  if (expected.error_code == ErrorCode::kNotController) return;
  AlterPartitionCommand command{BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch), frame.version, {}};
  std::map<std::pair<Uuid, std::int32_t>, AlterPartitionResponse::PartitionData> answers;
  for (const auto& topic : expected.topics) {
    for (const auto& partition : topic.partitions) answers[{topic.topic_id, partition.partition_index}] = partition;
  }
  for (const auto& topic : request.topics) {
    for (const auto& p : topic.partitions) {
      IsrProposal proposal{"",
                           topic.topic_id,
                           p.partition_index,
                           LeaderEpoch(p.leader_epoch),
                           PartitionEpoch(p.partition_epoch),
                           {},
                           p.leader_recovery_state == 1};
      for (const auto& member : p.new_isr_with_epochs) proposal.isr.emplace_back(member.broker_id);
      if (story_->derived) AsToldByOurs(harness_->core.state(), proposal);
      command.partitions.push_back(std::move(proposal));
    }
  }
  const auto answer = std::get<AlterPartitionAnswer>(harness_->Ask(std::move(command)));
  EXPECT_EQ(answer.error, expected.error_code);
  ASSERT_EQ(answer.partitions.size(), answers.size());
  for (const IsrAnswer& got : answer.partitions) {
    SCOPED_TRACE(got.topic_id.ToString() + "-" + std::to_string(got.partition));
    const auto& want = answers.at({got.topic_id, got.partition});
    EXPECT_EQ(got.error, want.error_code);
    EXPECT_EQ(got.leader.value, want.leader_id);
    if (!story_->derived) {
      EXPECT_EQ(got.leader_epoch.value, want.leader_epoch);
      EXPECT_EQ(got.partition_epoch.value, want.partition_epoch);
    }
    EXPECT_EQ(got.recovering, want.leader_recovery_state == 1);
    std::vector<std::int32_t> isr;
    for (const BrokerId id : got.isr) isr.push_back(id.value);
    EXPECT_EQ(isr, want.isr);
  }
}

void Stage::AskShutdown(const Frame& frame, const std::string& recorded) {
  ControlledShutdownRequest request;
  ControlledShutdownResponse expected;
  ASSERT_TRUE(Decode(frame.body, frame.version, &request).ok());
  ASSERT_TRUE(Decode(recorded, frame.version, &expected).ok());
  const auto answer = std::get<ControlledShutdownAnswer>(
      harness_->Ask(ControlledShutdownCommand{BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch)}));
  EXPECT_EQ(answer.error, expected.error_code);
  std::set<TopicPartition> want;
  for (const auto& partition : expected.remaining_partitions) {
    want.insert({std::string(partition.topic_name), partition.partition_index});
  }
  EXPECT_EQ(std::set<TopicPartition>(answer.remaining.begin(), answer.remaining.end()), want);
}

// --- causes ---

void Stage::TakeOver(std::int32_t self, std::int32_t epoch, const std::vector<std::int32_t>& live) {
  Build(self, epoch, {live.begin(), live.end()});
  harness_->Elect();
}

void Stage::Down(std::int32_t broker) { harness_->Down(broker); }

void Stage::Up(std::int32_t broker) {
  Register(broker);
  harness_->TellBrokers();
}

void Stage::NewTopic(const std::string& topic) {
  harness_->tree.Put(zk::Topic(topic), zk::Encode(AssignmentIn(after_, topic)));
  const ZkReadResult node = harness_->tree.Read(zk::Topic(topic));
  harness_->On(TopicsChanged{harness_->tree.Children(zk::kBrokerTopics), {{topic, node.data, node.stat}}});
}

void Stage::Grown(const std::string& topic) {
  harness_->tree.Put(zk::Topic(topic), zk::Encode(AssignmentIn(after_, topic)));
  const ZkReadResult node = harness_->tree.Read(zk::Topic(topic));
  harness_->On(TopicChanged{{topic, node.data, node.stat}});
}

void Stage::Elect(const std::string& topic, std::int32_t partition, bool unclean, ErrorCode expected) {
  const auto answer = std::get<ElectLeadersAnswer>(harness_->Ask(ElectLeadersCommand{unclean, {{{topic, partition}}}}));
  ASSERT_EQ(answer.partitions.size(), 1u);
  EXPECT_EQ(answer.partitions[0].error, expected);
}

void Stage::Move(const TopicPartition& partition, const std::string& replicas) {
  const auto answer =
      std::get<AlterReassignmentsAnswer>(harness_->Ask(AlterReassignmentsCommand{{{partition, test::Ids(replicas)}}}));
  ASSERT_EQ(answer.partitions.size(), 1u);
  EXPECT_EQ(answer.partitions[0].error, ErrorCode::kNone);
}

void Stage::Delete(const std::string& topic) {
  const auto answer = std::get<DeleteTopicsAnswer>(harness_->Ask(DeleteTopicsCommand{{{topic, {}}}}));
  EXPECT_EQ(answer.topics.at(0).error, ErrorCode::kNone);
}

}  // namespace ottla::controller::test
