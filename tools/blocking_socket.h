// A TCP connection that blocks up to a deadline. For tools only: a broker never waits on a socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace ottla::tools {

class BlockingSocket {
 public:
  BlockingSocket() = default;
  ~BlockingSocket();
  BlockingSocket(BlockingSocket&& other) noexcept;
  BlockingSocket& operator=(BlockingSocket&& other) noexcept;

  // Tries each address of `host` in turn. Deadlines are NowMs() values. kUnavailable, kTimeout.
  static Result<BlockingSocket> Connect(const std::string& host, std::int32_t port, std::int64_t deadline_ms);

  // kTimeout at the deadline, kClosed when the peer has gone, kIoError otherwise; the socket is useless after each.
  Status Send(std::string_view bytes, std::int64_t deadline_ms);
  // One frame without its length. kCorrupt: a length below 0 or above 1 GiB.
  Result<std::string> ReceiveFrame(std::int64_t deadline_ms);

  bool open() const { return fd_ >= 0; }
  void Close();

 private:
  explicit BlockingSocket(int fd) : fd_(fd) {}
  Status ReceiveExactly(char* bytes, std::size_t size, std::int64_t deadline_ms);
  int fd_ = -1;
};

}  // namespace ottla::tools
