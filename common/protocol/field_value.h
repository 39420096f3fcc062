// Whether a field holds its default, which decides about tagged fields and about fields that a version lacks.
#pragma once

#include "common/protocol/field.h"

namespace ottla {

// `object` is an instance of the struct that `rows` describes and `field` is one of its rows.
bool IsDefault(const StructRows& rows, const Field& field, const char* object);

}  // namespace ottla
