// `ottla <tool> ...`, or called by the name of one of Apache's scripts.
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "tools/args.h"
#include "tools/config_doc.h"
#include "tools/console_consumer.h"
#include "tools/console_producer.h"
#include "tools/server_control.h"
#include "tools/topics.h"

namespace {

using ottla::tools::Streams;
using Words = std::vector<std::string>;

struct Tool {
  std::string_view script;   // Apache's name, without .sh
  std::string_view command;  // ours
  std::string_view doc;
  int (*run)(const Words& words, const std::string& invoked_as, const Streams& io);
};

int Topics(const Words& words, const std::string&, const Streams& io) { return ottla::tools::TopicsMain(words, io); }
int Produce(const Words& words, const std::string&, const Streams& io) {
  return ottla::tools::ConsoleProducerMain(words, std::cin, io);
}
int Consume(const Words& words, const std::string&, const Streams& io) {
  return ottla::tools::ConsoleConsumerMain(words, io);
}
int Start(const Words& words, const std::string& invoked_as, const Streams& io) {
  return ottla::tools::ServerStartMain(words, invoked_as, io);
}
int Stop(const Words& words, const std::string&, const Streams& io) { return ottla::tools::ServerStopMain(words, io); }
int Doc(const Words&, const std::string&, const Streams& io) {
  io.out << ottla::tools::ConfigurationDoc();
  return 0;
}

constexpr Tool kTools[] = {
    {"kafka-topics", "topics", "create, list, describe, alter and delete topics", Topics},
    {"kafka-console-producer", "produce", "send lines of standard input", Produce},
    {"kafka-console-consumer", "consume", "print records", Consume},
    {"kafka-server-start", "start", "start a broker", Start},
    {"kafka-server-stop", "stop", "stop every broker of this machine", Stop},
    {"", "config-doc", "print the settings as Markdown", Doc},
};

int Usage() {
  std::cerr << "USAGE: ottla <tool> [options]\n";
  for (const Tool& tool : kTools) {
    std::cerr << "  " << tool.command << std::string(12 - tool.command.size(), ' ') << tool.doc;
    if (!tool.script.empty()) std::cerr << " (" << tool.script << ")";
    std::cerr << "\n";
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const Streams io{.out = std::cout, .err = std::cerr};
  const std::string invoked_as = argv[0];
  std::string name = invoked_as.substr(invoked_as.rfind('/') + 1);
  if (name.ends_with(".sh")) name.resize(name.size() - 3);
  for (const Tool& tool : kTools) {
    if (!tool.script.empty() && tool.script == name) return tool.run({argv + 1, argv + argc}, invoked_as, io);
  }
  if (argc < 2) return Usage();
  std::string command = argv[1];
  if (command.ends_with(".sh")) command.resize(command.size() - 3);
  for (const Tool& tool : kTools) {
    if (tool.command == command || tool.script == command) {
      return tool.run({argv + 2, argv + argc}, std::string(invoked_as).append(" ").append(command), io);
    }
  }
  return Usage();
}
