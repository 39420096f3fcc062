#include "tests/sim/env/sim_zk_tree.h"

#include <cstdio>
#include <utility>

#include "common/base/check.h"

namespace ottla::sim {

// How to take back one change: the node as it was (none: it was absent) and what its parent counted.
struct SimZkTree::Undo {
  std::string path;
  std::optional<Node> before;
  bool linked = false;  // the parent's set changed
  ZkStat parent_stat;
  std::int64_t parent_created = 0;
};

std::string ZkParent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

namespace {

std::string Leaf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string Key(const std::string& path) { return path == "/" ? std::string() : path; }

bool VersionFits(std::int32_t wanted, std::int32_t actual) { return wanted == -1 || wanted == actual; }

}  // namespace

SimZkTree::SimZkTree() { nodes_[""] = {}; }

const SimZkTree::Node* SimZkTree::Find(const std::string& path) const {
  const auto found = nodes_.find(Key(path));
  return found == nodes_.end() ? nullptr : &found->second;
}

ZkError SimZkTree::Apply(const std::vector<ZkOp>& ops, std::int64_t session, std::int64_t now_ms,
                         std::vector<ZkOpResult>& results, std::vector<ZkWatchEvent>& events) {
  results.assign(ops.size(), {});
  std::vector<Undo> undo;
  std::vector<ZkWatchEvent> fired;
  ++zxid_;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const ZkError error = ApplyOne(ops[i], session, now_ms, results[i], fired, undo);
    if (error == ZkError::kOk) continue;
    for (auto it = undo.rbegin(); it != undo.rend(); ++it) Restore(*it);
    for (std::size_t j = 0; j < ops.size(); ++j) {
      const ZkError told = j < i ? ZkError::kOk : j == i ? error : ZkError::kRuntimeInconsistency;
      results[j] = {told, {}, {}};
    }
    return error;
  }
  events.insert(events.end(), fired.begin(), fired.end());
  return ZkError::kOk;
}

ZkError SimZkTree::ApplyOne(const ZkOp& op, std::int64_t session, std::int64_t now_ms, ZkOpResult& result,
                            std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo) {
  if (op.kind == ZkOp::Kind::kCreate) return Create(op, session, now_ms, result, events, undo);
  const auto found = nodes_.find(Key(op.path));
  if (found == nodes_.end()) return ZkError::kNoNode;
  Node& node = found->second;
  if (!VersionFits(op.version, node.stat.version)) return ZkError::kBadVersion;
  switch (op.kind) {
    case ZkOp::Kind::kCheck: return ZkError::kOk;
    case ZkOp::Kind::kDelete: return Delete(op, events, undo);
    case ZkOp::Kind::kSet:
      undo.push_back({found->first, node});
      node.data = op.data;
      ++node.stat.version;
      node.stat.mzxid = zxid_;
      node.stat.mtime_ms = now_ms;
      result.stat = node.stat;
      events.push_back({ZkWatchEvent::Kind::kDataChanged, op.path});
      return ZkError::kOk;
    case ZkOp::Kind::kCreate: break;
  }
  return ZkError::kOther;
}

void SimZkTree::ChildrenChanged(Node& parent) {
  parent.stat.num_children = static_cast<std::int32_t>(parent.children.size());
  parent.stat.pzxid = zxid_;
  // As the server counts it: one for every creation and one for every removal.
  parent.stat.cversion = static_cast<std::int32_t>(2 * parent.created_children) - parent.stat.num_children;
}

ZkError SimZkTree::Create(const ZkOp& op, std::int64_t session, std::int64_t now_ms, ZkOpResult& result,
                          std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo) {
  const std::string parent_path = ZkParent(op.path);
  const auto parent = nodes_.find(parent_path);
  if (parent == nodes_.end()) return ZkError::kNoNode;
  if (parent->second.stat.ephemeral_owner != 0) return ZkError::kNoChildrenForEphemerals;
  std::string path = op.path;
  if (op.mode == ZkCreateMode::kPersistentSequential) {
    char number[16];
    std::snprintf(number, sizeof(number), "%010lld", static_cast<long long>(parent->second.created_children));
    path += number;
  }
  if (nodes_.contains(path)) return ZkError::kNodeExists;
  undo.push_back({path, std::nullopt, true, parent->second.stat, parent->second.created_children});
  Node node;
  node.data = op.data;
  node.stat.czxid = node.stat.mzxid = node.stat.pzxid = zxid_;
  node.stat.ctime_ms = node.stat.mtime_ms = now_ms;
  node.stat.ephemeral_owner = op.mode == ZkCreateMode::kEphemeral ? session : 0;
  parent->second.children.insert(Leaf(path));
  ++parent->second.created_children;
  ChildrenChanged(parent->second);
  nodes_[path] = std::move(node);
  result.path = path;
  events.push_back({ZkWatchEvent::Kind::kCreated, path});
  events.push_back({ZkWatchEvent::Kind::kChildrenChanged, parent_path.empty() ? "/" : parent_path});
  return ZkError::kOk;
}

ZkError SimZkTree::Delete(const ZkOp& op, std::vector<ZkWatchEvent>& events, std::vector<Undo>& undo) {
  const auto found = nodes_.find(op.path);
  if (found == nodes_.end()) return ZkError::kOther;  // the root
  if (!found->second.children.empty()) return ZkError::kNotEmpty;
  const std::string parent_path = ZkParent(op.path);
  Node& parent = nodes_.at(parent_path);
  undo.push_back({op.path, std::move(found->second), true, parent.stat, parent.created_children});
  nodes_.erase(found);
  parent.children.erase(Leaf(op.path));
  ChildrenChanged(parent);
  events.push_back({ZkWatchEvent::Kind::kDeleted, op.path});
  events.push_back({ZkWatchEvent::Kind::kChildrenChanged, parent_path.empty() ? "/" : parent_path});
  return ZkError::kOk;
}

void SimZkTree::Restore(const Undo& undo) {
  if (undo.before.has_value()) {
    nodes_[undo.path] = *undo.before;
  } else {
    nodes_.erase(undo.path);
  }
  if (!undo.linked) return;
  Node& parent = nodes_.at(ZkParent(undo.path));
  if (undo.before.has_value()) {
    parent.children.insert(Leaf(undo.path));
  } else {
    parent.children.erase(Leaf(undo.path));
  }
  parent.stat = undo.parent_stat;
  parent.created_children = undo.parent_created;
}

void SimZkTree::DropEphemerals(std::int64_t session, std::vector<ZkWatchEvent>& events) {
  ++zxid_;
  std::vector<std::string> owned;
  for (const auto& [path, node] : nodes_) {
    if (node.stat.ephemeral_owner == session) owned.push_back(path);
  }
  std::vector<Undo> undo;
  for (const std::string& path : owned) {
    const ZkError error = Delete(ZkOp::Delete(path, -1), events, undo);
    OTTLA_CHECK(error == ZkError::kOk) << "an ephemeral node had children";
  }
}

std::vector<ZkNodeDump> SimZkTree::Dump() const {
  std::vector<ZkNodeDump> all;
  for (const auto& [path, node] : nodes_) {
    if (!path.empty()) all.push_back({path, node.data, node.stat});
  }
  return all;
}

void SimZkTree::Load(const std::vector<ZkNodeDump>& nodes) {
  nodes_.clear();
  nodes_[""] = {};
  for (const ZkNodeDump& dump : nodes) {
    for (std::string path = dump.path; !path.empty() && path != "/"; path = ZkParent(path)) {
      nodes_.try_emplace(path);
      nodes_[ZkParent(path)].children.insert(Leaf(path));
    }
    Node& node = nodes_.at(Key(dump.path));
    node.data = dump.data;
    node.stat = dump.stat;
    zxid_ = std::max({zxid_, dump.stat.czxid, dump.stat.mzxid, dump.stat.pzxid});
  }
  for (auto& [path, node] : nodes_) {
    node.stat.num_children = static_cast<std::int32_t>(node.children.size());
    node.created_children = (static_cast<std::int64_t>(node.stat.cversion) + node.stat.num_children + 1) / 2;
  }
}

}  // namespace ottla::sim
