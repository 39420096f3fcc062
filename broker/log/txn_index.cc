#include "broker/log/txn_index.h"

#include "common/record/big_endian.h"

namespace ottla {

std::string EncodeAbortedTxns(const std::vector<AbortedTxn>& rows, std::size_t from) {
  std::string bytes((rows.size() - from) * kAbortedTxnSize, '\0');
  char* at = bytes.data();
  for (std::size_t i = from; i < rows.size(); ++i, at += kAbortedTxnSize) {
    StoreI16(at, 0);
    StoreI64(at + 2, rows[i].producer_id);
    StoreI64(at + 10, rows[i].first_offset.value);
    StoreI64(at + 18, rows[i].last_offset.value);
    StoreI64(at + 26, rows[i].last_stable_offset.value);
  }
  return bytes;
}

Result<std::vector<AbortedTxn>> DecodeAbortedTxns(std::string_view bytes, Offset base) {
  std::vector<AbortedTxn> rows;
  rows.reserve(bytes.size() / kAbortedTxnSize);
  for (std::size_t at = 0; at + kAbortedTxnSize <= bytes.size(); at += kAbortedTxnSize) {
    const char* row = bytes.data() + at;
    const AbortedTxn txn{.producer_id = LoadI64(row + 2),
                         .first_offset = Offset(LoadI64(row + 10)),
                         .last_offset = Offset(LoadI64(row + 18)),
                         .last_stable_offset = Offset(LoadI64(row + 26))};
    if (LoadI16(row) != 0) return Status(StatusCode::kCorrupt, "transaction index: unknown version");
    if (txn.last_offset < base || (!rows.empty() && txn.last_offset <= rows.back().last_offset)) {
      return Status(StatusCode::kCorrupt,
                    "transaction index: offset " + std::to_string(txn.last_offset.value) + " out of order");
    }
    rows.push_back(txn);
  }
  return rows;
}

bool CollectAborted(const std::vector<AbortedTxn>& rows, Offset from, Offset upper, std::vector<AbortedTxn>& found) {
  for (const auto& txn : rows) {
    if (txn.last_offset >= from && txn.first_offset < upper) found.push_back(txn);
    if (txn.last_stable_offset >= upper) return true;
  }
  return false;
}

bool TruncateAborted(std::vector<AbortedTxn>& rows, Offset offset) {
  return std::erase_if(rows, [&](const AbortedTxn& txn) { return txn.last_offset >= offset; }) > 0;
}

}  // namespace ottla
