// A small blocking admin client: finds a broker that answers, agrees on versions, routes to the controller, retries
// until the API timeout. One request at a time; for tools only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/config/properties.h"
#include "common/protocol/codec.h"
#include "common/protocol/error_code.h"
#include "tools/blocking_socket.h"

namespace ottla::tools {

struct HostPort {
  std::string host;
  std::int32_t port = 0;
};
// `host:port,host:port`, IPv6 in brackets. kInvalidArgument with Kafka's words.
Result<std::vector<HostPort>> ParseBootstrap(std::string_view text);

struct AdminOptions {
  std::vector<HostPort> bootstrap;
  std::string client_id = "adminclient-1";
  std::int64_t request_timeout_ms = 30'000;
  std::int64_t api_timeout_ms = 60'000;

  // From --bootstrap-server and the file of --command-config. kUnsupported: a security.protocol other than PLAINTEXT.
  static Result<AdminOptions> Make(std::string_view bootstrap, const Properties& properties);
};

// An answer and the bytes its views point into.
template <class T>
struct Answer {
  std::unique_ptr<std::string> frame;
  T body;
};

class AdminClient {
 public:
  // `err` gets a line for each broker that cannot be reached.
  AdminClient(AdminOptions options, std::ostream& err) : options_(std::move(options)), err_(err) {}

  // `build` makes the request for the version agreed on. Any reachable broker answers.
  template <class Response, class Build>
  Result<Answer<Response>> CallAny(std::string_view what, Build build) {
    return CallWith<Response>(what, Target::kAny, build, [](const Response&) { return false; });
  }
  // To the controller; `again` says from the answer whether it was not the controller, or is not ready (ask again).
  template <class Response, class Build, class Again>
  Result<Answer<Response>> CallController(std::string_view what, Build build, Again again) {
    return CallWith<Response>(what, Target::kController, build, again);
  }

  // How long a broker may take over a request: a little less than we wait for its answer, so that it is the one to say
  // that it took too long and nobody asks again meanwhile.
  std::int32_t BrokerTimeoutMs() const;

 private:
  enum class Target { kAny, kController };
  struct Connection {
    BlockingSocket socket;
    std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> versions;  // by API key: min, max of the broker
  };
  using Encoder = std::function<Status(std::int16_t version, EncodedBody* frame)>;
  struct RawAnswer {
    std::string frame;
    std::int16_t version = 0;
  };

  template <class Response, class Build, class Again>
  Result<Answer<Response>> CallWith(std::string_view what, Target target, Build build, Again again);

  // One try. kUnavailable, kClosed, kTimeout: try again; kUnsupported: no common version.
  Result<RawAnswer> TryOnce(Target target, const MessageRows& request_rows, const Encoder& encode,
                            std::int64_t deadline_ms);
  Result<Connection*> Pick(Target target, std::int64_t deadline_ms);
  Result<Connection*> ConnectTo(const HostPort& address, std::int32_t node_id, std::int64_t deadline_ms);
  Result<HostPort> FindController(std::int64_t deadline_ms);
  Result<RawAnswer> Exchange(Connection* connection, std::int16_t api_key, std::int16_t version, const Encoder& encode,
                             std::int64_t deadline_ms);
  Status Negotiate(Connection* connection, std::int64_t deadline_ms);
  void Forget();

  // Decodes into a body that outlives the call; strings in it point into `frame`.
  Status DecodeInto(const MessageRows& rows, const RawAnswer& raw, const std::string& frame, void* body);
  Status EncodeRequest(const MessageRows& rows, const void* request, std::int16_t version, EncodedBody* frame);

  AdminOptions options_;
  std::ostream& err_;
  std::unique_ptr<Connection> any_;
  std::unique_ptr<Connection> controller_;
  std::size_t next_bootstrap_ = 0;
  std::int32_t next_correlation_ = 0;
};

bool MayRetry(const Status& status);
void PauseBeforeRetry(std::int64_t deadline_ms);
std::int64_t DeadlineAfter(std::int64_t ms);
bool Past(std::int64_t deadline_ms);

template <class Response, class Build, class Again>
Result<Answer<Response>> AdminClient::CallWith(std::string_view what, Target target, Build build, Again again) {
  using Request = decltype(build(std::int16_t{0}));
  const std::int64_t deadline_ms = DeadlineAfter(options_.api_timeout_ms);
  const Encoder encode = [this, &build](std::int16_t version, EncodedBody* frame) {
    const Request request = build(version);
    return EncodeRequest(Request::kRows, &request, version, frame);
  };
  while (true) {
    Result<RawAnswer> raw = TryOnce(target, Request::kRows, encode, deadline_ms);
    if (raw.ok()) {
      Answer<Response> answer;
      answer.frame = std::make_unique<std::string>(std::move(raw->frame));
      OTTLA_RETURN_IF_ERROR(DecodeInto(Response::kRows, *raw, *answer.frame, &answer.body));
      if (!again(answer.body)) return answer;
      Forget();
    } else if (!MayRetry(raw.status())) {
      return raw.status();
    }
    if (Past(deadline_ms)) {
      return Status(StatusCode::kTimeout, "Timed out waiting for a node assignment. Call: " + std::string(what));
    }
    PauseBeforeRetry(deadline_ms);
  }
}

}  // namespace ottla::tools
