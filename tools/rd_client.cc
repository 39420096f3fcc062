#include "tools/rd_client.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include "tools/tool_log.h"

namespace ottla::tools {
namespace {

constexpr const char* kLogger = "org.apache.kafka.clients";
constexpr int kWarning = 4;  // syslog levels

// Called from librdkafka's threads; one line is one write.
void OnLog(const rd_kafka_t* /*client*/, int level, const char* /*facility*/, const char* text) {
  if (level > kWarning) return;
  std::ostringstream line;
  LogLine(line, level < kWarning ? "ERROR" : "WARN", text, kLogger);
  std::cerr << line.str();
}

// Java's names that mean nothing to librdkafka, and those that are called otherwise there.
const std::pair<std::string_view, std::string_view> kNames[] = {
    {"key.serializer", ""},
    {"value.serializer", ""},
    {"key.deserializer", ""},
    {"value.deserializer", ""},
    {"buffer.memory", ""},
    {"max.block.ms", ""},
    {"exclude.internal.topics", ""},
    {"max.poll.records", ""},
    {"delivery.timeout.ms", "message.timeout.ms"},
    {"max.request.size", "message.max.bytes"},
    {"send.buffer.bytes", "socket.send.buffer.bytes"},
    {"receive.buffer.bytes", "socket.receive.buffer.bytes"},
    {"compression.type", "compression.codec"},
    {"fetch.max.wait.ms", "fetch.wait.max.ms"},
};

std::string Translate(const std::string& name) {
  for (const auto& [java, ours] : kNames) {
    if (java == name) return std::string(ours);
  }
  return name;
}

}  // namespace

RdConf::RdConf(std::ostream& err) : err_(err), conf_(rd_kafka_conf_new()) {
  rd_kafka_conf_set_log_cb(conf_.get(), OnLog);
}

Status RdConf::Set(const std::string& name, const std::string& value) {
  const std::string translated = Translate(name);
  if (translated.empty()) return Status::Ok();
  char reason[512];
  switch (rd_kafka_conf_set(conf_.get(), translated.c_str(), value.c_str(), reason, sizeof(reason))) {
    case RD_KAFKA_CONF_OK: given_[translated] = value; return Status::Ok();
    case RD_KAFKA_CONF_INVALID: return Status(StatusCode::kInvalidArgument, reason);
    case RD_KAFKA_CONF_UNKNOWN: break;
  }
  LogLine(err_, "WARN", "The configuration '" + name + "' was supplied but isn't a known config.", kLogger);
  return Status::Ok();
}

Status RdConf::SetAll(const Properties& properties) {
  for (const auto& [name, value] : properties) OTTLA_RETURN_IF_ERROR(Set(name, value));
  return Status::Ok();
}

Result<RdOwned<rd_kafka_t>> RdConf::Make(rd_kafka_type_t type) {
  char reason[512];
  rd_kafka_t* client = rd_kafka_new(type, conf_.get(), reason, sizeof(reason));
  if (client == nullptr) return Status(StatusCode::kInvalidArgument, reason);
  (void)conf_.release();  // the client owns it from here on
  return RdOwned<rd_kafka_t>(client);
}

Result<Properties> ReadClientProperties(const Args& args, std::string_view file_option, std::string_view word_option) {
  Properties properties;
  if (const auto path = args.Get(file_option)) {
    std::ifstream file(*path, std::ios::binary);
    if (!file) return Status(StatusCode::kNotFound, *path + " (No such file or directory)");
    std::ostringstream text;
    text << file.rdbuf();
    Result<Properties> read = ParseProperties(text.str());
    if (!read.ok()) return read;
    properties = std::move(read).value();
  }
  Result<Properties> words = args.GetProperties(word_option);
  if (!words.ok()) return words;
  for (const auto& [name, value] : *words) properties[name] = value;
  return properties;
}

}  // namespace ottla::tools
