// Produce as producers see it: what refuses one partition, what the whole request.
#include <gtest/gtest.h>

#include "api_harness.h"
#include "common/protocol/messages/00_produce.h"

namespace ottla {
namespace {

std::string TransactionalBatch() {
  BatchBuilder builder({.producer_id = 9, .producer_epoch = 0, .base_sequence = 0, .is_transactional = true});
  builder.Append(1'731'000'000'000, std::nullopt, "v");
  std::string out;
  builder.Build(nullptr, out);
  return out;
}

struct ProducedPart {
  std::string_view topic;
  std::int32_t partition;
  const std::string* bytes;
};

ProduceRequest Producing(const std::vector<ProducedPart>& parts, std::int16_t acks = 1) {
  ProduceRequest request;
  request.acks = acks;
  request.timeout_ms = 1'000;
  for (const ProducedPart& part : parts) {
    if (request.topic_data.empty() || request.topic_data.back().name != part.topic) {
      request.topic_data.emplace_back().name = part.topic;
    }
    auto& data = request.topic_data.back().partition_data.emplace_back();
    data.index = part.partition;
    data.records.bytes = *part.bytes;
  }
  return request;
}

TEST(Produce, EveryPartitionFailsAlone) {
  ApiHarness h;
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  const std::string good = ReplicaHarness::Batch();
  const std::string junk = "no batch at all";
  const auto answer =
      h.Call<ProduceResponse>(Producing({{"t", 0, &good}, {"t", 1, &good}, {"u", 0, &good}, {"t", 0, &junk}}), 9);
  ASSERT_EQ(answer->responses.size(), 3u);
  EXPECT_EQ(answer->responses[0].partition_responses[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer->responses[0].partition_responses[0].base_offset, 0);
  EXPECT_EQ(answer->responses[0].partition_responses[1].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer->responses[1].partition_responses[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_NE(answer->responses[2].partition_responses[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(h.replicas.Info().log_end, Offset(1));
}

TEST(Produce, ATransactionalBatchWithoutATransactionalIdRefusesTheWholeRequest) {
  ApiHarness h;
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  const std::string good = ReplicaHarness::Batch();
  const std::string transactional = TransactionalBatch();
  ProduceRequest request = Producing({{"t", 0, &good}, {"u", 0, &transactional}});
  const auto answer = h.Call<ProduceResponse>(request, 9);
  for (const auto& topic : answer->responses) {
    EXPECT_EQ(topic.partition_responses.at(0).error_code, ErrorCode::kTransactionalIdAuthorizationFailed);
  }
  EXPECT_EQ(h.replicas.Info().log_end, Offset(0));
  request = Producing({{"t", 0, &transactional}});
  request.transactional_id = "tx";
  EXPECT_EQ(h.Call<ProduceResponse>(request, 9)->responses.at(0).partition_responses.at(0).error_code,
            ErrorCode::kInvalidTxnState);
  EXPECT_EQ(h.replicas.Info().log_end, Offset(0));
  EXPECT_TRUE(h.Closed(h.Send(Producing({{"t", 0, &transactional}}, 0), 9)));
}

TEST(Produce, AcksThatDoNotExistAndTopicsThatDoNot) {
  ApiHarness h;
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  const std::string good = ReplicaHarness::Batch();
  const auto answer = h.Call<ProduceResponse>(Producing({{"t", 0, &good}, {"u", 0, &good}}, 5), 9);
  EXPECT_EQ(answer->responses[0].partition_responses[0].error_code, ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(answer->responses[1].partition_responses[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  // Nobody reads an answer to acks=0: the connection closes instead.
  EXPECT_TRUE(h.Closed(h.Send(Producing({{"u", 0, &good}}, 0), 9)));
  EXPECT_FALSE(h.Closed(h.Send(Producing({{"t", 0, &good}}, 0), 9)));
}

// What is wrong with the request's shape is said without a look at the log, as Kafka does.
TEST(Produce, TheLogStartIsToldByTheLogOnly) {
  ApiHarness h;
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  const std::string good = ReplicaHarness::Batch();
  const std::string none, two = good + good, half = good.substr(0, 70);
  std::string control = good;
  control[22] = static_cast<char>(control[22] | 0x20);
  UpdateCrc(control.data(), control.size());
  const auto start_of = [&h](const std::string& bytes) {
    const auto answer = h.Call<ProduceResponse>(Producing({{"t", 0, &bytes}}), 9);
    const auto& partition = answer->responses.at(0).partition_responses.at(0);
    EXPECT_EQ(partition.error_code == ErrorCode::kNone, partition.base_offset >= 0);
    EXPECT_FALSE(partition.error_message.has_value());
    return partition.log_start_offset;
  };
  EXPECT_EQ(start_of(good), 0);
  EXPECT_EQ(start_of(none), -1);
  EXPECT_EQ(start_of(two), -1);
  EXPECT_EQ(start_of(half), -1);
  EXPECT_EQ(start_of(control), 0);
}

// A small request may name one partition thousands of times, each with a thousand bad records.
TEST(Produce, AnAnswerListsSoManyRecordErrors) {
  ApiHarness h;
  h.replicas.topic_config.compact = true;  // records need keys
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  const std::string bad = ReplicaHarness::Batch(1'000);
  const auto answer = h.Call<ProduceResponse>(Producing(std::vector<ProducedPart>(30, {"t", 0, &bad})), 9);
  std::size_t errors = 0;
  for (const auto& partition : answer->responses.at(0).partition_responses) {
    EXPECT_EQ(partition.error_code, ErrorCode::kInvalidRecord);
    EXPECT_TRUE(partition.error_message.has_value());
    errors += partition.record_errors.size();
  }
  EXPECT_EQ(errors, 10'000u);
}

TEST(Produce, InternalTopicsAreForTheBrokersAndTheAdminClient) {
  ApiHarness h;
  h.replicas.Lead({.topic = "__consumer_offsets", .replicas = {1}, .isr = {1}});
  const std::string good = ReplicaHarness::Batch();
  const ProduceRequest request = Producing({{"__consumer_offsets", 0, &good}});
  EXPECT_EQ(h.Call<ProduceResponse>(request, 9)->responses.at(0).partition_responses.at(0).error_code,
            ErrorCode::kInvalidTopicException);
  h.client_id = "__admin_client";
  EXPECT_EQ(h.Call<ProduceResponse>(request, 9)->responses.at(0).partition_responses.at(0).error_code,
            ErrorCode::kNone);
}

// Bodies that do not parse have no other answer.
TEST(AnyCall, ACutOrLyingBodyClosesTheConnection) {
  ApiHarness h;
  h.replicas.Lead({.replicas = {1}, .isr = {1}});
  EXPECT_TRUE(h.Closed(h.SendBytes(3, 9, "")));
  EXPECT_TRUE(h.Closed(h.SendBytes(3, 1, std::string("\x7f\xff\xff\xff", 4))));           // two thousand million topics
  EXPECT_TRUE(h.Closed(h.SendBytes(3, 9, std::string("\xff\xff\xff\xff\x0f", 5))));       // the same, compact
  EXPECT_TRUE(h.Closed(h.SendBytes(0, 3, std::string("\xff\xff\0\1\0\0", 6))));           // cut in the middle
  EXPECT_TRUE(h.Closed(h.SendBytes(19, 0, std::string("\xff\xff\xff\xfe\0\0\0\0", 8))));  // fewer than none
}

}  // namespace
}  // namespace ottla
