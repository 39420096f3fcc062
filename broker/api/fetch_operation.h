// One Fetch from its session to its answer: asks the shards, waits for min_bytes or the deadline, asks again, answers.
// Owner: the data loop of the connection. Kept alive by the callbacks it waits for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "common/protocol/messages/01_fetch.h"

namespace ottla {

class FetchOperation : public std::enable_shared_from_this<FetchOperation> {
 public:
  FetchOperation(ApiLoop& loop, RequestContext context, const FetchRequest& request, Responder responder);

  void Start(FetchContext session, std::vector<FetchSessionPartition> sessionless);
  // The connection has gone: nobody waits any more.
  void Abandon();

 private:
  struct Item {
    FetchSessionPartition* entry = nullptr;  // of the session, or of `own_`
    FetchPartition ask;
    FetchPartitionResult result;
    bool asked = false;  // a shard was asked; otherwise `result` holds an error
  };
  struct Slice {  // the items of one shard
    std::size_t shard = 0;
    std::vector<std::size_t> items;
    std::uint64_t bytes = 0;  // found by the last read
    std::uint64_t watch = 0;
  };
  enum class Round { kFirst, kAgain, kLast };

  void Collect();
  void Resolve(Item& item) const;
  bool IsZstdForOldClient(const Item& item) const;
  void Read(Round round);
  void ReadSlice(std::size_t index, Round round, std::uint64_t watch_bytes);
  void OnSliceRead(std::size_t index, Round round, FetchResult result);
  void OnRoundRead(Round round);
  void OnReady();
  void CancelWatches();
  void Answer();
  void AnswerSessionError(ErrorCode error);
  void TrimToBudget();
  void Mention(Item& item, FetchResponse* response, Externals* externals) const;
  FetchResponse::PartitionData ToWire(const Item& item, Externals* externals) const;
  void AddEndpoints(FetchResponse* response) const;

  ApiLoop& loop_;
  RequestContext context_;
  Responder responder_;
  const std::int16_t version_;
  FetchParams params_;
  std::string rack_;
  std::uint64_t max_bytes_ = 0;
  std::uint64_t min_bytes_ = 0;
  Millis max_wait_{0};
  MonoTime deadline_;

  FetchContext session_;
  std::vector<FetchSessionPartition> own_;
  MetadataPtr view_;  // keeps the names alive that the shards are asked with
  std::vector<Item> items_;
  std::vector<Slice> slices_;
  std::size_t open_ = 0;  // slices that have not answered this round
  bool answer_now_ = false;
  bool ready_again_ = false;  // a watch fired while a round was open
  bool done_ = false;
  TimerId timer_ = 0;
};

}  // namespace ottla
