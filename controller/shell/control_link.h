// The way to one incarnation of one broker, for control requests. Seam of the controller's shell: real ones are RPC
// channels, tests have their own.
#pragma once

#include <functional>
#include <memory>

#include "common/base/status.h"
#include "common/base/unique_function.h"
#include "controller/core/effects.h"
#include "controller/core/events.h"

namespace ottla::controller {

class ControlLink {
 public:
  using Done = UniqueFunction<void(Result<ControlAnswered>)>;
  virtual ~ControlLink() = default;  // what is under way is dropped without an answer
  // One at a time. A failure means that nobody knows whether the broker acted; the link sets the pace of trying again.
  // Never answers from inside the call.
  virtual void Call(const ControlRequest& request, Done done) = 0;
};

using ControlLinkFactory = std::function<std::unique_ptr<ControlLink>(const Broker& broker)>;

}  // namespace ottla::controller
