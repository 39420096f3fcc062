#include "common/base/status.h"

#include <cerrno>
#include <system_error>

namespace ottla {

std::string_view ToString(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kInvalidArgument: return "invalid argument";
    case StatusCode::kCorrupt: return "corrupt";
    case StatusCode::kNotFound: return "not found";
    case StatusCode::kAlreadyExists: return "already exists";
    case StatusCode::kOutOfRange: return "out of range";
    case StatusCode::kIoError: return "i/o error";
    case StatusCode::kUnavailable: return "unavailable";
    case StatusCode::kTimeout: return "timeout";
    case StatusCode::kClosed: return "closed";
    case StatusCode::kUnsupported: return "unsupported";
  }
  return "unknown";
}

std::string Status::ToString() const {
  std::string text(ottla::ToString(code_));
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

Status Status::WithContext(std::string_view doing) const {
  if (ok()) return *this;
  return {code_, std::string(doing) + ": " + message_};
}

std::ostream& operator<<(std::ostream& out, const Status& status) { return out << status.ToString(); }

Status ErrnoStatus(int error_number, std::string_view doing) {
  const std::string message = std::string(doing) + ": " + std::generic_category().message(error_number);
  switch (error_number) {
    case ENOENT: return {StatusCode::kNotFound, message};
    case EEXIST: return {StatusCode::kAlreadyExists, message};
    case EINVAL: return {StatusCode::kInvalidArgument, message};
    default: return {StatusCode::kIoError, message};
  }
}

}  // namespace ottla
