#include "tests/sim/story/story_client.h"

#include <optional>

#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/19_create_topics.h"
#include "common/record/batch_builder.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::sim {

using std::chrono::seconds;

void ExpectFine(SimCluster& cluster) {
  for (const std::string& violation : cluster.history().violations()) ADD_FAILURE() << violation;
}

StoryClient::StoryClient(SimCluster& cluster) : cluster_(cluster) {
  loop().Run([&] {
    rpc_ = std::make_unique<SimRpc>(loop(), ClientNode(cluster_).network(), "story");
    rpc_->set_on_corrupt([this](const Endpoint& from, const std::string& what) {
      cluster_.history().Violation(from.ToString() + " answered what cannot be: " + what);
    });
  });
}

StoryClient::~StoryClient() {
  loop().Run([&] { rpc_.reset(); });
}

ErrorCode StoryClient::Produce(int broker, const TopicPartition& tp, const std::vector<std::string>& values,
                               const Producing& how, std::int64_t* base) {
  BatchFields fields;
  fields.producer_id = how.producer_id;
  fields.producer_epoch = how.producer_epoch;
  fields.base_sequence = how.base_sequence;
  BatchBuilder builder(fields);
  for (const std::string& value : values) builder.Append(how.timestamp, std::nullopt, value);
  std::string bytes;
  builder.Build(nullptr, bytes);
  ProduceRequest request;
  request.acks = how.acks;
  request.timeout_ms = how.timeout_ms;
  request.topic_data.push_back({tp.topic, {{tp.partition, Records::Of(bytes)}}});
  ErrorCode error = ErrorCode::kUnknownServerError;
  Ask<ProduceResponse>(broker, request, 9, [&](const ProduceResponse& response) {
    const auto& of_partition = response.responses.at(0).partition_responses.at(0);
    error = of_partition.error_code;
    if (base != nullptr) *base = of_partition.base_offset;
  });
  return error;
}

void StoryClient::CreateTopic(const std::string& name, int partitions, int replicas,
                              const std::map<std::string, std::string>& configs) {
  CreateTopicsRequest request;
  request.timeout_ms = 20'000;
  CreateTopicsRequest::CreatableTopic topic;
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = static_cast<std::int16_t>(replicas);
  for (const auto& [key, value] : configs) topic.configs.push_back({key, value});
  request.topics.push_back(std::move(topic));
  Ask<CreateTopicsResponse>(cluster_.Controller(), request, 7, [&](const CreateTopicsResponse& response) {
    EXPECT_EQ(response.topics.at(0).error_code, ErrorCode::kNone) << response.topics[0].error_message.value_or("");
  });
  EXPECT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60))) << name << " is not in sync";
  const auto led = [&] {
    for (int p = 0; p < partitions; ++p) {
      const TopicPartition tp{name, p};
      if (LeaderOf(tp) <= 0 || !cluster_.Leads(LeaderOf(tp), tp)) return false;
    }
    return true;
  };
  EXPECT_TRUE(cluster_.RunUntil(led, seconds(60))) << "leaders of " << name << " have not heard that they are";
  for (int p = 0; p < partitions; ++p) EXPECT_TRUE(KnownTo(LeaderOf({name, p}), name));
}

// A broker may lead before it is told of the topic: what is produced until then is refused.
bool StoryClient::KnownTo(int broker, const std::string& topic) {
  for (int tries = 0; tries < 1000; ++tries) {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->push_back({.name = topic});
    request.allow_auto_topic_creation = false;
    bool known = false;
    Ask<MetadataResponse>(broker, request, 9, [&](const MetadataResponse& response) {
      known = !response.topics.empty() && response.topics[0].error_code == ErrorCode::kNone;
    });
    if (known) return true;
    if (!cluster_.RunQuietly(std::chrono::milliseconds(10))) return false;
  }
  return false;
}

int StoryClient::LeaderOf(const TopicPartition& tp) const {
  const SimZkTree::Node* node = cluster_.world().zk().Read("/cluster" + zk::State(tp.topic, tp.partition));
  if (node == nullptr) return -1;
  const Result<zk::PartitionStateData> state = zk::DecodeState(node->data);
  return state.ok() ? state->leader.value : -1;
}

RawClient::RawClient(SimCluster& cluster, int broker) : cluster_(cluster) {
  SimExecutor& loop = ClientLoop(cluster_);
  loop.Run([&] { stream_ = ClientNode(cluster_).network().Connect(loop, AddressOf(cluster_, broker), this); });
}

RawClient::~RawClient() {
  ClientLoop(cluster_).Run([&] { stream_.reset(); });
}

void RawClient::Send(const std::string& bytes) {
  ClientLoop(cluster_).Run([&] {
    out_ += bytes;
    if (connected_ && stream_ != nullptr) stream_->EnableWrite(true);
  });
}

void RawClient::SetReading(bool on) {
  ClientLoop(cluster_).Run([&] {
    reading_ = on;
    if (connected_ && stream_ != nullptr) stream_->EnableRead(on);
  });
}

void RawClient::OnConnected(Status status) {
  if (!status.ok()) {
    ADD_FAILURE() << "no connection: " << status;
    closed_ = true;
    return;
  }
  connected_ = true;
  stream_->EnableRead(reading_);
  if (!out_.empty()) stream_->EnableWrite(true);
}

void RawClient::OnReadable() {
  char bytes[16384];
  const IoResult result = stream_->Read(bytes);
  if (result.kind == IoResult::Kind::kWouldBlock) return;
  if (result.kind == IoResult::Kind::kOk) {
    received_.append(bytes, result.bytes);
    return;
  }
  closed_ = true;
  stream_->EnableRead(false);
  stream_->EnableWrite(false);
}

void RawClient::OnWritable() {
  const iovec part{out_.data(), out_.size()};
  const IoResult result = out_.empty() ? IoResult{} : stream_->Write({&part, 1}, false);
  if (result.kind == IoResult::Kind::kError || result.kind == IoResult::Kind::kEof) {
    closed_ = true;
    stream_->EnableRead(false);
    out_.clear();
  }
  out_.erase(0, result.bytes);
  if (out_.empty()) stream_->EnableWrite(false);
}

bool RawClient::AwaitClosed(Micros limit) {
  return cluster_.RunUntil([this] { return closed_; }, limit);
}

bool RawClient::AwaitBytes(std::size_t count, Micros limit) {
  return cluster_.RunUntil([this, count] { return closed_ || received_.size() >= count; }, limit) &&
         received_.size() >= count;
}

}  // namespace ottla::sim
