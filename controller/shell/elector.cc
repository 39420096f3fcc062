#include "controller/shell/elector.h"

#include <utility>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller {
Elector::Elector(Executor& executor, ZkClient& zk, const Clock& clock, BrokerId self, Hooks hooks)
    : executor_(executor), zk_(zk), clock_(clock), self_(self), hooks_(std::move(hooks)) {}

Elector::~Elector() = default;

// Everything under way belongs to one round; `alive_` ends with this object.
template <class F>
auto Elector::Guard(F f) {
  return [this, alive = std::weak_ptr<bool>(alive_), round = round_, f = std::move(f)](auto&&... args) mutable {
    if (!alive.expired() && running_ && round == round_) f(std::forward<decltype(args)>(args)...);
  };
}

void Elector::Again(void (Elector::*step)()) {
  executor_.RunAfter(kZkRetryAfter, Guard([this, step] { (this->*step)(); }));
}

void Elector::Start() {
  running_ = true;
  Look();
}

void Elector::SessionExpired() {
  Lose();
  running_ = taking_ = false;
  ++round_;
  controller_ = kNoBroker;
}

void Elector::Resign() {
  if (!std::exchange(elected_, false)) return;
  controller_ = kNoBroker;
  // Fenced: never the node of a successor. If it fails the node is no longer ours, or goes with the session.
  zk_.Multi({ZkOp::Check(zk::kControllerEpoch, epoch_zk_version_), ZkOp::Delete(zk::kController, -1)},
            [](ZkError error, const std::vector<ZkOpResult>&) {
              if (error != ZkError::kOk) LOG(WARNING) << "controller: resigning: " << ToString(error);
            });
}

void Elector::Stop() {
  running_ = taking_ = false;
  ++round_;
  Resign();
}

void Elector::Lose() {
  if (!std::exchange(elected_, false)) return;
  if (hooks_.lost) hooks_.lost();
}

// Reads /controller and watches it, whether it is there or not.
void Elector::Look() {
  if (taking_) return;  // looked at when the multi is answered
  ++round_;
  zk_.Exists(
      zk::kController, Guard([this](const ZkWatchEvent&) { Look(); }), Guard([this](ZkError error, const ZkStat&) {
        if (error == ZkError::kNoNode) {
          Lose();
          controller_ = kNoBroker;
          Run();
        } else if (error == ZkError::kOk) {
          zk_.Get(zk::kController, nullptr,
                  Guard([this](ZkError e, const ZkData& data, const ZkStat& stat) { OnPresent(e, data, stat); }));
        } else if (error == ZkError::kConnectionLoss) {
          Again(&Elector::Look);
        }
      }));
}

void Elector::OnPresent(ZkError error, const ZkData& data, const ZkStat& stat) {
  if (error == ZkError::kConnectionLoss || error == ZkError::kNoNode) {
    Again(&Elector::Look);
    return;
  }
  if (error != ZkError::kOk) return;
  const Result<zk::ControllerRegistration> now = zk::DecodeController(data);
  if (!now.ok()) LOG(ERROR) << "controller: " << now.status() << "; waiting for it to change";
  const bool ours = stat.ephemeral_owner == zk_.session().id;
  controller_ = now.ok() ? now->broker : kNoBroker;
  if (!ours) {
    Lose();
  } else if (!elected_) {
    ConfirmEpoch();  // the answer to our multi was lost
  }
}

void Elector::Run() {
  zk_.Get(zk::kControllerEpoch, nullptr, Guard([this](ZkError error, const ZkData& data, const ZkStat& stat) {
            if (error == ZkError::kNoNode) {
              CreateEpoch();
            } else if (error == ZkError::kConnectionLoss) {
              Again(&Elector::Look);
            } else if (error == ZkError::kOk) {
              const Result<ControllerEpoch> epoch = zk::DecodeControllerEpoch(data);
              if (epoch.ok()) {
                Take(ControllerEpoch(epoch->value + 1), stat.version);
              } else {
                LOG(ERROR) << "controller: " << epoch.status() << "; nobody can be elected until it is repaired";
              }
            }
          }));
}

void Elector::CreateEpoch() {
  zk_.Create(zk::kControllerEpoch, zk::Encode(ControllerEpoch(0)), ZkCreateMode::kPersistent,
             Guard([this](ZkError error, const std::string&) {
               if (error == ZkError::kOk || error == ZkError::kNodeExists) {
                 Run();
               } else if (error == ZkError::kConnectionLoss) {
                 Again(&Elector::Look);
               }
             }));
}

void Elector::Take(ControllerEpoch epoch, std::int32_t version) {
  taking_ = true;
  tried_ = epoch;
  const zk::ControllerRegistration registration{self_, clock_.WallMillis(), -1};
  zk_.Multi({ZkOp::Create(zk::kController, zk::Encode(registration), ZkCreateMode::kEphemeral),
             ZkOp::Set(zk::kControllerEpoch, zk::Encode(epoch), version)},
            Guard([this, epoch](ZkError error, const std::vector<ZkOpResult>& results) {
              taking_ = false;
              if (error == ZkError::kOk) {
                Won(epoch, results[1].stat.version);
              } else if (error == ZkError::kConnectionLoss) {
                Again(&Elector::Look);
              } else {
                Look();
              }
            }));
}

// The node is our session's: elected, if the epoch is the one we wrote.
void Elector::ConfirmEpoch() {
  zk_.Get(zk::kControllerEpoch, nullptr, Guard([this](ZkError error, const ZkData& data, const ZkStat& stat) {
            const Result<ControllerEpoch> now = zk::DecodeControllerEpoch(data);
            if (error == ZkError::kOk && now.ok() && *now == tried_) {
              Won(tried_, stat.version);
            } else if (error == ZkError::kOk) {
              // An epoch that is not ours beside a node that is: give the node back, all elect anew.
              LOG(ERROR) << "controller: /controller_epoch was changed while we were elected";
              zk_.Delete(zk::kController, -1, Guard([this](ZkError) { Again(&Elector::Look); }));
            } else {
              Again(&Elector::Look);
            }
          }));
}

void Elector::Won(ControllerEpoch epoch, std::int32_t version) {
  elected_ = true;
  controller_ = self_;
  epoch_zk_version_ = version;
  LOG(INFO) << "controller: elected, epoch " << epoch;
  hooks_.won(epoch, version);
  Look();  // watches what is ours now
}

}  // namespace ottla::controller
