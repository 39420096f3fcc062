#include "common/protocol/field_value.h"

#include <cstring>

namespace ottla {
namespace {

std::size_t SizeOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kBool:
    case FieldKind::kInt8: return 1;
    case FieldKind::kInt16:
    case FieldKind::kUint16: return 2;
    case FieldKind::kInt32:
    case FieldKind::kUint32: return 4;
    case FieldKind::kInt64:
    case FieldKind::kFloat64: return 8;
    case FieldKind::kUuid: return 16;
    default: return 0;
  }
}

bool SameText(const Field& field, const void* a, const void* b) {
  if (!field.optional) return *static_cast<const std::string_view*>(a) == *static_cast<const std::string_view*>(b);
  using Optional = std::optional<std::string_view>;
  return *static_cast<const Optional*>(a) == *static_cast<const Optional*>(b);
}

bool AllDefault(const StructRows& rows, const char* object) {
  for (const Field& field : rows) {
    if (!IsDefault(rows, field, object)) return false;
  }
  return true;
}

bool IsDefaultStruct(const Field& field, const char* value, const char* standard) {
  if (!field.optional) return AllDefault(*field.rows, value);
  const auto* present = static_cast<const char*>(field.optional_struct->get(value));
  const bool standard_is_null = field.optional_struct->get(standard) == nullptr;
  if (present == nullptr || standard_is_null) return (present == nullptr) == standard_is_null;
  return AllDefault(*field.rows, present);
}

// The default of an array is null or empty.
bool IsDefaultArray(const Field& field, const char* value, const char* standard) {
  const ArrayView array = field.array->view(value);
  return array.count == 0 && array.null == field.array->view(standard).null;
}

}  // namespace

bool IsDefault(const StructRows& rows, const Field& field, const char* object) {
  const char* value = object + field.offset;
  const char* standard = static_cast<const char*>(rows.defaults) + field.offset;
  switch (field.kind) {
    case FieldKind::kString:
    case FieldKind::kBytes: return SameText(field, value, standard);
    case FieldKind::kRecords: return reinterpret_cast<const Records*>(value)->IsNull();
    case FieldKind::kArray: return IsDefaultArray(field, value, standard);
    case FieldKind::kStruct: return IsDefaultStruct(field, value, standard);
    default: return std::memcmp(value, standard, SizeOf(field.kind)) == 0;
  }
}

}  // namespace ottla
