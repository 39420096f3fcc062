// Java properties text, as server.properties and client property files are written. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace ottla {

using Properties = std::map<std::string, std::string>;

// Comments (# and !), `=`, `:` or blank as separator, backslash escapes and continuation lines, \uXXXX; the last of two
// equal keys wins. Input bytes are ISO-8859-1, the result is UTF-8. Leading blanks of a value are dropped, trailing
// ones kept (typed parsing trims). Fails only on a malformed \u escape.
Result<Properties> ParseProperties(std::string_view text);

// `key=value` of the command line replaces what the file says; no `=` or an empty key is kInvalidArgument.
Status ApplyOverride(std::string_view key_and_value, Properties* properties);

}  // namespace ottla
