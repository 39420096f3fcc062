// The world's failures (disk, peer, ZooKeeper) as values. A bug in our own code is a CHECK; a client's mistake is an
// ErrorCode of the wire. Every layer maps from one to the next once, with every case written out.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace ottla {

enum class StatusCode {
  kOk,
  kInvalidArgument,  // a value that can never be right: bad config, bad name
  kCorrupt,          // bytes from disk, wire or znode that do not parse or do not match their checksum
  kNotFound,
  kAlreadyExists,
  kOutOfRange,
  kIoError,      // the disk or the kernel refused
  kUnavailable,  // a peer or ZooKeeper is not reachable now; may be retried
  kTimeout,
  kClosed,  // the object is shutting down or its peer has gone
  kUnsupported,
};

std::string_view ToString(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  std::string ToString() const;
  // The same failure with what was being done in front: "opening a.log: No such file or directory".
  Status WithContext(std::string_view doing) const;

  friend bool operator==(const Status& a, const Status& b) { return a.code_ == b.code_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

std::ostream& operator<<(std::ostream& out, const Status& status);

// errno as a Status: ENOENT kNotFound, EEXIST kAlreadyExists, EINVAL kInvalidArgument, else kIoError.
Status ErrnoStatus(int error_number, std::string_view doing);

// A value or why there is none. Reading the value of a failure is a bug (CHECK).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                       // NOLINT
  Result(Status status) : status_(std::move(status)) { OTTLA_CHECK(!status_.ok()); }  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & {
    OTTLA_CHECK(ok()) << status_.ToString();
    return *value_;
  }
  const T& value() const& {
    OTTLA_CHECK(ok()) << status_.ToString();
    return *value_;
  }
  T&& value() && {
    OTTLA_CHECK(ok()) << status_.ToString();
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

#define OTTLA_RETURN_IF_ERROR(expr)                                         \
  do {                                                                      \
    if (::ottla::Status status__ = (expr); !status__.ok()) return status__; \
  } while (false)

}  // namespace ottla
