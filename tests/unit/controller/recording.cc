#include "recording.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "common/base/check.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"
#include "tests/support/golden.h"

namespace ottla::controller::test {
namespace {

using nlohmann::json;

constexpr std::int16_t kLeaderAndIsr = 4, kStopReplica = 5, kUpdateMetadata = 6, kControlledShutdown = 7;
constexpr std::int16_t kAlterPartition = 56;

constexpr char kPrefix[] = "inter-broker-ibp";

std::string Packed() { return std::string(OTTLA_SOURCE_DIR) + "/tests/golden/conversations"; }

std::string Folder() {
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  return given != nullptr && *given != '\0' ? given : Packed();
}

bool Concerns(std::int16_t key) {
  return key == kLeaderAndIsr || key == kStopReplica || key == kUpdateMetadata || key == kControlledShutdown ||
         key == kAlterPartition;
}

std::int32_t BrokerIn(const std::string& name) {
  return name.starts_with("broker-") ? std::atoi(name.c_str() + 7) : -1;
}

Frame ToFrame(const json& line) {
  Frame frame;
  frame.ms = line.at("t_ms");
  frame.conn = line.at("conn");
  frame.request = line.at("dir") == "req";
  frame.from = BrokerIn(line.at("from"));
  frame.to = BrokerIn(line.at("to"));
  frame.key = line.at("api_key");
  frame.version = line.at("api_version");
  frame.correlation = line.at("correlation_id");
  if (!line.at("client_id").is_null()) frame.client_id = line.at("client_id");
  const std::string bytes = ottla::test::FromHex(line.at("hex").get<std::string>());
  if (frame.request) {
    frame.body = ParseRequestHeader(bytes).body;
  } else {
    const Result<ParsedResponse> response = ParseResponseHeader(bytes, frame.key, frame.version);
    OTTLA_CHECK(response.ok());
    frame.body = response->body;
  }
  return frame;
}

std::vector<Frame> LoadFile(const std::string& path) {
  std::vector<Frame> frames;
  std::stringstream lines(ottla::test::ReadAll(path));
  for (std::string text; std::getline(lines, text);) {
    const json line = json::parse(text);
    if (line.value("event", "") == "mark") {
      frames.emplace_back();
      frames.back().ms = line.at("t_ms");
      frames.back().mark = line.at("text");
    } else if (line.contains("hex") && Concerns(line.at("api_key"))) {
      OTTLA_CHECK(!line.value("truncated", false)) << path;
      frames.push_back(ToFrame(line));
    }
  }
  return frames;
}

std::string Text(const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return "[" + text + "]";
}

void AddOnce(std::vector<std::string>& to, std::string text) {
  if (to.empty() || to.back() != text) to.push_back(std::move(text));
}

template <class Request>
std::string Head(const Request& request) {
  return "controller " + std::to_string(request.controller_id) + " epoch " + std::to_string(request.controller_epoch) +
         " broker epoch " + std::to_string(request.broker_epoch) + (request.is_k_raft_controller ? " KRaft" : "");
}

}  // namespace

std::vector<Frame> LoadStep(const std::string& version, const std::string& number) {
  const std::string prefix = kPrefix + version + "-" + number + "-";
  std::vector<Frame> frames;
  for (const auto& entry : std::filesystem::directory_iterator(Packed())) {
    if (entry.path().filename().string().starts_with(prefix)) frames = LoadFile(entry.path().string());
  }
  OTTLA_CHECK(!frames.empty()) << "no recording " << prefix;
  return frames;
}

std::vector<Recording> LoadRecordings() {
  std::set<std::string> paths;  // steps are numbered
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().filename().string().starts_with(kPrefix)) paths.insert(entry.path().string());
  }
  std::vector<Recording> recordings;
  int last = 0;
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).filename().string().substr(sizeof kPrefix - 1);
    const std::string version = name.substr(0, name.find('-'));
    const int number = std::atoi(name.c_str() + version.size() + 1);
    const bool goes_on = !recordings.empty() && recordings.back().version == version && number == last + 1;
    if (!goes_on) recordings.push_back({version, number, {}});
    recordings.back().steps.push_back(LoadFile(path));
    last = number;
  }
  return recordings;
}

std::string Word::ToString() const {
  std::ostringstream out;
  out << "ce" << controller_epoch << " L" << leader << " e" << leader_epoch << " isr" << Text(isr) << " zk"
      << partition_epoch << " " << rest << (is_new ? " NEW" : "") << " " << topic_id;
  return out.str();
}

void Heard::Add(const LeaderAndIsrRequest& request) {
  kinds += 'L';
  AddOnce(heads, Head(request));
  if (request.type != 0) faults.push_back("LeaderAndIsr with type " + std::to_string(request.type));
  std::vector<std::int32_t> leaders;
  for (const auto& topic : request.topic_states) {
    for (const auto& p : topic.partition_states) {
      Word word{p.controller_epoch,
                p.leader,
                p.leader_epoch,
                p.partition_epoch,
                p.isr,
                "r" + Text(p.replicas) + " +" + Text(p.adding_replicas) + " -" + Text(p.removing_replicas) +
                    " recovery " + std::to_string(p.leader_recovery_state),
                p.is_new,
                topic.topic_id.ToString()};
      leaders.push_back(p.leader);
      auto& words = leader_and_isr[std::string(topic.topic_name) + "-" + std::to_string(p.partition_index)];
      if (words.empty() || words.back() != word) words.push_back(std::move(word));
    }
  }
  for (const auto& live_leader : request.live_leaders) {
    if (std::ranges::find(leaders, live_leader.broker_id) == leaders.end()) {
      faults.push_back("live leader " + std::to_string(live_leader.broker_id) + " leads nothing in the request");
    }
  }
}

void Heard::Add(const UpdateMetadataRequest& request) {
  kinds += 'U';
  AddOnce(heads, Head(request));
  if (request.type != 0) faults.push_back("UpdateMetadata with type " + std::to_string(request.type));
  for (const auto& topic : request.topic_states) {
    for (const auto& p : topic.partition_states) {
      auto offline = p.offline_replicas;
      std::ranges::sort(offline);
      metadata[std::string(topic.topic_name) + "-" + std::to_string(p.partition_index)] = {
          p.controller_epoch,
          p.leader,
          p.leader_epoch,
          p.zk_version,
          p.isr,
          "r" + Text(p.replicas) + " off" + Text(offline),
          false,
          topic.topic_id.ToString()};
    }
  }
  std::vector<std::string> brokers;
  for (const auto& broker : request.live_brokers) {
    std::vector<std::string> endpoints;
    for (const auto& at : broker.endpoints) {
      endpoints.push_back(std::string(at.listener) + "://" + std::string(at.host) + ":" + std::to_string(at.port) +
                          " protocol " + std::to_string(at.security_protocol));
    }
    std::ranges::sort(endpoints);
    std::string text = std::to_string(broker.id) + (broker.rack ? " rack " + std::string(*broker.rack) : "");
    for (const std::string& endpoint : endpoints) text += " " + endpoint;
    brokers.push_back(std::move(text));
  }
  std::ranges::sort(brokers);
  std::string all;
  for (const std::string& broker : brokers) all += broker + "; ";
  AddOnce(live, std::move(all));
}

void Heard::Add(const StopReplicaRequest& request) {
  kinds += 'S';
  AddOnce(heads, Head(request));
  for (const auto& topic : request.topic_states) {
    for (const auto& p : topic.partition_states) {
      AddOnce(stop[std::string(topic.topic_name) + "-" + std::to_string(p.partition_index)],
              "e" + std::to_string(p.leader_epoch) + (p.delete_partition ? " delete" : ""));
    }
  }
}

bool Heard::AddBody(std::int16_t key, std::int16_t version, const std::string& body) {
  const auto add = [&](auto request) {
    const auto left = Decode(body, version, &request);
    OTTLA_CHECK(left.ok() && *left == 0) << "api " << key << " version " << version;
    Add(request);
    return true;
  };
  switch (key) {
    case kLeaderAndIsr: return add(LeaderAndIsrRequest());
    case kUpdateMetadata: return add(UpdateMetadataRequest());
    case kStopReplica: return add(StopReplicaRequest());
    default: return false;
  }
}

}  // namespace ottla::controller::test
