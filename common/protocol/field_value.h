// What stands in a field: the value as its type, and whether it is the default, which decides about tagged fields and
// about fields that a version lacks.
#pragma once

#include "common/protocol/field.h"

namespace ottla {

// A member of which the row says that it is a T.
template <class T>
const T& As(const void* member) {
  return *static_cast<const T*>(member);
}
template <class T>
T& As(void* member) {
  return *static_cast<T*>(member);
}

// `object` is an instance of the struct that `rows` describes and `field` is one of its rows.
bool IsDefault(const StructRows& rows, const Field& field, const char* object);

}  // namespace ottla
