// What followers asked in recorded conversations when their leader's log did not reach back, or on, to them, and what
// our fetcher asks, byte for byte, when its leader says the same: where does the log end, then where does it begin.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "../replica/replica_harness.h"
#include "../replica/scripted_broker.h"
#include "broker/replica/replica_fetcher.h"
#include "broker/server/request_versions.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "recorded_keys.h"
#include "recorded_traffic.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using test::RecordedRequest;

constexpr int kLeader = 2;  // in the harness, whose own replica is 1; neither number is in a request

std::string Big(std::uint32_t n) {
  n = __builtin_bswap32(n);
  return {reinterpret_cast<const char*>(&n), sizeof n};
}

ListOffsetsRequest Read(std::string_view body, std::int16_t version) {
  ListOffsetsRequest out;
  const auto left = Decode(body, version, &out);
  EXPECT_TRUE(left.ok() && *left == 0);
  return out;
}

template <class Topics>
std::size_t Count(const Topics& topics) {
  std::size_t out = 0;
  for (const auto& topic : topics) out += topic.partitions.size();
  return out;
}

std::int64_t Timestamp(const ListOffsetsRequest& request) { return request.topics.at(0).partitions.at(0).timestamp; }

// A follower at offset 0 of the partitions of one recorded request, and a leader that has nothing there.
class Follower {
 public:
  explicit Follower(const RecordedRequest& theirs) : theirs_(theirs), net_(replica_.log.scheduler) {
    wanted_ = Read(theirs_.body, theirs_.version);
    net_.AddHost(0, "n0");
    net_.AddHost(1, "h");  // the name in the metadata of the harness
    network_ = net_.NewProcess(0);
    context_.executor = &replica_.log.loops.Data(0);
    context_.clock = &replica_.log.clock;
    leader_ = std::make_unique<ScriptedBroker>(
        replica_.log.scheduler, net_, 1, 9000 + kLeader,
        [this](const RequestHeader& header, std::string_view body, const ScriptedBroker::Reply& reply) {
          header.api_key == kListOffsets ? OnList(header, body, reply) : OnFetch(header, body, reply);
        });
    FetcherOptions options{.self = BrokerId(theirs_.from), .inter_broker_listener = "PLAINTEXT"};
    options.fetch_version = FetchVersion(theirs_.protocol);
    options.list_offsets_version = ListOffsetsVersion(theirs_.protocol);
    fetchers_ = std::make_unique<ReplicaFetchers>(*replica_.shards, std::vector<LoopContext*>{&context_}, *network_, 5,
                                                  options);
    replica_.env->fetchers = fetchers_.get();
  }
  ~Follower() {
    bool stopped = false;
    fetchers_->Stop([&] { stopped = true; });
    replica_.log.scheduler.RunUntil([&] { return stopped; }, Millis(1'000));
    replica_.log.loops.Close();
    leader_.reset();
  }

  // What we sent, with the number of the recorded request; nothing when it was never asked.
  std::optional<std::string> Ask() {
    std::vector<ReplicaHarness::Part> parts;
    std::uint8_t id = 0;
    for (const auto& topic : wanted_.topics) {
      ++id;
      for (const auto& p : topic.partitions) {
        const int epoch = std::max(p.current_leader_epoch, 0);
        parts.push_back({.topic = std::string(topic.name),
                         .partition = p.partition_index,
                         .leader = kLeader,
                         .epoch = epoch,
                         .partition_epoch = epoch,
                         .id = TopicId(id)});
      }
    }
    replica_.Metadata({1, 2, 3}, parts);
    replica_.LeaderAndIsr(parts);
    for (int i = 0; i < 2'000 && !sent_.has_value(); ++i) replica_.log.Settle(Millis(1));
    replica_.log.Settle(Millis(50));
    return sent_;
  }
  // Where our replica of the first partition begins now.
  Offset LogStart() {
    const std::string topic(wanted_.topics.at(0).name);
    const int partition = wanted_.topics.at(0).partitions.at(0).partition_index;
    std::optional<PartitionInfo> info;
    replica_.On([&](PartitionShard& shard) { info = shard.Info(topic, partition); }, topic, partition);
    return info.value().log_start;
  }

 private:
  using Reply = ScriptedBroker::Reply;

  void OnFetch(const RequestHeader& header, std::string_view body, const Reply& reply) {
    FetchRequest request;
    OTTLA_CHECK(Decode(body, header.api_version, &request).ok());
    if (request.topics.empty()) return;  // waits for ever
    FetchResponse response;              // without a session: the next request names all partitions again
    if (Count(request.topics) < Count(wanted_.topics)) {  // some are still being made
      reply(ScriptedBroker::Frame(header, response));
      return;
    }
    for (const auto& topic : request.topics) {
      FetchResponse::FetchableTopicResponse out{.topic = topic.topic, .topic_id = topic.topic_id};
      for (const auto& asked : topic.partitions) {
        if (asked.fetch_offset != 0) return;
        FetchResponse::PartitionData data;
        data.partition_index = asked.partition;
        data.error_code = ErrorCode::kOffsetOutOfRange;
        data.records = Records::Of("");
        out.partitions.push_back(data);
      }
      response.responses.push_back(std::move(out));
    }
    reply(ScriptedBroker::Frame(header, response));
  }

  void OnList(const RequestHeader& header, std::string_view body, const Reply& reply) {
    const ListOffsetsRequest ours = Read(body, header.api_version);
    const bool same = Timestamp(ours) == Timestamp(wanted_);
    if (same && !sent_.has_value()) {
      RequestHeader numbered = header;
      numbered.correlation_id = theirs_.correlation;
      sent_.emplace();
      OTTLA_CHECK(EncodeRequestHeader(numbered, &*sent_).ok());
      sent_->append(body);
    }
    if (same && header.api_version == theirs_.version && !theirs_.answer.empty()) {
      const std::string rest = theirs_.answer.substr(4);
      reply(Big(static_cast<std::uint32_t>(rest.size() + 4)) + Big(static_cast<std::uint32_t>(header.correlation_id)) +
            rest);
      return;
    }
    ListOffsetsResponse response;
    for (const auto& topic : ours.topics) {
      auto& out = response.topics.emplace_back();
      out.name = topic.name;
      for (const auto& p : topic.partitions) {
        out.partitions.push_back({.partition_index = p.partition_index, .timestamp = -1, .offset = 1'000'000});
      }
    }
    reply(ScriptedBroker::Frame(header, response));
  }

  const RecordedRequest& theirs_;
  ListOffsetsRequest wanted_;
  ReplicaHarness replica_;
  sim::SimNet net_;
  std::unique_ptr<Network> network_;
  LoopContext context_;
  std::unique_ptr<ScriptedBroker> leader_;
  std::unique_ptr<ReplicaFetchers> fetchers_;
  std::optional<std::string> sent_;
};

TEST(RecordedListOffsets, OurFollowersAskWhatKafkasAsked) {
  int latest = 0, earliest = 0;
  for (const RecordedRequest& request : test::RecordedRequests({kListOffsets})) {
    SCOPED_TRACE(request.where);
    EXPECT_EQ(request.opened_with.value_or(-1), -1) << "fetchers do not ask for versions, ours neither";
    Follower follower(request);
    const auto ours = follower.Ask();
    ASSERT_TRUE(ours.has_value());
    EXPECT_EQ(test::ToHex(*ours), test::ToHex(request.frame));
    const bool begins = Timestamp(Read(request.body, request.version)) == -2;
    ++(begins ? earliest : latest);
    if (!begins || request.answer.empty()) continue;
    ListOffsetsResponse answer;
    const auto parsed = ParseResponseHeader(request.answer, kListOffsets, request.version);
    ASSERT_TRUE(parsed.ok() && Decode(parsed->body, request.version, &answer).ok());
    const auto& first = answer.topics.at(0).partitions.at(0);
    if (first.error_code == ErrorCode::kNone) {
      EXPECT_EQ(follower.LogStart(), Offset(first.offset));
    }
  }
  if (test::OwnRecordings()) {
    EXPECT_GE(latest, 3);
    EXPECT_GE(earliest, 3);
  }
}

// One question serves all that fell behind together.
TEST(RecordedListOffsets, PartitionsOfATopicStandTogether) {
  ListOffsetsRequest asked;
  asked.replica_id = 3;
  for (const char* name : {"a", "b"}) {
    auto& topic = asked.topics.emplace_back();
    topic.name = name;
    for (int i = 0; i < 3; ++i) {
      topic.partitions.push_back({.partition_index = i, .current_leader_epoch = 4, .timestamp = -1});
    }
  }
  EncodedBody body;
  ASSERT_TRUE(Encode(asked, 9, &body).ok());
  RecordedRequest request{.where = "made by hand", .protocol = {3, 9, 0}, .from = 3, .to = 1, .key = kListOffsets};
  request.version = 9;
  request.body = body.bytes;
  Follower follower(request);
  const auto ours = follower.Ask();
  ASSERT_TRUE(ours.has_value());
  const ListOffsetsRequest read = Read(ParseRequestHeader(*ours).body, 9);
  ASSERT_EQ(read.topics.size(), 2U);
  EXPECT_EQ(read.topics[0].partitions.size(), 3U);
  EXPECT_EQ(read.topics[1].partitions.size(), 3U);
}

}  // namespace
}  // namespace ottla
