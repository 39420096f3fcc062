// What clients were told, and the promises that follow from it. Every record has an id of its own,
// "<producer>-<index>", so that a history says by itself what is lost, doubled, reordered or invented. Checked at each
// observation, not only at the end: a violation names the moment.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.h"

namespace ottla::sim {

struct RecordId {
  int producer = 0;
  std::int64_t index = 0;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
  std::string ToString() const { return std::to_string(producer) + "-" + std::to_string(index); }
  // The record's value: the id, then filler whose length follows from it.
  std::string Value() const;
  // nullopt-like: producer -1 when `value` is not exactly what Value() gives.
  static RecordId Parse(std::string_view value);
};

class History {
 public:
  // Counts what was taken back of a partition's promises. Whoever sends a request keeps the era of that moment and
  // hands it in with the answer: what an answer of an earlier era says proves nothing any more.
  using Era = std::uint64_t;
  Era era(const TopicPartition& tp) const;
  // Every copy of what was acknowledged so far is lost, or may be: nobody is to blame. What comes after counts again.
  void Forgive(const TopicPartition& tp);
  bool forgiven(const TopicPartition& tp) const;
  // An unclean election: two leaders may serve clients for a while, so nothing is promised here any more, but that what
  // is read was written.
  void GiveUp(const TopicPartition& tp);

  // A record is about to be sent for the first time.
  void Sent(const TopicPartition& tp, RecordId id);
  // acks=all was answered without an error.
  void Acked(const TopicPartition& tp, Offset offset, RecordId id, Era era);
  void Acked(const TopicPartition& tp, Offset offset, RecordId id) { Acked(tp, offset, id, era(tp)); }
  // Answered as a duplicate of something written before: acknowledged, but at an offset that was not told.
  void AckedSomewhere(const TopicPartition& tp, RecordId id, Era era);
  void AckedSomewhere(const TopicPartition& tp, RecordId id) { AckedSomewhere(tp, id, era(tp)); }
  // A consumer read it, that is, below the high watermark.
  void Read(const TopicPartition& tp, Offset offset, std::string_view value, Era era);
  void Read(const TopicPartition& tp, Offset offset, std::string_view value) { Read(tp, offset, value, era(tp)); }
  // A consumer was told that an offset it reached by reading does not exist.
  void OutOfRange(const TopicPartition& tp, Offset offset);
  void Violation(const std::string& what);

  // A partition read from its start to its end after everything healed: every acknowledged record must be among `read`.
  void CheckFinal(const TopicPartition& tp, const std::map<Offset, RecordId>& read);

  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t acked() const { return acked_count_; }
  std::size_t read() const { return read_count_; }
  std::uint64_t forgiven_count() const { return forgiven_count_; }

 private:
  struct Partition {
    std::set<RecordId> sent;
    std::map<Offset, RecordId> at;     // what is known to stand where
    std::map<RecordId, Offset> where;  // ordered by producer, then index
    std::map<RecordId, Offset> acked;  // kNoOffset: somewhere
    Era era = 0;
    bool forgiven = false;
    bool lawless = false;
    std::map<int, std::int64_t> loose;  // by producer: records up to this index may be lost, doubled or out of order
  };
  void Observe(const TopicPartition& tp, Partition& partition, Offset offset, RecordId id, const char* how);

  std::map<TopicPartition, Partition> partitions_;
  std::uint64_t forgiven_count_ = 0;
  std::vector<std::string> violations_;
  std::size_t acked_count_ = 0;
  std::size_t read_count_ = 0;
};

}  // namespace ottla::sim
