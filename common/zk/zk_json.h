// What the codecs of znodes share: JSON that may be anything, and no exception.
#pragma once

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/zk/zk_client.h"

namespace ottla::zk {

using JsonIn = nlohmann::json;           // looks keys up quickly: a topic has up to tens of thousands
using JsonOut = nlohmann::ordered_json;  // what we write has the order of keys that Kafka's own nodes show

inline Status Corrupt(std::string_view what, std::string_view why) {
  return {StatusCode::kCorrupt, std::string(what) + ": " + std::string(why)};
}

// Invalid UTF-8 in a string becomes U+FFFD: dumping must not throw.
template <class Json>
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// nullopt: text that is no JSON, or no text.
std::optional<JsonIn> ParseJson(const ZkData& data);
// kCorrupt: that, or JSON that is no object; the error names `what`.
Result<JsonIn> ParseObject(const ZkData& data, std::string_view what);

// nullptr: not there. The readers below take that and answer nullopt, as for a value of another type or out of range.
const JsonIn* Find(const JsonIn& object, std::string_view key);
std::optional<std::int64_t> Int64(const JsonIn* value);
std::optional<std::int32_t> Int32(const JsonIn* value);
std::optional<std::string> Text(const JsonIn* value);
std::optional<std::vector<BrokerId>> BrokerList(const JsonIn* value);

JsonOut ToJson(const std::vector<BrokerId>& ids);

// The whole text is a decimal number, or nullopt.
template <class Int>
std::optional<Int> ParseNumber(std::string_view text) {
  Int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace ottla::zk
