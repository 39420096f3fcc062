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

inline std::vector<BrokerId> ToBrokerIds(const std::vector<std::int32_t>& numbers) {
  std::vector<BrokerId> ids;
  ids.reserve(numbers.size());
  for (const std::int32_t number : numbers) ids.emplace_back(number);
  return ids;
}

inline std::vector<std::int32_t> ToNumbers(const std::vector<BrokerId>& ids) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(ids.size());
  for (const BrokerId id : ids) numbers.push_back(id.value);
  return numbers;
}

}  // namespace ottla
