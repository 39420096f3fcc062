// Produce (key 0), v0..v11. acks=0: no answer, the connection closes when any partition failed. acks=1: answered once
// written. acks=all: answered once all in-sync replicas have it, or at timeout_ms. Every partition succeeds or fails
// alone. Batches are checked here, on the connection's loop (append_check stage 1), and appended by the owner of the
// partition; the order of one connection is fixed at the hand-off to the owners. Transactional batches need the
// transaction coordinator, which this broker does not have yet: INVALID_TXN_STATE. One transactional batch in a request
// without a transactional id refuses the whole request, with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, as in Kafka.
#include "common/protocol/messages/00_produce.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"
#include "broker/api/home.h"
#include "broker/log/append_check.h"
#include "common/base/topic_name.h"

namespace ottla {
namespace {

constexpr std::string_view kAdminClientId = "__admin_client";  // the one client that may write internal topics

// Of a whole answer; each partition may list kMaxRecordErrors, and a small request may name many.
constexpr std::size_t kRecordErrorsMax = 10 * kMaxRecordErrors;
// A request may be decompressed to so many times its size, and to so much in any case.
constexpr std::size_t kDecompressedTimes = 64;
constexpr std::size_t kDecompressedLeast = AppendRules().max_decompressed_bytes;

// One Produce from its hand-off to its answer. Owner: the connection's loop.
struct Operation {
  RequestContext context;  // keeps the frame, and so the batches' bytes
  Responder responder;
  ProduceRequest request;
  std::vector<ProduceResult> results;  // in the order of the request, topics flattened
  std::size_t open = 1;                // one for the loop that hands over
  std::size_t record_errors_left = kRecordErrorsMax;
  MetadataPtr view;

  void Finish();
  bool AnyFailed() const;
  void Fill(ProduceResponse* response) const;
  void AddEndpoints(ProduceResponse* response) const;
};
using OperationPtr = std::shared_ptr<Operation>;

bool Operation::AnyFailed() const {
  for (const ProduceResult& result : results) {
    if (result.error != ErrorCode::kNone) return true;
  }
  return false;
}

void Operation::Finish() {
  if (--open > 0) return;
  if (request.acks == 0) {
    if (AnyFailed()) {
      responder
          .CloseConnection();  // the only way to tell a client that expects no answer to look at the metadata again
    } else {
      responder.NoResponse();
    }
    return;
  }
  ProduceResponse response;
  Fill(&response);
  if (context.header.api_version >= 10) AddEndpoints(&response);
  AnswerWith(context.header, response, std::move(responder));
}

void Operation::Fill(ProduceResponse* response) const {
  const std::int16_t version = context.header.api_version;
  response->responses.reserve(request.topic_data.size());
  std::size_t at = 0;
  for (const auto& topic : request.topic_data) {
    auto& out = response->responses.emplace_back();
    out.name = topic.name;
    out.partition_responses.reserve(topic.partition_data.size());
    for (const auto& partition : topic.partition_data) {
      const ProduceResult& result = results[at++];
      auto& to = out.partition_responses.emplace_back();
      to.index = partition.index;
      to.error_code = result.error;
      to.base_offset = result.base_offset.value;
      to.log_append_time_ms = result.log_append_time_ms;
      to.log_start_offset = result.log_start_offset.value;
      if (version >= 8) {
        for (const auto& error : result.record_errors) to.record_errors.push_back({error.batch_index, error.message});
        if (result.message) to.error_message = *result.message;
      }
      if (version >= 10 && result.error == ErrorCode::kNotLeaderOrFollower) {
        to.current_leader = {result.current_leader.leader.value, result.current_leader.epoch.value};
      }
    }
  }
}

void Operation::AddEndpoints(ProduceResponse* response) const {
  for (const ProduceResult& result : results) {
    if (result.error != ErrorCode::kNotLeaderOrFollower || result.current_leader.leader.value < 0) continue;
    const MetadataBroker* broker = view->FindBroker(result.current_leader.leader);
    const MetadataEndpoint* at = broker == nullptr ? nullptr : broker->EndpointOf(context.connection->listener);
    if (at == nullptr) continue;
    bool listed = false;
    for (const auto& node : response->node_endpoints) listed |= node.node_id == broker->id.value;
    if (listed) continue;
    auto& node = response->node_endpoints.emplace_back();
    node.node_id = broker->id.value;
    node.host = at->address.host;
    node.port = at->address.port;
    if (broker->rack) node.rack = *broker->rack;
  }
}

ProduceResult Refused(ErrorCode error) {
  ProduceResult result;
  result.error = error;
  return result;
}

// What needs no look at the batches. kNone: go on.
ErrorCode Refusal(const Operation& op, std::string_view topic, std::int32_t partition) {
  const std::int16_t acks = op.request.acks;
  if (op.view->FindPartition(topic, partition) == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  if (acks < -1 || acks > 1) return ErrorCode::kInvalidRequiredAcks;
  if (IsInternalTopic(topic) && op.context.header.client_id != kAdminClientId) return ErrorCode::kInvalidTopicException;
  return ErrorCode::kNone;
}

std::span<char> MutableBytes(const Records& records) {
  if (!records.bytes.has_value()) return {};
  // The view points into this request's own frame, which nobody else reads and which the log writes from.
  return {const_cast<char*>(records.bytes->data()), records.bytes->size()};
}

void HandOver(ApiLoop& loop, const OperationPtr& op, std::string_view topic, std::int32_t partition,
              CheckedAppend checked, std::size_t at) {
  ++op->open;
  AppendRequest append;
  append.topic = topic;
  append.partition = partition;
  append.batch = std::move(checked);
  append.keep_alive = op->context.frame.buffer;
  append.acks = op->request.acks;
  append.timeout = Millis(std::max(0, op->request.timeout_ms));
  const auto& shards = loop.services.shards;
  shards.RunOn(shards.IndexOf(topic, partition),
               [op, at, append = std::move(append), &home = loop.executor](PartitionShard& shard) mutable {
                 shard.Append(std::move(append), [op, at, &home](ProduceResult result) {
                   RunHome(home, [op, at, result = std::move(result)]() mutable {
                     op->results[at] = std::move(result);
                     op->Finish();
                   });
                 });
               });
}

void ProducePartition(ApiLoop& loop, const OperationPtr& op, std::string_view topic,
                      const ProduceRequest::PartitionProduceData& data, std::size_t at) {
  if (const ErrorCode error = Refusal(*op, topic, data.index); error != ErrorCode::kNone) {
    op->results[at] = Refused(error);
    return;
  }
  const auto config = loop.services.topic_config(topic);
  AppendSource source;
  source.topic = topic;
  source.partition = data.index;
  source.produce_version = op->context.header.api_version;
  source.now_ms = loop.services.clock.WallMillis();
  CheckedAppend checked = CheckAppend(MutableBytes(data.records), MakeAppendRules(*config), source, loop.scratch);
  if (checked.ok() && checked.header.is_transactional) {
    op->results[at] = Refused(ErrorCode::kInvalidTxnState);
    return;
  }
  auto& errors = checked.refusal.record_errors;
  if (errors.size() > op->record_errors_left) errors.resize(op->record_errors_left);
  op->record_errors_left -= errors.size();
  // Refusals go to the owner too: Kafka asks first whether it leads the partition.
  HandOver(loop, op, topic, data.index, std::move(checked), at);
}

bool LooksTransactional(std::string_view bytes) {
  return bytes.size() >= kBatchHeaderSize && bytes[kMagicAt] == 2 &&
         (LoadI16(bytes.data() + kAttributesAt) & kTransactionalBit) != 0;
}

// Whether the first batch of any partition is transactional, as far as its header says; nothing is checked yet.
bool HasTransactionalRecords(const ProduceRequest& request) {
  return std::ranges::any_of(request.topic_data, [](const auto& topic) {
    return std::ranges::any_of(topic.partition_data, [](const auto& partition) {
      const auto& bytes = partition.records.bytes;
      return bytes.has_value() && LooksTransactional(*bytes);
    });
  });
}

}  // namespace

void HandleProduce(ApiLoop& loop, RequestContext context, Responder responder) {
  auto op = std::make_shared<Operation>();
  if (!DecodeOrClose(context, &op->request, responder)) return;
  op->context = std::move(context);
  op->responder = std::move(responder);
  op->view = loop.metadata();
  std::size_t count = 0;
  for (const auto& topic : op->request.topic_data) count += topic.partition_data.size();
  op->results.resize(count);
  if (!op->request.transactional_id.has_value() && HasTransactionalRecords(op->request)) {
    std::ranges::fill(op->results, Refused(ErrorCode::kTransactionalIdAuthorizationFailed));
    op->Finish();
    return;
  }
  loop.scratch.may_decompress = std::max(kDecompressedLeast, kDecompressedTimes * op->context.body.size());
  std::size_t at = 0;
  for (const auto& topic : op->request.topic_data) {
    for (const auto& data : topic.partition_data) ProducePartition(loop, op, topic.name, data, at++);
  }
  op->Finish();
}

}  // namespace ottla
