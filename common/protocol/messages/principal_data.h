// The principal inside an Envelope request; begins with its int16 version (DecodeVersioned).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DefaultPrincipalData {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::string_view type;
  std::string_view name;
  bool token_authenticated = false;
};

}  // namespace ottla
