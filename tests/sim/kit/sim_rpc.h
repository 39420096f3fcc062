// A client's side of the wire: one connection per broker, requests answered in order, deadlines. Owner: `loop`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/executor.h"
#include "common/net/network.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"

namespace ottla::sim {

class SimRpc {
 public:
  SimRpc(Executor& loop, Network& network, std::string client_id);
  ~SimRpc();
  SimRpc(const SimRpc&) = delete;
  SimRpc& operator=(const SimRpc&) = delete;

  // Called for a request that got neither an answer nor an error by its deadline.
  using OnLate = std::function<void(const Endpoint& to, std::int16_t api_key)>;
  void set_on_late(OnLate on_late) { on_late_ = std::move(on_late); }

  // Called when what came is no answer to what was asked: never the network's fault.
  using OnCorrupt = std::function<void(const Endpoint& from, const std::string& what)>;
  void set_on_corrupt(OnCorrupt on_corrupt) { on_corrupt_ = std::move(on_corrupt); }

  // `body` is valid during the call only. kUnavailable: no connection, or it ended; kTimeout: the deadline passed (the
  // connection is then dropped); kCorrupt: what came is no answer to what was asked.
  using Done = UniqueFunction<void(Status, std::string_view body)>;
  void Send(const Endpoint& to, std::int16_t api_key, std::int16_t version, const MessageRows& rows,
            const void* request, Micros timeout, Done done);

  // Response messages are views of the frame: valid during the callback only. Null with an error.
  template <class Response, class Request>
  void Call(const Endpoint& to, const Request& request, std::int16_t version, Micros timeout,
            UniqueFunction<void(const Status&, const Response*)> done) {
    Send(to, static_cast<std::int16_t>(Request::kKey), version, Request::kRows, &request, timeout,
         [this, to, version, done = std::move(done)](Status status, std::string_view body) mutable {
           Response response;
           if (status.ok()) {
             const Result<std::size_t> left = Decode(body, version, &response);
             if (!left.ok()) status = left.status();
             if (left.ok() && left.value() != 0) status = {StatusCode::kCorrupt, "bytes behind the answer"};
             if (!status.ok() && on_corrupt_) on_corrupt_(to, status.ToString());
           }
           done(status, status.ok() ? &response : nullptr);
         });
  }
  void Drop();  // all connections, quietly

 private:
  class Link;
  Executor& loop_;
  Network& network_;
  const std::string client_id_;
  OnLate on_late_;
  OnCorrupt on_corrupt_;
  std::map<Endpoint, std::shared_ptr<Link>> links_;
};

}  // namespace ottla::sim
