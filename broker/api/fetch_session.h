// Incremental fetch sessions (KIP-227): a client names its partitions once, then only what changes, and hears only of
// partitions that have something to say. Pure bookkeeping; nothing survives a crash: clients start again with (0, 0).
// Owner: the data loop of the connection that sent the request. Each loop has its own cache; a client that comes back
// on another loop is answered FETCH_SESSION_ID_NOT_FOUND and starts a new session, which the protocol allows.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/random.h"
#include "common/protocol/error_code.h"

namespace ottla {

// What a client asks of one partition. `topic` is empty while a topic id cannot be resolved.
struct FetchWish {
  TopicPartition tp;
  Uuid topic_id;
  std::int64_t fetch_offset = 0;
  std::int64_t log_start_offset = -1;  // followers: their own log start
  std::int32_t max_bytes = 0;
  std::int32_t current_leader_epoch = -1;
  std::int32_t last_fetched_epoch = -1;
};

// One partition of a session with what the client was told last.
struct FetchSessionPartition {
  FetchWish wish;
  std::int64_t told_high_watermark = -1;
  std::int64_t told_log_start = -1;
};

class FetchSession {
 public:
  using Order = std::list<FetchSessionPartition>;

  FetchSession(std::int32_t id, bool uses_topic_ids, bool privileged, MonoTime now)
      : id_(id), uses_topic_ids_(uses_topic_ids), privileged_(privileged), created_(now), last_used_(now) {}

  std::int32_t id() const { return id_; }
  bool uses_topic_ids() const { return uses_topic_ids_; }
  bool privileged() const { return privileged_; }
  std::int32_t epoch() const { return epoch_; }
  std::size_t size() const { return index_.size(); }
  MonoTime last_used() const { return last_used_; }
  MonoTime created() const { return created_; }

  void Update(const FetchWish& wish);  // adds it, or replaces its parameters where it stands
  void Forget(const Uuid& topic_id, std::string_view topic, std::int32_t partition);
  void MoveToEnd(FetchSessionPartition* partition);
  // Visits in session order, so that a partition that was served stands behind those that were not.
  Order& partitions() { return order_; }

 private:
  friend class FetchSessionCache;
  struct Key {
    Uuid topic_id;
    TopicPartition tp;  // topic empty in sessions by id
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<Uuid>{}(key.topic_id) ^ std::hash<TopicPartition>{}(key.tp);
    }
  };
  Key KeyOf(const Uuid& topic_id, std::string_view topic, std::int32_t partition) const;

  const std::int32_t id_;
  const bool uses_topic_ids_;
  const bool privileged_;
  const MonoTime created_;
  MonoTime last_used_;
  std::int32_t epoch_ = 1;  // what the next request must carry
  Order order_;
  std::unordered_map<Key, Order::iterator, KeyHash> index_;
};

// How a fetch request is to be served.
struct FetchContext {
  enum class Kind { kError, kSessionless, kFull, kIncremental } kind = Kind::kSessionless;
  ErrorCode error{};                      // kError
  std::shared_ptr<FetchSession> session;  // kFull (when one could be created), kIncremental
  std::int32_t epoch = 0;                 // the session's epoch after this request was accepted
  std::int32_t session_id = 0;            // to be answered
};

class FetchSessionCache {
 public:
  // At most `slots` sessions (max.incremental.fetch.session.cache.slots divided by the loops). When full, one unused
  // for `eviction` goes; else a follower's may push out a consumer's, and a bigger one a smaller older than that.
  FetchSessionCache(std::size_t slots, Random random, Micros eviction = std::chrono::minutes(2))
      : slots_(slots), random_(random), eviction_(eviction) {}

  struct Request {
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    bool uses_topic_ids = false;
    bool follower = false;
    std::span<const FetchWish> wishes;
    std::span<const FetchWish> forgotten;  // topic or id, and partition
  };
  FetchContext Begin(const Request& request, MonoTime now);
  // The session moved on while this answer was being built: a duplicate request; answer INVALID_FETCH_SESSION_EPOCH.
  static bool Overtaken(const FetchContext& context) {
    return context.session != nullptr && context.session->epoch() != context.epoch;
  }
  std::size_t size() const { return sessions_.size(); }

 private:
  FetchContext BeginFull(const Request& request, MonoTime now);
  FetchContext BeginIncremental(const Request& request, MonoTime now);
  bool MakeRoom(const Request& request, MonoTime now);
  bool Unused(const FetchSession& session, MonoTime now) const { return now - session.last_used_ > eviction_; }
  bool MayGo(const Request& request, const FetchSession& candidate, MonoTime now) const;
  bool GoesBefore(const FetchSession& one, const FetchSession& other, MonoTime now) const;
  std::int32_t NewId();

  const std::size_t slots_;
  Random random_;
  const Micros eviction_;
  std::unordered_map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
};

// True when an incremental answer must mention the partition; remembers what is told. `has_records`, `error` and
// `diverging` as in the answer being built.
bool MustMention(FetchSessionPartition& partition, std::int64_t high_watermark, std::int64_t log_start,
                 bool has_records, bool has_error, bool diverging);

}  // namespace ottla
