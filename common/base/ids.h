// Strong types for the numbers of the domain: a broker id cannot be passed where an epoch is meant.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace ottla {

template <class Tag, class Rep>
struct Id {
  Rep value{};
  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.value; }
};

using BrokerId = Id<struct BrokerIdTag, std::int32_t>;                // -1: none
using LeaderEpoch = Id<struct LeaderEpochTag, std::int32_t>;          // -1: unknown; one per leader change
using PartitionEpoch = Id<struct PartitionEpochTag, std::int32_t>;    // data version of the state znode
using ControllerEpoch = Id<struct ControllerEpochTag, std::int32_t>;  // one per controller election
using BrokerEpoch = Id<struct BrokerEpochTag, std::int64_t>;          // czxid of the registration; -1: unknown

// Position of a record in a partition; -1: none. Offset + Offset does not compile.
using Offset = Id<struct OffsetTag, std::int64_t>;
constexpr Offset Advance(Offset offset, std::int64_t count) { return Offset(offset.value + count); }
constexpr std::int64_t Distance(Offset from, Offset to) { return to.value - from.value; }

inline constexpr BrokerId kNoBroker{-1};
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr Offset kNoOffset{-1};

// 16 bytes, written as 22 characters of URL-safe base64 without padding. All zero: none.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;
  constexpr bool IsZero() const { return *this == Uuid{}; }
  std::string ToString() const;
  // Accepts 22 characters, or 24 with "==" (as Java's decoder does); nullopt for anything else.
  static std::optional<Uuid> FromString(std::string_view text);
  // Type-4 from 16 random bytes. Callers draw again while IsReserved().
  static Uuid FromRandom(std::uint64_t high, std::uint64_t low);
  bool IsReserved() const;  // zero, one, or a text that begins with '-'
};
std::ostream& operator<<(std::ostream& out, const Uuid& id);

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  std::string ToString() const { return topic + "-" + std::to_string(partition); }
};
std::ostream& operator<<(std::ostream& out, const TopicPartition& tp);

}  // namespace ottla

template <class Tag, class Rep>
struct std::hash<ottla::Id<Tag, Rep>> {
  std::size_t operator()(const ottla::Id<Tag, Rep>& id) const { return std::hash<Rep>{}(id.value); }
};
template <>
struct std::hash<ottla::Uuid> {
  std::size_t operator()(const ottla::Uuid& id) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
template <>
struct std::hash<ottla::TopicPartition> {
  std::size_t operator()(const ottla::TopicPartition& tp) const {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
  }
};
