// One part of a broker that asks, on a simulated loop, and the broker it asks: which takes down every request and
// answers each as the one was answered that is compared. ApiVersions is answered as recorded too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../replica/scripted_broker.h"
#include "broker/replica/metadata_cache.h"
#include "common/protocol/messages/18_api_versions.h"
#include "recorded_traffic.h"

namespace ottla::test {

class RequestStage {
 public:
  static constexpr char kListener[] = "INTER";
  struct Sent {
    RequestHeader header;  // without its client id
    std::string client_id;
    std::string body;
  };

  // Plays `request.to`, which is also the controller of metadata().
  explicit RequestStage(const RecordedRequest& request) : request_(request) {
    net_.AddHost(0, "asker");
    net_.AddHost(1, "asked");
    network_ = net_.NewProcess(0);
    context_.executor = &loops_.Control();
    context_.clock = &clock_;
    asked_ = std::make_unique<ScriptedBroker>(
        scheduler_, net_, 1, 9000,
        [this](const RequestHeader& header, std::string_view body, const ScriptedBroker::Reply& reply) {
          OnRequest(header, body, reply);
        });
    UpdateMetadataRequest update;
    update.controller_id = request.to;
    UpdateMetadataRequest::UpdateMetadataBroker broker;
    broker.id = request.to;
    broker.endpoints.push_back({.port = 9000, .host = "asked", .listener = kListener});
    update.live_brokers.push_back(broker);
    cache_.Apply(update);
  }
  ~RequestStage() { loops_.Close(); }

  LoopContext& context() { return context_; }
  Network& network() { return *network_; }
  MetadataPtr metadata() const { return cache_.view(); }
  void OnLoop(Task task) { static_cast<sim::SimExecutor&>(loops_.Control()).Run(std::move(task)); }
  void Settle(Millis time) { scheduler_.RunFor(time); }
  // The part under test ends in `task`, on closed loops.
  void End(Task task) {
    loops_.Close();
    task();
    asked_.reset();
  }

  std::vector<Sent>& sent() { return sent_; }
  const std::vector<Sent>& sent() const { return sent_; }
  int connections() const { return asked_->connections; }
  const std::optional<Sent>& opening() const { return opening_; }

 private:
  void OnRequest(const RequestHeader& header, std::string_view body, const ScriptedBroker::Reply& reply) {
    Sent sent{header, std::string(header.client_id), std::string(body)};
    sent.header.client_id = {};
    if (header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions)) {
      opening_ = std::move(sent);
      reply(request_.opening_answer.empty() ? Versions(header) : Patched(request_.opening_answer, header));
      return;
    }
    sent_.push_back(std::move(sent));
    if (!request_.answer.empty() && header.api_version == request_.version) reply(Patched(request_.answer, header));
  }
  // Where the recording began after the connection did: this version alone.
  std::string Versions(const RequestHeader& header) const {
    ApiVersionsResponse response;
    response.api_keys.push_back({.api_key = request_.key, .min_version = 0, .max_version = request_.version});
    return ScriptedBroker::Frame(header, response);
  }
  // A recorded answer, to this request; nothing closes the connection.
  static std::string Patched(const std::string& answer, const RequestHeader& header) {
    if (answer.empty()) return {};
    const auto big = [](std::uint32_t n) {
      n = __builtin_bswap32(n);
      return std::string(reinterpret_cast<const char*>(&n), sizeof n);
    };
    return big(static_cast<std::uint32_t>(answer.size())) + big(static_cast<std::uint32_t>(header.correlation_id)) +
           answer.substr(4);
  }

  const RecordedRequest& request_;
  sim::SimScheduler scheduler_{3};
  sim::SimExecutors loops_{scheduler_, 0, 1, 1};
  sim::SimClock clock_{scheduler_};
  sim::SimNet net_{scheduler_};
  std::unique_ptr<Network> network_;
  LoopContext context_;
  MetadataCache cache_;
  std::unique_ptr<ScriptedBroker> asked_;
  std::optional<Sent> opening_;
  std::vector<Sent> sent_;
};

}  // namespace ottla::test
