// AlterClientQuotas (key 49), versions 0-1, flexible from 1.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AlterClientQuotasRequest {
  static constexpr ApiKey kKey = ApiKey::kAlterClientQuotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct EntityData {
    std::string_view entity_type;
    std::optional<std::string_view> entity_name = "";
  };

  struct OpData {
    std::string_view key;
    double value = 0;
    bool remove = false;
  };

  struct EntryData {
    std::vector<EntityData> entity;
    std::vector<OpData> ops;
  };

  std::vector<EntryData> entries;
  bool validate_only = false;
};

struct AlterClientQuotasResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterClientQuotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct EntityData {
    std::string_view entity_type;
    std::optional<std::string_view> entity_name = "";
  };

  struct EntryData {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
    std::vector<EntityData> entity;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<EntryData> entries;
};

}  // namespace ottla
