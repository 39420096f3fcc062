// kafka-console-producer: each line of stdin as one record, through librdkafka.
#pragma once

#include <istream>
#include <span>
#include <string>

#include "tools/args.h"

namespace ottla::tools {

// The exit status: 0 also when records could not be delivered (each has its line on stderr), as Kafka's tool has it;
// with --sync the first such record ends it with 1.
int ConsoleProducerMain(std::span<const std::string> words, std::istream& in, const Streams& io);

}  // namespace ottla::tools
