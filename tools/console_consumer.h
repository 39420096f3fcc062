// kafka-console-consumer: prints records of a topic, through librdkafka. With --group the consumer joins that group;
// without, it reads every partition by itself and commits nothing.
#pragma once

#include <span>
#include <string>

#include "tools/args.h"

namespace ottla::tools {

// The exit status. SIGINT and SIGTERM end it as a limit would.
int ConsoleConsumerMain(std::span<const std::string> words, const Streams& io);

}  // namespace ottla::tools
