#include "tools/topics.h"

#include <array>
#include <fstream>
#include <limits>
#include <ostream>
#include <sstream>

#include "tools/tool_log.h"
#include "tools/topic_admin.h"
#include "tools/topic_view.h"
#include "tools/version.h"

namespace ottla::tools {
namespace {

using enum Option::Value;
constexpr Option kOptions[] = {
    {"bootstrap-server", kRequired, "String: server to connect to", "REQUIRED: The brokers to connect to."},
    {"command-config", kRequired, "String: command config property file", "Property file with settings of the client."},
    {"list", kNone, "", "List all topics."},
    {"create", kNone, "", "Create a new topic."},
    {"delete", kNone, "", "Delete a topic."},
    {"alter", kNone, "", "Change the number of partitions of a topic."},
    {"describe", kNone, "", "List details of topics."},
    {"topic", kRequired, "String: topic",
     "The topic; with --list, --describe, --alter and --delete a regular expression."},
    {"topic-id", kRequired, "String: topic-id", "The topic-id to describe. Only used with --describe."},
    {"config", kRequired, "String: name=value", "A setting of the topic being created.", true},
    {"delete-config", kRequired, "String: name", "Not supported: use kafka-configs.", true},
    {"partitions", kRequired, "Integer: # of partitions", "Number of partitions; the cluster's default if not given."},
    {"replication-factor", kRequired, "Integer: replication factor",
     "Replicas of each partition; the cluster's default if not given."},
    {"replica-assignment", kRequired, "String: broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , ...",
     "Which brokers hold which replicas."},
    {"under-replicated-partitions", kNone, "", "Describe only under-replicated partitions."},
    {"unavailable-partitions", kNone, "", "Describe only partitions without a leader."},
    {"under-min-isr-partitions", kNone, "", "Describe only partitions with fewer replicas in sync than required."},
    {"at-min-isr-partitions", kNone, "", "Describe only partitions with just the replicas in sync that are required."},
    {"topics-with-overrides", kNone, "", "Describe only topics with settings of their own."},
    {"if-exists", kNone, "", "Do nothing if the topic does not exist."},
    {"if-not-exists", kNone, "", "Do nothing if the topic exists."},
    {"exclude-internal", kNone, "", "Leave out internal topics."},
    {"partition-size-limit-per-response", kRequired, "Integer: maximum partitions", "Accepted; answers are not paged."},
    {"version", kNone, "", "Show the version."},
    {"help", kNone, "", "Show this text."},
};
constexpr std::array<std::string_view, 5> kActions = {"create", "delete", "alter", "describe", "list"};

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

// Options that only some actions know, as Kafka's table of conflicts has them.
Status CheckConflicts(const Args& args) {
  using Names = std::vector<std::string_view>;
  const std::pair<std::string_view, Names> conflicts[] = {
      {"config", {"list", "describe", "delete", "alter"}},
      {"delete-config", {"create", "list", "describe", "delete"}},
      {"partitions", {"list", "describe", "delete"}},
      {"replication-factor", {"list", "describe", "delete", "alter"}},
      {"replica-assignment", {"list", "describe", "delete"}},
      {"under-replicated-partitions", {"list", "create", "alter", "delete", "topics-with-overrides"}},
      {"unavailable-partitions", {"list", "create", "alter", "delete", "topics-with-overrides"}},
      {"under-min-isr-partitions", {"list", "create", "alter", "delete", "topics-with-overrides"}},
      {"at-min-isr-partitions", {"list", "create", "alter", "delete", "topics-with-overrides"}},
      {"topics-with-overrides", {"list", "create", "alter", "delete"}},
      {"if-exists", {"create", "list"}},
      {"if-not-exists", {"list", "describe", "delete", "alter"}},
      {"exclude-internal", {"create", "alter", "delete"}},
      {"topic-id", {"list", "create", "alter", "delete"}},
  };
  for (const auto& [option, others] : conflicts) OTTLA_RETURN_IF_ERROR(args.Conflict(option, others));
  if (!args.Has("create")) return Status::Ok();
  const std::string_view counts[] = {"partitions", "replication-factor"};
  return args.Conflict("replica-assignment", counts);
}

Status CheckUsage(const Args& args) {
  const auto actions = std::ranges::count_if(kActions, [&](std::string_view name) { return args.Has(name); });
  if (actions != 1) {
    return Bad("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
  }
  if (args.Has("alter") && (args.Has("config") || args.Has("delete-config"))) {
    return Bad(
        "Option combination \"[[bootstrap-server], [config]]\" can't be used with option \"[alter]\" (the "
        "kafka-configs CLI supports altering topic configs with a --bootstrap-server option)");
  }
  if (args.Has("describe") && args.Has("if-exists") && !args.Has("topic") && !args.Has("topic-id")) {
    return Bad("--topic or --topic-id is required to describe a topic");
  }
  const std::string_view topic[] = {"topic"};
  if (!args.Has("list") && !args.Has("describe")) OTTLA_RETURN_IF_ERROR(args.Require(topic));
  const std::string_view partitions[] = {"partitions"};
  if (args.Has("alter")) OTTLA_RETURN_IF_ERROR(args.Require(partitions));
  return CheckConflicts(args);
}

Result<Properties> ReadPropertiesFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(StatusCode::kNotFound, path + " (No such file or directory)");
  std::ostringstream text;
  text << file.rdbuf();
  return ParseProperties(text.str());
}

Result<AdminOptions> MakeAdminOptions(const Args& args) {
  Properties properties;
  if (const auto path = args.Get("command-config")) {
    Result<Properties> read = ReadPropertiesFile(*path);
    if (!read.ok()) return read.status();
    properties = std::move(read).value();
  }
  return AdminOptions::Make(args.GetOr("bootstrap-server", ""), properties);
}

Status Create(const Args& args, TopicAdmin* admin, std::ostream& out) {
  NewTopic topic{.name = args.GetOr("topic", "")};
  Result<Properties> configs = ParseTopicConfigs(args.GetAll("config"));
  if (!configs.ok()) return configs.status();
  topic.configs = std::move(configs).value();
  constexpr std::int64_t kAnyInt = std::numeric_limits<std::int32_t>::max();
  const auto partitions = args.GetNumber("partitions", -kAnyInt, kAnyInt);
  const auto factor = args.GetNumber("replication-factor", -kAnyInt, kAnyInt);
  if (!partitions.ok()) return partitions.status();
  if (!factor.ok()) return factor.status();
  if (*factor && (**factor < 1 || **factor > 32767)) {
    return Bad("The replication factor must be between 1 and 32767 inclusive");
  }
  if (*partitions && **partitions < 1) return Bad("The partitions must be greater than 0");
  topic.partitions = static_cast<std::int32_t>(partitions->value_or(-1));
  topic.replication_factor = static_cast<std::int16_t>(factor->value_or(-1));
  if (const auto text = args.Get("replica-assignment")) {
    auto assignment = ParseReplicaAssignment(*text);
    if (!assignment.ok()) return assignment.status();
    topic.assignment = std::move(assignment).value();
  }
  if (topic.name.find_first_of("._") != std::string::npos) {
    out << "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
           "To avoid issues it is best to use either, but not both.\n";
  }
  Status status = admin->Create(topic);
  if (status.code() == StatusCode::kAlreadyExists && args.Has("if-not-exists")) return Status::Ok();
  if (status.ok()) out << "Created topic " << topic.name << ".\n";
  return status;
}

// Names that --topic selects, or all. No match is an error unless --if-exists.
Result<std::vector<std::string>> Select(const Args& args, TopicAdmin* admin, bool must_exist) {
  Result<std::vector<std::string>> names = admin->ListNames();
  if (!names.ok()) return names;
  const auto asked = args.Get("topic");
  std::vector<std::string> selected;
  for (const std::string& name : *names) {
    if (args.Has("exclude-internal") && IsInternalTopic(name)) continue;
    if (asked) {
      const auto match = MatchesPattern(TopicPattern(*asked), name);
      if (!match) return Bad(TopicPattern(*asked) + " is an invalid regex.");
      if (!*match) continue;
    }
    selected.push_back(name);
  }
  if (asked && selected.empty() && must_exist && !args.Has("if-exists")) {
    return Bad("Topic 'Optional[" + *asked + "]' does not exist as expected");
  }
  return selected;
}

Status List(const Args& args, TopicAdmin* admin, std::ostream& out) {
  Result<std::vector<std::string>> names = Select(args, admin, false);
  if (!names.ok()) return names.status();
  for (std::size_t i = 0; i < names->size(); ++i) out << (i == 0 ? "" : "\n") << (*names)[i];
  out << "\n";  // also when there is no topic
  return Status::Ok();
}

Status Delete(const Args& args, TopicAdmin* admin) {
  Result<std::vector<std::string>> names = Select(args, admin, true);
  if (!names.ok()) return names.status();
  return names->empty() ? Status::Ok() : admin->Delete(*names);
}

Status Alter(const Args& args, TopicAdmin* admin) {
  Result<std::vector<std::string>> names = Select(args, admin, true);
  if (!names.ok()) return names.status();
  const auto count = args.GetNumber("partitions", 1, std::numeric_limits<std::int32_t>::max());
  if (!count.ok()) return Bad("The partitions must be greater than 0");
  std::vector<std::vector<std::int32_t>> assignment;
  if (const auto text = args.Get("replica-assignment")) {
    auto parsed = ParseReplicaAssignment(*text);
    if (!parsed.ok()) return parsed.status();
    assignment = std::move(parsed).value();
  }
  if (names->empty()) return Status::Ok();
  return admin->AddPartitions(*names, static_cast<std::int32_t>(count->value_or(1)), assignment);
}

Result<std::vector<std::string>> SelectById(const std::string& text, TopicAdmin* admin, bool if_exists) {
  const auto id = Uuid::FromString(text);
  if (!id) return Bad("Input string `" + text + "` is not a base64-encoded UUID");
  if (id->IsZero()) return admin->ListNames();  // the id that stands for none selects nothing
  Result<std::optional<std::string>> name = admin->FindById(*id);
  if (!name.ok()) return name.status();
  if (*name) return std::vector<std::string>{**name};
  if (if_exists) return std::vector<std::string>{};
  return Bad("TopicId '" + text + "' does not exist as expected");
}

Status Describe(const Args& args, TopicAdmin* admin, std::ostream& out) {
  const auto id = args.Get("topic-id");
  Result<std::vector<std::string>> names =
      id ? SelectById(*id, admin, args.Has("if-exists")) : Select(args, admin, true);
  if (!names.ok()) return names.status();
  if (names->empty()) return Status::Ok();
  Result<std::vector<TopicView>> topics = admin->Describe(*names);
  if (!topics.ok()) return topics.status();
  const DescribeFilter filter{.under_replicated = args.Has("under-replicated-partitions"),
                              .unavailable = args.Has("unavailable-partitions"),
                              .under_min_isr = args.Has("under-min-isr-partitions"),
                              .at_min_isr = args.Has("at-min-isr-partitions"),
                              .overrides_only = args.Has("topics-with-overrides")};
  for (const TopicView& topic : *topics) out << DescribeText(topic, filter);
  return Status::Ok();
}

Status Run(const Args& args, AdminOptions options, const Streams& io) {
  TopicAdmin admin(std::move(options), io.err);
  if (args.Has("create")) return Create(args, &admin, io.out);
  if (args.Has("delete")) return Delete(args, &admin);
  if (args.Has("alter")) return Alter(args, &admin);
  if (args.Has("describe")) return Describe(args, &admin, io.out);
  return List(args, &admin, io.out);
}

}  // namespace

int TopicsMain(std::span<const std::string> words, const Streams& io) {
  constexpr std::string_view kHelp = "This tool helps to create, delete, describe, or change a topic.";
  if (words.empty()) return UsageError(io, kHelp, kOptions);
  const Result<Args> args = Args::Parse(kOptions, words);
  if (!args.ok()) {
    io.err << args.status().message() << "\n";
    return 1;
  }
  if (args->Has("version")) return PrintVersion(io.out);
  if (args->Has("help")) return UsageError(io, kHelp, kOptions);
  if (!args->Has("bootstrap-server")) {
    io.err << "--bootstrap-server must be specified\n";
    return 1;
  }
  if (const Status usage = CheckUsage(*args); !usage.ok()) return UsageError(io, usage.message(), kOptions);
  Result<AdminOptions> options = MakeAdminOptions(*args);
  const Status status = options.ok() ? Run(*args, std::move(options).value(), io) : options.status();
  if (status.ok()) return 0;
  io.out << "Error while executing topic command : " << status.message() << std::endl;
  LogLine(io.err, "ERROR", status.message(), "org.apache.kafka.tools.TopicCommand");
  return 1;
}

}  // namespace ottla::tools
