#include "recorded_traffic.h"
#include "common/base/broker_ids.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/check.h"
#include "common/protocol/frame.h"
#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/06_update_metadata.h"
#include "common/protocol/messages/56_alter_partition.h"
#include "tests/support/golden.h"

namespace ottla::test {
namespace {

using nlohmann::json;

constexpr char kPrefix[] = "inter-broker-";
constexpr char kProtocolInName[] = "ibp";  // where no line of the recording says it
constexpr char kSetting[] = "inter.broker.protocol.version ";
constexpr std::int16_t kLeaderAndIsr = 4;
constexpr std::int16_t kUpdateMetadata = 6;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kAlterPartition = 56;

std::string Folder() {
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  return given != nullptr && *given != '\0' ? given : std::string(OTTLA_SOURCE_DIR) + "/tests/golden/conversations";
}

std::optional<std::int32_t> BrokerOf(const json& line, const char* end) {
  const std::string name = line.at(end);
  if (!name.starts_with("broker-")) return std::nullopt;
  return std::atoi(name.c_str() + 7);
}

template <class T>
bool Read(std::string_view body, std::int16_t version, T* out) {
  return Decode(body, version, out).ok();
}

// The brokers of one protocol version, over the files of their walk.
class Walk {
 public:
  Walk(const std::string& name, const std::vector<std::int16_t>& keys, std::vector<RecordedRequest>& out)
      : keys_(keys), out_(out) {
    const std::size_t at = name.find(kProtocolInName);
    if (at == std::string::npos) return;
    SetProtocol(name.substr(at + sizeof kProtocolInName - 1));
  }

  void Play(const std::string& path) {
    std::istringstream lines(ReadAll(path));
    for (std::string text; std::getline(lines, text);) {
      const json line = json::parse(text);
      where_ = std::filesystem::path(path).filename().string() + " at " + line.at("t_ms").dump();
      if (line.contains("event")) {
        Event(line);
      } else if (line.contains("hex")) {
        Frame(line);
      }
    }
  }

 private:
  struct Connection {
    bool fresh = false;  // seen opening
    bool used = false;
    std::int16_t opened_with = -1;
    std::string opening;
    std::string opening_answer;
  };

  void Event(const json& line) {
    if (line.at("event") == "open") connections_[line.at("conn")] = {.fresh = true};
    const std::string text = line.value("text", "");
    const std::size_t at = text.find(kSetting);
    if (at == std::string::npos) return;
    const std::string value = text.substr(at + sizeof kSetting - 1);
    SetProtocol(value.substr(0, value.find(' ')));
  }
  void SetProtocol(const std::string& text) {
    const auto version = ParseInterBrokerVersion(text);
    if (version.ok()) protocol_ = *version;
  }

  void Frame(const json& line) {
    const auto from = BrokerOf(line, "from");
    const auto to = BrokerOf(line, "to");
    if (!from || !to || line.value("undecodable", false)) return;
    if (line.value("truncated", false)) {
      if (line.at("api_key") == kLeaderAndIsr) known_[*to].led.clear();  // told something, but what?
      return;
    }
    const std::string frame = FromHex(line.at("hex").get<std::string>());
    const auto id = std::pair(line.at("conn").get<int>(), line.at("correlation_id").get<std::int32_t>());
    if (line.at("dir") == "req") {
      Asked(line, *from, *to, frame);
    } else {
      Answered(line, id, *to, frame);
    }
  }

  void Asked(const json& line, std::int32_t from, std::int32_t to, const std::string& frame) {
    const ParsedRequest parsed = ParseRequestHeader(frame);
    if (parsed.verdict != HeaderVerdict::kOk) return;
    Connection& connection = connections_[line.at("conn")];
    const std::int16_t key = parsed.header.api_key;
    if (!std::exchange(connection.used, true) && key == kApiVersions) {
      connection.opened_with = parsed.header.api_version;
      connection.opening = frame;
    }
    Told(key, parsed, to);
    if (protocol_ < InterBrokerVersion{2, 8, 1} || std::find(keys_.begin(), keys_.end(), key) == keys_.end()) return;
    RecordedRequest request{.where = where_, .protocol = protocol_, .from = from, .to = to, .key = key};
    request.version = parsed.header.api_version;
    request.correlation = parsed.header.correlation_id;
    request.client_id = parsed.header.client_id;
    request.frame = frame;
    request.body = parsed.body;
    if (connection.fresh) request.opened_with = connection.opened_with;
    request.opening = connection.opening;
    request.opening_answer = connection.opening_answer;
    request.known = known_[from];
    answers_to_[{line.at("conn"), request.correlation}] = out_.size();
    out_.push_back(std::move(request));
  }

  void Answered(const json& line, std::pair<int, std::int32_t> id, std::int32_t asker, const std::string& frame) {
    if (line.at("api_key") == kApiVersions) connections_[id.first].opening_answer = frame;
    if (line.at("api_key") == kAlterPartition) IsrAnswered(line.at("api_version"), asker, frame);
    const auto at = answers_to_.find(id);
    if (at != answers_to_.end()) out_[at->second].answer = frame;
  }

  // What the controller tells `to`.
  void Told(std::int16_t key, const ParsedRequest& parsed, std::int32_t to) {
    KnownToBroker& known = known_[to];
    LeaderAndIsrRequest roles;
    UpdateMetadataRequest metadata;
    if (key == kUpdateMetadata && Read(parsed.body, parsed.header.api_version, &metadata)) {
      known.broker_epoch = metadata.broker_epoch;
    }
    if (key != kLeaderAndIsr || !Read(parsed.body, parsed.header.api_version, &roles)) return;
    known.broker_epoch = roles.broker_epoch;
    for (const auto& topic : roles.topic_states) {
      for (const auto& p : topic.partition_states) {
        if (p.leader != to) {
          known.led.erase({topic.topic_id, p.partition_index});
          continue;
        }
        known.led[{topic.topic_id, p.partition_index}] = {std::string(topic.topic_name),
                                                          {LeaderEpoch(p.leader_epoch),
                                                           PartitionEpoch(p.partition_epoch),
                                                           ToBrokerIds(p.replicas),
                                                           ToBrokerIds(p.isr),
                                                           {}}};
      }
    }
  }

  void IsrAnswered(std::int16_t version, std::int32_t asker, const std::string& frame) {
    const auto parsed = ParseResponseHeader(frame, kAlterPartition, version);
    AlterPartitionResponse response;
    if (!parsed.ok() || !Read(parsed->body, version, &response)) return;
    for (const auto& topic : response.topics) {
      for (const auto& p : topic.partitions) {
        const auto at = known_[asker].led.find({topic.topic_id, p.partition_index});
        if (at == known_[asker].led.end() || p.error_code != ErrorCode::kNone) continue;
        at->second.state.partition_epoch = PartitionEpoch(p.partition_epoch);
        at->second.state.isr = ToBrokerIds(p.isr);
      }
    }
  }

  const std::vector<std::int16_t>& keys_;
  std::vector<RecordedRequest>& out_;
  std::string where_;
  InterBrokerVersion protocol_{0, 0, 0};
  std::map<int, Connection> connections_;
  std::map<std::pair<int, std::int32_t>, std::size_t> answers_to_;
  std::map<std::int32_t, KnownToBroker> known_;
};

}  // namespace

bool OwnRecordings() {
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  return given == nullptr || *given == '\0';
}

std::vector<RecordedRequest> RecordedRequests(const std::vector<std::int16_t>& keys) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().filename().string().starts_with(kPrefix)) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<RecordedRequest> out;
  std::map<std::string, Walk> walks;  // the files of one walk begin alike: inter-broker-ibp3.9
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).filename().string();
    const std::string walk = name.substr(0, name.find('-', sizeof kPrefix - 1));
    walks.try_emplace(walk, walk, keys, out).first->second.Play(path);
  }
  OTTLA_CHECK(!out.empty() || !OwnRecordings()) << "no requests of these kinds in " << Folder();
  return out;
}

}  // namespace ottla::test
