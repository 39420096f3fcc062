#include "common/net/acceptor.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace ottla {

std::unique_ptr<ConnectionCensus::Place> ConnectionCensus::Enter(const std::shared_ptr<ConnectionCensus>& census,
                                                                 const std::string& host) {
  const std::lock_guard lock(census->mutex_);
  const Limits& limits = census->limits_;
  const auto override_limit = limits.per_ip_overrides.find(host);
  const std::size_t per_ip = override_limit == limits.per_ip_overrides.end() ? limits.per_ip : override_limit->second;
  if (census->total_ >= limits.total) return nullptr;
  const auto of_host = census->by_host_.find(host);
  if ((of_host == census->by_host_.end() ? 0 : of_host->second) >= per_ip) return nullptr;
  const auto least = std::min_element(census->by_loop_.begin(), census->by_loop_.end());
  ++*least;
  ++census->by_host_[host];
  ++census->total_;
  return std::make_unique<Place>(census, static_cast<std::size_t>(least - census->by_loop_.begin()), host);
}

std::size_t ConnectionCensus::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void ConnectionCensus::Leave(std::size_t loop, const std::string& host) {
  const std::lock_guard lock(mutex_);
  --by_loop_[loop];
  --total_;
  const auto of_host = by_host_.find(host);
  OTTLA_CHECK(of_host != by_host_.end());
  if (--of_host->second == 0) by_host_.erase(of_host);
}

Result<std::uint16_t> Acceptor::Listen(Network& network, const Endpoint& at, int backlog, Deliver deliver) {
  auto listener = network.Listen(executors_.Data(0), at, backlog, [this, deliver = std::move(deliver)](auto stream) {
    OnAccept(std::move(stream), deliver);
  });
  if (!listener.ok()) return listener.status();
  listeners_.push_back(std::move(*listener));
  return listeners_.back()->port();
}

void Acceptor::OnAccept(std::unique_ptr<Stream> stream, const Deliver& deliver) {
  auto place = ConnectionCensus::Enter(census_, stream->peer().host);
  if (!place) {
    LOG_EVERY_T(WARNING, 1) << "refusing connections over the limit, now from " << stream->peer().ToString();
    return;
  }
  Executor& loop = executors_.Data(place->loop());
  if (loop.OnThread()) {
    deliver(std::move(stream), std::move(place));
    return;
  }
  loop.Post([deliver, stream = std::move(stream), place = std::move(place)]() mutable {
    deliver(std::move(stream), std::move(place));
  });
}

}  // namespace ottla
