#include <limits>

#include "common/protocol/codec.h"
#include "common/protocol/field_value.h"
#include "common/protocol/wire.h"

namespace ottla {
namespace {

constexpr std::int64_t kMaxLength = std::numeric_limits<std::int32_t>::max();

class Encoder {
 public:
  Encoder(const MessageRows& message, std::int16_t version, EncodedBody* out)
      : message_(message),
        version_(version),
        flexible_(message.IsFlexible(version)),
        cuts_(&out->cuts),
        out_(&out->bytes) {}

  // Each returns false after the first failure; status() says which.
  bool Struct(const StructRows& rows, const char* object);
  const Status& status() const { return status_; }

 private:
  bool Absent(const StructRows& rows, const Field& field, const char* object);
  bool Value(const Field& field, const char* member, bool tagged);
  void Primitive(FieldKind kind, const void* member);
  bool Text(const Field& field, const void* member);
  bool String(const Field& field, std::string_view text);
  bool RecordsValue(const Field& field, const Records& records);
  bool NullableStruct(const Field& field, const void* member, bool tagged);
  bool Array(const Field& field, const void* member);
  bool Tags(const StructRows& rows, const char* object);

  void Length(std::int64_t length) {
    if (flexible_) {
      out_.UVarint(static_cast<std::uint32_t>(length + 1));
    } else {
      out_.I32(static_cast<std::int32_t>(length));
    }
  }
  void StringLength(std::int64_t length) {
    if (flexible_) {
      out_.UVarint(static_cast<std::uint32_t>(length + 1));
    } else {
      out_.I16(static_cast<std::int16_t>(length));
    }
  }
  bool MayBeNull(const Field& field) {
    return field.nullable.Contains(version_) || Fail(StatusCode::kInvalidArgument, field, "must not be null");
  }
  bool Fits(const Field& field, std::int64_t size, std::int64_t limit) {
    return size <= limit || Fail(StatusCode::kInvalidArgument, field, "is too large");
  }
  bool Fail(StatusCode code, const Field& field, std::string_view why) {
    status_ = Status(code, std::string(message_.name) + " v" + std::to_string(version_) + ": " + field.name + " " +
                               std::string(why));
    return false;
  }

  const MessageRows& message_;
  const std::int16_t version_;
  const bool flexible_;
  std::vector<Cut>* cuts_;
  WireWriter out_;
  Status status_;
};

bool Encoder::Struct(const StructRows& rows, const char* object) {
  for (const Field& field : rows) {
    if (!field.versions.Contains(version_)) {
      if (!Absent(rows, field, object)) return false;
    } else if (field.tag == kNoTag) {
      if (!Value(field, object + field.offset, false)) return false;
    }
  }
  return !flexible_ || Tags(rows, object);
}

bool Encoder::Absent(const StructRows& rows, const Field& field, const char* object) {
  return field.ignorable || IsDefault(rows, field, object) ||
         Fail(StatusCode::kUnsupported, field, "is set, but not in this version");
}

bool Encoder::Value(const Field& field, const char* member, bool tagged) {
  switch (field.kind) {
    case FieldKind::kString:
    case FieldKind::kBytes: return Text(field, member);
    case FieldKind::kRecords: return RecordsValue(field, As<Records>(member));
    case FieldKind::kArray: return Array(field, member);
    case FieldKind::kStruct:
      return field.optional ? NullableStruct(field, member, tagged) : Struct(*field.rows, member);
    default: Primitive(field.kind, member); return true;
  }
}

void Encoder::Primitive(FieldKind kind, const void* member) {
  switch (kind) {
    case FieldKind::kBool: return out_.U8(As<bool>(member) ? 1 : 0);
    case FieldKind::kInt8: return out_.I8(As<std::int8_t>(member));
    case FieldKind::kInt16:
    case FieldKind::kUint16: {
      std::uint16_t value = 0;
      std::memcpy(&value, member, sizeof value);  // an int16, a uint16 or an ErrorCode
      return out_.U16(value);
    }
    case FieldKind::kInt32: return out_.I32(As<std::int32_t>(member));
    case FieldKind::kUint32: return out_.U32(As<std::uint32_t>(member));
    case FieldKind::kInt64: return out_.I64(As<std::int64_t>(member));
    case FieldKind::kFloat64: return out_.F64(As<double>(member));
    case FieldKind::kUuid: return out_.WriteUuid(As<Uuid>(member));
    default: OTTLA_CHECK(false) << "not a primitive: " << static_cast<int>(kind);
  }
}

bool Encoder::Text(const Field& field, const void* member) {
  std::optional<std::string_view> text;
  if (field.optional) {
    text = As<std::optional<std::string_view>>(member);
  } else {
    text = As<std::string_view>(member);
  }
  if (field.kind == FieldKind::kString) {
    if (text) return String(field, *text);
    StringLength(-1);
    return MayBeNull(field);
  }
  if (!text) {
    Length(-1);
    return MayBeNull(field);
  }
  if (!Fits(field, static_cast<std::int64_t>(text->size()), kMaxLength)) return false;
  Length(static_cast<std::int64_t>(text->size()));
  out_.Raw(*text);
  return true;
}

bool Encoder::String(const Field& field, std::string_view text) {
  if (!Fits(field, static_cast<std::int64_t>(text.size()), kMaxStringSize)) return false;
  StringLength(static_cast<std::int64_t>(text.size()));
  out_.Raw(text);
  return true;
}

bool Encoder::RecordsValue(const Field& field, const Records& records) {
  if (records.IsNull()) {
    Length(-1);
    return MayBeNull(field);
  }
  const std::int64_t size =
      records.IsExternal() ? records.external_size : static_cast<std::int64_t>(records.bytes->size());
  if (!Fits(field, size, kMaxLength)) return false;
  Length(size);
  if (!records.IsExternal()) {
    out_.Raw(*records.bytes);
  } else if (size > 0) {
    cuts_->push_back({.at = out_.size(), .size = size, .id = records.external_id});
  }
  return true;
}

bool Encoder::NullableStruct(const Field& field, const void* member, bool tagged) {
  const auto* value = static_cast<const char*>(field.optional_struct->get(member));
  const bool nullable = field.nullable.Contains(version_);
  if (value == nullptr && !nullable) return MayBeNull(field);
  if (nullable) out_.I8(value != nullptr ? 1 : tagged ? 0 : -1);  // tagged: a varint, but of one byte too
  return value == nullptr || Struct(*field.rows, value);
}

bool Encoder::Array(const Field& field, const void* member) {
  const ArrayView array = field.array->view(member);
  if (array.null) {
    Length(-1);
    return MayBeNull(field);
  }
  if (!Fits(field, static_cast<std::int64_t>(array.count), kMaxLength)) return false;
  Length(static_cast<std::int64_t>(array.count));
  const char* element = static_cast<const char*>(array.data);
  for (std::size_t i = 0; i < array.count; ++i, element += field.array->element_size) {
    if (field.element == FieldKind::kStruct) {
      if (!Struct(*field.rows, element)) return false;
    } else if (field.element == FieldKind::kString) {
      if (!String(field, As<std::string_view>(element))) return false;
    } else {
      Primitive(field.element, element);
    }
  }
  return true;
}

// Known tagged fields that differ from their default, in the order of the rows, which is ascending by tag.
bool Encoder::Tags(const StructRows& rows, const char* object) {
  if (!rows.has_tags) {
    out_.U8(0);
    return true;
  }
  const auto is_written = [&](const Field& field) {
    return field.tag != kNoTag && field.versions.Contains(version_) && !IsDefault(rows, field, object);
  };
  std::uint32_t count = 0;
  for (const Field& field : rows) count += is_written(field) ? 1 : 0;
  out_.UVarint(count);
  for (const Field& field : rows) {
    if (!is_written(field)) continue;
    out_.UVarint(static_cast<std::uint32_t>(field.tag));
    const std::size_t start = out_.size();
    if (!Value(field, object + field.offset, true)) return false;
    out_.PrefixSize(start);
  }
  return true;
}

}  // namespace

Status Encode(const MessageRows& rows, const void* message, std::int16_t version, EncodedBody* out) {
  if (version < rows.min_version || version > rows.max_version) {
    return Status(StatusCode::kUnsupported, std::string(rows.name) + " has no version " + std::to_string(version));
  }
  Encoder encoder(rows, version, out);
  encoder.Struct(*rows.root, static_cast<const char*>(message));
  return encoder.status();
}

}  // namespace ottla
