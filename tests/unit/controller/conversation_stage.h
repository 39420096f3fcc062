// Our controller in the place of a recorded one: built at any moment of the recording, given the same causes, and its
// words compared with Kafka's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/shell/control_wire.h"
#include "harness.h"
#include "recording.h"

namespace ottla::controller::test {

struct KnownPartition {
  Word word;  // of UpdateMetadata
  std::vector<std::int32_t> replicas;
  bool recovering = false;  // as LeaderAndIsr said last
};

// What the recording shows up to some moment.
struct Known {
  std::int32_t controller = 1, epoch = 1;
  std::map<std::int32_t, std::int64_t> broker_epochs;
  std::map<std::int32_t, zk::BrokerRegistration> registrations;
  std::set<std::int32_t> live;
  std::map<TopicPartition, KnownPartition> partitions;
  std::map<std::string, std::string> ids;
  std::set<std::string> dying;  // topics that were announced as deleted and have not come again

  void Take(const Frame& frame);
  void Take(const UpdateMetadataRequest& request);
};

class Stage;
using Cause = std::function<void(Stage&)>;

struct Kinds {
  std::int32_t broker;
  const char* kafka;
  const char* ours;
};

struct Story {
  std::string name;
  std::string step;  // of the recording
  double from, to;   // milliseconds
  // What happens, and when; what leaders ask comes from the recording.
  std::vector<std::pair<double, Cause>> causes;
  std::vector<Kinds> kinds;                 // requests in order, per broker: L, U, S
  std::set<std::string> one_epoch = {};     // partitions for which Kafka takes one more leader epoch
  std::set<std::string> dying_topics = {};  // being deleted
  std::set<std::int32_t> killed = {};       // before they had heard all
  std::set<std::string> repeated = {};      // partitions that Kafka tells again though nothing about them is new
  bool goes_on = false;                     // with the controller of the story before
  bool derived = false;                     // from the recording alone: epochs may differ, see CheckLastWords
};

// Our controller, in the place of the recorded one.
class Stage {
 public:
  // `steps` outlive it; `ibp` is the inter.broker.protocol.version of the recording.
  Stage(const std::vector<std::vector<Frame>>& steps, InterBrokerVersion ibp, const Story& story);

  void Play();
  void Check();
  // For stories that were derived: everybody hears at last what Kafka's controller told, in no other order of requests,
  // and nothing else.
  void CheckLastWords();
  bool at_rest() const { return at_rest_; }  // else the story began in the middle of something and was not played

  // --- causes ---
  void TakeOver(std::int32_t self, std::int32_t epoch, const std::vector<std::int32_t>& live);
  void Down(std::int32_t broker);
  void Up(std::int32_t broker);
  void NewTopic(const std::string& topic);  // its znode appears, as recorded
  void Grown(const std::string& topic);
  void Elect(const std::string& topic, std::int32_t partition, bool unclean, ErrorCode expected);
  void Move(const TopicPartition& partition, const std::string& replicas);
  void Delete(const std::string& topic);

  void Restart(const Story& story);  // what comes next, for the same controller

 private:
  void Build(std::int32_t self, std::int32_t epoch, const std::set<std::int32_t>& live);
  void Register(std::int32_t broker);
  void AfterCause();
  void Ask(const Frame& frame);
  void AskIsr(const Frame& frame, const std::string& answer);
  void AskShutdown(const Frame& frame, const std::string& answer);
  zk::TopicAssignment AssignmentIn(const Known& known, const std::string& topic) const;
  void CheckBroker(std::int32_t broker);
  void CheckStates();
  void CheckLastWords(std::int32_t broker);
  void CheckLastWord(const std::string& partition, const Word& kafka, const Word& ours) const;
  bool News(const std::string& partition, const Word& word) const;
  bool Dying(const std::string& partition) const;
  std::vector<Word> WithoutRounds(const std::string& partition, std::vector<Word> words) const;

  const std::vector<std::vector<Frame>>& steps_;
  ControlVersions versions_;
  bool leader_recovery_;
  bool at_rest_ = true;
  std::size_t step_;
  const Story* story_;
  Known before_, after_;
  std::unique_ptr<Harness> harness_;
  std::map<std::int32_t, Heard> kafka_, ours_;
};

}  // namespace ottla::controller::test
