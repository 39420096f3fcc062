#include <algorithm>

#include "common/protocol/codec.h"
#include "common/protocol/field.h"
#include "common/protocol/field_value.h"
#include "common/protocol/wire.h"

namespace ottla {
namespace {

// A count is believed only up to this much memory; past it, room grows with what has been decoded.
constexpr std::size_t kFirstRoom = 256u << 10;
constexpr std::int64_t kNull = -1;

class Decoder {
 public:
  Decoder(std::int16_t version, bool flexible, std::size_t body_size)
      : version_(version), flexible_(flexible), budget_(kDecodeMemoryBase + kDecodeMemoryFactor * body_size) {}

  // Each returns false once `in` has failed; failed_field() then names the innermost field.
  bool Struct(WireReader& in, const StructRows& rows, char* object);
  const char* failed_field() const { return failed_field_; }

 private:
  bool Value(WireReader& in, const Field& field, void* member, bool tagged);
  bool Primitive(WireReader& in, FieldKind kind, void* member);
  bool Text(WireReader& in, const Field& field, void* member);
  bool RecordsValue(WireReader& in, const Field& field, void* member);
  bool NullableStruct(WireReader& in, const Field& field, void* member, bool tagged);
  bool Array(WireReader& in, const Field& field, void* member);
  bool Numbers(WireReader& in, const Field& field, void* member, std::size_t count);
  bool Element(WireReader& in, const Field& field, char* element);
  bool Tags(WireReader& in, const StructRows& rows, char* object);
  bool TaggedField(WireReader& in, const StructRows& rows, char* object, std::uint32_t tag, std::string_view bytes);

  std::int64_t CompactLength(WireReader& in) { return static_cast<std::int64_t>(in.UVarint()) - 1; }
  std::int64_t Length(WireReader& in) { return flexible_ ? CompactLength(in) : in.I32(); }
  std::int64_t StringLength(WireReader& in) { return flexible_ ? CompactLength(in) : in.I16(); }
  // Kafka takes every negative length for null.
  bool MayBeNull(WireReader& in, const Field& field) {
    if (in.ok() && field.optional && field.nullable.Contains(version_)) return true;
    in.Fail("null where it is not allowed");
    return false;
  }
  bool Charge(WireReader& in, std::size_t bytes) {
    if (bytes > budget_) {
      in.Fail("more elements than a frame of this size may have");
      return false;
    }
    budget_ -= bytes;
    return true;
  }

  const std::int16_t version_;
  const bool flexible_;
  std::size_t budget_;  // bytes of array elements that may still be allocated
  const char* failed_field_ = nullptr;
};

bool Decoder::Struct(WireReader& in, const StructRows& rows, char* object) {
  for (const Field& field : rows) {
    if (!field.versions.Contains(version_) || field.tag != kNoTag) continue;
    if (!Value(in, field, object + field.offset, false)) {
      if (failed_field_ == nullptr) failed_field_ = field.name;
      return false;
    }
  }
  if (!flexible_) return true;
  if (Tags(in, rows, object)) return true;
  if (failed_field_ == nullptr) failed_field_ = "the tag section";
  return false;
}

bool Decoder::Value(WireReader& in, const Field& field, void* member, bool tagged) {
  switch (field.kind) {
    case FieldKind::kString:
    case FieldKind::kBytes: return Text(in, field, member);
    case FieldKind::kRecords: return RecordsValue(in, field, member);
    case FieldKind::kArray: return Array(in, field, member);
    case FieldKind::kStruct:
      if (field.optional) return NullableStruct(in, field, member, tagged);
      return Struct(in, *field.rows, static_cast<char*>(member));
    default: return Primitive(in, field.kind, member);
  }
}

bool Decoder::Primitive(WireReader& in, FieldKind kind, void* member) {
  switch (kind) {
    case FieldKind::kBool: As<bool>(member) = in.U8() != 0; break;
    case FieldKind::kInt8: As<std::int8_t>(member) = in.I8(); break;
    case FieldKind::kInt16:
    case FieldKind::kUint16: {
      const std::uint16_t value = in.U16();
      std::memcpy(member, &value, sizeof value);  // an int16, a uint16 or an ErrorCode
      break;
    }
    case FieldKind::kInt32: As<std::int32_t>(member) = in.I32(); break;
    case FieldKind::kUint32: As<std::uint32_t>(member) = in.U32(); break;
    case FieldKind::kInt64: As<std::int64_t>(member) = in.I64(); break;
    case FieldKind::kFloat64: As<double>(member) = in.F64(); break;
    case FieldKind::kUuid: As<Uuid>(member) = in.ReadUuid(); break;
    default: OTTLA_CHECK(false) << "not a primitive: " << static_cast<int>(kind);
  }
  return in.ok();
}

bool Decoder::Text(WireReader& in, const Field& field, void* member) {
  const bool is_string = field.kind == FieldKind::kString;
  const std::int64_t length = is_string ? StringLength(in) : Length(in);
  if (length < 0) {
    if (!MayBeNull(in, field)) return false;
    As<std::optional<std::string_view>>(member).reset();
    return true;
  }
  if (is_string && length > static_cast<std::int64_t>(kMaxStringSize)) {
    in.Fail("a string above 32767 bytes");
    return false;
  }
  const std::string_view text = in.Raw(static_cast<std::size_t>(length));
  if (field.optional) {
    As<std::optional<std::string_view>>(member) = text;
  } else {
    As<std::string_view>(member) = text;
  }
  return in.ok();
}

bool Decoder::RecordsValue(WireReader& in, const Field& field, void* member) {
  const std::int64_t length = Length(in);
  if (length >= 0) {
    As<Records>(member).bytes = in.Raw(static_cast<std::size_t>(length));
  } else if (in.ok() && !field.nullable.Contains(version_)) {
    in.Fail("null where it is not allowed");
  }
  return in.ok();
}

bool Decoder::NullableStruct(WireReader& in, const Field& field, void* member, bool tagged) {
  if (field.nullable.Contains(version_)) {
    const bool null = tagged ? in.UVarint() == 0 : in.I8() < 0;
    if (!in.ok()) return false;
    if (null) {
      field.optional_struct->reset(member);
      return true;
    }
  }
  return Struct(in, *field.rows, static_cast<char*>(field.optional_struct->emplace(member)));
}

bool Decoder::Array(WireReader& in, const Field& field, void* member) {
  const std::int64_t length = Length(in);
  if (length < 0) {
    if (!MayBeNull(in, field)) return false;
    field.array->set_null(member);
    return true;
  }
  // Every element takes at least a byte, whatever it is.
  if (!in.ok() || static_cast<std::uint64_t>(length) > in.remaining()) {
    in.Fail("a count beyond the end of the bytes");
    return false;
  }
  const auto count = static_cast<std::size_t>(length);
  if (field.element != FieldKind::kStruct && field.element != FieldKind::kString) {
    return Numbers(in, field, member, count);
  }
  const std::size_t element_size = field.array->element_size;
  // The count may lie: no more room at first than the bytes that are there.
  std::size_t room = std::min(count, std::max<std::size_t>(1, std::min(kFirstRoom, in.remaining()) / element_size));
  for (std::size_t done = 0;; room = std::min(count, room * 2)) {
    if (!Charge(in, (room - done) * element_size)) return false;
    char* elements = static_cast<char*>(field.array->resize(member, room));
    for (; done < room; ++done) {
      if (!Element(in, field, elements + done * element_size)) return false;
    }
    if (done == count) return true;
  }
}

// Fixed-size elements take as much memory as bytes of the frame.
bool Decoder::Numbers(WireReader& in, const Field& field, void* member, std::size_t count) {
  const std::size_t element_size = field.array->element_size;
  if (count > in.remaining() / element_size) {
    in.Fail("a count beyond the end of the bytes");
    return false;
  }
  char* elements = static_cast<char*>(field.array->resize(member, count));
  if (field.element == FieldKind::kInt32) {  // partition and replica lists: by far the most
    for (std::size_t i = 0; i < count; ++i) As<std::int32_t>(elements + i * sizeof(std::int32_t)) = in.I32();
    return true;
  }
  for (std::size_t i = 0; i < count; ++i) Primitive(in, field.element, elements + i * element_size);
  return in.ok();
}

bool Decoder::Element(WireReader& in, const Field& field, char* element) {
  if (field.element == FieldKind::kStruct) return Struct(in, *field.rows, element);
  const std::int64_t length = StringLength(in);
  if (length < 0 || length > static_cast<std::int64_t>(kMaxStringSize)) {
    in.Fail("an element that is null or a string above 32767 bytes");
    return false;
  }
  As<std::string_view>(element) = in.Raw(static_cast<std::size_t>(length));
  return in.ok();
}

bool Decoder::Tags(WireReader& in, const StructRows& rows, char* object) {
  if (!rows.has_tags) {
    in.SkipTags();
    return in.ok();
  }
  const std::uint32_t count = in.UVarint();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t tag = in.UVarint();
    const std::string_view bytes = in.Raw(in.UVarint());
    if (in.ok() && !TaggedField(in, rows, object, tag, bytes)) return false;
  }
  return in.ok();
}

// Decodes a tagged field from its own slice, so that a wrong size cannot shift what follows. Unknown tags are skipped.
bool Decoder::TaggedField(WireReader& in, const StructRows& rows, char* object, std::uint32_t tag,
                          std::string_view bytes) {
  for (const Field& field : rows) {
    if (field.tag == kNoTag || static_cast<std::uint32_t>(field.tag) != tag) continue;
    if (!field.versions.Contains(version_)) return true;
    WireReader slice(bytes);
    if (Value(slice, field, object + field.offset, true) && slice.remaining() == 0) return true;
    in.Fail(slice.ok() ? "a tagged field longer than its type" : slice.error());
    if (failed_field_ == nullptr) failed_field_ = field.name;
    return false;
  }
  return true;
}

}  // namespace

Result<std::size_t> Decode(const MessageRows& rows, std::string_view body, std::int16_t version, void* message) {
  if (version < rows.min_version || version > rows.max_version) {
    return Status(StatusCode::kUnsupported, std::string(rows.name) + " has no version " + std::to_string(version));
  }
  WireReader in(body);
  Decoder decoder(version, rows.IsFlexible(version), body.size());
  if (!decoder.Struct(in, *rows.root, static_cast<char*>(message))) {
    return Status(StatusCode::kCorrupt, std::string(rows.name) + " v" + std::to_string(version) + ": " +
                                            decoder.failed_field() + ": " + in.error());
  }
  return in.remaining();
}

}  // namespace ottla
