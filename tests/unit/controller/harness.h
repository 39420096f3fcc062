// A controller core with a ZooKeeper tree in memory: effects on the tree are carried out at once and answered; control
// requests, replies and notes are written down as short lines for stories.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/core/controller_core.h"

namespace ottla::controller::test {

struct ZNode {
  ZkData data;
  ZkStat stat;
};

class ZTree {
 public:
  std::map<std::string, ZNode> nodes;
  std::int64_t zxid = 100;

  void Put(const std::string& path, ZkData data);  // creates (with parents) or sets, as an outsider would
  void Remove(const std::string& path);            // with all below
  std::vector<std::string> Children(const std::string& parent) const;
  ZkWriteResult Apply(const ZkWrite& write);
  ZkReadResult Read(const std::string& path) const;
  std::string Data(const std::string& path) const;  // "-" when absent
};

class Harness {
 public:
  explicit Harness(CoreOptions options = {});

  // Broker `id` registers (anew), with or without a rack; tells the core when it is active.
  void Up(std::int32_t id, const std::string& rack = "");
  void Down(std::int32_t id);
  void TellBrokers();
  void Elect();  // takes over from what the tree holds
  void On(Event event);
  Answer Ask(Command command);  // the reply must come at once: the tree answers at once

  // "1,2,3": replicas of one partition each. Uneven replication factors are created by hand, through the znode.
  CreatedTopic Create(const std::string& topic, const std::vector<std::string>& partitions);
  IsrAnswer ProposeIsr(const std::string& topic, std::int32_t partition, std::int32_t leader, const std::string& isr);
  // A broker's answers to every control request it has been sent and has not answered, all with `error`.
  void AnswerAll(std::int32_t broker, ErrorCode error = ErrorCode::kNone);

  // "L1 e0 isr[1,2] zk0" of the tree's node, checked to be what the core believes; "none" without a state.
  std::string State(const std::string& topic, std::int32_t partition = 0);
  // Lines since the last call.
  std::vector<std::string> Told() { return std::exchange(told_, {}); }
  // Control requests since the last call.
  std::vector<ControlRequest> Sent() { return std::exchange(sent_, {}); }
  // What was asked of ZooKeeper since the last call, done or not: "create PATH", "set PATH", "delete PATH", "tree
  // PATH".
  std::vector<std::string> Written() { return std::exchange(written_, {}); }
  std::vector<std::string> Notes() { return std::exchange(notes_, {}); }

  ZTree tree;
  ControllerCore core;
  std::int32_t next_epoch = 1;
  std::function<void(ZTree&)> before_writes;  // an outsider's move between a decision and its write; used once

 private:
  void Carry(Effects effects);
  void NoteSent(const SendControl& send);
  void NoteWrite(const ZkWrite& write);
  BrokerEpoch EpochOf(std::int32_t broker) const;

  std::vector<std::string> told_;
  std::vector<std::string> notes_;
  std::vector<std::string> written_;
  std::vector<ControlRequest> sent_;
  std::vector<ControlRequest> unanswered_;
  std::optional<Answer> reply_;
  RequestId last_request_ = 0;
};

std::vector<BrokerId> Ids(const std::string& text);  // "1,2"

// Three brokers, elected, nothing told or written yet.
struct Three : Harness {
  explicit Three(CoreOptions options = {}) : Harness(std::move(options)) {
    for (const int id : {1, 2, 3}) Up(id);
    Elect();
    Told();
    Notes();
    Written();
  }
};

}  // namespace ottla::controller::test
