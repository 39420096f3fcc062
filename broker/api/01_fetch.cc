// Fetch (key 1), v0..v17. Consumers and followers. Partitions are read in the order of the request or session, at most
// max_bytes together, at least one whole batch when there is any. Answered when min_bytes are there, something went
// wrong with a partition, or after max_wait_ms. From v7 on sessions (fetch_session.h), from v13 on topics by id. v0-v3
// clients cannot read batches of magic 2; until conversion exists they get UNSUPPORTED_VERSION for partitions that have
// any.
#include "common/protocol/messages/01_fetch.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/fetch_operation.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

std::vector<FetchWish> Wishes(const FetchRequest& request) {
  std::vector<FetchWish> wishes;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      FetchWish& wish = wishes.emplace_back();
      wish.tp = {std::string(topic.topic), partition.partition};
      wish.topic_id = topic.topic_id;
      wish.fetch_offset = partition.fetch_offset;
      wish.log_start_offset = partition.log_start_offset;
      wish.max_bytes = partition.partition_max_bytes;
      wish.current_leader_epoch = std::max(partition.current_leader_epoch, -1);  // any below 0: not given
      wish.last_fetched_epoch = partition.last_fetched_epoch;
    }
  }
  return wishes;
}

std::vector<FetchWish> Forgotten(const FetchRequest& request) {
  std::vector<FetchWish> forgotten;
  for (const auto& topic : request.forgotten_topics_data) {
    for (const std::int32_t partition : topic.partitions) {
      FetchWish& wish = forgotten.emplace_back();
      wish.tp = {std::string(topic.topic), partition};
      wish.topic_id = topic.topic_id;
    }
  }
  return forgotten;
}

struct WishHash {
  std::size_t operator()(const FetchWish* wish) const {
    return std::hash<TopicPartition>{}(wish->tp) ^ std::hash<Uuid>{}(wish->topic_id);
  }
};
struct SameWish {
  bool operator()(const FetchWish* one, const FetchWish* other) const {
    return one->tp == other->tp && one->topic_id == other->topic_id;
  }
};

// A partition named twice counts once, where it stood first, with what was said last.
void Unite(std::vector<FetchWish>& wishes) {
  if (wishes.size() < 2) return;
  std::unordered_set<FetchWish*, WishHash, SameWish> seen;
  std::size_t kept = 0;
  for (FetchWish& wish : wishes) {
    if (const auto earlier = seen.find(&wish); earlier != seen.end()) {
      **earlier = std::move(wish);
      continue;
    }
    FetchWish& place = wishes[kept++];
    if (&place != &wish) place = std::move(wish);
    seen.insert(&place);
  }
  wishes.resize(kept);
}

void AnswerSessionError(const ReceivedHeader& header, ErrorCode error, Responder responder) {
  FetchResponse response;
  response.error_code = error;
  AnswerWith(header, response, std::move(responder));
}

// A fault of the whole request. Clients below v7 look for it in the partitions, those from v13 on do not.
void AnswerWhole(const ReceivedHeader& header, const FetchRequest& request, ErrorCode error, Responder responder) {
  FetchResponse response;
  response.error_code = error;
  response.session_id = request.session_id;
  for (const auto& topic : request.topics) {
    if (header.api_version >= 13) break;
    auto& out = response.responses.emplace_back();
    out.topic = topic.topic;
    for (const auto& partition : topic.partitions) {
      auto& data = out.partitions.emplace_back();
      data.partition_index = partition.partition;
      data.error_code = error;
      data.high_watermark = -1;
      data.records = Records::Of("");
    }
  }
  AnswerWith(header, response, std::move(responder));
}

}  // namespace

void HandleFetch(ApiLoop& loop, RequestContext context, Responder responder) {
  FetchRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  const std::int16_t version = context.header.api_version;
  if (request.isolation_level < 0 || request.isolation_level > 1) {
    AnswerWhole(context.header, request, ErrorCode::kUnknownServerError, std::move(responder));  // Kafka's word for it
    return;
  }
  std::vector<FetchWish> wishes = Wishes(request);
  const std::vector<FetchWish> forgotten = Forgotten(request);
  FetchSessionCache::Request ask;
  ask.session_id = request.session_id;
  ask.session_epoch = request.session_epoch;
  ask.uses_topic_ids = version >= 13;
  ask.follower = (version >= 15 ? request.replica_state.replica_id : request.replica_id) >= 0;
  ask.wishes = wishes;
  ask.forgotten = forgotten;
  FetchContext session = loop.sessions.Begin(ask, loop.services.clock.Now());
  if (session.kind == FetchContext::Kind::kError) {
    AnswerSessionError(context.header, session.error, std::move(responder));
    return;
  }
  std::vector<FetchSessionPartition> sessionless;
  if (session.session == nullptr) {
    Unite(wishes);
    sessionless.reserve(wishes.size());
    for (FetchWish& wish : wishes) sessionless.push_back({std::move(wish)});
  }
  auto operation = std::make_shared<FetchOperation>(loop, std::move(context), request, std::move(responder));
  operation->Start(std::move(session), std::move(sessionless));
}

}  // namespace ottla
