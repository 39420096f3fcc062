// A broker of one machine and one memory, just enough for the simulated clients, with mistakes to be switched on: it
// shows that the clients work and that the checkers see what a broken cluster would do.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/protocol/frame.h"
#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/22_init_producer_id.h"
#include "common/record/record_batch.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::sim {

enum class ToyMistake {
  kNone,
  kForgetsAcked,
  kAppendsTwice,
  kSwapsBatches,
  kRewrites,
  kOutOfRange,
  kSkipsAnAnswer,
  kFallsSilent
};

class ToyBroker {
 public:
  ToyBroker(SimNode& node, int partitions, ToyMistake mistake)
      : node_(node), partitions_(partitions), mistake_(mistake) {
    loop().Run([this] {
      listener_ = node_.network()
                      .Listen(loop(), {"", 9092}, 10,
                              [this](std::unique_ptr<Stream> stream) {
                                peers_.push_back(std::make_unique<Peer>(*this, std::move(stream)));
                              })
                      .value();
    });
  }
  std::size_t duplicates() const { return duplicates_; }

 private:
  struct Log {
    std::vector<std::string> batches;
    std::int64_t end = 0;
    std::map<std::int64_t, std::pair<std::int32_t, std::int64_t>> producers;  // id -> next sequence, last base offset
    std::string held;                                                         // kSwapsBatches
  };

  class Peer final : public Stream::Handler {
   public:
    Peer(ToyBroker& broker, std::unique_ptr<Stream> stream) : broker_(broker), stream_(std::move(stream)) {
      stream_->Attach(broker_.loop(), this);
      stream_->EnableRead(true);
    }
    void OnConnected(Status /*status*/) override {}
    void OnReadable() override {
      char bytes[4096];
      const IoResult result = stream_->Read(bytes);
      if (result.kind != IoResult::Kind::kOk) {
        stream_->EnableRead(false);
        stream_->EnableWrite(false);
        return;
      }
      in_.append(bytes, result.bytes);
      for (auto size = ReadFrameSize(in_); size.has_value() && in_.size() >= 4U + static_cast<std::size_t>(*size);
           size = ReadFrameSize(in_)) {
        out_ += broker_.Answer(in_.substr(4, static_cast<std::size_t>(*size)));
        in_.erase(0, 4U + static_cast<std::size_t>(*size));
      }
      if (!out_.empty()) stream_->EnableWrite(true);
    }
    void OnWritable() override {
      const iovec part{out_.data(), out_.size()};
      out_.erase(0, stream_->Write({&part, 1}, false).bytes);
      if (out_.empty()) stream_->EnableWrite(false);
    }

   private:
    ToyBroker& broker_;
    std::unique_ptr<Stream> stream_;
    std::string in_, out_;
  };

  SimExecutor& loop() { return node_.executors().control(); }

  template <class Response>
  static std::string Frame(const RequestHeader& header, const Response& response) {
    EncodedBody body;
    EXPECT_TRUE(EncodeResponseFrame(header.api_version, header.correlation_id, response, &body).ok());
    return body.bytes;
  }

  std::string Answer(const std::string& frame) {
    const ParsedRequest parsed = ParseRequestHeader(frame);
    EXPECT_EQ(parsed.verdict, HeaderVerdict::kOk);
    if (mistake_ == ToyMistake::kFallsSilent && produces_ >= 20) return {};
    switch (static_cast<ApiKey>(parsed.header.api_key)) {
      case ApiKey::kMetadata: return Frame(parsed.header, Metadata());
      case ApiKey::kInitProducerId:
        return Frame(parsed.header, InitProducerIdResponse{.producer_id = next_producer_++});
      case ApiKey::kProduce: return Produce(parsed);
      case ApiKey::kFetch: return Fetch(parsed);
      default: ADD_FAILURE() << "unexpected request"; return {};
    }
  }

  MetadataResponse Metadata() {
    MetadataResponse response;
    response.brokers.push_back({.node_id = 7, .host = node_.host(), .port = 9092});
    response.topics.push_back({.name = "t"});
    for (int i = 0; i < partitions_; ++i) {
      response.topics[0].partitions.push_back({.partition_index = i, .leader_id = 7, .leader_epoch = 1});
    }
    return response;
  }

  std::string Produce(const ParsedRequest& parsed) {
    ProduceRequest request;
    EXPECT_TRUE(Decode(parsed.body, parsed.header.api_version, &request).ok());
    ProduceResponse response;
    for (const auto& topic : request.topic_data) {
      response.responses.push_back({.name = topic.name});
      for (const auto& data : topic.partition_data) {
        response.responses.back().partition_responses.push_back(
            {.index = data.index, .base_offset = Append(logs_[data.index], std::string(*data.records.bytes))});
      }
    }
    ++produces_;
    if (mistake_ == ToyMistake::kSkipsAnAnswer && produces_ == 20) return {};
    return Frame(parsed.header, response);
  }

  std::int64_t Append(Log& log, std::string batch) {
    const RecordBatchView view(batch);
    auto& [next, last_base] = log.producers[view.producer_id()];
    if (view.base_sequence() < next) {
      ++duplicates_;
      if (mistake_ != ToyMistake::kAppendsTwice) return last_base;
    }
    next = view.last_sequence() + 1;
    const std::int64_t count = view.count();
    last_base = log.end;
    log.end += count;
    SetBaseOffset(batch.data(), Offset(last_base));
    log.batches.push_back(batch);
    if (mistake_ == ToyMistake::kForgetsAcked && log.batches.size() % 20 == 0) {
      log.end = last_base;
      log.batches.pop_back();
    }
    return last_base;
  }

  std::string Fetch(const ParsedRequest& parsed) {
    FetchRequest request;
    EXPECT_TRUE(Decode(parsed.body, parsed.header.api_version, &request).ok());
    FetchResponse response;
    const auto& wanted = request.topics.at(0).partitions.at(0);
    Log& log = logs_[wanted.partition];
    bytes_.clear();
    for (std::size_t i = 0; i < log.batches.size(); ++i) {
      std::string batch = log.batches[i];
      if (mistake_ == ToyMistake::kSwapsBatches && i > 9 && i % 10 == 1) batch = Rebased(log.batches[i - 1], i, log);
      if (mistake_ == ToyMistake::kRewrites && i == 10 && ++fetches_ > 200) batch = Rebased(log.batches[0], i, log);
      if (RecordBatchView(batch).last_offset().value >= wanted.fetch_offset) bytes_ += batch;
    }
    FetchResponse::PartitionData data;
    data.partition_index = wanted.partition;
    data.high_watermark = log.end;
    data.records = Records::Of(bytes_);
    if (mistake_ == ToyMistake::kOutOfRange && ++fetches_ == 100) data.error_code = ErrorCode::kOffsetOutOfRange;
    response.responses.push_back({.topic = "t"});
    response.responses[0].partitions.push_back(data);
    return Frame(parsed.header, response);
  }

  static std::string Rebased(std::string batch, std::size_t at, const Log& log) {
    SetBaseOffset(batch.data(), RecordBatchView(log.batches[at]).base_offset());
    return batch;
  }

  SimNode& node_;
  const int partitions_;
  const ToyMistake mistake_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<std::int32_t, Log> logs_;
  std::string bytes_;
  std::int64_t next_producer_ = 1000;
  std::size_t duplicates_ = 0;
  int fetches_ = 0;
  int produces_ = 0;
};

}  // namespace ottla::sim
