// Command lines as Kafka's own tools take them: long options, `--opt value` or `--opt=value`, no abbreviations. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/config/properties.h"

namespace ottla::tools {

struct Option {
  enum class Value { kNone, kRequired, kOptional };
  std::string_view name;  // without the dashes
  Value value = Value::kNone;
  std::string_view argument;  // for the table: "String: topic"
  std::string_view doc;
  bool repeats = false;
};

class Args {
 public:
  // kInvalidArgument, with Kafka's words, for an unknown option, a missing value, an option given twice, a stray word.
  static Result<Args> Parse(std::span<const Option> options, std::span<const std::string> words);

  bool Has(std::string_view name) const { return values_.contains(name); }
  std::optional<std::string> Get(std::string_view name) const;  // empty text: given without its optional value
  std::string GetOr(std::string_view name, std::string_view fallback) const;
  std::vector<std::string> GetAll(std::string_view name) const;
  // kInvalidArgument naming the option when it is there and not a decimal number within bounds.
  Result<std::optional<std::int64_t>> GetNumber(std::string_view name, std::int64_t min, std::int64_t max) const;
  // The `key=value` words of a repeated option in order, the last of a key winning.
  Result<Properties> GetProperties(std::string_view name) const;

  // kInvalidArgument when any of `names` is missing: Missing required argument "[topic]".
  Status Require(std::span<const std::string_view> names) const;
  // kInvalidArgument when `name` and one of `others` are both there.
  Status Conflict(std::string_view name, std::span<const std::string_view> others) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// The two-column table, sorted by name.
std::string OptionTable(std::span<const Option> options);

// What every tool needs from the world, so that tests can look at it.
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

// Message and option table on stderr; the exit status of a wrong command line.
int UsageError(const Streams& io, std::string_view message, std::span<const Option> options);

}  // namespace ottla::tools
