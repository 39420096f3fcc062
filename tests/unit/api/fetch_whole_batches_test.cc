// Large batches: an answer ends with the last whole one, and yet counts all that is there as there.
#include <gtest/gtest.h>

#include "api_harness.h"
#include "common/protocol/messages/01_fetch.h"

namespace ottla {
namespace {

using Part = ReplicaHarness::Part;

class FetchWholeBatches : public testing::Test {
 protected:
  FetchWholeBatches() : batch_(ReplicaHarness::Batch(1, -1, -1, -1, 60'000)) {
    const Part own{.topic = "t", .partition = 0, .replicas = {1}, .isr = {1}, .id = TopicId(1)};
    const Part second{.topic = "t", .partition = 1, .replicas = {1}, .isr = {1}, .id = TopicId(1)};
    h_.replicas.Metadata({1}, {own, second});
    for (const Part& part : {own, second}) EXPECT_EQ(h_.replicas.Lead(part), ErrorCode::kNone);
    h_.replicas.Metadata({1}, {own, second});
    for (int i = 0; i < 3; ++i) h_.replicas.Produce(batch_);
    h_.replicas.Produce(batch_, 1, Millis(1000), 1);
  }
  std::uint64_t Send(std::size_t partition_max, std::size_t min_bytes, std::int64_t from = 0) {
    FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = static_cast<std::int32_t>(min_bytes);
    FetchRequest::FetchPartition wanted{.partition = 0, .fetch_offset = from};
    wanted.partition_max_bytes = static_cast<std::int32_t>(partition_max);
    request.topics = {{.topic = "t", .partitions = {wanted}}};
    return h_.Send(request, 12);
  }
  std::size_t Size(std::uint64_t call) {
    const auto answer = h_.Await<FetchResponse>(call, 12, Millis(30));
    if (!answer) return 0;
    return answer->responses.at(0).partitions.at(0).records.bytes.value_or("").size();
  }

  ApiHarness h_;
  const std::string batch_;
};

TEST_F(FetchWholeBatches, NoneIsTorn) {
  EXPECT_EQ(Size(Send(batch_.size() * 5 / 2, 1)), 2 * batch_.size());
  EXPECT_EQ(Size(Send(batch_.size() * 3 / 2, 1, 1)), batch_.size());
  EXPECT_EQ(Size(Send(batch_.size() / 2, 1)), batch_.size());
  EXPECT_EQ(Size(Send(10 * batch_.size(), 1)), 3 * batch_.size());
}

// Else a consumer that asks for as much as may come at once would wait, with the bytes there, for each answer.
TEST_F(FetchWholeBatches, WhatIsLeftOutStillCountsForMinBytes) {
  const std::size_t most = batch_.size() * 3 / 2;
  EXPECT_EQ(Size(Send(most, most)), batch_.size());
}

TEST_F(FetchWholeBatches, WhatIsLeftOutDoesNotUseUpTheBudget) {
  FetchRequest request;
  request.max_bytes = static_cast<std::int32_t>(batch_.size() * 9 / 4);
  FetchRequest::FetchPartition first{.partition = 0};
  first.partition_max_bytes = static_cast<std::int32_t>(batch_.size() * 3 / 2);
  FetchRequest::FetchPartition second = first;
  second.partition = 1;
  request.topics = {{.topic = "t", .partitions = {first, second}}};
  const auto answer = h_.Await<FetchResponse>(h_.Send(request, 12), 12, Millis(30));
  ASSERT_TRUE(answer.has_value());
  for (const auto& partition : answer->responses.at(0).partitions) {
    EXPECT_EQ(partition.records.bytes.value_or("").size(), batch_.size()) << partition.partition_index;
  }
}

}  // namespace
}  // namespace ottla
