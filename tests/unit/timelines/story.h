// What was written to ZooKeeper, and what had happened before: Kafka's story and ours of the same causes, and how they
// are compared.
//
// Compared is, for each topic, the order of all writes that concern the topic or no topic at all (registrations,
// elections of the controller, what is under /admin, notifications, producer ids), between the same causes. Order
// matters there: settings before the topic (who sees the topic finds them), topic before partition before state, state
// before the topic znode that ends a move and before the /admin node that asked for it goes, children before parents,
// /admin/delete_topics/T last of all (while it is there the next controller finishes what this one did not),
// /controller and /feature before anything else of a term. Order of partitions within one topic, and of topics, is
// the order of a hash table in Kafka and no order here.
//
// These differences are allowed, and no other:
//   one epoch    Several writes of a state by one cause are one: Kafka first takes away a dead leader and then elects,
//                first moves the leader and then shrinks the ISR. Ours decides once. Less is written, and no broker is
//                told of a state that lives for a millisecond. The leader epoch never rises by more than Kafka's.
//   same again   Kafka writes states anew that have no leader and get none, when a controller takes over, and znodes
//                whose content stays. Ours leaves them.
//   no tries     Kafka tries to remove or create nodes without looking; transactions that failed are not compared.
//   one multi    Kafka sends one multi per node, ours many; the order within is the same. What Kafka writes without a
//                fence (a new topic, /feature) is fenced in ours: a deposed controller makes no topic.
//   who is left  of the replicas of a topic that is being deleted the last one in the ISR is that of a hash table.
//   called off   a move that is called off takes replicas out of the ISR before they leave the topic znode, in Kafka
//                after: cut off between the two, ours leaves an ISR within the replicas.
//   free values  topic ids, times, the cluster id, data versions (they count the writes above).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/zk/zk_client.h"

namespace ottla::timelines {

struct Entry {
  std::string cause;  // not empty: no write
  std::string topic;  // of the cause; empty: concerns all
  ZkOp op;
  bool fenced = false;
  std::size_t line = 0;  // of the recording, where it is Kafka's
};
using Log = std::vector<Entry>;

struct Line {
  std::string text;
  bool fenced = false;
  int raise = 0;  // of the leader epoch
  std::string where;
};

// The writes of one topic (empty: of none) without what is allowed to differ.
std::vector<Line> LinesOf(const Log& log, const std::string& topic);
std::set<std::string> TopicsOf(const Log& log);
// Fails the current test at the first difference of each topic.
void Compare(const Log& kafka, const Log& ours);

}  // namespace ottla::timelines
