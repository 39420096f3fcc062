// What a story uses to talk to a simulated cluster: a client that asks one broker and waits, in virtual time, for the
// answer, and a socket that says whatever bytes it is told to. Both live on the clients' machine and must end before
// the cluster does.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/protocol/frame.h"
#include "tests/sim/cluster/sim_cluster.h"

namespace ottla::sim {

inline SimNode& ClientNode(SimCluster& cluster) {
  return cluster.world().node(static_cast<int>(cluster.world().nodes()) - 1);
}
inline SimExecutor& ClientLoop(SimCluster& cluster) { return ClientNode(cluster).executors().control(); }
inline Endpoint AddressOf(SimCluster& cluster, int broker) { return {cluster.world().node(broker - 1).host(), 9092}; }

// Every promise the checkers know was kept.
void ExpectFine(SimCluster& cluster);

class StoryClient {
 public:
  explicit StoryClient(SimCluster& cluster);
  ~StoryClient();
  StoryClient(const StoryClient&) = delete;
  StoryClient& operator=(const StoryClient&) = delete;

  // Asks broker `broker` (its id). `look` sees the answer, on the client's loop. A failure of the test when there is no
  // answer in 30 s, or none that decodes.
  template <class Response, class Request>
  void Ask(int broker, const Request& request, std::int16_t version, std::function<void(const Response&)> look) {
    const auto asked = std::make_shared<Asked>();
    loop().Run([&] {
      rpc_->Call<Response>(AddressOf(cluster_, broker), request, version, std::chrono::seconds(30),
                           [asked, look = std::move(look)](const Status& status, const Response* response) {
                             if (asked->given_up) return;
                             asked->answered = true;
                             asked->status = status;
                             if (response != nullptr) look(*response);
                           });
    });
    cluster_.RunUntil([&] { return asked->answered; }, std::chrono::seconds(31));
    asked->given_up = true;
    EXPECT_TRUE(asked->answered && asked->status.ok())
        << "api " << static_cast<int>(Request::kKey) << " v" << version << ": " << asked->status.ToString();
  }

  // One batch with a record for each value; the answer's error, and the base offset if asked for.
  struct Producing {
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int16_t acks = -1;
    std::int32_t timeout_ms = 5000;
    std::int64_t timestamp = 1'731'000'000'000;
  };
  ErrorCode Produce(int broker, const TopicPartition& tp, const std::vector<std::string>& values, const Producing& how,
                    std::int64_t* base = nullptr);
  // CreateTopics at the controller, and a wait until every partition is led.
  void CreateTopic(const std::string& name, int partitions, int replicas,
                   const std::map<std::string, std::string>& configs = {});
  int LeaderOf(const TopicPartition& tp) const;  // as stored; -1: none

 private:
  bool KnownTo(int broker, const std::string& topic);
  struct Asked {
    bool answered = false;
    bool given_up = false;
    Status status;
  };
  SimExecutor& loop() { return ClientLoop(cluster_); }

  SimCluster& cluster_;
  std::unique_ptr<SimRpc> rpc_;
};

// A client's socket, byte by byte: what hostile, slow and broken clients do.
class RawClient final : public Stream::Handler {
 public:
  RawClient(SimCluster& cluster, int broker);
  ~RawClient() override;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Send(const std::string& bytes);
  void SetReading(bool on);
  const std::string& received() const { return received_; }
  bool closed() const { return closed_; }  // by the broker
  bool AwaitClosed(Micros limit);
  bool AwaitBytes(std::size_t count, Micros limit);
  std::size_t unsent() const { return out_.size(); }

 private:
  void OnConnected(Status status) override;
  void OnReadable() override;
  void OnWritable() override;

  SimCluster& cluster_;
  std::unique_ptr<Stream> stream_;
  std::string out_;
  std::string received_;
  bool connected_ = false;
  bool reading_ = true;
  bool closed_ = false;
};

template <class Request>
std::string FrameOf(const Request& request, std::int16_t version, std::int32_t correlation = 1) {
  EncodedBody frame;
  RequestHeader header;
  header.api_version = version;
  header.correlation_id = correlation;
  header.client_id = "raw";
  EXPECT_TRUE(EncodeRequestFrame(header, request, &frame).ok());
  return frame.bytes;
}

}  // namespace ottla::sim
