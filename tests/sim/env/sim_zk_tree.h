// The znodes of the simulated ZooKeeper and the rules of changing them. No time, no sessions beyond an owner's number.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/zk/zk_client.h"

namespace ottla::sim {

// One znode as text files and fixtures hold it.
struct ZkNodeDump {
  std::string path;
  ZkData data;
  ZkStat stat;
};

class SimZkTree {
 public:
  struct Node {
    ZkData data;
    ZkStat stat;
    std::int64_t created_children = 0;  // numbers sequential children; never falls
    std::set<std::string> children;
  };

  SimZkTree();

  // One transaction: all of `ops` or none, under one new zxid. `events` gets what watches are told, in order.
  ZkError Apply(const std::vector<ZkOp>& ops, std::int64_t session, std::int64_t now_ms,
                std::vector<ZkOpResult>& results, std::vector<ZkWatchEvent>& events);
  // The end of a session: its ephemeral nodes go, in one transaction.
  void DropEphemerals(std::int64_t session, std::vector<ZkWatchEvent>& events);

  const Node* Find(const std::string& path) const;
  std::int64_t zxid() const { return zxid_; }
  std::int64_t NextZxid() { return ++zxid_; }

  std::vector<ZkNodeDump> Dump() const;  // by path; without the root
  // Replaces the tree. Parents that are missing are made with null data. Stats are taken as they are.
  void Load(const std::vector<ZkNodeDump>& nodes);

 private:
  struct Undo;
  ZkError ApplyOne(const ZkOp& op, std::int64_t session, std::int64_t now_ms, ZkOpResult& result,
                   std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo);
  ZkError Create(const ZkOp& op, std::int64_t session, std::int64_t now_ms, ZkOpResult& result,
                 std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo);
  ZkError Delete(const ZkOp& op, std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo);
  void Restore(const Undo& undo);
  void ChildrenChanged(Node& parent);

  std::map<std::string, Node> nodes_;  // by whole path; the root is ""
  std::int64_t zxid_ = 0;
};

// "/a/b" -> "/a"; "/a" -> "".
std::string ZkParent(const std::string& path);

}  // namespace ottla::sim
