// The fetcher between a real follower (shards, logs) and a scripted leader, over the simulated network.
#include "broker/replica/replica_fetcher.h"

#include <gtest/gtest.h>

#include <map>

#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "replica_harness.h"
#include "scripted_broker.h"

namespace ottla {
namespace {

using Part = ReplicaHarness::Part;

// Broker 2: leads partitions of topic t under epoch 3, with incremental sessions and waiting fetches.
class Leader {
 public:
  struct Log {
    std::vector<std::string> batches;  // one record each
    std::int64_t start = 0;
    std::int64_t high_watermark = 0;
    std::int64_t end() const { return start + static_cast<std::int64_t>(batches.size()); }
  };

  Leader(sim::SimScheduler& scheduler, sim::SimNet& net)
      : broker_(scheduler, net, 1, 9002,
                [this](const RequestHeader& header, std::string_view body, const Reply& reply) {
                  if (header.api_key == static_cast<std::int16_t>(ApiKey::kFetch)) {
                    OnFetch(header, body, reply);
                  } else {
                    OnListOffsets(header, body, reply);
                  }
                }) {}

  void Append(int partition, int count = 1) {
    broker_.Run([&] {
      Log& log = logs[partition];
      for (int i = 0; i < count; ++i) {
        std::string batch = ReplicaHarness::Batch();
        SetBaseOffset(batch.data(), Offset(log.end()));
        SetLeaderEpoch(batch.data(), LeaderEpoch(3));
        log.batches.push_back(std::move(batch));
      }
      log.high_watermark = log.end();
      if (parked_) std::exchange(parked_, nullptr)();
    });
  }

  std::map<int, Log> logs;
  std::map<int, ErrorCode> errors;         // answered for the partition as long as it stands here
  ErrorCode top_error = ErrorCode::kNone;  // once
  int fetches = 0;
  int full_fetches = 0;
  int mentioned = 0;  // partitions in requests
  int lists = 0;
  ScriptedBroker& broker() { return broker_; }

 private:
  using Reply = ScriptedBroker::Reply;

  void OnFetch(const RequestHeader& header, std::string_view body, const Reply& reply) {
    FetchRequest request;
    OTTLA_CHECK(Decode(body, header.api_version, &request).ok());
    EXPECT_EQ(request.replica_state.replica_id, 1);
    ++fetches;
    FetchResponse response;
    if (top_error != ErrorCode::kNone) {
      response.error_code = std::exchange(top_error, ErrorCode::kNone);
      reply(ScriptedBroker::Frame(header, response));
      return;
    }
    if (request.session_epoch == 0) {
      wishes_.clear();
      ++full_fetches;
      epoch_ = 0;
    }
    EXPECT_EQ(request.session_epoch, epoch_++);
    for (const auto& topic : request.topics) {
      for (const auto& partition : topic.partitions) {
        wishes_[partition.partition] = partition;
        ++mentioned;
      }
    }
    for (const auto& topic : request.forgotten_topics_data) {
      for (const int partition : topic.partitions) wishes_.erase(partition);
    }
    Answer(header, reply, true);
  }

  void Answer(const RequestHeader& header, const Reply& reply, bool may_wait) {
    FetchResponse response;
    response.session_id = 77;
    FetchResponse::FetchableTopicResponse topic{.topic_id = TopicId(1)};
    for (const auto& [index, wish] : wishes_) {
      FetchResponse::PartitionData data;
      data.partition_index = index;
      const Log& log = logs[index];
      data.high_watermark = log.high_watermark;
      data.log_start_offset = log.start;
      const auto error = errors.find(index);
      const bool out = wish.fetch_offset < log.start || wish.fetch_offset > log.end();
      if (error != errors.end() || out) {
        data.error_code = error != errors.end() ? error->second : ErrorCode::kOffsetOutOfRange;
        data.records = Records::Of("");
        topic.partitions.push_back(data);
        continue;
      }
      if (wish.fetch_offset >= log.end()) continue;
      data.records = Records::Of(log.batches[static_cast<std::size_t>(wish.fetch_offset - log.start)]);
      topic.partitions.push_back(data);
    }
    if (topic.partitions.empty() && may_wait) {
      const RequestHeader kept{header.api_key, header.api_version, header.correlation_id, {}};
      auto again = std::make_shared<std::function<void()>>([this, kept, reply] { Answer(kept, reply, false); });
      parked_ = [again] {
        if (*again) std::exchange(*again, nullptr)();
      };
      broker_.loops.Data(0).RunAfter(Millis(500), [again] {
        if (*again) std::exchange(*again, nullptr)();
      });
      return;
    }
    if (!topic.partitions.empty()) response.responses.push_back(std::move(topic));
    reply(ScriptedBroker::Frame(header, response));
  }

  void OnListOffsets(const RequestHeader& header, std::string_view body, const Reply& reply) {
    ListOffsetsRequest request;
    OTTLA_CHECK(Decode(body, header.api_version, &request).ok());
    ++lists;
    ListOffsetsResponse response;
    for (const auto& topic : request.topics) {
      ListOffsetsResponse::ListOffsetsTopicResponse out{.name = topic.name};
      for (const auto& partition : topic.partitions) {
        const Log& log = logs[partition.partition_index];
        out.partitions.push_back({.partition_index = partition.partition_index,
                                  .offset = partition.timestamp == -1 ? log.end() : log.start});
      }
      response.topics.push_back(std::move(out));
    }
    reply(ScriptedBroker::Frame(header, response));
  }

  std::map<int, FetchRequest::FetchPartition> wishes_;
  int epoch_ = 0;
  std::function<void()> parked_;
  ScriptedBroker broker_;
};

class ReplicaFetcherTest : public testing::TestWithParam<std::size_t> {
 protected:
  ReplicaFetcherTest() : follower_(GetParam()), net_(follower_.log.scheduler) {
    net_.AddHost(0, "n0");
    net_.AddHost(1, "h");  // the name in the metadata of the harness
    network_ = net_.NewProcess(0);
    std::vector<LoopContext*> contexts;
    for (std::size_t i = 0; i < GetParam(); ++i) {
      contexts_.push_back(std::make_unique<LoopContext>());
      contexts_.back()->executor = &follower_.log.loops.Data(i);
      contexts_.back()->clock = &follower_.log.clock;
      contexts.push_back(contexts_.back().get());
    }
    leader_ = std::make_unique<Leader>(follower_.log.scheduler, net_);
    fetchers_ =
        std::make_unique<ReplicaFetchers>(*follower_.shards, contexts, *network_, 5,
                                          FetcherOptions{.self = BrokerId(1), .inter_broker_listener = "PLAINTEXT"});
    follower_.env->fetchers = fetchers_.get();
  }
  ~ReplicaFetcherTest() override {
    bool stopped = false;
    fetchers_->Stop([&] { stopped = true; });
    follower_.log.scheduler.RunUntil([&] { return stopped; }, Millis(1'000));
    follower_.log.loops.Close();
    leader_.reset();
  }

  void Follow(int from, int to, int epoch = 3) {
    std::vector<Part> parts;
    for (int i = from; i < to; ++i) {
      parts.push_back({.partition = i, .leader = 2, .epoch = epoch, .partition_epoch = epoch});
    }
    follower_.Metadata({1, 2, 3}, parts);
    follower_.LeaderAndIsr(parts);
  }
  bool Until(const std::function<bool()>& done, int ms = 5'000) {
    const MonoTime limit = follower_.log.clock.Now() + Millis(ms);
    while (!done() && follower_.log.clock.Now() < limit) follower_.log.Settle(Millis(1));
    return done();
  }
  bool CaughtUp(int partition, int ms = 5'000) {
    return Until([&] { return follower_.Info(partition).log_end.value == leader_->logs[partition].end(); }, ms);
  }

  ReplicaHarness follower_;
  sim::SimNet net_;
  std::unique_ptr<Network> network_;
  std::vector<std::unique_ptr<LoopContext>> contexts_;
  std::unique_ptr<Leader> leader_;
  std::unique_ptr<ReplicaFetchers> fetchers_;
};

TEST_P(ReplicaFetcherTest, CatchesUpAndStaysThere) {
  leader_->Append(0, 5);
  leader_->Append(1, 2);
  Follow(0, 4);
  ASSERT_TRUE(CaughtUp(0));
  ASSERT_TRUE(CaughtUp(1));
  EXPECT_TRUE(Until([&] { return follower_.Info(0).high_watermark == Offset(5); }));
  const MonoTime begin = follower_.log.clock.Now();
  leader_->Append(3);
  ASSERT_TRUE(CaughtUp(3));
  EXPECT_LT(follower_.log.clock.Now() - begin, Millis(20)) << "a waiting fetch is answered when something comes";
  EXPECT_EQ(leader_->full_fetches, 1);
}

TEST_P(ReplicaFetcherTest, IdlePartitionsCostNothing) {
  leader_->Append(7);
  Follow(0, 200);
  ASSERT_TRUE(CaughtUp(7));
  follower_.log.Settle(Millis(1'000));
  const int fetches = leader_->fetches;
  const int mentioned = leader_->mentioned;
  follower_.log.Settle(Millis(10'000));
  EXPECT_LE(leader_->fetches - fetches, 21);
  EXPECT_EQ(leader_->mentioned, mentioned);
}

TEST_P(ReplicaFetcherTest, ErrorsOfOnePartitionPauseIt) {
  leader_->errors[0] = ErrorCode::kNotLeaderOrFollower;
  leader_->Append(0, 2);
  leader_->Append(1, 2);
  Follow(0, 2);
  ASSERT_TRUE(CaughtUp(1));
  follower_.log.Settle(Millis(200));
  EXPECT_EQ(follower_.Info(0).log_end, Offset(0));
  leader_->errors.clear();
  EXPECT_TRUE(CaughtUp(0, 1'600));
  leader_->errors[1] = ErrorCode::kFencedLeaderEpoch;  // failed until the controller speaks again
  leader_->Append(1);
  follower_.log.Settle(Millis(100));
  leader_->errors.clear();
  follower_.log.Settle(Millis(3'000));
  EXPECT_EQ(follower_.Info(1).log_end, Offset(2));
  Follow(1, 2, 4);
  EXPECT_TRUE(CaughtUp(1));
}

TEST_P(ReplicaFetcherTest, SessionsAndConnectionsAreBegunAnew) {
  leader_->Append(0, 2);
  Follow(0, 3);
  ASSERT_TRUE(CaughtUp(0));
  leader_->top_error = ErrorCode::kFetchSessionIdNotFound;
  leader_->Append(0);
  ASSERT_TRUE(CaughtUp(0));
  EXPECT_TRUE(Until([&] { return leader_->full_fetches == 2; }, 1'500));
  leader_->broker().CloseConnections();
  leader_->Append(0);
  ASSERT_TRUE(CaughtUp(0));
  EXPECT_EQ(leader_->full_fetches, 3);
  EXPECT_GE(leader_->broker().connections, 2);
}

TEST_P(ReplicaFetcherTest, ANewPartitionDoesNotWaitForTheRequestInFlight) {
  leader_->Append(0);
  Follow(0, 1);
  ASSERT_TRUE(CaughtUp(0));
  follower_.log.Settle(Millis(1'100));
  leader_->Append(1, 3);
  const MonoTime begin = follower_.log.clock.Now();
  Follow(1, 2);
  ASSERT_TRUE(CaughtUp(1));
  EXPECT_LT(follower_.log.clock.Now() - begin, Millis(100));
}

TEST_P(ReplicaFetcherTest, OutOfRangeAsksWhereTheLeaderBegins) {
  leader_->logs[0].start = 40;
  leader_->logs[0].high_watermark = 40;
  Follow(0, 1);
  ASSERT_TRUE(Until([&] { return follower_.Info(0).log_start == Offset(40); }));
  EXPECT_EQ(leader_->lists, 2);
  leader_->Append(0, 2);
  EXPECT_TRUE(CaughtUp(0));
}

TEST_P(ReplicaFetcherTest, AnotherLeaderTakesOver) {
  leader_->Append(0, 2);
  Follow(0, 1);
  ASSERT_TRUE(CaughtUp(0));
  const int fetches = leader_->fetches;
  follower_.LeaderAndIsr({{.leader = 3, .epoch = 4, .partition_epoch = 4}});  // nobody listens there
  follower_.log.Settle(Millis(3'000));
  EXPECT_LE(leader_->fetches, fetches + 1);
  leader_->Append(0, 2);
  Follow(0, 1, 5);
  EXPECT_TRUE(CaughtUp(0));
}

INSTANTIATE_TEST_SUITE_P(Loops, ReplicaFetcherTest, testing::Values(1U, 3U),
                         [](const auto& test) { return "Loops" + std::to_string(test.param); });

}  // namespace
}  // namespace ottla
