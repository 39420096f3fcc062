#include "tools/config_doc.h"

#include <limits>
#include <sstream>

#include "common/config/broker_config.h"
#include "common/config/topic_config.h"

namespace ottla::tools {
namespace {

std::string Default(const ConfigRow& row) {
  if (row.def == nullptr) return "null";
  return *row.def == '\0' ? "\"\"" : row.def;
}

std::string Range(const ConfigRow& row) {
  if (!row.valid.empty()) {
    std::string choices;
    for (const std::string& choice : SplitList(row.valid)) choices += (choices.empty() ? "" : ", ") + choice;
    return choices;
  }
  using Bounds = std::numeric_limits<std::int64_t>;
  std::string text;
  if (row.min != Bounds::min()) text = "≥ " + std::to_string(row.min);
  if (row.max != Bounds::max()) text += (text.empty() ? "≤ " : ", ≤ ") + std::to_string(row.max);
  return text;
}

std::string_view Change(ConfigChange change) {
  switch (change) {
    case ConfigChange::kReadOnly: return "restart";
    case ConfigChange::kPerBroker: return "per broker";
    case ConfigChange::kClusterWide: return "cluster";
  }
  return "";
}

}  // namespace

std::string ConfigurationDoc() {
  std::ostringstream doc;
  doc << "# Settings\n\nMade by `ottla config-doc` from the rows in `common/config`; a test compares.\n\n"
         "## Broker (server.properties, `--override key=value`)\n\n"
         "Change: `restart`; `per broker` and `cluster` may change while a broker runs, for one broker or for all.\n\n"
         "| Name | Type | Default | Valid | Change | Meaning |\n|---|---|---|---|---|---|\n";
  for (const ConfigRow& row : BrokerRows()) {
    if (row.hidden) continue;
    doc << "| " << row.name << " | " << ToString(row.type) << " | " << Default(row) << " | " << Range(row) << " | "
        << Change(row.change) << " | " << row.doc << " |\n";
  }
  doc << "\n## Topic (`kafka-topics --create --config key=value`)\n\n"
         "A topic that does not set a value has that of the broker setting, the first one set of those named.\n\n"
         "| Name | Type | Default | Valid | Broker setting | Meaning |\n|---|---|---|---|---|---|\n";
  for (const TopicRow& topic_row : TopicRows()) {
    const ConfigRow& row = topic_row.row;
    std::string synonyms;
    for (const std::string& name : topic_row.synonyms) synonyms += (synonyms.empty() ? "" : ", ") + name;
    doc << "| " << row.name << " | " << ToString(row.type) << " | " << Default(row) << " | " << Range(row) << " | "
        << synonyms << " | " << row.doc << " |\n";
  }
  return doc.str();
}

}  // namespace ottla::tools
