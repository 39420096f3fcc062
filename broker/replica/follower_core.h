// What a follower decides about one partition it pulls: where to fetch from, where to cut when its log has gone another
// way than the leader's, what to do about an error. Pure. The decision is taken where the log is (the partition's
// loop); the fetcher only remembers the resulting step. Rules: Apache Kafka 3.9's AbstractFetcherThread (truncation on
// fetch, IBP >= 2.7; older leaders by OffsetForLeaderEpoch are not spoken to).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "broker/log/leader_epochs.h"
#include "common/base/ids.h"
#include "common/protocol/error_code.h"

namespace ottla {

// The local log as a decision sees it.
struct FollowerLog {
  Offset log_start;
  Offset log_end;
  Offset high_watermark;
  const LeaderEpochs* epochs = nullptr;

  LeaderEpoch latest_epoch() const;
  bool EpochStartsAtOrAfter(Offset offset) const;
};

// What the fetcher is to do next for the partition.
struct FollowerStep {
  enum class Kind : std::uint8_t {
    kFetch,        // from fetch_offset, with last_fetched_epoch and log_start
    kBackoff,      // the same, after replica.fetch.backoff.ms
    kAskLatest,    // ListOffsets -1, then LatestAnswered
    kAskEarliest,  // ListOffsets -2, then EarliestAnswered
    kFailed,       // not fetched any more until the next LeaderAndIsr
    kDropped,      // not followed under this epoch any more
  };
  Kind kind = Kind::kFetch;
  Offset fetch_offset;
  Offset log_start;
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
};

// What the partition has to do to its log before the step is taken.
struct FollowerDecision {
  enum class Act : std::uint8_t {
    kNone,
    kAppend,     // the records of the answer, then high watermark and log start of the leader
    kTruncate,   // to `offset`
    kRestartAt,  // everything goes; the log is empty at `offset`
  };
  Act act = Act::kNone;
  Offset offset = kNoOffset;
  FollowerStep::Kind next = FollowerStep::Kind::kFetch;
};

// A partition of a Fetch answer.
struct FetchAnswer {
  ErrorCode error = ErrorCode::kNone;
  Offset asked_offset;  // what the request said
  std::optional<EpochEnd> diverging;
  bool has_records = false;
};

// What a fetcher hands to the owner of a partition: an answer of the leader, or of its ListOffsets.
struct FollowerSlice {
  enum class Kind : std::uint8_t { kFetched, kLatest, kEarliest };
  Kind kind = Kind::kFetched;
  std::shared_ptr<const TopicPartition> tp;
  LeaderEpoch leader_epoch;  // under which the question was asked
  FetchAnswer answer;        // kFetched; `error` for all kinds
  std::string_view records;
  std::shared_ptr<const void> owner;  // keeps `records` alive
  Offset high_watermark = kNoOffset;
  Offset leader_log_start = kNoOffset;
  Offset listed = kNoOffset;  // kLatest, kEarliest
};

class FollowerCore {
 public:
  // First step of a follower: with epochs from the log end (the leader finds divergence by itself); without, the log is
  // cut back to the high watermark, the only part known to be the leader's.
  static FollowerDecision Start(const FollowerLog& log, bool truncate_on_fetch);
  // Where to cut for the leader's answer (E, O) to the epoch asked about. `asked` is the fetch offset. Rule 8.2 of the
  // replication protocol; never above the log end.
  struct Cut {
    Offset at;
    bool final = true;  // false: the leader must be asked again (the next fetch does)
  };
  static Cut CutFor(EpochEnd leader, Offset asked, const FollowerLog& log);
  // An answer whose asked_offset is not the log end is stale: kDropped act, fetch again from the log end.
  static FollowerDecision OnAnswer(const FetchAnswer& answer, const FollowerLog& log);
  static FollowerDecision OnLatest(ErrorCode error, Offset leader_end, const FollowerLog& log);
  static FollowerDecision OnEarliest(ErrorCode error, Offset leader_start, const FollowerLog& log);
};

}  // namespace ottla
