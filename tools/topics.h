// kafka-topics: create, list, describe, alter and delete topics through brokers.
#pragma once

#include <span>
#include <string>

#include "tools/args.h"

namespace ottla::tools {

// The exit status. Output and messages are those of Kafka 3.9's TopicCommand.
int TopicsMain(std::span<const std::string> words, const Streams& io);

}  // namespace ottla::tools
