// Recorded lives of clusters: every change of ZooKeeper's tree, in the order of its transaction log, and who made it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/zk/zk_client.h"

namespace ottla::timelines {

struct Change {
  std::size_t line = 0;  // of the recording, from 1
  std::string mark;      // what was done next; then there is nothing else
  std::string session;
  std::int32_t broker = -1;  // who; -1: somebody else
  bool opens = false, closes = false;
  bool fenced = false;  // with a check of /controller_epoch
  std::vector<ZkOp> ops;
  std::vector<std::string> acls;  // of created nodes
};

struct Timeline {
  std::string name;             // of its folder
  nlohmann::json settings;      // of the brokers; null: not recorded
  std::vector<Change> changes;  // failed transactions are left out
};

// Every folder of the fixtures that holds a timeline, whatever it is called.
std::vector<Timeline> LoadTimelines();

// The tree that the recording says there is, as far as it has been walked.
class RecordedTree {
 public:
  void Apply(const Change& change);
  bool Has(const std::string& path) const { return nodes_.contains(path); }
  ZkData Data(const std::string& path) const;
  nlohmann::json Json(const std::string& path) const;  // null when absent or no JSON
  bool Registered(std::int32_t broker) const;

 private:
  struct Node {
    ZkData data;
    std::string owner;  // ephemeral: the session
  };
  std::map<std::string, Node> nodes_;
};

// "t" and 3 of /brokers/topics/t/partitions/3/state; empty: another path.
struct StatePath {
  std::string topic;
  std::int32_t partition = -1;
};
std::optional<StatePath> ParseState(const std::string& path);
// The topic a path belongs to (its znodes, its config, its deletion); empty: none.
std::string TopicOf(const std::string& path);
bool IsTopic(const std::string& path);  // /brokers/topics/t itself

}  // namespace ottla::timelines
