#include "tools/args.h"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace ottla::tools {
namespace {

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

const Option* Find(std::span<const Option> options, std::string_view name) {
  const auto it = std::ranges::find(options, name, &Option::name);
  return it == options.end() ? nullptr : &*it;
}

bool LooksLikeOption(const std::string& word) { return word.size() > 2 && word.starts_with("--"); }

std::string TableHead(const Option& option) {
  std::string head = "--" + std::string(option.name);
  if (option.value == Option::Value::kRequired) head += " <" + std::string(option.argument) + ">";
  if (option.value == Option::Value::kOptional) head += " [" + std::string(option.argument) + "]";
  return head;
}

// `text` in lines of at most `width`, broken at blanks.
std::vector<std::string> Wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

}  // namespace

Result<Args> Args::Parse(std::span<const Option> options, std::span<const std::string> words) {
  Args args;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!LooksLikeOption(word)) {
      if (word.starts_with("-") && word != "-") return Bad(word.substr(1) + " is not a recognized option");
      continue;  // Kafka's tools do not look at words that belong to no option
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    const Option* option = Find(options, name);
    if (option == nullptr) return Bad(name + " is not a recognized option");
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (option->value == Option::Value::kRequired) {
      if (i + 1 == words.size()) return Bad("Option " + name + " requires an argument");
      value = words[++i];
    } else if (option->value == Option::Value::kOptional && i + 1 < words.size() && !words[i + 1].starts_with("-")) {
      value = words[++i];
    }
    auto& values = args.values_[name];
    if (!values.empty() && !option->repeats && option->value != Option::Value::kNone) {
      return Bad("Found multiple arguments for option " + name + ", but you asked for only one");
    }
    values.push_back(std::move(value));
  }
  return args;
}

std::optional<std::string> Args::Get(std::string_view name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return std::nullopt;
  return it->second.back();
}

std::string Args::GetOr(std::string_view name, std::string_view fallback) const {
  return Get(name).value_or(std::string(fallback));
}

std::vector<std::string> Args::GetAll(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>{} : it->second;
}

Result<std::optional<std::int64_t>> Args::GetNumber(std::string_view name, std::int64_t min, std::int64_t max) const {
  const auto text = Get(name);
  if (!text) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  if (text->empty() || parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || number < min ||
      number > max) {
    return Bad("Cannot parse argument '" + *text + "' of option " + std::string(name));
  }
  return std::optional<std::int64_t>(number);
}

Result<Properties> Args::GetProperties(std::string_view name) const {
  Properties properties;
  for (const std::string& word : GetAll(name)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return Bad("Invalid command line properties: " + word);
    properties[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return properties;
}

Status Args::Require(std::span<const std::string_view> names) const {
  for (std::string_view name : names) {
    if (!Has(name)) return Bad("Missing required argument \"[" + std::string(name) + "]\"");
  }
  return Status::Ok();
}

Status Args::Conflict(std::string_view name, std::span<const std::string_view> others) const {
  if (!Has(name)) return Status::Ok();
  for (std::string_view other : others) {
    if (!Has(other)) continue;
    return Bad("Option \"[" + std::string(name) + "]\" can't be used with option \"[" + std::string(other) + "]\"");
  }
  return Status::Ok();
}

std::string OptionTable(std::span<const Option> options) {
  std::vector<Option> sorted(options.begin(), options.end());
  std::ranges::sort(sorted, {}, &Option::name);
  std::size_t width = 6;
  for (const Option& option : sorted) width = std::max(width, TableHead(option).size());
  width = std::min<std::size_t>(width, 44);
  std::ostringstream table;
  const auto line = [&](std::string_view left, std::string_view right) {
    table << std::left << std::setw(static_cast<int>(width)) << left << "  " << right << "\n";
  };
  line("Option", "Description");
  line("------", "-----------");
  for (const Option& option : sorted) {
    const std::string head = TableHead(option);
    const std::vector<std::string> lines = Wrap(option.doc, 60);
    if (head.size() > width) {
      table << head << "\n";
      line("", lines.front());
    } else {
      line(head, lines.front());
    }
    for (std::size_t i = 1; i < lines.size(); ++i) line("", "  " + lines[i]);
  }
  return table.str();
}

int UsageError(const Streams& io, std::string_view message, std::span<const Option> options) {
  io.err << message << "\n" << OptionTable(options);
  return 1;
}

}  // namespace ottla::tools
