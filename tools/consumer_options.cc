#include "tools/consumer_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <set>

#include "tools/admin_client.h"
#include "tools/rd_client.h"
#include "tools/topic_view.h"

namespace ottla::tools {
namespace {

using enum Option::Value;
constexpr Option kOptions[] = {
    {"bootstrap-server", kRequired, "String: server to connect to", "REQUIRED: The brokers to connect to."},
    {"topic", kRequired, "String: topic", "The topic to read."},
    {"include", kRequired, "String: Java regex (String)", "Regular expression: the topics to read."},
    {"whitelist", kRequired, "String: Java regex (String)", "Older name of --include."},
    {"partition", kRequired, "Integer: partition", "Read only this partition, from its end unless --offset is given."},
    {"offset", kRequired, "String: consume offset", "Where to start: earliest, latest (default), or a number."},
    {"from-beginning", kNone, "", "Start with the oldest record, unless the group has committed offsets."},
    {"max-messages", kRequired, "Integer: num_messages", "Stop after this many records."},
    {"timeout-ms", kRequired, "Integer: timeout_ms", "Stop when no record comes for this long."},
    {"group", kRequired, "String: consumer group id",
     "Join this group and commit offsets. Without it every partition is read, and nothing is committed."},
    {"consumer-property", kRequired, "String: consumer_prop", "A setting of the consumer.", true},
    {"consumer.config", kRequired, "String: config file", "Property file with settings of the consumer."},
    {"formatter", kRequired, "String: class",
     "DefaultMessageFormatter, LoggingMessageFormatter or NoOpMessageFormatter."},
    {"property", kRequired, "String: prop",
     "print.timestamp, print.partition, print.offset, print.headers, print.key, print.value, key.separator, "
     "line.separator, headers.separator, null.literal, key.deserializer, value.deserializer, headers.deserializer",
     true},
    {"formatter-config", kRequired, "String: config file", "Property file for the formatter."},
    {"key-deserializer", kRequired, "String: deserializer for key", "How keys become text."},
    {"value-deserializer", kRequired, "String: deserializer for values", "How values become text."},
    {"skip-message-on-error", kNone, "", "Go on when a record cannot be printed."},
    {"isolation-level", kRequired, "String", "read_committed or read_uncommitted (default)."},
    {"enable-systest-events", kNone, "", "Accepted without effect."},
    {"version", kNone, "", "Show the version."},
    {"help", kNone, "", "Show this text."},
};

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

Status ReadTopic(const Args& args, ConsumerOptions* options) {
  const int given = int{args.Has("topic")} + int{args.Has("include")} + int{args.Has("whitelist")};
  if (given != 1)
    return Bad("Exactly one of --include/--topic is required. " +
               std::string(given > 1 ? "(--whitelist is an older name of --include.)" : ""));
  options->topic = args.GetOr("topic", "");
  options->include = args.Has("include") ? args.GetOr("include", "") : args.GetOr("whitelist", "");
  if (!options->include.empty() && !MatchesPattern(TopicPattern(options->include), "")) {
    return Bad(TopicPattern(options->include) + " is an invalid regex.");
  }
  return Status::Ok();
}

Status ReadStart(const Args& args, ConsumerOptions* options) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const auto partition = args.GetNumber("partition", 0, kMost);
  if (!partition.ok()) return partition.status();
  if (*partition && options->topic.empty()) return Bad("The topic is required when partition is specified.");
  if (*partition) options->partition = static_cast<std::int32_t>(**partition);
  if (args.Has("offset") && !*partition) return Bad("The partition is required when offset is specified.");
  if (args.Has("offset") && args.Has("from-beginning"))
    return Bad("Options from-beginning and offset cannot be specified together.");
  std::string text = args.GetOr("offset", args.Has("from-beginning") ? "earliest" : "latest");
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "earliest") {
    options->offset = -2;
  } else if (text == "latest") {
    options->offset = -1;
  } else {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), options->offset);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || options->offset < 0) {
      return Bad("The provided offset value '" + text +
                 "' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.");
    }
  }
  return Status::Ok();
}

Status ReadLimits(const Args& args, ConsumerOptions* options) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const auto messages = args.GetNumber("max-messages", -kMost, kMost);
  const auto timeout = args.GetNumber("timeout-ms", -kMost, kMost);
  if (!messages.ok()) return messages.status();
  if (!timeout.ok()) return timeout.status();
  options->max_messages = messages->value_or(-1);
  options->timeout_ms = timeout->value_or(-1);
  options->isolation_level = args.Get("isolation-level");
  options->skip_errors = args.Has("skip-message-on-error");
  return Status::Ok();
}

// Every place that names a group must name the same one.
Status ReadGroup(const Args& args, ConsumerOptions* options) {
  std::set<std::string> names;
  if (const auto group = args.Get("group")) names.insert(*group);
  if (const auto it = options->properties.find("group.id"); it != options->properties.end()) names.insert(it->second);
  if (names.size() > 1) {
    return Bad(
        "The group ids provided in different places (directly using '--group', via '--consumer-property', or via "
        "'--consumer.config') do not match.");
  }
  if (!names.empty()) options->group = *names.begin();
  // With a group librdkafka matches the names itself, by its own expressions.
  const std::string pattern = TopicPattern(options->include);
  if (options->group && (pattern.starts_with("(?") || pattern.find("\\Q") != std::string::npos)) {
    return Bad("\\Q...\\E and (?i) cannot be used in --include together with a group.");
  }
  if (options->group && options->partition) return Bad("Options group and partition cannot be specified together.");
  return Status::Ok();
}

// Where a partition begins of which nothing is committed: the property says it, when it is given.
Status ReadReset(const Args& args, ConsumerOptions* options) {
  const auto reset = options->properties.find("auto.offset.reset");
  if (reset == options->properties.end()) return Status::Ok();
  if (args.Has("from-beginning") && reset->second != "earliest") {
    return Bad("Can't simultaneously specify --from-beginning and 'auto.offset.reset=" + reset->second +
               "', please remove one option");
  }
  if (!options->partition && reset->second == "earliest") options->offset = -2;
  return Status::Ok();
}

Status ReadFormatter(const Args& args, ConsumerOptions* options) {
  Result<Properties> properties = ReadClientProperties(args, "formatter-config", "property");
  if (!properties.ok()) return properties.status();
  if (const auto key = args.Get("key-deserializer")) (*properties)["key.deserializer"] = *key;
  if (const auto value = args.Get("value-deserializer")) (*properties)["value.deserializer"] = *value;
  Result<MessageFormat> format = MessageFormat::Make(*properties);
  if (!format.ok()) return format.status();
  options->format = std::move(format).value();
  const std::string name = args.GetOr("formatter", "DefaultMessageFormatter");
  const std::string plain = name.substr(name.rfind('.') + 1);
  options->print_nothing = plain == "NoOpMessageFormatter";
  if (options->print_nothing || plain == "DefaultMessageFormatter" || plain == "LoggingMessageFormatter") {
    return Status::Ok();
  }
  return Bad("the formatter " + name + " is not available");
}

}  // namespace

std::span<const Option> ConsumerOptionTable() { return kOptions; }

Result<ConsumerOptions> ReadConsumerOptions(const Args& args) {
  ConsumerOptions options;
  const std::string_view server[] = {"bootstrap-server"};
  OTTLA_RETURN_IF_ERROR(ReadTopic(args, &options));
  OTTLA_RETURN_IF_ERROR(ReadStart(args, &options));
  OTTLA_RETURN_IF_ERROR(ReadLimits(args, &options));
  OTTLA_RETURN_IF_ERROR(args.Require(server));
  options.servers = args.GetOr("bootstrap-server", "");
  if (const auto addresses = ParseBootstrap(options.servers); !addresses.ok()) return addresses.status();
  Result<Properties> properties = ReadClientProperties(args, "consumer.config", "consumer-property");
  if (!properties.ok()) return properties.status();
  options.properties = std::move(properties).value();
  OTTLA_RETURN_IF_ERROR(ReadGroup(args, &options));
  OTTLA_RETURN_IF_ERROR(ReadReset(args, &options));
  OTTLA_RETURN_IF_ERROR(ReadFormatter(args, &options));
  return options;
}

}  // namespace ottla::tools
