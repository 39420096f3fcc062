#include "common/zk/zk_codec.h"

#include <algorithm>
#include <set>

#include "common/zk/zk_json.h"

namespace ottla::zk {
namespace {

JsonOut PartitionJson(const TopicPartition& tp) { return JsonOut{{"topic", tp.topic}, {"partition", tp.partition}}; }

}  // namespace

Result<TopicAssignment> DecodeTopic(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "topic");
  if (!parsed.ok()) return parsed.status();
  const JsonIn& json = *parsed;
  TopicAssignment topic;
  if (const JsonIn* id = Find(json, "topic_id"); id != nullptr) {
    const std::optional<std::string> text = Text(id);
    topic.id = text ? Uuid::FromString(*text) : std::nullopt;
    if (!topic.id) return Corrupt("topic", "topic_id is not an id");
  }
  const auto replicas_of = [&json](const char* key,
                                   const std::string& partition) -> std::optional<std::vector<BrokerId>> {
    const JsonIn* map = Find(json, key);
    const JsonIn* list = map != nullptr && map->is_object() ? Find(*map, partition) : nullptr;
    return list == nullptr ? std::vector<BrokerId>{} : BrokerList(list);
  };
  const JsonIn* partitions = Find(json, "partitions");
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
  JsonOut partitions = JsonOut::object();
  JsonOut adding = JsonOut::object();
  JsonOut removing = JsonOut::object();
  for (const auto& [number, replicas] : topic.partitions) {
    const std::string key = std::to_string(number);
    // Keys differ: they need not be searched for, which for many partitions takes the square of their number.
    partitions.get_ref<JsonOut::object_t&>().emplace_back(key, ToJson(replicas.replicas));
    if (!replicas.adding.empty()) adding[key] = ToJson(replicas.adding);
    if (!replicas.removing.empty()) removing[key] = ToJson(replicas.removing);
  }
  JsonOut json = JsonOut::object();
  json["partitions"] = std::move(partitions);
  if (topic.id) json["topic_id"] = topic.id->ToString();
  json["adding_replicas"] = std::move(adding);
  json["removing_replicas"] = std::move(removing);
  json["version"] = 3;
  return Dump(json);
}

Result<PartitionStateData> DecodeState(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "state");
  if (!parsed.ok()) return parsed.status();
  const JsonIn& json = *parsed;
  const std::optional<std::int32_t> leader = Int32(Find(json, "leader"));
  const std::optional<std::int32_t> leader_epoch = Int32(Find(json, "leader_epoch"));
  const std::optional<std::int32_t> controller_epoch = Int32(Find(json, "controller_epoch"));
  auto isr = BrokerList(Find(json, "isr"));
  if (!leader || !leader_epoch || !controller_epoch || !isr) return Corrupt("state", "a field is missing or no number");
  PartitionStateData state{BrokerId(*leader), LeaderEpoch(*leader_epoch), std::move(*isr),
                           ControllerEpoch(*controller_epoch), false};
  if (const JsonIn* recovery = Find(json, "leader_recovery_state"); recovery != nullptr) {
    const std::optional<std::int32_t> value = Int32(recovery);
    if (!value || (*value != 0 && *value != 1)) return Corrupt("state", "leader_recovery_state");
    state.recovering = *value == 1;
  }
  return state;
}

std::string Encode(const PartitionStateData& state) {
  JsonOut json = JsonOut::object();
  if (state.recovering) json["leader_recovery_state"] = 1;
  json["controller_epoch"] = state.controller_epoch.value;
  json["leader"] = state.leader.value;
  json["version"] = 1;
  json["leader_epoch"] = state.leader_epoch.value;
  json["isr"] = ToJson(state.isr);
  return Dump(json);
}

Result<ControllerRegistration> DecodeController(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "controller");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> broker = Int32(Find(*parsed, "brokerid"));
  if (!broker) return Corrupt("controller", "no brokerid");
  ControllerRegistration controller{BrokerId(*broker), 0, std::nullopt};
  if (const JsonIn* epoch = Find(*parsed, "kraftControllerEpoch"); epoch != nullptr) {
    controller.kraft_epoch = Int32(epoch);
    if (!controller.kraft_epoch) return Corrupt("controller", "kraftControllerEpoch");
  }
  return controller;
}

std::string Encode(const ControllerRegistration& controller) {
  return Dump(JsonOut{{"version", 2},
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
  const std::optional<JsonIn> json = ParseJson(data);
  const JsonIn* config = json && json->is_object() ? Find(*json, "config") : nullptr;
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
  JsonOut values = JsonOut::object();
  for (const auto& [key, value] : config) values[key] = value;
  return Dump(JsonOut{{"version", 1}, {"config", std::move(values)}});
}

Result<std::string> DecodeConfigChange(const ZkData& data) {
  const std::optional<JsonIn> json = ParseJson(data);
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
  return Dump(JsonOut{{"version", 2}, {"entity_path", std::string(entity_path)}});
}

Result<std::string> DecodeClusterId(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "cluster id");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::string> id = Text(Find(*parsed, "id"));
  if (!id) return Corrupt("cluster id", "no id");
  return *id;
}

std::string EncodeClusterId(std::string_view id) { return Dump(JsonOut{{"version", "1"}, {"id", std::string(id)}}); }

Result<ProducerIdBlock> DecodeProducerIdBlock(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "producer id block");
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
  return Dump(JsonOut{{"version", 1},
                      {"broker", block.broker.value},
                      {"block_start", std::to_string(block.first)},
                      {"block_end", std::to_string(block.last)}});
}

Result<FeatureData> DecodeFeature(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "feature");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> version = Int32(Find(*parsed, "version"));
  const std::optional<std::int32_t> status = Int32(Find(*parsed, "status"));
  const JsonIn* features = Find(*parsed, "features");
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
  JsonOut features = JsonOut::object();
  for (const auto& [name, level] : feature.features) {
    features[name]["max_version_level"] = level;
    if (feature.version == 1) features[name]["min_version_level"] = level;
  }
  return Dump(
      JsonOut{{"features", std::move(features)}, {"version", feature.version}, {"status", feature.enabled ? 1 : 0}});
}

Result<std::vector<TopicPartition>> DecodePartitionSet(const ZkData& data) {
  if (!data || data->empty()) return Corrupt("partition set", "no data");
  const std::optional<JsonIn> json = ParseJson(data);
  if (!json) return std::vector<TopicPartition>{};
  const JsonIn* list = json->is_object() ? Find(*json, "partitions") : nullptr;
  if (list == nullptr || !list->is_array()) return Corrupt("partition set", "no partitions");
  std::set<TopicPartition> set;
  for (const JsonIn& element : *list) {
    const auto topic = element.is_object() ? Text(Find(element, "topic")) : std::nullopt;
    const auto partition = element.is_object() ? Int32(Find(element, "partition")) : std::nullopt;
    if (!topic || !partition) return Corrupt("partition set", "an entry has no topic or partition");
    set.insert({*topic, *partition});
  }
  return std::vector<TopicPartition>(set.begin(), set.end());
}

std::string EncodePartitionSet(const std::vector<TopicPartition>& partitions) {
  JsonOut list = JsonOut::array();
  for (const TopicPartition& tp : partitions) list.push_back(PartitionJson(tp));
  return Dump(JsonOut{{"version", 1}, {"partitions", std::move(list)}});
}

Result<std::vector<ReassignmentEntry>> DecodeReassignment(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "reassignment");
  if (!parsed.ok()) return parsed.status();
  for (const auto& [key, value] : parsed->items()) {
    if (key != "version" && key != "partitions") return Corrupt("reassignment", "unknown field " + key);
  }
  const JsonIn* list = Find(*parsed, "partitions");
  if (list == nullptr || !list->is_array()) return Corrupt("reassignment", "no partitions");
  std::vector<ReassignmentEntry> entries;
  for (const JsonIn& element : *list) {
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
  JsonOut list = JsonOut::array();
  for (const ReassignmentEntry& entry : entries) {
    JsonOut element = PartitionJson(entry.partition);
    element["replicas"] = ToJson(entry.replicas);
    list.push_back(std::move(element));
  }
  return Dump(JsonOut{{"version", 1}, {"partitions", std::move(list)}});
}

Result<BrokerId> DecodeLogDirEvent(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "log dir event");
  if (!parsed.ok()) return parsed.status();
  const std::optional<std::int32_t> broker = Int32(Find(*parsed, "broker"));
  if (!broker) return Corrupt("log dir event", "no broker");
  return BrokerId(*broker);
}

std::string EncodeLogDirEvent(BrokerId broker) {
  return Dump(JsonOut{{"version", 1}, {"broker", broker.value}, {"event", 1}});
}

Result<std::int64_t> DecodeConsumerOffset(const ZkData& data) {
  const auto offset = data ? ParseNumber<std::int64_t>(*data) : std::nullopt;
  if (!offset) return Corrupt("consumer offset", "not a number");
  return *offset;
}

std::string EncodeConsumerOffset(std::int64_t offset) { return std::to_string(offset); }

}  // namespace ottla::zk
