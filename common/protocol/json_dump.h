// A message as JSON, in the form of Kafka's JsonConverter: names in camelCase, bytes and records in base64, uuids in
// their text form, null as null. Fields that the version lacks are absent, and so are tagged fields at their default.
#pragma once

#include <string>

#include "common/protocol/codec.h"

namespace ottla {

// External records appear as {"externalSize":N}. Strings that are not UTF-8 keep what is valid; the rest becomes
// U+FFFD.
std::string ToJson(const MessageRows& rows, const void* message, std::int16_t version);

template <class T>
std::string ToJson(const T& message, std::int16_t version) {
  return ToJson(T::kRows, &message, version);
}

}  // namespace ottla
