#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "tests/sim/env/sim_connection.h"

namespace ottla::sim {

void SimStream::CheckOwner() const {
  OTTLA_CHECK(own().executor != nullptr) << "a stream is used before it is attached";
  own().executor->CheckOnLoop();
}

void SimStream::Attach(Executor& executor, Handler* handler) {
  executor.CheckOnLoop();
  OTTLA_CHECK(own().executor == nullptr) << "attached twice";
  own().executor = &executor;
  own().handler = handler;
}

void SimStream::EnableRead(bool on) {
  CheckOwner();
  own().read_on = on;
  if (on) net_.NotifyReadable(connection_, side_);
}

void SimStream::EnableWrite(bool on) {
  CheckOwner();
  own().write_on = on;
  if (on) net_.NotifyWritable(connection_, side_);
}

IoResult SimStream::Read(std::span<char> into) {
  CheckOwner();
  SimSide& side = own();
  if (side.broken || !side.open) return {IoResult::Kind::kError, 0};
  if (side.unread() == 0) return {side.eof ? IoResult::Kind::kEof : IoResult::Kind::kWouldBlock, 0};
  std::size_t count = std::min(into.size(), side.unread());
  if (count > 1 && net_.Fires(net_.faults_.short_read, "net.short_read")) {
    count = 1 + net_.scheduler_.random().Below(count - 1);
  }
  std::memcpy(into.data(), side.inbox.data() + side.inbox_at, count);
  side.inbox_at += count;
  if (side.inbox_at == side.inbox.size() || side.inbox_at > (1U << 18)) {
    side.inbox.erase(0, side.inbox_at);
    side.inbox_at = 0;
  }
  net_.NotifyWritable(connection_, 1 - side_);
  return {IoResult::Kind::kOk, count};
}

std::size_t SimStream::TakeWindow(std::size_t wanted, const char* fault) {
  std::size_t count = std::min(wanted, net_.Window(*connection_, side_));
  if (count > 1 && net_.Fires(net_.faults_.short_write, fault)) {
    count = 1 + net_.scheduler_.random().Below(count - 1);
  }
  return count;
}

IoResult SimStream::Write(std::span<const iovec> parts, bool /*more*/) {
  CheckOwner();
  SimSide& side = own();
  if (side.broken || !side.open) return {IoResult::Kind::kError, 0};
  if (!side.connected) return {IoResult::Kind::kWouldBlock, 0};
  std::size_t total = 0;
  for (const iovec& part : parts) total += part.iov_len;
  const std::size_t count = TakeWindow(total, "net.short_write");
  if (count == 0) return {IoResult::Kind::kWouldBlock, 0};
  std::string bytes;
  bytes.reserve(count);
  for (const iovec& part : parts) {
    bytes.append(static_cast<const char*>(part.iov_base), std::min(part.iov_len, count - bytes.size()));
  }
  net_.Send(connection_, side_, std::move(bytes), false);
  return {IoResult::Kind::kOk, count};
}

IoResult SimStream::SendFile(const File& file, std::uint64_t offset, std::size_t count) {
  CheckOwner();
  SimSide& side = own();
  if (side.broken || !side.open) return {IoResult::Kind::kError, 0};
  if (!side.connected) return {IoResult::Kind::kWouldBlock, 0};
  std::string bytes(TakeWindow(count, "net.short_send_file"), '\0');
  if (bytes.empty()) return {IoResult::Kind::kWouldBlock, 0};
  const Result<std::size_t> read = file.ReadAt(bytes, offset);
  if (!read.ok() || read.value() == 0) return {IoResult::Kind::kError, 0};
  bytes.resize(read.value());
  net_.Send(connection_, side_, std::move(bytes), false);
  return {IoResult::Kind::kOk, read.value()};
}

std::uint64_t SimNetwork::sendfile_from() const {
  return net_.scheduler_.random().Chance(0.5) ? 1 : Network::sendfile_from();
}

SimListener::~SimListener() {
  state_->open = false;
  state_->on_accept = nullptr;
  const auto found = net_.listeners_.find({state_->node, state_->port});
  if (found != net_.listeners_.end() && found->second == state_) net_.listeners_.erase(found);
}

Result<std::unique_ptr<Listener>> SimNetwork::Listen(Executor& executor, const Endpoint& at, int /*backlog*/,
                                                     AcceptCallback on_accept) {
  return net_.Listen(node_, executor, at, std::move(on_accept));
}

std::unique_ptr<Stream> SimNetwork::Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) {
  return net_.Connect(node_, executor, to, handler);
}

}  // namespace ottla::sim
