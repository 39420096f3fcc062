// The command line of kafka-console-consumer, checked. No I/O but the property files named in it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "tools/args.h"
#include "tools/message_format.h"

namespace ottla::tools {

struct ConsumerOptions {
  std::string servers;
  std::string topic;    // empty: `include` says which
  std::string include;  // regular expression over whole names
  std::optional<std::int32_t> partition;
  std::int64_t offset = -1;  // where to start without a committed offset: -2 earliest, -1 latest, else itself
  std::int64_t max_messages = -1;
  std::int64_t timeout_ms = -1;
  std::optional<std::string> group;  // nullopt: no group
  bool print_nothing = false;        // NoOpMessageFormatter
  bool skip_errors = false;
  std::optional<std::string> isolation_level;  // beats the property; librdkafka's own default is read_committed
  MessageFormat format;
  Properties properties;  // of --consumer.config and --consumer-property
};

std::span<const Option> ConsumerOptionTable();
Result<ConsumerOptions> ReadConsumerOptions(const Args& args);

}  // namespace ottla::tools
