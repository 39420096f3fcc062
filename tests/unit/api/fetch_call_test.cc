// Fetch as consumers and followers see it, version by version: what stands in each field, what refuses one partition,
// what the whole request, and how long an answer is held back.
#include <gtest/gtest.h>

#include "api_harness.h"
#include "common/protocol/messages/01_fetch.h"

namespace ottla {
namespace {

using Part = ReplicaHarness::Part;
using PartitionData = FetchResponse::PartitionData;
using Wanted = FetchRequest::FetchPartition;

using Versions = std::vector<std::int16_t>;
constexpr std::int16_t kById = 13;
constexpr std::int16_t kLatest = 17;

Part Own(const std::string& topic = "t", int partition = 0, std::uint8_t id = 1) {
  return {.topic = topic, .partition = partition, .replicas = {1}, .isr = {1}, .id = TopicId(id)};
}

Wanted Want(std::int32_t partition = 0, std::int64_t offset = 0) {
  return {.partition = partition, .fetch_offset = offset, .partition_max_bytes = 1 << 20};
}

// Topics are named "t" (id 1) and whatever else the test says.
struct Topic {
  std::string_view name = "t";
  std::uint8_t id = 1;
  std::vector<Wanted> partitions;
};

FetchRequest Fetching(std::int16_t version, const std::vector<Topic>& topics) {
  FetchRequest request;
  for (const Topic& topic : topics) {
    auto& out = request.topics.emplace_back();
    if (version < kById) out.topic = topic.name;
    if (version >= kById) out.topic_id = TopicId(topic.id);
    out.partitions = topic.partitions;
  }
  return request;
}

std::vector<PartitionData> Flat(const FetchResponse& response) {
  std::vector<PartitionData> all;
  for (const auto& topic : response.responses) {
    all.insert(all.end(), topic.partitions.begin(), topic.partitions.end());
  }
  return all;
}

std::string Bytes(const PartitionData& data) { return std::string(data.records.bytes.value_or("null")); }

class FetchCall : public testing::Test {
 protected:
  void Lead(const std::vector<Part>& parts) {
    for (const Part& part : parts) ASSERT_EQ(h_.replicas.Lead(part), ErrorCode::kNone);
    h_.replicas.Metadata({1, 2, 3}, parts);
  }
  PartitionData One(const FetchRequest& request, std::int16_t version = kLatest) {
    answer_ = h_.Call<FetchResponse>(request, version);
    OTTLA_CHECK(answer_.has_value());
    const auto all = Flat(*answer_);
    OTTLA_CHECK(all.size() == 1u);
    return all[0];
  }
  PartitionData One(const Wanted& wanted, std::int16_t version = kLatest) {
    return One(Fetching(version, {{.partitions = {wanted}}}), version);
  }

  ApiHarness h_;
  std::optional<FetchResponse> answer_;
};

TEST_F(FetchCall, EveryVersionSaysTheSame) {
  Lead({Own()});
  h_.replicas.Produce(ReplicaHarness::Batch(3));
  for (std::int16_t version = 4; version <= kLatest; ++version) {
    SCOPED_TRACE(version);
    const PartitionData data = One(Want(), version);
    EXPECT_EQ(answer_->throttle_time_ms, 0);
    EXPECT_EQ(answer_->error_code, ErrorCode::kNone);
    EXPECT_EQ(answer_->session_id, 0);
    EXPECT_TRUE(answer_->node_endpoints.empty());
    EXPECT_EQ(answer_->responses[0].topic, version < kById ? "t" : "");
    EXPECT_EQ(answer_->responses[0].topic_id, version < kById ? Uuid{} : TopicId(1));
    EXPECT_EQ(data.error_code, ErrorCode::kNone);
    EXPECT_EQ(data.high_watermark, 3);
    EXPECT_EQ(data.last_stable_offset, 3);
    EXPECT_EQ(data.log_start_offset, version < 5 ? -1 : 0);
    EXPECT_EQ(data.preferred_read_replica, -1);
    EXPECT_EQ(data.current_leader.leader_id, -1);
    EXPECT_EQ(data.diverging_epoch.epoch, -1);
    EXPECT_FALSE(data.aborted_transactions.has_value());
    EXPECT_GT(Bytes(data).size(), 61u);
  }
}

TEST_F(FetchCall, ReadCommittedHasAListOfAbortedTransactions) {
  Lead({Own()});
  h_.replicas.Produce(ReplicaHarness::Batch());
  for (const std::int64_t offset : {0, 1}) {
    FetchRequest request = Fetching(kLatest, {{.partitions = {Want(0, offset)}}});
    request.isolation_level = 1;
    const PartitionData data = One(request);
    ASSERT_TRUE(data.aborted_transactions.has_value()) << offset;
    EXPECT_TRUE(data.aborted_transactions->empty());
  }
}

struct Refusal {
  const char* what;
  Wanted wanted;
  ErrorCode error;
  std::int16_t version = 12;
  std::string_view topic = "t";
  std::int32_t replica = -1;
};

TEST_F(FetchCall, APartitionIsRefusedAlone) {
  Part followed = Own("followed", 0, 2);
  followed.leader = 2;
  followed.epoch = 4;
  followed.replicas = {2, 1};
  followed.isr = {2, 1};
  Part elsewhere = Own("elsewhere", 0, 3);
  elsewhere.leader = 3;
  elsewhere.epoch = 5;
  elsewhere.replicas = {3};
  elsewhere.isr = {3};
  Part own = Own();
  own.epoch = 7;
  Lead({own, followed});
  h_.replicas.Metadata({1, 2, 3}, {own, followed, elsewhere});
  h_.replicas.Produce(ReplicaHarness::Batch());
  const auto at_epoch = [](std::int32_t epoch) {
    Wanted wanted = Want();
    wanted.current_leader_epoch = epoch;
    return wanted;
  };
  const Refusal rows[] = {
      {"beyond the log end", Want(0, 2), ErrorCode::kOffsetOutOfRange},
      {"below the log start", Want(0, -5), ErrorCode::kOffsetOutOfRange},
      {"no such partition", Want(9), ErrorCode::kUnknownTopicOrPartition},
      {"a negative partition", Want(-1), ErrorCode::kUnknownTopicOrPartition},
      {"no such topic", Want(), ErrorCode::kUnknownTopicOrPartition, 12, "none"},
      {"an old leader epoch", at_epoch(6), ErrorCode::kFencedLeaderEpoch},
      {"a leader epoch to come", at_epoch(8), ErrorCode::kUnknownLeaderEpoch},
      {"led by another, for a client that reads from leaders only", Want(), ErrorCode::kNotLeaderOrFollower, 10,
       "followed"},
      {"no replica here", Want(), ErrorCode::kNotLeaderOrFollower, 12, "elsewhere"},
      {"a follower that is no replica", Want(), ErrorCode::kNotLeaderOrFollower, 12, "t", 2},
      {"the same, sure of the epoch", at_epoch(7), ErrorCode::kUnknownLeaderEpoch, 12, "t", 2},
      {"a follower asks a follower", Want(), ErrorCode::kNotLeaderOrFollower, 12, "followed", 3},
  };
  for (const Refusal& row : rows) {
    SCOPED_TRACE(row.what);
    FetchRequest request = Fetching(row.version, {{.name = row.topic, .partitions = {row.wanted}}});
    request.replica_id = row.replica;
    const PartitionData data = One(request, row.version);
    EXPECT_EQ(data.error_code, row.error);
    EXPECT_EQ(answer_->error_code, ErrorCode::kNone);
    EXPECT_EQ(data.high_watermark, -1);
    EXPECT_EQ(data.last_stable_offset, -1);
    EXPECT_EQ(data.log_start_offset, -1);
    EXPECT_EQ(Bytes(data), "");
    // Empty where the cluster view refused, null where a replica did, as in Kafka.
    EXPECT_EQ(data.aborted_transactions.has_value(), row.error == ErrorCode::kUnknownTopicOrPartition);
  }
  EXPECT_EQ(One(Fetching(11, {{.name = "followed", .partitions = {Want()}}}), 11).error_code, ErrorCode::kNone)
      << "clients of v11 and above may read from followers";
}

TEST_F(FetchCall, TopicsById) {
  Lead({Own()});
  const auto error_of = [this](std::uint8_t id, std::int16_t version) {
    return One(Fetching(version, {{.id = id, .partitions = {Want()}}}), version).error_code;
  };
  for (std::int16_t version = kById; version <= kLatest; ++version) {
    EXPECT_EQ(error_of(1, version), ErrorCode::kNone);
    EXPECT_EQ(error_of(9, version), ErrorCode::kUnknownTopicId);
  }
  // Deleted and created anew: the view is ahead of the log.
  h_.replicas.Metadata({1, 2, 3}, {Own("t", 0, 5)});
  EXPECT_EQ(error_of(5, kLatest), ErrorCode::kInconsistentTopicId);
}

TEST_F(FetchCall, HintsWhoLeadsFromVersion16On) {
  Part followed = Own("t", 0);
  followed.leader = 2;
  followed.epoch = 4;
  followed.replicas = {2, 1};
  followed.isr = {2, 1};
  Part elsewhere = Own("t", 1);
  elsewhere.leader = 3;
  elsewhere.epoch = 5;
  elsewhere.replicas = {3};
  elsewhere.isr = {3};
  Part unknown_offset = Own("t", 2);
  h_.replicas.Metadata({1, 2, 3}, {followed, elsewhere, unknown_offset});
  h_.replicas.LeaderAndIsr({followed, unknown_offset});
  for (std::int16_t version = 15; version <= kLatest; ++version) {
    SCOPED_TRACE(version);
    Wanted fenced = Want(0);
    fenced.current_leader_epoch = 3;
    FetchRequest request = Fetching(version, {{.partitions = {Want(1), fenced, Want(2, 100)}}});
    const auto answer = h_.Call<FetchResponse>(request, version);
    const auto all = Flat(*answer);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].error_code, ErrorCode::kNotLeaderOrFollower);
    EXPECT_EQ(all[1].error_code, ErrorCode::kFencedLeaderEpoch);
    EXPECT_EQ(all[2].error_code, ErrorCode::kOffsetOutOfRange);
    const bool hints = version >= 16;
    EXPECT_EQ(all[0].current_leader.leader_id, hints ? 3 : -1);
    EXPECT_EQ(all[0].current_leader.leader_epoch, hints ? 5 : -1);
    EXPECT_EQ(all[1].current_leader.leader_id, hints ? 2 : -1);
    EXPECT_EQ(all[1].current_leader.leader_epoch, hints ? 4 : -1);
    EXPECT_EQ(all[2].current_leader.leader_id, -1);
    ASSERT_EQ(answer->node_endpoints.size(), hints ? 2u : 0u);
    if (!hints) continue;
    EXPECT_EQ(answer->node_endpoints[0].node_id, 2);
    EXPECT_EQ(answer->node_endpoints[1].node_id, 3);
    EXPECT_EQ(answer->node_endpoints[1].host, "h");
    EXPECT_EQ(answer->node_endpoints[1].port, 9003);
  }
}

TEST_F(FetchCall, OnlyTheOrderOfWhatWasReadIsTheRequests) {
  Lead({Own(), Own("u", 0, 2)});
  const FetchRequest request =
      Fetching(12, {{.name = "none", .partitions = {Want(1)}},
                    {.name = "t", .partitions = {Want(0, 0), Want(7)}},
                    {.name = "u", .partitions = {Want()}},
                    {.name = "t", .partitions = {Want(0, 55)}}});  // named again: counts, where it stood first
  const auto answer = h_.Call<FetchResponse>(request, 12);
  std::vector<std::string> said;
  for (const auto& topic : answer->responses) {
    for (const PartitionData& data : topic.partitions) {
      said.push_back(std::string(topic.topic) + std::to_string(data.partition_index) + " " +
                     std::to_string(static_cast<int>(data.error_code)));
    }
  }
  EXPECT_EQ(said, (std::vector<std::string>{"t0 1", "u0 0", "none1 3", "t7 3"}));
}

TEST_F(FetchCall, AnIsolationLevelThatDoesNotExist) {
  Lead({Own()});
  for (const std::int16_t version : Versions{4, 7, 12, 13}) {
    SCOPED_TRACE(version);
    FetchRequest request = Fetching(version, {{.partitions = {Want(), Want(1)}}});
    request.isolation_level = 2;
    const auto answer = h_.Call<FetchResponse>(request, version);
    EXPECT_EQ(answer->error_code, version < 7 ? ErrorCode::kNone : ErrorCode::kUnknownServerError);
    const auto all = Flat(*answer);
    ASSERT_EQ(all.size(), version < kById ? 2u : 0u);
    for (const PartitionData& data : all) EXPECT_EQ(data.error_code, ErrorCode::kUnknownServerError);
  }
}

TEST_F(FetchCall, ZstdTopicsForClientsThatCannotReadIt) {
  Lead({Own()});
  h_.replicas.Metadata({1, 2, 3}, {Own(), [] {
                                     Part part = Own("t", 1);
                                     part.leader = 2;
                                     part.replicas = part.isr = {2};
                                     return part;
                                   }()});
  h_.replicas.Produce(ReplicaHarness::Batch());
  h_.replicas.topic_config.compression_type = "zstd";
  EXPECT_EQ(One(Want(), 9).error_code, ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(One(Want(), 9).high_watermark, -1);
  EXPECT_EQ(One(Want(), 10).error_code, ErrorCode::kNone);
  EXPECT_EQ(One(Want(1), 9).error_code, ErrorCode::kNotLeaderOrFollower) << "the leader will say so";
}

TEST_F(FetchCall, ADivergingFollowerIsToldWhereInPlaceOfRecords) {
  Part part = Own();
  part.replicas = {1, 2};
  part.epoch = 3;
  Lead({part});
  h_.replicas.Produce(ReplicaHarness::Batch(2), 1);
  part.epoch = 5;
  ASSERT_EQ(h_.replicas.Lead(part), ErrorCode::kNone);
  for (const std::int16_t version : Versions{12, 17}) {
    Wanted wanted = Want(0, 2);
    wanted.last_fetched_epoch = 4;  // a leader this log never knew
    FetchRequest request = Fetching(version, {{.partitions = {wanted}}});
    request.replica_id = version < 15 ? 2 : -1;
    request.replica_state.replica_id = version < 15 ? -1 : 2;
    const PartitionData data = One(request, version);
    EXPECT_EQ(data.error_code, ErrorCode::kNone);
    EXPECT_EQ(data.diverging_epoch.epoch, 3);
    EXPECT_EQ(data.diverging_epoch.end_offset, 2);
    EXPECT_EQ(data.high_watermark, 2);
    EXPECT_EQ(Bytes(data), "");
    wanted.last_fetched_epoch = 6;
    request.topics[0].partitions[0] = wanted;
    EXPECT_EQ(One(request, version).error_code, ErrorCode::kOffsetOutOfRange) << "an epoch to come";
  }
}

// --- How much.

TEST_F(FetchCall, TheFirstBatchIsWholeWhateverTheLimits) {
  Lead({Own(), Own("t", 1)});
  const std::string batch = ReplicaHarness::Batch(1, -1, -1, -1, 500);
  for (const int partition : {0, 1}) {
    h_.replicas.Produce(batch, 1, Millis(1000), partition);
    h_.replicas.Produce(batch, 1, Millis(1000), partition);
  }
  const auto sizes = [&](std::int32_t request_max, std::int32_t first_max, std::int32_t second_max) {
    Wanted first = Want(0), second = Want(1);
    first.partition_max_bytes = first_max;
    second.partition_max_bytes = second_max;
    FetchRequest request = Fetching(kLatest, {{.partitions = {first, second}}});
    request.max_bytes = request_max;
    const auto answer = h_.Call<FetchResponse>(request, kLatest);
    const auto all = Flat(*answer);
    return std::pair(Bytes(all.at(0)).size(), Bytes(all.at(1)).size());
  };
  const std::size_t one = batch.size();
  EXPECT_EQ(sizes(1 << 20, 1 << 20, 1 << 20), std::pair(2 * one, 2 * one));
  EXPECT_EQ(sizes(1, 1, 1), std::pair(one, 0 * one));
  EXPECT_EQ(sizes(0, 0, 0), std::pair(one, 0 * one));
  EXPECT_EQ(sizes(1 << 20, 1, 1), std::pair(one, 0 * one)) << "less than a batch is of no use to the second";
  EXPECT_EQ(sizes(1 << 20, 1, 1 << 20), std::pair(one, 2 * one));
  EXPECT_EQ(sizes(static_cast<std::int32_t>(3 * one), 1 << 20, 1 << 20), std::pair(2 * one, one));
  EXPECT_EQ(sizes(static_cast<std::int32_t>(one + one / 2), 1 << 20, 1 << 20), std::pair(one + one / 2, 0 * one))
      << "a later batch may be cut";
}

// Each loop has the whole budget to begin with; nobody gets less than a batch.
TEST(FetchCallOnTwoLoops, WhatIsTooMuchIsCutButNotTheFirstBatch) {
  ApiHarness h({}, 2);
  std::vector<Part> parts;
  for (int i = 0; i < 8; ++i) parts.push_back(Own("t", i));
  h.replicas.Metadata({1, 2, 3}, parts);
  for (const Part& part : parts) ASSERT_EQ(h.replicas.Lead(part), ErrorCode::kNone);
  h.replicas.Metadata({1, 2, 3}, parts);
  const std::string batch = ReplicaHarness::Batch(1, -1, -1, -1, 500);
  for (int i = 0; i < 8; ++i) h.replicas.Produce(batch, 1, Millis(1000), i);
  for (std::size_t budget = 1; budget < 9 * batch.size(); budget += 97) {
    FetchRequest request =
        Fetching(kLatest, {{.partitions = {Want(0), Want(1), Want(2), Want(3), Want(4), Want(5), Want(6), Want(7)}}});
    request.max_bytes = static_cast<std::int32_t>(budget);
    const auto answer = h.Call<FetchResponse>(request, kLatest);
    std::size_t used = 0, expected = std::max(budget / batch.size(), std::size_t{1});
    for (const PartitionData& data : Flat(*answer)) {
      const std::size_t size = Bytes(data).size();
      EXPECT_TRUE(size == 0 || size == batch.size()) << size << " bytes of a batch of " << batch.size();
      used += size;
    }
    EXPECT_EQ(used, std::min(expected, std::size_t{8}) * batch.size()) << "budget " << budget;
  }
}

// One loop has its share of min_bytes at first, the other has nothing, and what comes then comes to the first.
TEST(FetchCallOnTwoLoops, WhoHasItsShareStillWakes) {
  ApiHarness h({}, 2);
  int other = 1;
  while (ShardIndex("t", other, 2) == ShardIndex("t", 0, 2)) ++other;
  const std::vector<Part> parts = {Own("t", 0), Own("t", other)};
  h.replicas.Metadata({1, 2, 3}, parts);
  for (const Part& part : parts) ASSERT_EQ(h.replicas.Lead(part), ErrorCode::kNone);
  h.replicas.Metadata({1, 2, 3}, parts);
  const std::string batch = ReplicaHarness::Batch();
  h.replicas.Produce(batch);
  FetchRequest request = Fetching(kLatest, {{.partitions = {Want(0), Want(other)}}});
  request.max_wait_ms = 5'000;
  request.min_bytes = static_cast<std::int32_t>(2 * batch.size() - 1);
  const std::uint64_t slot = h.Send(request, kLatest);
  h.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h.Answered(slot));
  h.replicas.Produce(batch);
  h.replicas.log.Settle(Millis(20));
  EXPECT_TRUE(h.Answered(slot));
  h.Await<FetchResponse>(slot, kLatest);
}

// --- How long.

TEST_F(FetchCall, WaitsForBytesUntilTheDeadline) {
  Lead({Own()});
  h_.replicas.Produce(ReplicaHarness::Batch());
  FetchRequest request = Fetching(kLatest, {{.partitions = {Want(0, 1)}}});
  request.max_wait_ms = 500;
  request.min_bytes = 1;
  const std::uint64_t slow = h_.Send(request, kLatest);
  h_.replicas.log.Settle(Millis(490));
  EXPECT_FALSE(h_.Answered(slow));
  EXPECT_EQ(Bytes(Flat(*h_.Await<FetchResponse>(slow, kLatest, Millis(30))).at(0)), "");
  const std::uint64_t woken = h_.Send(request, kLatest);
  h_.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h_.Answered(woken));
  h_.replicas.Produce(ReplicaHarness::Batch());
  EXPECT_GT(Bytes(Flat(*h_.Await<FetchResponse>(woken, kLatest, Millis(30))).at(0)).size(), 61u);
}

TEST_F(FetchCall, WhatDoesNotWait) {
  Lead({Own()});
  h_.replicas.Produce(ReplicaHarness::Batch());
  const auto quick = [this](auto change) {
    FetchRequest request = Fetching(12, {{.partitions = {Want(0, 1)}}});
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    change(request);
    const std::uint64_t slot = h_.Send(request, 12);
    h_.replicas.log.Settle(Millis(20));
    const bool answered = h_.Answered(slot);
    h_.Await<FetchResponse>(slot, 12);
    return answered;
  };
  EXPECT_FALSE(quick([](FetchRequest&) {}));
  EXPECT_TRUE(quick([](FetchRequest& r) { r.max_wait_ms = 0; }));
  EXPECT_TRUE(quick([](FetchRequest& r) { r.max_wait_ms = -5; }));
  EXPECT_TRUE(quick([](FetchRequest& r) { r.min_bytes = 0; }));
  EXPECT_TRUE(quick([](FetchRequest& r) { r.max_bytes = 0; })) << "min_bytes is at most max_bytes";
  EXPECT_TRUE(quick([](FetchRequest& r) { r.topics[0].partitions[0].fetch_offset = 77; })) << "an error";
  EXPECT_TRUE(quick([](FetchRequest& r) { r.topics[0].topic = "none"; })) << "nothing to wait for";
  EXPECT_TRUE(quick([](FetchRequest& r) { r.topics.clear(); })) << "nothing asked";
  EXPECT_FALSE(quick([](FetchRequest& r) { r.topics[0].partitions.push_back(Want(9)); }))
      << "what is unknown does not hurry what is known";
}

// --- Sessions; what they remember is tested with FetchSessionCache.

TEST_F(FetchCall, SessionsAreOpenedUsedAndRefused) {
  Lead({Own()});
  h_.replicas.Produce(ReplicaHarness::Batch());
  for (const std::int16_t version : Versions{7, 12, 13, 17}) {
    SCOPED_TRACE(version);
    FetchRequest full = Fetching(version, {{.partitions = {Want()}}});
    full.session_epoch = 0;
    const std::int32_t id = h_.Call<FetchResponse>(full, version)->session_id;
    EXPECT_GT(id, 0);
    FetchRequest next;
    next.session_id = id;
    next.session_epoch = 1;
    EXPECT_EQ(h_.Call<FetchResponse>(next, version)->session_id, id);
    const auto error_of = [&](std::int32_t session, std::int32_t epoch, std::int16_t in_version) {
      FetchRequest request = Fetching(in_version, {{.partitions = {Want()}}});
      request.session_id = session;
      request.session_epoch = epoch;
      const auto answer = h_.Call<FetchResponse>(request, in_version);
      EXPECT_EQ(answer->session_id, 0);
      EXPECT_TRUE(answer->responses.empty());
      return answer->error_code;
    };
    EXPECT_EQ(error_of(id, 1, version), ErrorCode::kInvalidFetchSessionEpoch);
    EXPECT_EQ(error_of(id ^ 1, 2, version), ErrorCode::kFetchSessionIdNotFound);
    EXPECT_EQ(error_of(id, 2, version < kById ? 13 : 12), ErrorCode::kFetchSessionTopicIdError);
  }
}

TEST_F(FetchCall, ASessionMayBeginEmpty) {
  Lead({Own()});
  FetchRequest request;
  request.session_epoch = 0;
  const std::int32_t id = h_.Call<FetchResponse>(request, kLatest)->session_id;
  EXPECT_GT(id, 0);
  request = Fetching(kLatest, {{.partitions = {Want()}}});
  request.session_id = id;
  request.session_epoch = 1;
  EXPECT_EQ(h_.Call<FetchResponse>(request, kLatest)->responses.size(), 1u);
}

}  // namespace
}  // namespace ottla
