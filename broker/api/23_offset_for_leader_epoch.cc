// OffsetForLeaderEpoch (key 23), v0..v4. Where a leader epoch ends in the leader's log (KIP-101, KIP-320). Undefined:
// -1, -1 without an error.
#include "common/protocol/messages/23_offset_for_leader_epoch.h"

#include <memory>
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
  OffsetForLeaderEpochRequest request;
  OffsetForLeaderEpochResponse response;
  std::size_t open = 1;

  void Finish() {
    if (--open == 0) AnswerWith(context.header, response, std::move(responder));
  }
};
using Answer = OffsetForLeaderEpochResponse::EpochEndOffset;

void Ask(ApiLoop& loop, const std::shared_ptr<Operation>& op, std::string_view topic,
         const OffsetForLeaderEpochRequest::OffsetForLeaderPartition& wanted, Answer* out) {
  const auto& shards = loop.services.shards;
  shards.RunOn(
      shards.IndexOf(topic, wanted.partition), [op, topic, wanted, out, &home = loop.executor](PartitionShard& shard) {
        const EpochEndAnswer answer = shard.OffsetForLeaderEpoch(
            topic, wanted.partition, LeaderEpoch(wanted.current_leader_epoch), LeaderEpoch(wanted.leader_epoch));
        RunHome(home, [op, out, answer] {
          out->error_code = answer.error;
          out->leader_epoch = answer.end.epoch.value;
          out->end_offset = answer.end.end.value;
          op->Finish();
        });
      });
}

}  // namespace

void HandleOffsetForLeaderEpoch(ApiLoop& loop, RequestContext context, Responder responder) {
  auto op = std::make_shared<Operation>();
  if (!DecodeOrClose(context, &op->request, responder)) return;
  op->context = std::move(context);
  op->responder = std::move(responder);
  for (const auto& topic : op->request.topics) {  // laid out first: places must not move while owners fill them
    auto& out = op->response.topics.emplace_back();
    out.topic = topic.topic;
    out.partitions.resize(topic.partitions.size());
  }
  for (std::size_t t = 0; t < op->request.topics.size(); ++t) {
    const auto& topic = op->request.topics[t];
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      Answer& out = op->response.topics[t].partitions[p];
      out.partition = topic.partitions[p].partition;
      ++op->open;
      Ask(loop, op, topic.topic, topic.partitions[p], &out);
    }
  }
  op->Finish();
}

}  // namespace ottla
