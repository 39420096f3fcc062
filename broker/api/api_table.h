// Every API this broker serves, one row each, ascending by key. ApiVersions advertises exactly this table; what is not
// in it closes the connection. Nothing registers itself.
#pragma once

#include <cstdint>
#include <span>

#include "broker/api/request.h"
#include "common/protocol/api_key.h"

namespace ottla {

struct ApiLoop;

struct ApiEntry {
  ApiKey key;
  std::int16_t min_version;
  std::int16_t max_version;
  bool pipelined;  // may overlap earlier requests of its connection
  void (*handle)(ApiLoop& loop, RequestContext context, Responder responder);
};

std::span<const ApiEntry> ApiTable();
const ApiEntry* FindApiEntry(std::int16_t key);  // nullptr: not served

}  // namespace ottla
