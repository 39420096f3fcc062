// Lists of brokers as messages carry them (plain numbers) and as everything else names them. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/base/ids.h"

namespace ottla {

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

inline bool Contains(const std::vector<BrokerId>& ids, BrokerId id) { return std::ranges::find(ids, id) != ids.end(); }

}  // namespace ottla
