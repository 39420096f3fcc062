// The answering half of FetchOperation: results to the wire, for the session's memory and the request's version.
#include <set>
#include <utility>

#include "broker/api/fetch_operation.h"

namespace ottla {
namespace {

// Clients below v6 do not know KAFKA_STORAGE_ERROR; the one they know makes them ask for the leader again.
ErrorCode ForVersion(ErrorCode error, std::int16_t version) {
  if (error == ErrorCode::kKafkaStorageError && version <= 5) return ErrorCode::kNotLeaderOrFollower;
  return error;
}

// What the metadata view does not know; the owners of partitions were not asked, or said so.
bool IsUnknown(ErrorCode error) {
  return error == ErrorCode::kUnknownTopicOrPartition || error == ErrorCode::kUnknownTopicId;
}

// The client should ask another broker, and is told which.
bool HasLeaderHint(const FetchPartitionResult& result) {
  return result.error == ErrorCode::kNotLeaderOrFollower || result.error == ErrorCode::kFencedLeaderEpoch;
}

bool MustMention(FetchSessionPartition& partition, const FetchPartitionResult& result) {
  return MustMention(partition, result.high_watermark.value, result.log_start_offset.value, result.records.length > 0,
                     result.error != ErrorCode::kNone,
                     result.diverging.has_value() || result.preferred_read_replica != kNoBroker);
}

}  // namespace

void FetchOperation::Answer() {
  done_ = true;
  loop_.executor.Cancel(timer_);
  timer_ = 0;
  loop_.waiting_fetches.erase(context_.connection->id);
  if (FetchSessionCache::Overtaken(session_)) {
    AnswerSessionError(ErrorCode::kInvalidFetchSessionEpoch);
    return;
  }
  TrimToBudget();
  FetchResponse response;
  Externals externals;
  response.session_id = session_.session_id;
  const bool incremental = session_.kind == FetchContext::Kind::kIncremental;
  for (const bool unknown : {false, true}) {  // what is unknown stands behind what was read
    for (Item& item : items_) {
      if (IsUnknown(item.result.error) != unknown) continue;
      if (MustMention(*item.entry, item.result) || !incremental) Mention(item, &response, &externals);
    }
  }
  if (version_ >= 16) AddEndpoints(&response);
  AnswerWith(context_.header, response, std::move(responder_), std::move(externals));
  if (!incremental) return;
  for (Item& item : items_) {
    if (item.result.records.length > 0) session_.session->MoveToEnd(item.entry);
  }
}

void FetchOperation::Mention(Item& item, FetchResponse* response, Externals* externals) const {
  const FetchWish& wish = item.entry->wish;
  const std::string_view topic = version_ >= 13 ? std::string_view() : std::string_view(wish.tp.topic);
  auto* group = response->responses.empty() ? nullptr : &response->responses.back();
  if (group == nullptr || group->topic != topic || group->topic_id != wish.topic_id) {
    group = &response->responses.emplace_back();
    group->topic = topic;
    group->topic_id = wish.topic_id;
  }
  group->partitions.push_back(ToWire(item, externals));
}

// Clients below v10 cannot read zstd; whether a producer chose it by itself is not looked at, as in Kafka.
bool FetchOperation::IsZstdForOldClient(const Item& item) const {
  if (version_ >= 10 || !item.asked || HasLeaderHint(item.result) || IsUnknown(item.result.error)) return false;
  const auto config = loop_.services.topic_config(item.ask.topic);
  return config != nullptr && config->compression_type == "zstd";
}

FetchResponse::PartitionData FetchOperation::ToWire(const Item& item, Externals* externals) const {
  const FetchPartitionResult& result = item.result;
  FetchResponse::PartitionData data;
  data.records = Records::Of("");  // never null: clients stumble over that
  data.partition_index = item.entry->wish.tp.partition;
  if (IsZstdForOldClient(item)) {
    data.error_code = ErrorCode::kUnsupportedCompressionType;
    data.high_watermark = -1;
    return data;
  }
  data.error_code = ForVersion(result.error, version_);
  data.high_watermark = result.high_watermark.value;
  data.last_stable_offset = result.last_stable_offset.value;
  data.log_start_offset = result.log_start_offset.value;
  data.preferred_read_replica = result.preferred_read_replica.value;
  // An empty list where nothing was read, null where the reader did not ask for it.
  if (!IsUnknown(result.error)) data.aborted_transactions.reset();
  if (result.aborted.has_value()) {
    data.aborted_transactions.emplace();
    for (const AbortedTxn& txn : *result.aborted) {
      data.aborted_transactions->push_back({txn.producer_id, txn.first_offset.value});
    }
  }
  if (result.diverging.has_value()) {
    data.diverging_epoch.epoch = result.diverging->epoch.value;
    data.diverging_epoch.end_offset = result.diverging->end.value;
  }
  if (HasLeaderHint(result) && version_ >= 16) {
    data.current_leader = {result.current_leader.leader.value, result.current_leader.epoch.value};
  }
  if (result.records.length == 0) return data;
  if (version_ < 4) {
    // Magic 2 cannot be read by this client and is not converted down yet: Kafka's answer where conversion is off.
    data.error_code = ErrorCode::kUnsupportedVersion;
    data.high_watermark = data.last_stable_offset = data.log_start_offset = -1;
    return data;
  }
  data.records = Records::External(static_cast<std::int64_t>(result.records.length), externals->size());
  externals->emplace_back(result.records);
  return data;
}

void FetchOperation::AddEndpoints(FetchResponse* response) const {
  std::set<BrokerId> leaders;
  for (const Item& item : items_) {
    if (HasLeaderHint(item.result)) leaders.insert(item.result.current_leader.leader);
  }
  for (const BrokerId leader : leaders) {
    const MetadataBroker* broker = view_->FindBroker(leader);
    const MetadataEndpoint* at = broker == nullptr ? nullptr : broker->EndpointOf(context_.connection->listener);
    if (at == nullptr) continue;
    auto& node = response->node_endpoints.emplace_back();
    node.node_id = leader.value;
    node.host = at->address.host;
    node.port = at->address.port;
    if (broker->rack) node.rack = *broker->rack;
  }
}

void FetchOperation::AnswerSessionError(ErrorCode error) {
  FetchResponse response;
  response.error_code = error;
  response.session_id = error == ErrorCode::kInvalidFetchSessionEpoch ? session_.session_id : 0;
  AnswerWith(context_.header, response, std::move(responder_));
}

}  // namespace ottla
