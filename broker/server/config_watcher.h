// Follows /config/changes: every broker hears of a changed entity by a sequential child there, reads the entity again
// and removes children older than 15 minutes, whoever wrote them. Also keeps the version of /feature. Owner: the
// control loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/zk/zk_client.h"

namespace ottla {

class ConfigWatcher {
 public:
  // `changed` gets "topics/t", "brokers/1", ... in the order of the notifications.
  ConfigWatcher(Executor& control, ZkClient& zk, const Clock& clock, std::function<void(const std::string&)> changed);

  // Now, and again with every new session: watches die with the old one.
  void Start();
  // Data version of /feature; -1 before it was read or while it does not exist. Any thread.
  std::int64_t feature_version() const { return feature_version_.load(); }

 private:
  void List();
  void OnChildren(std::vector<std::string> children);
  void Read(std::string child);
  void ReadFeature();
  void Retry(Task what);

  Executor& control_;
  ZkClient& zk_;
  const Clock& clock_;
  const std::function<void(const std::string&)> changed_;
  std::int64_t last_seen_ = -1;               // number of the newest child handled
  std::map<std::string, std::int64_t> ages_;  // ctime (ms) of children handled and still there
  std::uint64_t session_ = 0;                 // callbacks of an older Start are ignored
  std::atomic<std::int64_t> feature_version_{-1};
};

}  // namespace ottla
