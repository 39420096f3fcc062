// The table of APIs this code can decode and encode: the 62 that a broker in ZooKeeper mode advertises and a few newer
// ones. For dispatch by number, dumps, tests and fuzzers; typed code uses the message structs directly.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/protocol/field.h"

namespace ottla {

struct ApiInfo {
  const MessageRows* request;
  const MessageRows* response;
  ApiKey key;
  bool advertised;  // by a broker in ZooKeeper mode, in all the versions known here

  std::string_view name() const { return ToString(key); }
  std::int16_t min_version() const { return request->min_version; }
  std::int16_t max_version() const { return request->max_version; }
  bool Supports(std::int16_t version) const { return version >= min_version() && version <= max_version(); }
  bool IsFlexible(std::int16_t version) const { return request->IsFlexible(version); }
};

std::span<const ApiInfo> AllApis();        // ascending by key
const ApiInfo* FindApi(std::int16_t key);  // nullptr: not in the table

}  // namespace ottla
