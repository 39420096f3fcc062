// DescribeClientQuotas (key 48), versions 0-1, flexible from 1.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeClientQuotasRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeClientQuotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct ComponentData {
    std::string_view entity_type;
    std::int8_t match_type = 0;
    std::optional<std::string_view> match = "";
  };

  std::vector<ComponentData> components;
  bool strict = false;
};

struct DescribeClientQuotasResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeClientQuotas;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct EntityData {
    std::string_view entity_type;
    std::optional<std::string_view> entity_name = "";
  };

  struct ValueData {
    std::string_view key;
    double value = 0;
  };

  struct EntryData {
    std::vector<EntityData> entity;
    std::vector<ValueData> values;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::optional<std::vector<EntryData>> entries = std::vector<EntryData>{};
};

}  // namespace ottla
