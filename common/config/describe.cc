#include "common/config/describe.h"

#include <algorithm>

namespace ottla {
namespace {

bool Wanted(const ConfigKeys& keys, std::string_view name) {
  return !keys || keys->empty() || std::ranges::find(*keys, name) != keys->end();
}

std::optional<std::string> Shown(const std::string& value, bool sensitive) {
  return sensitive ? std::nullopt : std::optional(value);
}

void AddLayer(const Properties& layer, const std::vector<std::string>& names, ConfigSource source, bool sensitive,
              std::vector<ConfigSynonym>* out) {
  for (const std::string& name : names) {
    if (const auto it = layer.find(name); it != layer.end())
      out->push_back({name, Shown(it->second, sensitive), source});
  }
}

// Values of all names in all layers, strongest first, without the leading ones that are not called `name`.
std::vector<ConfigSynonym> BrokerSynonymList(const BrokerConfig& broker, const std::string& name,
                                             const std::vector<std::string>& names, bool sensitive) {
  std::vector<ConfigSynonym> list;
  AddLayer(broker.layers.dynamic_broker, names, ConfigSource::kDynamicBroker, sensitive, &list);
  AddLayer(broker.layers.dynamic_default, names, ConfigSource::kDynamicDefaultBroker, sensitive, &list);
  AddLayer(broker.layers.fixed, names, ConfigSource::kStaticBroker, sensitive, &list);
  for (const std::string& synonym : names) {
    const ConfigRow* row = FindBrokerRow(synonym);
    if (row == nullptr || row->name != synonym) continue;
    if (const auto text = CanonicalText(DefaultValue(*row))) {
      list.push_back({synonym, Shown(*text, sensitive), ConfigSource::kDefault});
    }
  }
  list.erase(list.begin(), std::ranges::find(list, name, &ConfigSynonym::name));
  return list;
}

ConfigSource FirstSource(const std::vector<ConfigSynonym>& synonyms) {
  return synonyms.empty() ? ConfigSource::kDefault : synonyms.front().source;
}

ConfigEntry DescribeRow(const BrokerConfig& broker, const ConfigRow& row) {
  ConfigEntry entry;
  entry.name = row.name;
  entry.sensitive = row.sensitive();
  entry.value = entry.sensitive ? std::nullopt : CanonicalText(broker.Value(row.name));
  entry.read_only = row.change == ConfigChange::kReadOnly;
  entry.type = row.type;
  entry.documentation = row.doc;
  entry.synonyms = BrokerSynonymList(broker, entry.name, BrokerSynonyms(row.name), entry.sensitive);
  entry.source = FirstSource(entry.synonyms);
  return entry;
}

// A key without a row of its own: one with a listener prefix, or one that nobody knows and whose value is hidden.
ConfigEntry DescribeOther(const BrokerConfig& broker, const std::string& name) {
  const ConfigRow* row = FindBrokerRow(name);
  ConfigEntry entry;
  entry.name = name;
  entry.sensitive = row == nullptr || row->sensitive();
  const std::string* raw = broker.RawValue(name);
  if (raw != nullptr) entry.value = Shown(*raw, entry.sensitive);
  entry.read_only = true;
  entry.type = row == nullptr ? ConfigType::kUnknown : row->type;
  if (row != nullptr) entry.documentation = row->doc;
  entry.synonyms = BrokerSynonymList(broker, name, BrokerSynonyms(name), entry.sensitive);
  entry.source = FirstSource(entry.synonyms);
  return entry;
}

bool HasOwnRow(const std::string& name) {
  const ConfigRow* row = FindBrokerRow(name);
  return row != nullptr && row->name == name;
}

}  // namespace

std::vector<ConfigEntry> DescribeTopic(const BrokerConfig& broker, const Properties& overrides,
                                       const ConfigKeys& keys) {
  const TopicConfig config = TopicConfig::Make(broker, overrides, nullptr);
  std::vector<ConfigEntry> entries;
  for (const TopicRow& topic_row : TopicRows()) {
    if (!Wanted(keys, topic_row.row.name)) continue;
    ConfigEntry entry;
    entry.name = topic_row.row.name;
    entry.value = config.values.find(entry.name)->second;
    entry.type = topic_row.row.type;
    entry.documentation = topic_row.row.doc;
    if (!topic_row.synonyms.empty()) {
      const std::string& first = topic_row.synonyms.front();
      entry.synonyms = BrokerSynonymList(broker, first, BrokerSynonyms(first), false);
    }
    if (config.overrides.contains(entry.name)) {
      entry.synonyms.insert(entry.synonyms.begin(), {entry.name, entry.value, ConfigSource::kDynamicTopic});
    }
    entry.source = FirstSource(entry.synonyms);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigEntry> DescribeBroker(const BrokerConfig& broker, const ConfigKeys& keys) {
  std::vector<ConfigEntry> entries;
  for (const ConfigRow& row : BrokerRows()) {
    if ((!row.hidden || broker.RawValue(std::string(row.name)) != nullptr) && Wanted(keys, row.name))
      entries.push_back(DescribeRow(broker, row));
  }
  Properties others = broker.layers.fixed;
  others.insert(broker.layers.dynamic_default.begin(), broker.layers.dynamic_default.end());
  others.insert(broker.layers.dynamic_broker.begin(), broker.layers.dynamic_broker.end());
  for (const auto& [name, value] : others) {
    if (!HasOwnRow(name) && Wanted(keys, name)) entries.push_back(DescribeOther(broker, name));
  }
  return entries;
}

std::vector<ConfigEntry> DescribeBrokerDefault(const BrokerConfig& broker, const ConfigKeys& keys) {
  std::vector<ConfigEntry> entries;
  for (const auto& [name, value] : broker.layers.dynamic_default) {
    if (!Wanted(keys, name)) continue;
    ConfigEntry entry = DescribeOther(broker, name);
    entry.value = Shown(value, entry.sensitive);
    const ConfigRow* row = FindBrokerRow(name);
    entry.read_only = row == nullptr || row->name != name || row->change == ConfigChange::kReadOnly;
    std::erase_if(entry.synonyms,
                  [](const ConfigSynonym& s) { return s.source != ConfigSource::kDynamicDefaultBroker; });
    entry.source = ConfigSource::kDynamicDefaultBroker;
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace ottla
