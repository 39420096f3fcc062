// Which topic names are legal, and which cannot stand beside each other (Kafka: Topic.java). Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace ottla {

inline constexpr std::size_t kMaxTopicNameSize =
    249;  // bytes; leaves room for "-<partition>.<32 hex>-delete" in a directory
inline constexpr std::string_view kGroupMetadataTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionStateTopic = "__transaction_state";

// kInvalidArgument with Kafka's message for a name that is not 1 to 249 of [a-zA-Z0-9._-], or is "." or "..".
Status ValidateTopicName(std::string_view name);

bool IsInternalTopic(std::string_view name);

// '.' and '_' become the same character in metric names, so Kafka refuses a topic that differs from another in these
// only.
bool HasCollisionChars(std::string_view name);
bool TopicNamesCollide(std::string_view a, std::string_view b);

}  // namespace ottla
