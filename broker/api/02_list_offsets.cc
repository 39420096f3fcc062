// ListOffsets (key 2), v0..v9. Offsets by timestamp or by the special values -1 latest, -2 earliest, -3 max timestamp
// (v7), -4 earliest local (v8), -5 latest tiered (v9). A partition named twice: INVALID_REQUEST. v0 answers lists of
// offsets. A special value that the version does not know yet: UNSUPPORTED_VERSION. The owners of the partitions look
// up.
#include "common/protocol/messages/02_list_offsets.h"

#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"
#include "broker/api/home.h"

namespace ottla {
namespace {

struct Operation {
  RequestContext context;
  Responder responder;
  ListOffsetsRequest request;  // views of the frame
  ListOffsetsResponse response;
  std::size_t open = 1;  // one for the loop that asks, so that nothing finishes while it still asks

  void Finish() {
    if (--open == 0) AnswerWith(context.header, response, std::move(responder));
  }
};
using OperationPtr = std::shared_ptr<Operation>;
using Answer = ListOffsetsResponse::ListOffsetsPartitionResponse;

ListOffsetQuery ToQuery(const Operation& op, std::string_view topic,
                        const ListOffsetsRequest::ListOffsetsPartition& partition) {
  ListOffsetQuery query;
  query.topic = topic;
  query.partition = partition.partition_index;
  query.replica_id = BrokerId(op.request.replica_id);
  query.read_committed = op.request.isolation_level == 1;
  query.current_leader_epoch = LeaderEpoch(partition.current_leader_epoch);
  query.timestamp = partition.timestamp;
  query.version = op.context.header.api_version;
  return query;
}

void AskV0(ApiLoop& loop, const OperationPtr& op, ListOffsetQuery query, std::int32_t max_offsets, Answer* out) {
  loop.services.shards.RunOn(loop.services.shards.IndexOf(query.topic, query.partition),
                             [op, query, max_offsets, out, &home = loop.executor](PartitionShard& shard) {
                               shard.ListOffsetsV0(query, max_offsets,
                                                   [op, out, &home](ErrorCode error, std::vector<Offset> offsets) {
                                                     RunHome(home, [op, out, error, offsets = std::move(offsets)] {
                                                       out->error_code = error;
                                                       for (const Offset offset : offsets)
                                                         out->old_style_offsets.push_back(offset.value);
                                                       op->Finish();
                                                     });
                                                   });
                             });
}

void Ask(ApiLoop& loop, const OperationPtr& op, ListOffsetQuery query, Answer* out) {
  loop.services.shards.RunOn(loop.services.shards.IndexOf(query.topic, query.partition),
                             [op, query, out, &home = loop.executor](PartitionShard& shard) {
                               shard.ListOffset(query, [op, out, &home](const ListOffsetAnswer& answer) {
                                 RunHome(home, [op, out, answer] {
                                   out->error_code = answer.error;
                                   out->timestamp = answer.timestamp;
                                   out->offset = answer.offset.value;
                                   if (op->context.header.api_version >= 4)
                                     out->leader_epoch = answer.leader_epoch.value;
                                   op->Finish();
                                 });
                               });
                             });
}

std::set<std::pair<std::string_view, std::int32_t>> Repeated(const ListOffsetsRequest& request) {
  std::set<std::pair<std::string_view, std::int32_t>> seen, repeated;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      const auto key = std::pair(topic.name, partition.partition_index);
      if (!seen.insert(key).second) repeated.insert(key);
    }
  }
  return repeated;
}

// Special values count down from -1, each with the version that brought it (Kafka: handleListOffsetRequestV1AndAbove).
bool Knows(std::int16_t version, std::int64_t timestamp) {
  constexpr std::int16_t kSince[] = {1, 1, 7, 8, 9};
  if (timestamp >= 0) return true;
  if (version == 0) return timestamp >= -2;
  return timestamp >= -std::ssize(kSince) && version >= kSince[-timestamp - 1];
}

ErrorCode Refusal(const Operation& op, bool repeated, std::int64_t timestamp) {
  const std::int8_t isolation = op.request.isolation_level;
  if (isolation < 0 || isolation > 1) return ErrorCode::kUnknownServerError;  // Kafka's word for it
  if (repeated && op.context.header.api_version > 0) return ErrorCode::kInvalidRequest;
  return Knows(op.context.header.api_version, timestamp) ? ErrorCode::kNone : ErrorCode::kUnsupportedVersion;
}

}  // namespace

void HandleListOffsets(ApiLoop& loop, RequestContext context, Responder responder) {
  auto op = std::make_shared<Operation>();
  if (!DecodeOrClose(context, &op->request, responder)) return;
  op->context = std::move(context);
  op->responder = std::move(responder);
  const auto repeated = Repeated(op->request);
  // The whole answer is laid out first: owners on other loops fill their places, and places must not move.
  for (const auto& topic : op->request.topics) {
    auto& out = op->response.topics.emplace_back();
    out.name = topic.name;
    out.partitions.resize(topic.partitions.size());
  }
  for (std::size_t t = 0; t < op->request.topics.size(); ++t) {
    const auto& topic = op->request.topics[t];
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      Answer& out = op->response.topics[t].partitions[p];
      out.partition_index = topic.partitions[p].partition_index;
      const bool twice = repeated.contains({topic.name, out.partition_index});
      out.error_code = Refusal(*op, twice, topic.partitions[p].timestamp);
      if (out.error_code != ErrorCode::kNone) continue;
      ++op->open;
      const ListOffsetQuery query = ToQuery(*op, topic.name, topic.partitions[p]);
      if (op->context.header.api_version == 0) {
        AskV0(loop, op, query, topic.partitions[p].max_num_offsets, &out);
      } else {
        Ask(loop, op, query, &out);
      }
    }
  }
  op->Finish();
}

}  // namespace ottla
