// What readers are told over the wire of a whole cluster: offsets by time, ends of epochs, fetch sessions; and that
// hostile and slow clients harm nobody else.
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/23_offset_for_leader_epoch.h"
#include "tests/sim/story/story.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kTime = 1'731'000'000'000;
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;

class ReadingStory : public OwnTopicStory {
 protected:
  ReadingStory() : OwnTopicStory({.seed = 210, .partitions = 1}) {}
  ErrorCode Produce(const std::vector<std::string>& values, std::int64_t timestamp = kTime) {
    return client_->Produce(leader_, own_, values, {.timestamp = timestamp});
  }
  struct Found {
    ErrorCode error = ErrorCode::kUnknownServerError;
    std::int64_t offset = -100;
    std::int64_t timestamp = -100;
  };
  Found Find(int broker, std::int64_t timestamp, std::int16_t version = 9, std::int32_t epoch = -1) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    request.topics.push_back({"own", {{.partition_index = 0, .current_leader_epoch = epoch, .timestamp = timestamp}}});
    Found found;
    client_->Ask<ListOffsetsResponse>(broker, request, version, [&](const ListOffsetsResponse& response) {
      const auto& partition = response.topics.at(0).partitions.at(0);
      found = {partition.error_code, partition.offset, partition.timestamp};
      if (version == 0) found.offset = partition.old_style_offsets.empty() ? -1 : partition.old_style_offsets[0];
    });
    return found;
  }
  // A leader that dies and is replaced: a new leader epoch.
  void ChangeLeader() {
    const int old = leader_;
    LeaderDies();
    cluster_.RestartBroker(old - 1);
    ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60)));
    ASSERT_TRUE(cluster_.RunQuietly(seconds(2)));
  }
};

TEST_F(ReadingStory, OffsetsByTime) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Produce({"a", "b"}, kTime + 10 * i), ErrorCode::kNone);
  for (std::int16_t version = 0; version <= 9; ++version) {
    EXPECT_EQ(Find(leader_, kEarliest, version).offset, 0) << "version " << version;
    EXPECT_EQ(Find(leader_, kLatest, version).offset, 6) << "version " << version;
  }
  for (std::int16_t version = 1; version <= 9; ++version) {
    EXPECT_EQ(Find(leader_, kTime, version).offset, 0);
    EXPECT_EQ(Find(leader_, kTime + 10, version).offset, 2);
    EXPECT_EQ(Find(leader_, kTime + 11, version).offset, 4);
    EXPECT_EQ(Find(leader_, kTime + 11, version).timestamp, kTime + 20);
    EXPECT_EQ(Find(leader_, kTime + 21, version).offset, -1) << "nothing is as young as that";
  }
  EXPECT_EQ(Find(leader_, kMaxTimestamp, 7).timestamp, kTime + 20);
  EXPECT_GE(Find(leader_, kMaxTimestamp, 7).offset, 4);
  for (const auto& [value, since] : {std::pair{kMaxTimestamp, 7}, {kEarliestLocal, 8}, {kLatestTiered, 9}, {-6L, 10}}) {
    const auto before = static_cast<std::int16_t>(since - 1);
    EXPECT_EQ(Find(leader_, value, before).error, ErrorCode::kUnsupportedVersion) << value;
  }
  EXPECT_EQ(Find(leader_, kEarliestLocal, 8).offset, 0);
  EXPECT_EQ(Find(leader_, kLatestTiered, 9).offset, -1) << "nothing is stored elsewhere";
}

TEST_F(ReadingStory, OffsetsAreToldByTheLeaderOfTheRightEpoch) {
  EXPECT_EQ(Find(leader_ % 3 + 1, kLatest).error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(Find(leader_, kLatest, 9, 50).error, ErrorCode::kUnknownLeaderEpoch);
  ChangeLeader();
  EXPECT_EQ(Find(leader_, kLatest, 9, 0).error, ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(Find(leader_, kLatest).error, ErrorCode::kNone);
  ListOffsetsRequest request;
  request.replica_id = -1;
  request.isolation_level = 1;
  request.topics.push_back({"none", {{.partition_index = 0, .timestamp = kLatest}}});
  request.topics.push_back(
      {"own", {{.partition_index = 7, .timestamp = kLatest}, {.partition_index = 7, .timestamp = kEarliest}}});
  client_->Ask<ListOffsetsResponse>(leader_, request, 5, [](const ListOffsetsResponse& response) {
    ASSERT_EQ(response.topics.size(), 2U);
    EXPECT_EQ(response.topics[0].partitions.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
    for (const auto& partition : response.topics[1].partitions)
      EXPECT_EQ(partition.error_code, ErrorCode::kInvalidRequest) << "named twice";
  });
}

TEST_F(ReadingStory, EndsOfEpochs) {
  ASSERT_EQ(Produce({"a", "b", "c"}), ErrorCode::kNone);
  ChangeLeader();
  ASSERT_EQ(Produce({"d", "e"}), ErrorCode::kNone);
  const std::int32_t epoch = 1;
  for (std::int16_t version = 0; version <= 4; ++version) {
    OffsetForLeaderEpochRequest request;
    request.topics.push_back({"own", {{.partition = 0, .leader_epoch = 0}}});
    request.topics.push_back({"none", {{.partition = 0, .leader_epoch = 0}}});
    client_->Ask<OffsetForLeaderEpochResponse>(
        leader_, request, version, [&](const OffsetForLeaderEpochResponse& response) {
          ASSERT_EQ(response.topics.size(), 2U);
          EXPECT_EQ(response.topics[0].partitions.at(0).end_offset, 3) << "version " << version;
          EXPECT_EQ(response.topics[1].partitions.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
        });
  }
  const auto ask = [&](std::int32_t current, std::int32_t wanted) {
    OffsetForLeaderEpochRequest request;
    request.topics.push_back({"own", {{.partition = 0, .current_leader_epoch = current, .leader_epoch = wanted}}});
    OffsetForLeaderEpochResponse::EpochEndOffset end;
    client_->Ask<OffsetForLeaderEpochResponse>(leader_, request, 4, [&](const OffsetForLeaderEpochResponse& response) {
      end = response.topics.at(0).partitions.at(0);
    });
    return end;
  };
  EXPECT_EQ(ask(-1, epoch).end_offset, 5);
  EXPECT_EQ(ask(-1, 99).end_offset, -1);
  EXPECT_EQ(ask(0, 0).error_code, ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(ask(99, 0).error_code, ErrorCode::kUnknownLeaderEpoch);
}

struct Fetched {
  ErrorCode error = ErrorCode::kUnknownServerError;  // of the whole answer
  std::int32_t session = -1;
  std::map<std::int32_t, ErrorCode> partitions;
  std::size_t bytes = 0;
};

FetchRequest FetchOwn(std::int64_t offset, std::int32_t session = 0, std::int32_t epoch = -1) {
  FetchRequest request;
  request.max_bytes = 1 << 20;
  request.session_id = session;
  request.session_epoch = epoch;
  if (offset >= 0) {
    request.topics.push_back({.topic = "own"});
    request.topics[0].partitions.push_back({.partition = 0, .fetch_offset = offset, .partition_max_bytes = 1 << 20});
  }
  return request;
}

Fetched Fetch(StoryClient& client, int broker, const FetchRequest& request, std::int16_t version = 12) {
  Fetched fetched;
  client.Ask<FetchResponse>(broker, request, version, [&](const FetchResponse& response) {
    fetched = {response.error_code, response.session_id, {}, 0};
    for (const auto& topic : response.responses) {
      for (const auto& partition : topic.partitions) {
        fetched.partitions[partition.partition_index] = partition.error_code;
        fetched.bytes += partition.records.bytes.value_or("").size();
      }
    }
  });
  return fetched;
}

TEST_F(ReadingStory, AFetchSessionTellsWhatChanged) {
  ASSERT_EQ(Produce({"a"}), ErrorCode::kNone);
  const Fetched first = Fetch(*client_, leader_, FetchOwn(0, 0, 0));
  EXPECT_EQ(first.error, ErrorCode::kNone);
  EXPECT_GT(first.session, 0);
  EXPECT_GT(first.bytes, 0U);
  const Fetched moved = Fetch(*client_, leader_, FetchOwn(1, first.session, 1));
  EXPECT_EQ(moved.bytes, 0U);
  const Fetched nothing = Fetch(*client_, leader_, FetchOwn(-1, first.session, 2));
  EXPECT_EQ(nothing.error, ErrorCode::kNone);
  EXPECT_TRUE(nothing.partitions.empty()) << "nothing changed";
  ASSERT_EQ(Produce({"b"}), ErrorCode::kNone);
  EXPECT_GT(Fetch(*client_, leader_, FetchOwn(-1, first.session, 3)).bytes, 0U);
  EXPECT_EQ(Fetch(*client_, leader_, FetchOwn(-1, first.session, 9)).error, ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(Fetch(*client_, leader_, FetchOwn(-1, 12345, 1)).error, ErrorCode::kFetchSessionIdNotFound);
  FetchRequest forget = FetchOwn(-1, first.session, 4);
  forget.forgotten_topics_data.push_back({.topic = "own", .partitions = {0}});
  EXPECT_EQ(Fetch(*client_, leader_, forget).error, ErrorCode::kNone);
  ASSERT_EQ(Produce({"c"}), ErrorCode::kNone);
  EXPECT_TRUE(Fetch(*client_, leader_, FetchOwn(-1, first.session, 5)).partitions.empty()) << "it was forgotten";
  EXPECT_EQ(Fetch(*client_, leader_, FetchOwn(0, first.session, -1)).session, 0) << "closed";
  EXPECT_EQ(Fetch(*client_, leader_, FetchOwn(-1, first.session, 6)).error, ErrorCode::kFetchSessionIdNotFound);
}

TEST_F(ReadingStory, FetchesThatCannotBeServed) {
  ASSERT_EQ(Produce({"a"}), ErrorCode::kNone);
  EXPECT_EQ(Fetch(*client_, leader_, FetchOwn(100)).partitions[0], ErrorCode::kOffsetOutOfRange);
  FetchRequest request = FetchOwn(0);
  request.topics[0].partitions[0].current_leader_epoch = 70;
  EXPECT_EQ(Fetch(*client_, leader_, request).partitions[0], ErrorCode::kUnknownLeaderEpoch);
  request = FetchOwn(0);
  request.topics[0].topic = "none";
  EXPECT_EQ(Fetch(*client_, leader_, request).partitions[0], ErrorCode::kUnknownTopicOrPartition);
  for (std::int16_t version = 4; version <= 12; ++version)
    EXPECT_GT(Fetch(*client_, leader_, FetchOwn(0), version).bytes, 0U) << "version " << version;
  // Nobody writes: the answer comes when the wait is over, not before.
  request = FetchOwn(1);
  request.max_wait_ms = 2000;
  request.min_bytes = 1;
  const MonoTime asked = cluster_.world().now();
  EXPECT_EQ(Fetch(*client_, leader_, request).bytes, 0U);
  EXPECT_GE(cluster_.world().now() - asked, Millis(1900));
}

std::string BigEndian32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

TEST_F(ReadingStory, WhatIsNoRequestEndsItsConnectionOnly) {
  const std::string good = FrameOf(ApiVersionsRequest{}, 0);
  std::string unknown_key = good;
  unknown_key[4] = 0x7f;
  std::string unknown_version = FrameOf(FetchOwn(0), 12);
  unknown_version[7] = 99;
  std::string short_body = FrameOf(FetchOwn(0), 12).substr(4);
  short_body.resize(short_body.size() - 9);
  const std::string hostile[] = {
      BigEndian32(0xffffffff),  // a negative length
      BigEndian32(0x7fffffff),  // two gigabytes to come
      BigEndian32(0),
      BigEndian32(3) + "abc",  // no whole header
      unknown_key,
      unknown_version,
      BigEndian32(static_cast<std::uint32_t>(short_body.size())) + short_body,
      "GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
  };
  int number = 0;
  for (const std::string& bytes : hostile) {
    RawClient raw(cluster_, leader_);
    raw.Send(bytes);
    EXPECT_TRUE(raw.AwaitClosed(seconds(5))) << "hostile frame " << number;
    EXPECT_EQ(raw.received(), "") << "hostile frame " << number;
    ++number;
  }
  RawClient half(cluster_, leader_);  // a frame that never ends holds nobody up
  half.Send(good.substr(0, good.size() - 1));
  EXPECT_EQ(Produce({"still served"}), ErrorCode::kNone);
  EXPECT_FALSE(half.closed());
  half.Send(good.substr(good.size() - 1));
  EXPECT_TRUE(half.AwaitBytes(50, seconds(5))) << "and is answered once it is whole";
}

// Two hundred answers of some 15 kB that nobody reads: the broker stops taking requests from this client alone.
TEST_F(ReadingStory, ASlowReaderHoldsBackOnlyItself) {
  ASSERT_EQ(Produce({std::string(15'000, 'x')}), ErrorCode::kNone);
  RawClient slow(cluster_, leader_);
  slow.SetReading(false);
  std::string requests;
  for (std::int32_t i = 0; i < 200; ++i) requests += FrameOf(FetchOwn(0), 12, i);
  slow.Send(requests);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(10)));
  EXPECT_EQ(slow.received(), "");
  EXPECT_EQ(Produce({"meanwhile"}), ErrorCode::kNone);
  slow.SetReading(true);
  EXPECT_TRUE(slow.AwaitBytes(200 * 15'000, seconds(60))) << slow.received().size() << " bytes came";
  EXPECT_FALSE(slow.closed());
}

}  // namespace
}  // namespace ottla::sim
