// A log directory that Apache Kafka 3.9.1 wrote, unpacked for one test, with what Kafka says is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "broker/log/log_config.h"
#include "log_harness.h"
#include "tests/support/golden.h"

namespace ottla {

using nlohmann::json;

inline std::vector<json> Lines(const std::string& path) {
  std::vector<json> lines;
  std::istringstream text(test::ReadAll(path));
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

inline std::int64_t Number(const json& configs, const char* key, std::int64_t otherwise) {
  return configs.contains(key) ? std::stoll(configs[key].get<std::string>()) : otherwise;
}

inline LogConfig ConfigFrom(const json& configs) {
  LogConfig config;
  config.segment_bytes = Number(configs, "segment.bytes", config.segment_bytes);
  config.segment_index_bytes = Number(configs, "segment.index.bytes", config.segment_index_bytes);
  config.index_interval_bytes = Number(configs, "index.interval.bytes", config.index_interval_bytes);
  config.retention_ms = Number(configs, "retention.ms", config.retention_ms);
  config.producer_expiration_ms = LogConfig::kForever;  // their producers are of another time
  return config;
}

struct Fixture {
  explicit Fixture(const std::string& fixture_name) : name(fixture_name) {
    const std::string base = test::FixturesDir() + "/" + name;
    const std::string plain = base + ".expected.json";
    expected = json::parse(test::ReadAll(std::filesystem::exists(plain) ? plain : plain + ".gz"));
    const std::string command = "tar -xzf " + base + ".tar.gz -C " + temp.path();
    OTTLA_CHECK(std::system(command.c_str()) == 0) << command;  // NOLINT(cert-env33-c): a fixed command of the test
    for (const auto& [dir, content] : expected["dirs"].items()) brokers[dir.substr(0, dir.find('/'))].push_back(dir);
  }
  std::string Root() const { return temp.path() + "/" + name; }
  std::vector<std::string> Dirs(const std::string& broker) const {
    std::vector<std::string> dirs;
    for (const auto& dir : brokers.at(broker)) dirs.push_back(Root() + "/" + dir);
    return dirs;
  }
  LogConfig ConfigOf(const std::string& topic) const {
    const json configs = expected.value("topic_configs", json::object());
    return ConfigFrom(configs.contains(topic) ? configs[topic] : json::object());
  }

  const std::string name;
  TempDir temp;
  json expected;
  std::map<std::string, std::vector<std::string>> brokers;
};

}  // namespace ottla
