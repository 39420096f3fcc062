#include "timeline.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "common/base/check.h"
#include "common/zk/zk_paths.h"
#include "tests/support/golden.h"

namespace ottla::timelines {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string Existing(const fs::path& path) {
  if (fs::exists(path)) return path.string();
  return fs::exists(path.string() + ".gz") ? path.string() + ".gz" : std::string();
}

ZkData DataOf(const Json& op) {
  if (op.contains("data_hex")) return ottla::test::FromHex(op.at("data_hex").get<std::string>());
  if (!op.contains("data") || op.at("data").is_null()) return std::nullopt;
  return op.at("data").get<std::string>();
}

void AddOp(const Json& op, Change& change) {
  const std::string kind = op.at("op");
  const std::string path = op.value("path", "");
  if (kind == "create") {
    const bool ephemeral = op.value("ephemeral", false);
    change.ops.push_back(
        ZkOp::Create(path, DataOf(op), ephemeral ? ZkCreateMode::kEphemeral : ZkCreateMode::kPersistent));
    for (const Json& acl : op.value("acl", Json::array())) change.acls.push_back(acl);
  } else if (kind == "setData") {
    change.ops.push_back(ZkOp::Set(path, DataOf(op), -1));
  } else if (kind == "delete") {
    change.ops.push_back(ZkOp::Delete(path, -1));
  } else if (kind == "check") {
    change.fenced = change.fenced || path == zk::kControllerEpoch;
  } else {
    OTTLA_CHECK(false) << "an unknown operation: " << kind;
  }
}

Change ToChange(const Json& line) {
  Change change;
  if (line.contains("mark")) {
    change.mark = line.at("mark");
    return change;
  }
  change.session = line.value("session", "");
  const std::string by = line.value("by", "");
  if (by.starts_with("broker ")) change.broker = std::atoi(by.c_str() + 7);
  const std::string kind = line.at("op");
  if (kind == "createSession") {
    change.opens = true;
  } else if (kind == "closeSession") {
    change.closes = true;
  } else if (kind == "multi") {
    for (const Json& op : line.at("ops")) AddOp(op, change);
  } else {
    AddOp(line, change);
  }
  return change;
}

Timeline LoadTimeline(const fs::path& folder) {
  Timeline timeline;
  timeline.name = folder.filename().string();
  if (const std::string meta = Existing(folder / "meta.json"); !meta.empty()) {
    timeline.settings = Json::parse(ottla::test::ReadAll(meta)).value("broker_config", Json());
  }
  std::istringstream in(ottla::test::ReadAll(Existing(folder / "timeline.jsonl")));
  std::size_t number = 0;
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text);
    ++number;
    if (line.value("failed", false)) continue;
    timeline.changes.push_back(ToChange(line));
    timeline.changes.back().line = number;
  }
  return timeline;
}

}  // namespace

std::vector<Timeline> LoadTimelines() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(ottla::test::FixturesDir())) {
    if (entry.is_directory() && !Existing(entry.path() / "timeline.jsonl").empty()) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  std::vector<Timeline> timelines;
  for (const fs::path& folder : folders) timelines.push_back(LoadTimeline(folder));
  return timelines;
}

void RecordedTree::Apply(const Change& change) {
  if (change.closes) std::erase_if(nodes_, [&](const auto& entry) { return entry.second.owner == change.session; });
  for (const ZkOp& op : change.ops) {
    switch (op.kind) {
      case ZkOp::Kind::kCreate:
        nodes_[op.path] = {op.data, op.mode == ZkCreateMode::kEphemeral ? change.session : ""};
        break;
      case ZkOp::Kind::kSet: nodes_[op.path].data = op.data; break;
      case ZkOp::Kind::kDelete: nodes_.erase(op.path); break;
      case ZkOp::Kind::kCheck: break;
    }
  }
}

ZkData RecordedTree::Data(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? std::nullopt : found->second.data;
}

Json RecordedTree::Json(const std::string& path) const {
  const nlohmann::json json = nlohmann::json::parse(Data(path).value_or("null"), nullptr, false);
  return json.is_discarded() ? nlohmann::json() : json;
}

bool RecordedTree::Registered(std::int32_t broker) const { return Has(zk::Broker(BrokerId(broker))); }

std::optional<StatePath> ParseState(const std::string& path) {
  if (!path.starts_with(std::string(zk::kBrokerTopics) + "/") || !path.ends_with("/state")) return std::nullopt;
  const std::optional<std::int32_t> partition = zk::ParseId(zk::BaseName(zk::Parent(path)));
  const std::string topic = TopicOf(path);
  if (!partition || topic.empty()) return std::nullopt;
  return StatePath{topic, *partition};
}

std::string TopicOf(const std::string& path) {
  for (const char* parent : {zk::kBrokerTopics, zk::kConfigTopics, zk::kDeleteTopics}) {
    const std::string prefix = std::string(parent) + "/";
    if (path.starts_with(prefix)) return path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size());
  }
  return "";
}

bool IsTopic(const std::string& path) { return zk::Parent(path) == zk::kBrokerTopics; }

}  // namespace ottla::timelines
