// Aborted transactions of one segment, as rows of a .txnindex file. Pure; owned by the segment.
// Layout and rules: Apache Kafka's TransactionIndex (3.9): 34 bytes a row, last offsets strictly increasing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"

namespace ottla {

struct AbortedTxn {
  std::int64_t producer_id = -1;
  Offset first_offset = kNoOffset;
  Offset last_offset = kNoOffset;  // of the abort marker
  Offset last_stable_offset = kNoOffset;
  friend bool operator==(const AbortedTxn&, const AbortedTxn&) = default;
};

inline constexpr std::size_t kAbortedTxnSize = 34;

std::string EncodeAbortedTxns(const std::vector<AbortedTxn>& rows, std::size_t from = 0);

// kCorrupt: a row of another version, below `base`, or not ascending. A partial last row (a torn write) is left out.
Result<std::vector<AbortedTxn>> DecodeAbortedTxns(std::string_view bytes, Offset base);

// Adds to `found` the rows that a reader of [from, upper) must know. True: no later segment can add to them.
bool CollectAborted(const std::vector<AbortedTxn>& rows, Offset from, Offset upper, std::vector<AbortedTxn>& found);

// Drops the rows whose marker is at or above `offset`. Returns whether any went.
bool TruncateAborted(std::vector<AbortedTxn>& rows, Offset offset);

}  // namespace ottla
