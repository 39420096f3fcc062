// Recorded conversations between Kafka 3.9.1 brokers, as far as they concern the controller: its requests, what leaders
// asked of it, and what the recorder noted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/05_stop_replica.h"
#include "common/protocol/messages/06_update_metadata.h"
#include "controller/core/controller_core.h"

namespace ottla::controller::test {

struct Frame {
  double ms = 0;  // since the start of its file
  std::int64_t conn = 0;
  bool request = false;
  std::int32_t from = 0, to = 0;  // brokers
  std::int16_t key = 0, version = 0;
  std::int32_t correlation = 0;
  std::string client_id;
  std::string body;  // without header
  std::string mark;  // what the recorder noted; then there is no frame
};

// One step of the recording in the tree, by its number ("06"); frames of brokers alone, in order. Aborts when a frame
// of the controller was cut short.
std::vector<Frame> LoadStep(const std::string& version, const std::string& number);

// Steps that follow one another.
struct Recording {
  std::string version;  // inter.broker.protocol.version
  int first = 1;        // number of the first step
  std::vector<std::vector<Frame>> steps;
};
// All of OTTLA_CONVERSATIONS_DIR, else those in the tree. Where steps are missing another recording begins.
std::vector<Recording> LoadRecordings();

// One partition in a request.
struct Word {
  std::int32_t controller_epoch = 0, leader = 0, leader_epoch = 0, partition_epoch = 0;
  std::vector<std::int32_t> isr;
  std::string rest;     // replicas and what else the kind of request has
  bool is_new = false;  // LeaderAndIsr
  std::string topic_id;
  std::string ToString() const;
  friend bool operator==(const Word&, const Word&) = default;
};

// What one broker was told during a story.
struct Heard {
  std::string kinds;  // L, U, S: requests in order
  std::map<std::string, std::vector<Word>> leader_and_isr;
  std::map<std::string, Word> metadata;                  // the last word on each partition
  std::map<std::string, std::vector<std::string>> stop;  // "e-2", "e-2 delete"
  std::vector<std::string> live;                         // lists of brokers, as often as they changed
  std::vector<std::string> heads;                        // controller and epochs, as often as they changed
  std::vector<std::string> faults;                       // what no request may hold

  void Add(const LeaderAndIsrRequest& request);
  void Add(const UpdateMetadataRequest& request);
  void Add(const StopReplicaRequest& request);
  // An encoded control request; false: another API.
  bool AddBody(std::int16_t key, std::int16_t version, const std::string& body);
};

}  // namespace ottla::controller::test
