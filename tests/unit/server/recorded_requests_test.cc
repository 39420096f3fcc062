// What Kafka's brokers asked each other in recorded conversations, and what our own parts send, byte for byte, when
// they have been told what those brokers had been told: AlterPartition, AllocateProducerIds, ControlledShutdown, the
// ApiVersions before them, and the versions that inter.broker.protocol.version fixes. (Fetch: RecordedFetches; a
// follower's ListOffsets: RecordedListOffsets; the controller's requests: Conversations.)
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "broker/replica/alter_partition_sender.h"
#include "broker/server/controller_client.h"
#include "broker/server/request_versions.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/67_allocate_producer_ids.h"
#include "recorded_keys.h"
#include "recorded_traffic.h"
#include "request_stage.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using test::RecordedRequest;
using test::RequestStage;

template <class T>
T Read(const RecordedRequest& request) {
  T out;
  const auto left = Decode(request.body, request.version, &out);
  EXPECT_TRUE(left.ok() && *left == 0) << request.where;
  return out;
}

template <class T>
T Answer(const RecordedRequest& request) {
  T out;
  const auto parsed = ParseResponseHeader(request.answer, request.key, request.version);
  EXPECT_TRUE(parsed.ok() && Decode(parsed->body, request.version, &out).ok()) << request.where;
  return out;
}

// What was sent, in words where words say enough, and all of it.
std::string Text(const RequestStage::Sent& sent, std::int32_t correlation) {
  RequestHeader header = sent.header;
  header.client_id = sent.client_id;
  header.correlation_id = correlation;  // numbers follow from when the asker started, not from what it asks
  std::string frame;
  EXPECT_TRUE(EncodeRequestHeader(header, &frame).ok());
  return test::ToHex(frame + sent.body);
}

// A connection that agrees on versions begins with ApiVersions, in the same version and with the same header; only
// the name and version of the software are our own.
void ExpectOpening(const RecordedRequest& theirs, const RequestStage& stage) {
  if (!theirs.opened_with.has_value()) return;
  const bool negotiates = stage.opening().has_value();
  ASSERT_EQ(negotiates, *theirs.opened_with >= 0) << "ApiVersions first or not";
  if (!negotiates) return;
  const ParsedRequest parsed = ParseRequestHeader(theirs.opening);
  EXPECT_EQ(stage.opening()->header.api_version, parsed.header.api_version);
  EXPECT_EQ(stage.opening()->client_id, parsed.header.client_id);
  ApiVersionsRequest ours;
  const auto left = Decode(stage.opening()->body, parsed.header.api_version, &ours);
  ASSERT_TRUE(left.ok() && *left == 0);
  EXPECT_FALSE(ours.client_software_name.empty() || ours.client_software_version.empty());
}

void ExpectSame(const RecordedRequest& theirs, const RequestStage& stage) {
  ASSERT_FALSE(stage.sent().empty()) << "nothing was sent";
  EXPECT_EQ(Text(stage.sent().front(), theirs.correlation), test::ToHex(theirs.frame));
  ExpectOpening(theirs, stage);
}

// The epoch the asker had been told to have; a newer one is that of a registration the controller has not spoken of.
std::int64_t EpochOf(const RecordedRequest& request, std::int64_t asked_with) {
  return std::max(request.known.broker_epoch.value_or(asked_with), asked_with);
}

TEST(RecordedRequests, VersionsAreThoseOfTheProtocol) {
  std::map<std::int16_t, int> seen;
  for (const auto& request : test::RecordedRequests(
           {kFetch, kListOffsets, kControlledShutdown, kOffsetForLeaderEpoch, kAllocateProducerIds})) {
    SCOPED_TRACE(request.where + ", protocol " + request.protocol.ToString());
    ++seen[request.key];
    switch (request.key) {
      case kFetch: EXPECT_EQ(FetchVersion(request.protocol), request.version); break;
      case kListOffsets: EXPECT_EQ(ListOffsetsVersion(request.protocol), request.version); break;
      case kControlledShutdown: EXPECT_EQ(kControlledShutdownVersion, request.version); break;
      case kAllocateProducerIds: EXPECT_TRUE(AllocatesByController(request.protocol)); break;
      default: ADD_FAILURE() << "followers of these protocols truncate by what Fetch tells them";
    }
  }
  if (!test::OwnRecordings()) return;
  for (const std::int16_t key : {kFetch, kListOffsets, kControlledShutdown, kAllocateProducerIds}) {
    EXPECT_GT(seen[key], 0) << key;
  }
}

// Kafka 3.9's MetadataVersion.
TEST(RecordedRequests, VersionsOfEveryProtocolLevel) {
  struct Row {
    const char* protocol;
    std::int16_t fetch, list_offsets;
    bool allocates;
  };
  const Row rows[] = {{"2.8-IV1", 12, 6, false}, {"3.0-IV0", 12, 6, true}, {"3.0-IV1", 12, 7, true},
                      {"3.1-IV0", 13, 7, true},  {"3.2-IV0", 13, 7, true}, {"3.3-IV3", 13, 7, true},
                      {"3.4-IV0", 13, 7, true},  {"3.5-IV0", 14, 8, true}, {"3.5-IV1", 15, 8, true},
                      {"3.5-IV2", 15, 8, true},  {"3.6-IV2", 15, 8, true}, {"3.7-IV3", 15, 8, true},
                      {"3.7-IV4", 16, 8, true},  {"3.8-IV0", 16, 8, true}, {"3.9-IV0", 17, 9, true}};
  for (const Row& row : rows) {
    const auto protocol = ParseInterBrokerVersion(row.protocol);
    ASSERT_TRUE(protocol.ok());
    EXPECT_EQ(FetchVersion(*protocol), row.fetch) << row.protocol;
    EXPECT_EQ(ListOffsetsVersion(*protocol), row.list_offsets) << row.protocol;
    EXPECT_EQ(AllocatesByController(*protocol), row.allocates) << row.protocol;
  }
}

// --- AlterPartition ---

// What the leader proposes when exactly the brokers that left the recorded ISR lag, or the one that joined it is back.
std::optional<ProposeIsr> OurProposal(BrokerId self, const BecomeLeader& told, const std::vector<BrokerId>& wanted) {
  const auto in = [](const std::vector<BrokerId>& ids, BrokerId id) { return std::count(ids.begin(), ids.end(), id); };
  const auto live = std::make_shared<std::vector<BrokerId>>(told.replicas);
  std::sort(live->begin(), live->end());
  PartitionCore core({.self = self, .lag_max = Millis(1'000), .live = live}, {Offset(0), Offset(0), Offset(0)});
  PartitionEffects effects;
  core.On(told, effects);
  core.On(LogMoved{Offset(0), Offset(1), MonoTime{}}, effects);
  const MonoTime later = MonoTime{} + Millis(5'000);
  effects.clear();
  for (const BrokerId id : told.replicas) {
    if (id != self && in(wanted, id))
      core.On(FollowerFetched{id, Offset(1), Offset(0), BrokerEpoch(-1), later}, effects);
  }
  core.On(LagTick{later}, effects);
  std::optional<ProposeIsr> out;
  for (const auto& effect : effects) {
    if (const auto* propose = std::get_if<ProposeIsr>(&effect); propose != nullptr && !out) out = *propose;
  }
  return out;
}

struct Asked {
  std::vector<IsrProposal> proposals;
  int decided = 0;  // by our own core, from what the leader had been told
};

Asked ProposalsOf(const RecordedRequest& request, const AlterPartitionRequest& theirs) {
  Asked out;
  for (const auto& topic : theirs.topics) {
    for (const auto& p : topic.partitions) {
      IsrProposal proposal{{topic.topic_id.ToString(), p.partition_index}, topic.topic_id, {}, {}, {}};
      proposal.leader_epoch = LeaderEpoch(p.leader_epoch);
      proposal.partition_epoch = PartitionEpoch(p.partition_epoch);
      for (const auto& member : p.new_isr_with_epochs) proposal.isr.emplace_back(member.broker_id);
      for (const std::int32_t id : p.new_isr) proposal.isr.emplace_back(id);
      const auto known = request.known.led.find({topic.topic_id, p.partition_index});
      if (known != request.known.led.end() && known->second.state.leader_epoch == proposal.leader_epoch &&
          known->second.state.partition_epoch == proposal.partition_epoch) {
        proposal.tp.topic = known->second.topic;
        const auto ours = OurProposal(BrokerId(request.from), known->second.state, proposal.isr);
        EXPECT_TRUE(ours.has_value()) << proposal.tp << " stays as it is";
        if (ours.has_value()) {
          proposal.leader_epoch = ours->leader_epoch;
          proposal.partition_epoch = ours->partition_epoch;
          proposal.isr = ours->isr;
          ++out.decided;
        }
      }
      out.proposals.push_back(std::move(proposal));
    }
  }
  return out;
}

// The order of topics and partitions in a request is that of a hash table.
std::string Sorted(std::string_view body, std::int16_t version) {
  AlterPartitionRequest request;
  const auto left = Decode(body, version, &request);
  EXPECT_TRUE(left.ok() && *left == 0);
  for (auto& topic : request.topics) {
    std::sort(topic.partitions.begin(), topic.partitions.end(),
              [](const auto& a, const auto& b) { return a.partition_index < b.partition_index; });
  }
  std::sort(request.topics.begin(), request.topics.end(), [](const auto& a, const auto& b) {
    return std::pair(a.topic_id, a.topic_name) < std::pair(b.topic_id, b.topic_name);
  });
  EncodedBody out;
  EXPECT_TRUE(Encode(request, version, &out).ok());
  return out.bytes;
}

// The answer reaches each partition; a refusal as a whole is tried again.
void ExpectAnswered(const RecordedRequest& request, const std::vector<IsrAnswer>& answers, std::size_t asked,
                    const RequestStage& stage) {
  if (request.answer.empty()) return;
  const auto theirs = Answer<AlterPartitionResponse>(request);
  if (theirs.error_code != ErrorCode::kNone && theirs.error_code != ErrorCode::kStaleBrokerEpoch) {
    EXPECT_TRUE(answers.empty());
    EXPECT_GT(stage.sent().size(), 1U) << "tried again after " << theirs.error_code;
    EXPECT_EQ(stage.connections() > 1, theirs.error_code == ErrorCode::kNotController);
    return;
  }
  EXPECT_EQ(answers.size(), asked);
  if (asked != 1 || theirs.topics.size() != 1 || answers.size() != 1) return;
  const auto& p = theirs.topics.at(0).partitions.at(0);
  EXPECT_EQ(answers[0].error, p.error_code);
  EXPECT_EQ(answers[0].partition_epoch.value, p.partition_epoch);
  EXPECT_EQ(answers[0].leader_epoch.value, p.leader_epoch);
  EXPECT_EQ(answers[0].isr.size(), p.isr.size());
}

TEST(RecordedRequests, OurLeadersProposeWhatKafkasProposed) {
  int decided = 0, compared = 0;
  for (RecordedRequest& request : test::RecordedRequests({kAlterPartition})) {
    SCOPED_TRACE(request.where);
    const auto theirs = Read<AlterPartitionRequest>(request);
    const std::int64_t epoch = EpochOf(request, theirs.broker_epoch);
    Asked asked = ProposalsOf(request, theirs);
    RequestStage stage(request);
    auto sender = std::make_unique<AlterPartitionSender>(
        stage.context(), stage.network(), 1,
        AlterPartitionSender::Options{.self = BrokerId(request.from), .inter_broker_listener = RequestStage::kListener},
        [epoch] { return BrokerEpoch(epoch); });
    std::vector<IsrAnswer> answers;
    for (IsrProposal& proposal : asked.proposals) {
      sender->Propose(proposal, [&](IsrAnswer answer) { answers.push_back(std::move(answer)); });
    }
    stage.Settle(Millis(10));  // all of them wait for a controller
    stage.OnLoop([&] { sender->OnMetadata(stage.metadata()); });
    stage.Settle(Millis(500));
    ASSERT_FALSE(stage.sent().empty());
    // Both in one order.
    RequestStage::Sent& sent = stage.sent().front();
    sent.body = Sorted(sent.body, sent.header.api_version);
    const std::size_t head = request.frame.size() - request.body.size();
    request.frame = request.frame.substr(0, head) + Sorted(request.body, request.version);
    ExpectSame(request, stage);
    ExpectAnswered(request, answers, asked.proposals.size(), stage);
    stage.End([&] { sender.reset(); });
    decided += asked.decided;
    ++compared;
  }
  RecordProperty("compared", compared);
  RecordProperty("decided", decided);
  if (test::OwnRecordings()) {
    EXPECT_GT(compared, 30);
    EXPECT_GT(decided, 30);
  }
}

// --- To the controller: producer ids, leaving ---

template <class Use>
void AskTheController(const RecordedRequest& request, std::int64_t epoch, Use use) {
  RequestStage stage(request);
  auto client = std::make_unique<ControllerClient>(
      stage.context(), stage.network(), 1,
      ControllerClient::Options{.self = BrokerId(request.from), .inter_broker_listener = RequestStage::kListener});
  stage.OnLoop([&] {
    client->OnMetadata(stage.metadata());
    client->SetBrokerEpoch(BrokerEpoch(epoch));
  });
  use(stage, *client);
  stage.End([&] { client.reset(); });
}

TEST(RecordedRequests, ProducerIdsAreAskedForAsKafkaAsks) {
  int compared = 0;
  for (const RecordedRequest& request : test::RecordedRequests({kAllocateProducerIds})) {
    SCOPED_TRACE(request.where);
    const auto theirs = Read<AllocateProducerIdsRequest>(request);
    AskTheController(
        request, EpochOf(request, theirs.broker_epoch), [&](RequestStage& stage, ControllerClient& client) {
          std::optional<Result<ProducerIdBlock>> block;
          stage.OnLoop(
              [&] { client.AllocateProducerIds([&](Result<ProducerIdBlock> answer) { block = std::move(answer); }); });
          stage.Settle(Millis(500));
          ExpectSame(request, stage);
          if (request.answer.empty()) return;
          const auto answer = Answer<AllocateProducerIdsResponse>(request);
          ASSERT_TRUE(block.has_value());
          ASSERT_EQ(block->ok(), answer.error_code == ErrorCode::kNone);
          if (!block->ok()) {  // asked again, by the next producer
            stage.OnLoop([&] { client.AllocateProducerIds([](const Result<ProducerIdBlock>&) {}); });
            stage.Settle(Millis(500));
            EXPECT_EQ(stage.sent().size(), 2U);
            EXPECT_EQ(stage.connections() > 1, answer.error_code == ErrorCode::kNotController);
            return;
          }
          EXPECT_EQ((*block)->first, answer.producer_id_start);
          EXPECT_EQ((*block)->count, answer.producer_id_len);
        });
    ++compared;
  }
  if (test::OwnRecordings()) {
    EXPECT_GE(compared, 4);
  }
}

TEST(RecordedRequests, OurBrokersLeaveAsKafkasLeft) {
  int compared = 0;
  for (const RecordedRequest& request : test::RecordedRequests({kControlledShutdown})) {
    SCOPED_TRACE(request.where);
    const auto theirs = Read<ControlledShutdownRequest>(request);
    AskTheController(
        request, EpochOf(request, theirs.broker_epoch), [&](RequestStage& stage, ControllerClient& client) {
          std::optional<Result<std::size_t>> left;
          stage.OnLoop([&] { client.ControlledShutdown([&](const Result<std::size_t>& answer) { left = answer; }); });
          stage.Settle(Millis(500));
          ExpectSame(request, stage);
          if (request.answer.empty()) return;
          const auto answer = Answer<ControlledShutdownResponse>(request);
          ASSERT_TRUE(left.has_value());
          ASSERT_EQ(left->ok(), answer.error_code == ErrorCode::kNone);
          if (left->ok()) {
            EXPECT_EQ(**left, answer.remaining_partitions.size());
          }
        });
    ++compared;
  }
  if (test::OwnRecordings()) {
    EXPECT_GE(compared, 12);
  }
}

}  // namespace
}  // namespace ottla
