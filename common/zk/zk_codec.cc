#include "common/zk/zk_codec.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace ottla::zk {
namespace {

// Ordered: what we write has the order of keys that Kafka's own nodes show.
using Json = nlohmann::ordered_json;

Status Corrupt(std::string_view what, std::string_view why) {
  return {StatusCode::kCorrupt, std::string(what) + ": " + std::string(why)};
}

// Invalid UTF-8 in a string becomes U+FFFD: dumping must not throw.
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// nullopt: text that is no JSON, or no text.
std::optional<Json> ParseJson(const ZkData& data) {
  if (!data) return std::nullopt;
  Json json = Json::parse(*data, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

Result<Json> ParseObject(const ZkData& data, std::string_view what) {
  if (!data) return Corrupt(what, "no data");
  std::optional<Json> json = ParseJson(data);
  if (!json) return Corrupt(what, "not JSON");
  if (!json->is_object()) return Corrupt(what, "not a JSON object");
  return std::move(*json);
}

const Json* Find(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

std::optional<std::int64_t> Int64(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<std::int32_t> Int32(const Json* value) {
  const std::optional<std::int64_t> number = Int64(value);
  if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*number);
}

std::optional<std::string> Text(const Json* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

template <class Int>
std::optional<Int> ParseNumber(std::string_view text) {
  Int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::vector<BrokerId>> BrokerList(const Json* value) {
  if (value == nullptr || !value->is_array()) return std::nullopt;
  std::vector<BrokerId> ids;
  for (const Json& element : *value) {
    const std::optional<std::int32_t> id = Int32(&element);
    if (!id) return std::nullopt;
    ids.emplace_back(*id);
  }
  return ids;
}

Json ToJson(const std::vector<BrokerId>& ids) {
  Json array = Json::array();
  for (const BrokerId id : ids) array.push_back(id.value);
  return array;
}

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

bool IsProtocol(std::string_view name) {
  return name == "PLAINTEXT" || name == "SSL" || name == "SASL_PLAINTEXT" || name == "SASL_SSL";
}

std::string ConnectionString(const ListenerEndpoint& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return at.listener + "://" + (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

// NAME://host:port, NAME://[v6]:port; the name in any case.
std::optional<ListenerEndpoint> ParseConnectionString(const std::string& text) {
  const std::size_t scheme = text.find("://");
  const std::size_t colon = text.rfind(':');
  if (scheme == std::string::npos || scheme == 0 || colon < scheme + 3) return std::nullopt;
  const std::optional<std::int32_t> port = ParseNumber<std::int32_t>(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(scheme + 3, colon - scheme - 3);
  if (!port || *port < -1 || *port > 65535) return std::nullopt;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return ListenerEndpoint{Upper(text.substr(0, scheme)), "", std::move(host), *port};
}

// The protocol of each endpoint: by the map where there is one, else the listener's name is the protocol.
Status ResolveProtocols(const Json* map, std::vector<ListenerEndpoint>& endpoints) {
  if (map != nullptr && !map->is_object()) return Corrupt("broker", "listener_security_protocol_map is not an object");
  std::set<std::string> names;
  for (ListenerEndpoint& at : endpoints) {
    at.protocol = at.listener;
    if (map != nullptr) {
      const std::optional<std::string> mapped = Text(Find(*map, at.listener.c_str()));
      if (!mapped) return Corrupt("broker", "no protocol for listener " + at.listener);
      at.protocol = Upper(*mapped);
    }
    if (!IsProtocol(at.protocol)) return Corrupt("broker", "no protocol for listener " + at.listener);
    if (!names.insert(at.listener).second) return Corrupt("broker", "listener " + at.listener + " twice");
  }
  return Status::Ok();
}

Status ReadEndpoints(const Json& json, std::int32_t version, std::vector<ListenerEndpoint>& endpoints) {
  if (version == 1) {
    const std::optional<std::string> host = Text(Find(json, "host"));
    const std::optional<std::int32_t> port = Int32(Find(json, "port"));
    if (!host || !port) return Corrupt("broker", "version 1 without host or port");
    endpoints.push_back({"PLAINTEXT", "PLAINTEXT", *host, *port});
    return Status::Ok();
  }
  const Json* list = Find(json, "endpoints");
  if (list == nullptr || !list->is_array()) return Corrupt("broker", "no endpoints");
  for (const Json& element : *list) {
    const std::optional<std::string> text = Text(&element);
    const std::optional<ListenerEndpoint> at = text ? ParseConnectionString(*text) : std::nullopt;
    if (!at) return Corrupt("broker", "an endpoint does not parse");
    endpoints.push_back(*at);
  }
  return ResolveProtocols(Find(json, "listener_security_protocol_map"), endpoints);
}

Status ReadFeatures(const Json* value, std::map<std::string, FeatureRange>& features) {
  if (value == nullptr || value->is_null()) return Status::Ok();
  if (!value->is_object()) return Corrupt("broker", "features is not an object");
  for (const auto& [name, range] : value->items()) {
    const auto low = range.is_object() ? Int32(Find(range, "min_version")) : std::nullopt;
    const auto high = range.is_object() ? Int32(Find(range, "max_version")) : std::nullopt;
    if (!low || !high) return Corrupt("broker", "feature " + name + " has no range");
    features[name] = {*low, *high};
  }
  return Status::Ok();
}

Json PartitionJson(const TopicPartition& tp) { return Json{{"topic", tp.topic}, {"partition", tp.partition}}; }

}  // namespace

Result<BrokerRegistration> DecodeBroker(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "broker");
  if (!parsed.ok()) return parsed.status();
  const Json& json = *parsed;
  BrokerRegistration broker;
  const std::optional<std::int32_t> version = Int32(Find(json, "version"));
  const std::optional<std::int32_t> jmx_port = Int32(Find(json, "jmx_port"));
  if (!version || *version < 1) return Corrupt("broker", "no usable version");
  if (!jmx_port) return Corrupt("broker", "no jmx_port");
  broker.version = *version;
  broker.jmx_port = *jmx_port;
  if (const Status status = ReadEndpoints(json, *version, broker.endpoints); !status.ok()) return status;
  if (const Json* rack = Find(json, "rack"); rack != nullptr && !rack->is_null()) {
    broker.rack = Text(rack);
    if (!broker.rack) return Corrupt("broker", "rack is not a string");
  }
  if (const Status status = ReadFeatures(Find(json, "features"), broker.features); !status.ok()) return status;
  return broker;
}

std::string Encode(const BrokerRegistration& broker) {
  Json json = Json::object();
  if (broker.version >= 5) {
    Json features = Json::object();
    for (const auto& [name, range] : broker.features) {
      features[name] = Json{{"min_version", range.min_version}, {"max_version", range.max_version}};
    }
    json["features"] = std::move(features);
  }
  Json endpoints = Json::array();
  Json protocols = Json::object();
  const ListenerEndpoint* plain = nullptr;
  for (const ListenerEndpoint& at : broker.endpoints) {
    endpoints.push_back(ConnectionString(at));
    protocols[at.listener] = at.protocol;
    if (plain == nullptr && at.protocol == "PLAINTEXT") plain = &at;
  }
  if (broker.version >= 4) json["listener_security_protocol_map"] = std::move(protocols);
  json["endpoints"] = std::move(endpoints);
  if (broker.version >= 3 && broker.rack) json["rack"] = *broker.rack;
  json["jmx_port"] = broker.jmx_port;
  json["port"] = plain != nullptr ? plain->port : -1;
  json["host"] = plain != nullptr && !plain->host.empty() ? Json(plain->host) : Json(nullptr);
  json["version"] = broker.version;
  json["timestamp"] = std::to_string(broker.timestamp_ms);
  return Dump(json);
}

Result<TopicAssignment> DecodeTopic(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "topic");
  if (!parsed.ok()) return parsed.status();
  const Json& json = *parsed;
  TopicAssignment topic;
  if (const Json* id = Find(json, "topic_id"); id != nullptr) {
    const std::optional<std::string> text = Text(id);
    topic.id = text ? Uuid::FromString(*text) : std::nullopt;
    if (!topic.id) return Corrupt("topic", "topic_id is not an id");
  }
  const auto replicas_of = [&json](const char* key,
                                   const std::string& partition) -> std::optional<std::vector<BrokerId>> {
    const Json* map = Find(json, key);
    const Json* list = map != nullptr && map->is_object() ? Find(*map, partition.c_str()) : nullptr;
    return list == nullptr ? std::vector<BrokerId>{} : BrokerList(list);
  };
  const Json* partitions = Find(json, "partitions");
  if (partitions == nullptr) return topic;
  if (!partitions->is_object()) return Corrupt("topic", "partitions is not an object");
  for (const auto& [key, list] : partitions->items()) {
    const std::optional<std::int32_t> number = ParseNumber<std::int32_t>(key);
    auto replicas = BrokerList(&list);
    auto adding = replicas_of("adding_replicas", key);
    auto removing = replicas_of("removing_replicas", key);
    if (!number || *number < 0) return Corrupt("topic", "partition number " + key);
    if (!replicas || !adding || !removing) return Corrupt("topic", "replicas of partition " + key);
    topic.partitions[*number] = {std::move(*replicas), std::move(*adding), std::move(*removing)};
  }
  return topic;
}

std::string Encode(const TopicAssignment& topic) {
  Json partitions = Json::object();
  Json adding = Json::object();
  Json removing = Json::object();
  for (const auto& [number, replicas] : topic.partitions) {
    const std::string key = std::to_string(number);
    // Keys differ: they need not be searched for, which for many partitions takes the square of their number.
    partitions.get_ref<Json::object_t&>().emplace_back(key, ToJson(replicas.replicas));
    if (!replicas.adding.empty()) adding[key] = ToJson(replicas.adding);
    if (!replicas.removing.empty()) removing[key] = ToJson(replicas.removing);
  }
  Json json = Json::object();
  json["partitions"] = std::move(partitions);
  if (topic.id) json["topic_id"] = topic.id->ToString();
  json["adding_replicas"] = std::move(adding);
  json["removing_replicas"] = std::move(removing);
  json["version"] = 3;
  return Dump(json);
}

Result<PartitionStateData> DecodeState(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "state");
  if (!parsed.ok()) return parsed.status();
  const Json& json = *parsed;
  const std::optional<std::int32_t> leader = Int32(Find(json, "leader"));
  const std::optional<std::int32_t> leader_epoch = Int32(Find(json, "leader_epoch"));
  const std::optional<std::int32_t> controller_epoch = Int32(Find(json, "controller_epoch"));
  auto isr = BrokerList(Find(json, "isr"));
  if (!leader || !leader_epoch || !controller_epoch || !isr) return Corrupt("state", "a field is missing or no number");
  PartitionStateData state{BrokerId(*leader), LeaderEpoch(*leader_epoch), std::move(*isr),
                           ControllerEpoch(*controller_epoch), false};
  if (const Json* recovery = Find(json, "leader_recovery_state"); recovery != nullptr) {
    const std::optional<std::int32_t> value = Int32(recovery);
    if (!value || (*value != 0 && *value != 1)) return Corrupt("state", "leader_recovery_state");
    state.recovering = *value == 1;
  }
  return state;
}

std::string Encode(const PartitionStateData& state) {
  Json json = Json::object();
  if (state.recovering) json["leader_recovery_state"] = 1;
  json["controller_epoch"] = state.controller_epoch.value;
  json["leader"] = state.leader.value;
  json["version"] = 1;
  json["leader_epoch"] = state.leader_epoch.value;
  json["isr"] = ToJson(state.isr);
  return Dump(json);
}

Result<ControllerRegistration> DecodeController(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "controller");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> broker = Int32(Find(*parsed, "brokerid"));
  if (!broker) return Corrupt("controller", "no brokerid");
  ControllerRegistration controller{BrokerId(*broker), 0, std::nullopt};
  if (const Json* epoch = Find(*parsed, "kraftControllerEpoch"); epoch != nullptr) {
    controller.kraft_epoch = Int32(epoch);
    if (!controller.kraft_epoch) return Corrupt("controller", "kraftControllerEpoch");
  }
  return controller;
}

std::string Encode(const ControllerRegistration& controller) {
  return Dump(Json{{"version", 2},
                   {"brokerid", controller.broker.value},
                   {"timestamp", std::to_string(controller.timestamp_ms)},
                   {"kraftControllerEpoch", controller.kraft_epoch.value_or(-1)}});
}

Result<ControllerEpoch> DecodeControllerEpoch(const ZkData& data) {
  const auto epoch = data ? ParseNumber<std::int32_t>(*data) : std::nullopt;
  if (!epoch) return Corrupt("controller_epoch", "not a number");
  return ControllerEpoch(*epoch);
}

std::string Encode(ControllerEpoch epoch) { return std::to_string(epoch.value); }

Result<ConfigMap> DecodeConfig(const ZkData& data) {
  const std::optional<Json> json = ParseJson(data);
  const Json* config = json && json->is_object() ? Find(*json, "config") : nullptr;
  ConfigMap map;
  if (config == nullptr || !config->is_object()) return map;
  for (const auto& [key, value] : config->items()) {
    if (value.is_string()) {
      map[key] = value.get<std::string>();
    } else if (value.is_number() || value.is_boolean()) {
      map[key] = Dump(value);
    } else {
      return Corrupt("config", "the value of " + key + " is not a string");
    }
  }
  return map;
}

std::string EncodeConfig(const ConfigMap& config) {
  Json values = Json::object();
  for (const auto& [key, value] : config) values[key] = value;
  return Dump(Json{{"version", 1}, {"config", std::move(values)}});
}

Result<std::string> DecodeConfigChange(const ZkData& data) {
  const std::optional<Json> json = ParseJson(data);
  if (!json) return std::string();
  if (!json->is_object()) return Corrupt("config change", "not a JSON object");
  const std::optional<std::int32_t> version = Int32(Find(*json, "version"));
  if (version == 1) {
    const std::optional<std::string> type = Text(Find(*json, "entity_type"));
    const std::optional<std::string> name = Text(Find(*json, "entity_name"));
    if (!type || !name || (*type != "topics" && *type != "clients"))
      return Corrupt("config change", "version 1 entity");
    return *type + "/" + *name;
  }
  const std::optional<std::string> path = Text(Find(*json, "entity_path"));
  if (version != 2 || !path) return Corrupt("config change", "neither version 1 nor 2");
  static constexpr std::string_view kRoots[] = {"topics/", "clients/", "users/", "brokers/", "ips/"};
  if (std::ranges::none_of(kRoots, [&](std::string_view root) { return path->starts_with(root); })) {
    return Corrupt("config change", "unknown entity " + *path);
  }
  return *path;
}

std::string EncodeConfigChange(std::string_view entity_path) {
  return Dump(Json{{"version", 2}, {"entity_path", std::string(entity_path)}});
}

Result<std::string> DecodeClusterId(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "cluster id");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::string> id = Text(Find(*parsed, "id"));
  if (!id) return Corrupt("cluster id", "no id");
  return *id;
}

std::string EncodeClusterId(std::string_view id) { return Dump(Json{{"version", "1"}, {"id", std::string(id)}}); }

Result<ProducerIdBlock> DecodeProducerIdBlock(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "producer id block");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> broker = Int32(Find(*parsed, "broker"));
  const std::optional<std::string> start = Text(Find(*parsed, "block_start"));
  const std::optional<std::string> end = Text(Find(*parsed, "block_end"));
  const std::int64_t first = start ? ParseNumber<std::int64_t>(*start).value_or(-1) : -1;
  const std::int64_t last = end ? ParseNumber<std::int64_t>(*end).value_or(-1) : -1;
  if (!broker || first < 0 || last < first) return Corrupt("producer id block", "bounds");
  return ProducerIdBlock{BrokerId(*broker), first, last};
}

std::string Encode(const ProducerIdBlock& block) {
  return Dump(Json{{"version", 1},
                   {"broker", block.broker.value},
                   {"block_start", std::to_string(block.first)},
                   {"block_end", std::to_string(block.last)}});
}

Result<FeatureData> DecodeFeature(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "feature");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> version = Int32(Find(*parsed, "version"));
  const std::optional<std::int32_t> status = Int32(Find(*parsed, "status"));
  const Json* features = Find(*parsed, "features");
  if (!version || (*version != 1 && *version != 2)) return Corrupt("feature", "version");
  if (!status || (*status != 0 && *status != 1)) return Corrupt("feature", "status");
  if (features == nullptr || !features->is_object()) return Corrupt("feature", "no features");
  FeatureData feature{*version, *status == 1, {}};
  for (const auto& [name, range] : features->items()) {
    const auto high = range.is_object() ? Int32(Find(range, "max_version_level")) : std::nullopt;
    const bool low = *version == 2 || (range.is_object() && Int32(Find(range, "min_version_level")));
    if (!high || !low) return Corrupt("feature", "levels of " + name);
    feature.features[name] = *high;
  }
  return feature;
}

std::string Encode(const FeatureData& feature) {
  Json features = Json::object();
  for (const auto& [name, level] : feature.features) {
    features[name]["max_version_level"] = level;
    if (feature.version == 1) features[name]["min_version_level"] = level;
  }
  return Dump(
      Json{{"features", std::move(features)}, {"version", feature.version}, {"status", feature.enabled ? 1 : 0}});
}

Result<std::vector<TopicPartition>> DecodePartitionSet(const ZkData& data) {
  if (!data || data->empty()) return Corrupt("partition set", "no data");
  const std::optional<Json> json = ParseJson(data);
  if (!json) return std::vector<TopicPartition>{};
  const Json* list = json->is_object() ? Find(*json, "partitions") : nullptr;
  if (list == nullptr || !list->is_array()) return Corrupt("partition set", "no partitions");
  std::set<TopicPartition> set;
  for (const Json& element : *list) {
    const auto topic = element.is_object() ? Text(Find(element, "topic")) : std::nullopt;
    const auto partition = element.is_object() ? Int32(Find(element, "partition")) : std::nullopt;
    if (!topic || !partition) return Corrupt("partition set", "an entry has no topic or partition");
    set.insert({*topic, *partition});
  }
  return std::vector<TopicPartition>(set.begin(), set.end());
}

std::string EncodePartitionSet(const std::vector<TopicPartition>& partitions) {
  Json list = Json::array();
  for (const TopicPartition& tp : partitions) list.push_back(PartitionJson(tp));
  return Dump(Json{{"version", 1}, {"partitions", std::move(list)}});
}

Result<std::vector<ReassignmentEntry>> DecodeReassignment(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "reassignment");
  if (!parsed.ok()) return parsed.status();
  for (const auto& [key, value] : parsed->items()) {
    if (key != "version" && key != "partitions") return Corrupt("reassignment", "unknown field " + key);
  }
  const Json* list = Find(*parsed, "partitions");
  if (list == nullptr || !list->is_array()) return Corrupt("reassignment", "no partitions");
  std::vector<ReassignmentEntry> entries;
  for (const Json& element : *list) {
    if (!element.is_object() || element.size() != 3) return Corrupt("reassignment", "an entry has other fields");
    const std::optional<std::string> topic = Text(Find(element, "topic"));
    const std::optional<std::int32_t> partition = Int32(Find(element, "partition"));
    auto replicas = BrokerList(Find(element, "replicas"));
    if (!topic || !partition || !replicas) return Corrupt("reassignment", "an entry misses a field");
    entries.push_back({{*topic, *partition}, std::move(*replicas)});
  }
  return entries;
}

std::string EncodeReassignment(const std::vector<ReassignmentEntry>& entries) {
  Json list = Json::array();
  for (const ReassignmentEntry& entry : entries) {
    Json element = PartitionJson(entry.partition);
    element["replicas"] = ToJson(entry.replicas);
    list.push_back(std::move(element));
  }
  return Dump(Json{{"version", 1}, {"partitions", std::move(list)}});
}

Result<BrokerId> DecodeLogDirEvent(const ZkData& data) {
  Result<Json> parsed = ParseObject(data, "log dir event");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> broker = Int32(Find(*parsed, "broker"));
  if (!broker) return Corrupt("log dir event", "no broker");
  return BrokerId(*broker);
}

std::string EncodeLogDirEvent(BrokerId broker) {
  return Dump(Json{{"version", 1}, {"broker", broker.value}, {"event", 1}});
}

Result<std::int64_t> DecodeConsumerOffset(const ZkData& data) {
  const auto offset = data ? ParseNumber<std::int64_t>(*data) : std::nullopt;
  if (!offset) return Corrupt("consumer offset", "not a number");
  return *offset;
}

std::string EncodeConsumerOffset(std::int64_t offset) { return std::to_string(offset); }

}  // namespace ottla::zk
