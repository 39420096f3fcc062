// What brokers asked each other in recorded conversations of Kafka's brokers, with what was answered and with what the
// asking broker had been told before: its broker epoch, the partitions it led.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/replica/partition_core.h"
#include "common/base/ids.h"
#include "common/config/inter_broker_version.h"

namespace ottla::test {

// A partition as its leader knew it.
struct LedPartition {
  std::string topic;
  BecomeLeader state;
};

// Everything a broker had been told. Partitions by topic id and number.
struct KnownToBroker {
  std::optional<std::int64_t> broker_epoch;
  std::map<std::pair<Uuid, std::int32_t>, LedPartition> led;
};

struct RecordedRequest {
  std::string where;  // file and time, for messages
  InterBrokerVersion protocol;
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::int16_t key = 0;
  std::int16_t version = 0;
  std::int32_t correlation = 0;
  std::string client_id;
  std::string frame;  // without its length
  std::string body;
  std::string answer;  // the frame; empty: none was recorded
  // Of the ApiVersions that opened this connection; -1: the connection was opened without, absent: not seen opening.
  std::optional<std::int16_t> opened_with;
  std::string opening;  // the frame of that ApiVersions, and of its answer
  std::string opening_answer;
  KnownToBroker known;  // to `from`, when it asked
};

// Each request between brokers with one of `keys`, in order; of protocols this broker can speak.
std::vector<RecordedRequest> RecordedRequests(const std::vector<std::int16_t>& keys);
// Whether the recordings are the ones in the tree, of which it is known how many there are of each kind.
bool OwnRecordings();

}  // namespace ottla::test
