// Takes, watches and loses /controller. Taking it is one multi with the next controller epoch; an answer that was lost
// is made up for by looking who has it now.
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/unique_function.h"
#include "common/zk/zk_client.h"

namespace ottla::controller {

// Owner: the control executor.
class Elector {
 public:
  struct Hooks {
    // Elected: the new epoch, and the version of /controller_epoch that fences our writes.
    UniqueFunction<void(ControllerEpoch, std::int32_t epoch_zk_version)> won;
    UniqueFunction<void()> lost;  // was elected and is not any more
  };
  Elector(Executor& executor, ZkClient& zk, const Clock& clock, BrokerId self, Hooks hooks);
  ~Elector();

  void Start();           // and after each new session
  void SessionExpired();  // ours is gone with the session: `lost` is called, nothing is tried until Start
  // Gives the post up so that any broker may take it; `lost` is not called.
  void Resign();
  void Stop();  // takes part no longer; gives the post up
  // Who is elected, as last read; -1: nobody or not known.
  BrokerId controller() const { return controller_; }
  bool elected() const { return elected_; }

 private:
  void Look();
  void OnPresent(ZkError error, const ZkData& data, const ZkStat& stat);
  void Run();
  void CreateEpoch();
  void Take(ControllerEpoch epoch, std::int32_t version);
  void ConfirmEpoch();
  void Won(ControllerEpoch epoch, std::int32_t version);
  void Lose();
  void Again(void (Elector::*step)());
  template <class F>
  auto Guard(F f);

  Executor& executor_;
  ZkClient& zk_;
  const Clock& clock_;
  const BrokerId self_;
  Hooks hooks_;
  BrokerId controller_ = kNoBroker;
  bool running_ = false;  // between Start and SessionExpired or Stop
  bool elected_ = false;
  bool taking_ = false;  // our multi is under way: a look is put off until its answer
  ControllerEpoch tried_;
  std::int32_t epoch_zk_version_ = -1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t round_ = 0;  // a later Look makes what is under way of earlier ones void
};

}  // namespace ottla::controller
