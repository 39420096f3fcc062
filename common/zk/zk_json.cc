#include "common/zk/zk_json.h"

#include <limits>

namespace ottla::zk {

std::optional<JsonIn> ParseJson(const ZkData& data) {
  if (!data) return std::nullopt;
  JsonIn json = JsonIn::parse(*data, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

Result<JsonIn> ParseObject(const ZkData& data, std::string_view what) {
  if (!data) return Corrupt(what, "no data");
  std::optional<JsonIn> json = ParseJson(data);
  if (!json) return Corrupt(what, "not JSON");
  if (!json->is_object()) return Corrupt(what, "not a JSON object");
  return std::move(*json);
}

const JsonIn* Find(const JsonIn& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

std::optional<std::int64_t> Int64(const JsonIn* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<std::int32_t> Int32(const JsonIn* value) {
  const std::optional<std::int64_t> number = Int64(value);
  if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*number);
}

std::optional<std::string> Text(const JsonIn* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::vector<BrokerId>> BrokerList(const JsonIn* value) {
  if (value == nullptr || !value->is_array()) return std::nullopt;
  std::vector<BrokerId> ids;
  for (const JsonIn& element : *value) {
    const std::optional<std::int32_t> id = Int32(&element);
    if (!id) return std::nullopt;
    ids.emplace_back(*id);
  }
  return ids;
}

JsonOut ToJson(const std::vector<BrokerId>& ids) {
  JsonOut array = JsonOut::array();
  for (const BrokerId id : ids) array.push_back(id.value);
  return array;
}

}  // namespace ottla::zk
