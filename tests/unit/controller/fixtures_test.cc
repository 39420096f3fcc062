// ZooKeeper trees that Kafka's brokers wrote: every znode is read and written again, and our controller takes over at
// any mark of their life.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/zk/zk_paths.h"
#include "harness.h"
#include "tests/support/golden.h"

namespace ottla::controller {
namespace {

using Json = nlohmann::json;
using test::Harness;

// Files of a fixture, packed or not, by name without ".gz".
std::map<std::string, std::string> FilesOf(const std::string& fixture) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(ottla::test::FixturesDir() + "/" + fixture)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    files[name] = entry.path().string();
  }
  return files;
}

std::vector<Json> Lines(const std::string& path) {
  std::vector<Json> lines;
  std::istringstream in(ottla::test::ReadAll(path));
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

struct Mark {
  std::string name;
  std::map<std::string, test::ZNode> nodes;
};

ZkData DataOf(const Json& node) {
  if (node.contains("data_hex")) return ottla::test::FromHex(node.at("data_hex").get<std::string>());
  return node.at("data").is_null() ? ZkData() : ZkData(node.at("data").get<std::string>());
}

std::vector<Mark> Marks(const std::string& fixture) {
  std::vector<Mark> marks;
  for (const auto& [name, path] : FilesOf(fixture)) {
    const bool tree = name.size() > 4 && name[0] >= '0' && name[0] <= '9';
    if (!tree && name != "moments.jsonl") continue;
    const std::vector<Json> lines = Lines(path);
    if (tree) {
      Mark mark{fixture + "/" + name, {}};
      for (const Json& line : lines) {
        test::ZNode node{DataOf(line), {}};
        node.stat.version = line.at("version");
        node.stat.czxid = line.at("czxid");
        node.stat.mzxid = line.at("mzxid");
        if (line.at("path") != "/") mark.nodes[line.at("path")] = std::move(node);
      }
      marks.push_back(std::move(mark));
      continue;
    }
    for (const Json& moment : lines) {  // without zxids: as if all were written at once
      Mark mark{fixture + "/" + moment.at("moment").get<std::string>(), {}};
      for (const auto& [node_path, line] : moment.at("tree").items()) {
        test::ZNode node{DataOf(line), {}};
        node.stat.version = line.at("version");
        node.stat.czxid = node.stat.mzxid = 1;
        mark.nodes[node_path] = std::move(node);
      }
      marks.push_back(std::move(mark));
    }
  }
  return marks;
}

// Of every folder of trees, whatever it is called.
std::vector<Mark> AllMarks() {
  std::vector<Mark> marks;
  for (const auto& entry : std::filesystem::directory_iterator(ottla::test::FixturesDir())) {
    if (!entry.is_directory()) continue;
    for (Mark& mark : Marks(entry.path().filename().string())) marks.push_back(std::move(mark));
  }
  return marks;
}

// What our codec makes of a node whose format it knows; nullopt: no format here.
std::optional<std::string> Recode(const std::string& path, const ZkData& data) {
  const auto starts = [&](std::string_view prefix) { return path.starts_with(prefix); };
  const auto under = [&](const std::string& parent) { return starts(parent + "/"); };
  const auto json = [&] { return Json::parse(data.value_or("null"), nullptr, false); };
  if (!data) return std::nullopt;
  if (under(zk::kBrokerIds)) {
    auto broker = zk::DecodeBroker(data).value();
    broker.timestamp_ms = std::stoll(json().at("timestamp").get<std::string>());
    return zk::Encode(broker);
  }
  if (path == zk::kController) {
    auto controller = zk::DecodeController(data).value();
    controller.timestamp_ms = std::stoll(json().at("timestamp").get<std::string>());
    return zk::Encode(controller);
  }
  if (path == zk::kControllerEpoch) return zk::Encode(zk::DecodeControllerEpoch(data).value());
  if (path == zk::kClusterId) return zk::EncodeClusterId(zk::DecodeClusterId(data).value());
  if (path == zk::kFeature) return zk::Encode(zk::DecodeFeature(data).value());
  if (path == zk::kProducerIdBlock) return zk::Encode(zk::DecodeProducerIdBlock(data).value());
  if (path == zk::kReassignPartitions) return zk::EncodeReassignment(zk::DecodeReassignment(data).value());
  if (path == zk::kPreferredElection) return zk::EncodePartitionSet(zk::DecodePartitionSet(data).value());
  if (under(zk::kIsrChanges)) return zk::EncodePartitionSet(zk::DecodePartitionSet(data).value());
  if (under(zk::kLogDirEvents)) return zk::EncodeLogDirEvent(zk::DecodeLogDirEvent(data).value());
  if (under(zk::kConfigChanges)) return zk::EncodeConfigChange(zk::DecodeConfigChange(data).value());
  if (under(zk::kConfig)) return zk::EncodeConfig(zk::DecodeConfig(data).value());
  if (under(zk::kTokens)) return zk::Encode(zk::DecodeToken(data).value());
  if (under(zk::kAclChanges)) return zk::EncodeLiteralAclChange(zk::DecodeLiteralAclChange(data).value());
  if (under(zk::kPrefixedAclChanges)) return zk::EncodePrefixedAclChange(zk::DecodePrefixedAclChange(data).value());
  if (under(zk::kAcls) || under(zk::kPrefixedAcls)) return zk::EncodeAcls(zk::DecodeAcls(data).value());
  if (under(zk::kBrokerTopics)) {
    return path.ends_with("/state") ? zk::Encode(zk::DecodeState(data).value())
                                    : zk::Encode(zk::DecodeTopic(data).value());
  }
  return std::nullopt;
}

TEST(Fixtures, EveryKnownZnodeIsReadAndWrittenAgain) {
  int same = 0;
  std::set<std::string> unknown;
  for (const Mark& mark : AllMarks()) {
    for (const auto& [path, node] : mark.nodes) {
      if (!node.data || node.data->empty()) continue;
      const std::optional<std::string> again = Recode(path, node.data);
      if (!again) {
        unknown.insert(path);
        continue;
      }
      ++same;
      const Json ours = Json::parse(*again, nullptr, false);
      const Json kafkas = Json::parse(*node.data, nullptr, false);
      const bool plain = ours.is_discarded() || kafkas.is_discarded();
      // An older writer's topic node has fewer fields and a lower version.
      const bool older = !plain && kafkas.is_object() && kafkas.contains("partitions") &&
                         path.starts_with(zk::kBrokerTopics) && kafkas.value("version", 0) < 3;
      if (older) {
        EXPECT_EQ(ours.at("partitions"), kafkas.at("partitions")) << path;
      } else if (plain) {
        EXPECT_EQ(*again, *node.data) << path;
      } else {
        EXPECT_EQ(ours, kafkas) << mark.name << " " << path;
      }
    }
  }
  EXPECT_GT(same, 500);
  for (const std::string& path : unknown) {
    // Token ids and offsets of old consumers are plain text.
    EXPECT_TRUE(path.starts_with(zk::kTokenChanges) || path.starts_with("/consumers/")) << path;
  }
}

// One controller per mark takes over; then brokers die and come back one by one.
TEST(Fixtures, OurControllerTakesOverAtAnyMark) {
  int takeovers = 0;
  int untouched = 0;
  for (Mark& mark : AllMarks()) {
    Harness h;
    h.tree.nodes = mark.nodes;
    for (const std::string& path : zk::PersistentPaths()) {
      if (!h.tree.nodes.contains(path)) h.tree.Put(path, std::nullopt);
    }
    h.tree.zxid = 1'000'000;
    const auto epoch = zk::DecodeControllerEpoch(h.tree.Read(zk::kControllerEpoch).data);
    h.next_epoch = epoch.ok() ? epoch->value + 1 : 1;
    const auto before = h.tree.nodes;
    SCOPED_TRACE(mark.name);
    h.Elect();
    ++takeovers;

    for (const auto& [name, topic] : h.core.state().topics) {
      EXPECT_TRUE(topic.set_aside.empty()) << name << ": " << topic.set_aside;
      for (const auto& [number, partition] : topic.partitions) {
        const TopicPartition tp{name, number};
        EXPECT_TRUE(partition.usable()) << tp << ": " << partition.set_aside;
        h.State(name, number);  // checks that core and tree agree
        const auto stored = before.find(zk::State(name, number));
        if (stored == before.end() || topic.deletion || partition.reassigning()) continue;
        const auto state = zk::DecodeState(stored->second.data).value();
        const bool well =
            state.leader != kNoBroker && std::ranges::all_of(state.isr, [&](BrokerId id) {
              const auto broker = h.core.state().brokers.find(id);
              return broker != h.core.state().brokers.end() && broker->second.epoch.value <= stored->second.stat.mzxid;
            });
        const bool election_asked = before.contains(zk::kPreferredElection);
        if (!well || !partition.state || election_asked) continue;
        ++untouched;
        EXPECT_EQ(partition.state->data, state) << tp;
      }
    }
    for (const auto& [id, broker] : std::map(h.core.state().brokers)) h.AnswerAll(id.value);
    for (const std::string& name : h.tree.Children(zk::kBrokerIds)) {
      const auto registration = h.tree.Read(zk::Child(zk::kBrokerIds, name));
      h.Down(std::stoi(name));
      h.tree.Put(zk::Child(zk::kBrokerIds, name), registration.data);
      h.TellBrokers();
      h.AnswerAll(std::stoi(name));
    }
    for (const auto& [name, topic] : h.core.state().topics) {
      for (const auto& [number, partition] : topic.partitions) {
        if (!partition.state || topic.deletion) continue;
        const bool possible =
            std::ranges::any_of(partition.state->data.isr, [&](BrokerId id) { return h.core.state().Registered(id); });
        EXPECT_EQ(partition.has_leader(), possible) << name << "-" << number << " " << h.State(name, number);
      }
    }
  }
  EXPECT_GT(takeovers, 20);
  EXPECT_GT(untouched, 200);
}

}  // namespace
}  // namespace ottla::controller
