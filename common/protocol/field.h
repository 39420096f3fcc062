// How a message's .cc file states its fields: one row each, in wire order, with the versions that have it. Types and
// defaults are taken from the struct itself. Everything else (decode, encode, JSON) walks these rows; see codec.cc.
// For the .cc files of messages, the codec and tests of the rows; nobody else needs it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

// A closed range of versions. Empty when last < first.
struct Versions {
  std::int16_t first = 0;
  std::int16_t last = std::numeric_limits<std::int16_t>::max();
  constexpr bool Contains(std::int16_t version) const { return version >= first && version <= last; }
};
inline constexpr Versions kAllVersions{};
inline constexpr Versions kNoVersions{0, -1};
constexpr Versions Since(std::int16_t first) { return {first, kAllVersions.last}; }
constexpr Versions Between(std::int16_t first, std::int16_t last) { return {first, last}; }
constexpr Versions Only(std::int16_t version) { return {version, version}; }

enum class FieldKind : std::uint8_t {
  kBool,
  kInt8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kFloat64,
  kUuid,
  kString,
  kBytes,
  kRecords,
  kStruct,
  kArray,
};

inline constexpr std::int8_t kNoTag = -1;

struct StructRows;

// Access to a std::vector<T> or std::optional<std::vector<T>> whose T the codec does not know.
struct ArrayView {
  const void* data = nullptr;
  std::size_t count = 0;
  bool null = false;
};
struct ArrayOps {
  std::size_t element_size;
  ArrayView (*view)(const void* array);
  void* (*resize)(void* array, std::size_t count);  // allocates exactly `count` elements; returns the first one
  void (*set_null)(void* array);                    // REQUIRES: the array is an optional
};

// Access to a std::optional<T> whose struct T the codec does not know.
struct OptionalOps {
  const void* (*get)(const void* optional);  // nullptr: null
  void* (*emplace)(void* optional);
  void (*reset)(void* optional);
};

struct Field {
  const char* name = nullptr;                    // the member's name; in camelCase it is Kafka's
  const StructRows* rows = nullptr;              // kStruct, or kArray of structs
  const ArrayOps* array = nullptr;               // kArray
  const OptionalOps* optional_struct = nullptr;  // kStruct held in an optional
  Versions versions;
  Versions nullable = kNoVersions;
  std::uint32_t offset = 0;
  FieldKind kind = FieldKind::kBool;
  FieldKind element = FieldKind::kBool;  // kArray
  std::int8_t tag = kNoTag;              // a tagged field is tagged in all its versions
  bool optional = false;                 // the member is a std::optional
  bool ignorable = false;  // at another value than the default, in a version without the field: dropped, not an error

  constexpr Field Nullable(Versions in = kAllVersions) const {
    Field field = *this;
    field.nullable = in;
    return field;
  }
  constexpr Field Tag(std::int8_t number) const {
    Field field = *this;
    field.tag = number;
    return field;
  }
  constexpr Field Ignorable() const {
    Field field = *this;
    field.ignorable = true;
    return field;
  }
  constexpr Field Bytes() const {
    Field field = *this;
    field.kind = FieldKind::kBytes;
    return field;
  }
};

struct StructRows {
  const Field* fields;
  std::size_t count;
  const void* defaults;  // an instance as constructed
  bool has_tags;         // any tagged field

  constexpr const Field* begin() const { return fields; }
  constexpr const Field* end() const { return fields + count; }
};

enum class MessageType : std::uint8_t { kRequest, kResponse, kData };

// One message type, as the codec sees it.
struct MessageRows {
  std::string_view name;  // "FetchRequest"
  MessageType type;
  std::int16_t key;  // -1 for kData
  std::int16_t min_version;
  std::int16_t max_version;
  std::int16_t first_flexible;
  const StructRows* root;
  void* (*create)();
  void (*destroy)(void* message);

  constexpr bool IsFlexible(std::int16_t version) const { return version >= first_flexible; }
};

template <class T>
struct RowsOf;  // specialized by OTTLA_ROWS

namespace field_internal {

template <class T>
struct KindOf {
  static constexpr FieldKind kKind = FieldKind::kStruct;
};
template <FieldKind kind>
struct Is {
  static constexpr FieldKind kKind = kind;
};
template <>
struct KindOf<bool> : Is<FieldKind::kBool> {};
template <>
struct KindOf<std::int8_t> : Is<FieldKind::kInt8> {};
template <>
struct KindOf<std::int16_t> : Is<FieldKind::kInt16> {};
template <>
struct KindOf<ErrorCode> : Is<FieldKind::kInt16> {};
template <>
struct KindOf<std::uint16_t> : Is<FieldKind::kUint16> {};
template <>
struct KindOf<std::int32_t> : Is<FieldKind::kInt32> {};
template <>
struct KindOf<std::uint32_t> : Is<FieldKind::kUint32> {};
template <>
struct KindOf<std::int64_t> : Is<FieldKind::kInt64> {};
template <>
struct KindOf<double> : Is<FieldKind::kFloat64> {};
template <>
struct KindOf<Uuid> : Is<FieldKind::kUuid> {};
template <>
struct KindOf<std::string_view> : Is<FieldKind::kString> {};
template <>
struct KindOf<Records> : Is<FieldKind::kRecords> {};

template <class T>
struct Unwrapped {
  using Type = T;
  static constexpr bool kOptional = false;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
  static constexpr bool kOptional = true;
};

template <class T>
struct ElementOf {};
template <class T>
struct ElementOf<std::vector<T>> {
  using Type = T;
};

template <class T>
void* ResizeVector(std::vector<T>& vector, std::size_t count) {
  vector.reserve(count);
  vector.resize(count);
  return vector.data();
}

template <class T>
constexpr ArrayOps kVectorOps{
    .element_size = sizeof(T),
    .view =
        [](const void* array) {
          const auto& vector = *static_cast<const std::vector<T>*>(array);
          return ArrayView{.data = vector.data(), .count = vector.size()};
        },
    .resize = [](void* array, std::size_t count) { return ResizeVector(*static_cast<std::vector<T>*>(array), count); },
    .set_null = nullptr};

template <class T>
constexpr ArrayOps kOptionalVectorOps{
    .element_size = sizeof(T),
    .view =
        [](const void* array) {
          const auto& optional = *static_cast<const std::optional<std::vector<T>>*>(array);
          return optional ? ArrayView{.data = optional->data(), .count = optional->size()} : ArrayView{.null = true};
        },
    .resize =
        [](void* array, std::size_t count) {
          auto& optional = *static_cast<std::optional<std::vector<T>>*>(array);
          if (!optional) optional.emplace();
          return ResizeVector(*optional, count);
        },
    .set_null = [](void* array) { static_cast<std::optional<std::vector<T>>*>(array)->reset(); }};

template <class T>
constexpr OptionalOps kOptionalOps{
    .get = [](const void* optional) -> const void* {
      const auto& value = *static_cast<const std::optional<T>*>(optional);
      return value ? &*value : nullptr;
    },
    .emplace = [](void* optional) -> void* { return &static_cast<std::optional<T>*>(optional)->emplace(T{}); },
    .reset = [](void* optional) { static_cast<std::optional<T>*>(optional)->reset(); }};

template <class Member>
constexpr Field MakeField(const char* name, std::size_t offset, Versions versions = kAllVersions) {
  using Value = typename Unwrapped<Member>::Type;
  constexpr bool kOptional = Unwrapped<Member>::kOptional;
  Field field{.name = name, .versions = versions, .offset = static_cast<std::uint32_t>(offset), .optional = kOptional};
  if constexpr (requires { typename ElementOf<Value>::Type; }) {
    using Element = typename ElementOf<Value>::Type;
    field.kind = FieldKind::kArray;
    field.element = KindOf<Element>::kKind;
    field.array = kOptional ? &kOptionalVectorOps<Element> : &kVectorOps<Element>;
    if constexpr (KindOf<Element>::kKind == FieldKind::kStruct) field.rows = &RowsOf<Element>::kRows;
  } else {
    field.kind = KindOf<Value>::kKind;
    if constexpr (KindOf<Value>::kKind == FieldKind::kStruct) {
      field.rows = &RowsOf<Value>::kRows;
      if constexpr (kOptional) field.optional_struct = &kOptionalOps<Value>;
    }
  }
  return field;
}

template <class... Rows>
constexpr std::array<Field, sizeof...(Rows)> MakeRows(const Rows&... rows) {
  return {rows...};
}

template <std::size_t kCount>
constexpr StructRows MakeStruct(const std::array<Field, kCount>& fields, const void* defaults) {
  bool has_tags = false;
  for (const Field& field : fields) has_tags = has_tags || field.tag != kNoTag;
  return {.fields = fields.data(), .count = kCount, .defaults = defaults, .has_tags = has_tags};
}

template <class T>
constexpr std::int16_t KeyOf() {
  if constexpr (requires { T::kKey; }) {
    return static_cast<std::int16_t>(T::kKey);
  } else {
    return -1;
  }
}

template <class T>
constexpr MessageRows MakeMessage(std::string_view name, MessageType type) {
  return {.name = name,
          .type = type,
          .key = KeyOf<T>(),
          .min_version = T::kMinVersion,
          .max_version = T::kMaxVersion,
          .first_flexible = T::kFirstFlexible,
          .root = &RowsOf<T>::kRows,
          .create = []() -> void* { return new T; },
          .destroy = [](void* message) { delete static_cast<T*>(message); }};
}

}  // namespace field_internal

// OTTLA_ROWS(Struct, ROW(member, versions).Nullable(versions).Tag(n).Ignorable(), ...): versions default to all that
// the enclosing struct is in. Structs used by others come first.
#define OTTLA_ROWS(Struct, ...)                                                          \
  template <>                                                                            \
  struct RowsOf<Struct> {                                                                \
    using Self = Struct;                                                                 \
    static_assert(std::is_standard_layout_v<Self>, "offsetof needs it");                 \
    static constexpr Self kDefaults{};                                                   \
    static constexpr auto kFields = field_internal::MakeRows(__VA_ARGS__);               \
    static constexpr StructRows kRows = field_internal::MakeStruct(kFields, &kDefaults); \
  };

#define ROW(member, ...) \
  field_internal::MakeField<decltype(Self::member)>(#member, offsetof(Self, member) __VA_OPT__(, ) __VA_ARGS__)

#define OTTLA_MESSAGE(Message, type) \
  constinit const MessageRows Message::kRows = field_internal::MakeMessage<Message>(#Message, MessageType::type);

}  // namespace ottla
