// Control requests (control_wire.h) over a real connection.
// Connects to the listener of the broker that is for controllers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/base/random.h"
#include "common/net/rpc_channel.h"
#include "controller/shell/control_link.h"
#include "controller/shell/control_wire.h"

namespace ottla::controller {

struct RpcLinkOptions {
  BrokerId self;
  ControlVersions versions;
  std::string listener;  // inter-broker (or control plane) listener, upper case
  Micros connect_timeout{std::chrono::seconds(30)};
  Micros request_timeout{std::chrono::seconds(30)};
  Micros pause{Millis(100)};  // between one failure and the next try
};

// `context` is of the control executor; all arguments outlive the links.
ControlLinkFactory MakeRpcLinks(LoopContext& context, Network& network, Random random, RpcLinkOptions options);

}  // namespace ottla::controller
