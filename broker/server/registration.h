// This broker's place in ZooKeeper: the persistent paths, the cluster id, and /brokers/ids/N, whose czxid is the broker
// epoch. Kept for as long as the process lives: a new session registers anew, with a larger epoch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/base/unique_function.h"
#include "common/zk/zk_client.h"
#include "common/zk/zk_codec.h"

namespace ottla {

struct RegistrationOptions {
  BrokerId id;
  std::vector<zk::ListenerEndpoint> endpoints;  // advertised; listener names upper case
  std::optional<std::string> rack;
  // How long the node of another session is waited for: that broker's session timeout, at most.
  Micros foreign_owner_wait{std::chrono::seconds(18)};
};

// Owner: the control executor. What to do when:
//   process start   PrepareTree, ClusterId, Register
//   session expired (the controller resigns first), client.NewSession(); when connected: Register again
// Answers come on the control executor, never from inside the call. After destruction nothing is answered.
class Registration {
 public:
  Registration(Executor& control, ZkClient& zk, const Clock& clock, RegistrationOptions options);

  // Every path that brokers expect, with null data; existing ones are fine.
  void PrepareTree(UniqueFunction<void(Status)> done);
  // The cluster's id: read, or (first broker of all) created. `random` makes it.
  void ClusterId(Random& random, UniqueFunction<void(Result<std::string>)> done);
  // kAlreadyExists: another session owns the node and did not end in time; the message names it. kInvalidArgument:
  // another broker advertises one of our endpoints. kClosed: the session expired meanwhile; register again after the
  // next one.
  void Register(UniqueFunction<void(Result<BrokerEpoch>)> done);

  // Of the registration in force; -1 before the first and from the moment its session is known to have ended.
  BrokerEpoch epoch() const { return epoch_; }
  void SessionExpired() { epoch_ = BrokerEpoch(-1); }
  // Calls back once when the node has gone although the session lives (an operator deleted it), or has another owner.
  void OnGone(std::function<void()> gone) { gone_ = std::move(gone); }

 private:
  using Done = UniqueFunction<void(Result<BrokerEpoch>)>;
  struct Attempt {
    MonoTime give_up;
    Done done;
  };
  void CreateLevels(std::vector<std::string> levels, std::size_t at, UniqueFunction<void(Status)> done);
  void CreateClusterId(std::string id, UniqueFunction<void(Result<std::string>)> done);
  void CheckEndpoints(std::shared_ptr<Attempt> attempt);
  std::string Conflict(const std::string& other, const ZkData& data) const;
  void TryCreate(std::shared_ptr<Attempt> attempt);
  void OnExists(std::shared_ptr<Attempt> attempt);
  void Succeeded(const std::shared_ptr<Attempt>& attempt, BrokerEpoch epoch);
  void WatchNode();
  void Later(Task task);
  template <class F>
  auto Guard(F f);

  Executor& control_;
  ZkClient& zk_;
  const Clock& clock_;
  const RegistrationOptions options_;
  BrokerEpoch epoch_{-1};
  ZkSession previous_;  // the session of the last registration of this process
  std::function<void()> gone_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ottla
