// The handlers of one broker over its replicas (replica_harness.h), with the controller and the topics' settings played
// by the test. Requests go in as structs and come back as structs, through the bytes of their version.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../replica/replica_harness.h"
#include "broker/api/api_server.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"

namespace ottla {

// Answers what the test says; keeps what it was asked.
class ScriptedController final : public controller::ControllerHandle {
 public:
  bool IsActive() const override { return active; }
  void CreateTopics(controller::CreateTopicsCommand command, Executor& on,
                    Done<controller::CreateTopicsAnswer> done) override {
    Answer(on, create_topics, std::move(done));
    asked_create = std::move(command);
  }
  void DeleteTopics(controller::DeleteTopicsCommand command, Executor& on,
                    Done<controller::DeleteTopicsAnswer> done) override {
    Answer(on, delete_topics, std::move(done));
    asked_delete = std::move(command);
  }
  void CreatePartitions(controller::CreatePartitionsCommand, Executor& on,
                        Done<controller::CreatePartitionsAnswer> done) override {
    Answer(on, create_partitions, std::move(done));
  }
  void AlterPartition(controller::AlterPartitionCommand, Executor& on,
                      Done<controller::AlterPartitionAnswer> done) override {
    Answer(on, controller::AlterPartitionAnswer{}, std::move(done));
  }
  void AllocateProducerIds(controller::AllocateProducerIdsCommand, Executor& on,
                           Done<controller::AllocateProducerIdsAnswer> done) override {
    Answer(on, controller::AllocateProducerIdsAnswer{}, std::move(done));
  }
  void ControlledShutdown(controller::ControlledShutdownCommand, Executor& on,
                          Done<controller::ControlledShutdownAnswer> done) override {
    Answer(on, controller::ControlledShutdownAnswer{}, std::move(done));
  }
  void ElectLeaders(controller::ElectLeadersCommand, Executor& on, Done<controller::ElectLeadersAnswer> done) override {
    Answer(on, controller::ElectLeadersAnswer{}, std::move(done));
  }
  void AlterReassignments(controller::AlterReassignmentsCommand, Executor& on,
                          Done<controller::AlterReassignmentsAnswer> done) override {
    Answer(on, controller::AlterReassignmentsAnswer{}, std::move(done));
  }
  void ListReassignments(controller::ListReassignmentsCommand, Executor& on,
                         Done<controller::ListReassignmentsAnswer> done) override {
    Answer(on, controller::ListReassignmentsAnswer{}, std::move(done));
  }
  void TopicConfigChanged(const std::string&) override {}

  bool active = true;
  controller::CreateTopicsAnswer create_topics;
  controller::DeleteTopicsAnswer delete_topics;
  controller::CreatePartitionsAnswer create_partitions;
  std::optional<controller::CreateTopicsCommand> asked_create;
  std::optional<controller::DeleteTopicsCommand> asked_delete;

 private:
  template <class A>
  static void Answer(Executor& on, A answer, Done<A> done) {
    on.Post([answer = std::move(answer), done = std::move(done)]() mutable { done(std::move(answer)); });
  }
};

class ScriptedTopics final : public TopicAdmin {
 public:
  void Load(std::vector<std::string>, Task done) override { done(); }
  bool Knows(const std::string&) const override { return true; }
  void Overrides(std::string, Executor& on, UniqueFunction<void(ottla::Result<Properties>)> done) override {
    on.Post([done = std::move(done)]() mutable { done(Properties{}); });
  }
  void CreateAutomatically(std::string topic, Executor& on, UniqueFunction<void(ErrorCode)> done) override {
    created.push_back(topic);
    on.Post([error = outcome, done = std::move(done)]() mutable { done(error); });
  }
  std::vector<std::string> created;
  ErrorCode outcome = ErrorCode::kNone;
};

class ApiHarness : public ResponseSink {
 public:
  // `settings` over a broker's minimum.
  explicit ApiHarness(std::map<std::string, std::string> settings = {}, std::size_t data_loops = 1)
      : replicas(data_loops),
        config_(MakeConfig(std::move(settings))),
        ids_(replicas.log.loops.Control(), [](auto done) { done(Status(StatusCode::kUnavailable, "no controller")); }),
        services_(ApiServices{
            .config = config_,
            .self = BrokerId(ReplicaHarness::kSelf),
            .cluster_id = "cluster",
            .clock = replicas.log.clock,
            .executors = replicas.log.loops,
            .shards = *replicas.shards,
            .replicas = *replicas.manager,
            .controller = controller,
            .topics = topics,
            .producer_ids = ids_,
            .topic_config =
                [this](std::string_view) { return std::make_shared<const TopicConfig>(replicas.topic_config); },
            .finalized_features_epoch = [] { return std::int64_t{0}; }}),
        server(services_, Random(1)) {
    replicas.topic_config = TopicConfig::Make(*config_, {}, nullptr);
    replicas.manager->AddListener(&server);
    connection_ = std::make_shared<ConnectionInfo>();
    connection_->id = 1;
    connection_->listener = "PLAINTEXT";
    connection_->loop = &replicas.log.loops.Data(0);
  }
  ~ApiHarness() override { replicas.log.loops.Close(); }

  // Sends and does not wait. The slot is the answer's place.
  template <class Request>
  std::uint64_t Send(const Request& request, std::int16_t version) {
    EncodedBody encoded;
    const Status status = Encode(request, version, &encoded);
    OTTLA_CHECK(status.ok()) << status;
    return SendBytes(static_cast<std::int16_t>(Request::kKey), version, encoded.bytes);
  }
  std::uint64_t SendBytes(std::int16_t key, std::int16_t version, const std::string& body) {
    const std::uint64_t slot = ++last_slot_;
    RequestContext context;
    context.connection = connection_;
    context.header = {key, version, 7, client_id};
    context.frame.buffer = std::make_shared<FrameBuffer>(std::make_shared<MemoryBudget>(0));
    context.frame.buffer->Reserve(body.size() + 1);
    std::copy(body.begin(), body.end(), context.frame.buffer->data());
    context.body = {context.frame.buffer->data(), body.size()};
    context.arrival = replicas.log.clock.Now();
    auto shared = std::make_shared<RequestContext>(std::move(context));
    std::shared_ptr<ResponseSink> sink(this, [](ResponseSink*) {});
    connection_->loop->Post(
        [this, shared, sink, slot] { server.Handle(std::move(*shared), Responder(sink, connection_->loop, slot)); });
    return slot;
  }
  // Waits for the answer of `slot`; nullopt: the connection was closed, or nothing came within `limit`.
  template <class Response>
  std::optional<Response> Await(std::uint64_t slot, std::int16_t version, Millis limit = Millis(60'000)) {
    replicas.log.scheduler.RunUntil([&] { return answers_.contains(slot) || closed_.contains(slot); }, limit);
    const auto answer = answers_.find(slot);
    if (answer == answers_.end()) return std::nullopt;
    Response response;
    const auto left = Decode(answer->second, version, &response);
    OTTLA_CHECK(left.ok() && *left == 0) << "the answer does not decode";
    return response;
  }
  template <class Response, class Request>
  std::optional<Response> Call(const Request& request, std::int16_t version) {
    return Await<Response>(Send(request, version), version);
  }
  bool Closed(std::uint64_t slot) {
    replicas.log.scheduler.RunUntil([&] { return answers_.contains(slot) || closed_.contains(slot); }, Millis(60'000));
    return closed_.contains(slot);
  }
  bool Answered(std::uint64_t slot) const { return answers_.contains(slot); }

  // ResponseSink
  void Answer(std::uint64_t slot, Response response) override {
    std::string& bytes = answers_[slot];
    for (const WireSegment& segment : response.body) {
      if (const auto* owned = std::get_if<std::string>(&segment)) bytes += *owned;
      if (const auto* shared = std::get_if<SharedBytes>(&segment)) bytes += shared->bytes;
      if (const auto* range = std::get_if<FileRange>(&segment)) bytes += LogHarness::Bytes(*range);
    }
  }
  void AnswerNothing(std::uint64_t slot, Millis) override { answers_[slot] = ""; }
  void AnswerClose(std::uint64_t slot) override { closed_.insert(slot); }
  bool closed() const override { return false; }

  static std::shared_ptr<const BrokerConfig> MakeConfig(std::map<std::string, std::string> settings) {
    settings.try_emplace("zookeeper.connect", "z:2181");
    settings.try_emplace("broker.id", std::to_string(ReplicaHarness::kSelf));
    settings.try_emplace("log.dirs", "/d0");
    std::vector<std::string> warnings;
    auto parsed = BrokerConfig::Make(settings, &warnings);
    OTTLA_CHECK(parsed.ok()) << parsed.status();
    return std::make_shared<const BrokerConfig>(std::move(*parsed));
  }

  ReplicaHarness replicas;
  ScriptedController controller;
  ScriptedTopics topics;
  std::string client_id = "test";

 private:
  std::shared_ptr<const BrokerConfig> config_;
  ProducerIds ids_;
  ApiServices services_;
  std::shared_ptr<ConnectionInfo> connection_;
  std::uint64_t last_slot_ = 0;
  std::map<std::uint64_t, std::string> answers_;
  std::set<std::uint64_t> closed_;

 public:
  ApiServer server;
};

}  // namespace ottla
