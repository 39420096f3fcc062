#include "common/base/topic_name.h"

#include <algorithm>

namespace ottla {
namespace {

bool IsLegal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

char Unified(char c) { return c == '.' ? '_' : c; }

Status Invalid(const std::string& why) { return Status(StatusCode::kInvalidArgument, "Topic name is invalid: " + why); }

}  // namespace

Status ValidateTopicName(std::string_view name) {
  const std::string quoted = "'" + std::string(name) + "'";
  if (name.empty()) return Invalid("the empty string is not allowed");
  if (name == "." || name == "..") return Invalid(quoted + " is not allowed");
  if (name.size() > kMaxTopicNameSize) {
    return Invalid("the length of " + quoted + " is longer than the max allowed length " +
                   std::to_string(kMaxTopicNameSize));
  }
  if (!std::ranges::all_of(name, IsLegal)) {
    return Invalid(quoted + " contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'");
  }
  return Status::Ok();
}

bool IsInternalTopic(std::string_view name) { return name == kGroupMetadataTopic || name == kTransactionStateTopic; }

bool HasCollisionChars(std::string_view name) { return name.find_first_of("._") != std::string_view::npos; }

bool TopicNamesCollide(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Unified, Unified);
}

}  // namespace ottla
