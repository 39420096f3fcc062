// Small things that the handlers of controller APIs share.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"

namespace ottla {

// "" and absent are the same to us and null on the wire.
inline std::optional<std::string_view> NullIfEmpty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// The names that a request has more than once.
template <class Topics>
std::set<std::string_view> RepeatedNames(const Topics& topics) {
  std::set<std::string_view> seen, repeated;
  for (const auto& topic : topics) {
    if (!seen.insert(topic.name).second) repeated.insert(topic.name);
  }
  return repeated;
}

}  // namespace ottla
