#include "broker/replica/fetch_answers.h"

#include <map>
#include <string_view>
#include <utility>

namespace ottla {
namespace {

bool StillAsked(const PulledPartition* partition) {
  return partition != nullptr && partition->in_session && partition->state == PulledPartition::State::kReady &&
         partition->told_leader_epoch == partition->leader_epoch;
}

FetchAnswer AnswerOf(const FetchResponse::PartitionData& data, Offset asked) {
  FetchAnswer answer;
  answer.error = data.error_code;
  answer.asked_offset = asked;
  if (data.diverging_epoch.end_offset >= 0 || data.diverging_epoch.epoch >= 0) {
    answer.diverging = EpochEnd{LeaderEpoch(data.diverging_epoch.epoch), Offset(data.diverging_epoch.end_offset)};
  }
  return answer;
}

FollowerSlice SliceOf(const PulledPartition& partition, const FetchResponse::PartitionData& data,
                      const std::shared_ptr<const void>& frame) {
  FollowerSlice slice;
  slice.tp = partition.tp;
  slice.leader_epoch = partition.leader_epoch;
  slice.answer = AnswerOf(data, partition.told_offset);
  if (data.records.bytes.has_value()) slice.records = *data.records.bytes;
  slice.answer.has_records = !slice.records.empty();
  slice.owner = frame;
  slice.high_watermark = Offset(data.high_watermark);
  slice.leader_log_start = Offset(data.log_start_offset);
  return slice;
}

void Find(const ListOffsetsResponse& response, FollowerSlice& slice) {
  for (const auto& topic : response.topics) {
    if (topic.name != slice.tp->topic) continue;
    for (const auto& partition : topic.partitions) {
      if (partition.partition_index != slice.tp->partition) continue;
      slice.answer.error = partition.error_code;
      slice.listed = Offset(partition.offset);
    }
  }
}

}  // namespace

std::vector<FollowerSlice> FetchedSlices(const FetchResponse& response, FetchPlan& plan,
                                         const std::shared_ptr<const void>& frame) {
  std::vector<FollowerSlice> out;
  for (const auto& topic : response.responses) {
    for (const auto& data : topic.partitions) {
      const PulledPartition* partition = topic.topic.empty() ? plan.Find(topic.topic_id, data.partition_index)
                                                             : plan.Find(topic.topic, data.partition_index);
      if (StillAsked(partition)) out.push_back(SliceOf(*partition, data, frame));
    }
  }
  return out;
}

OffsetsQuestion AskFor(const std::vector<PulledPartition*>& partitions, bool latest) {
  OffsetsQuestion question{.latest = latest, .asked = {}};
  for (const PulledPartition* partition : partitions) {
    question.asked.push_back({partition->tp, partition->leader_epoch});
  }
  return question;
}

ListOffsetsRequest RequestOf(const OffsetsQuestion& question, BrokerId self) {
  ListOffsetsRequest request;
  request.replica_id = self.value;
  std::map<std::string_view, std::size_t> topics;  // where each stands in the request
  for (const AskedPartition& asked : question.asked) {
    ListOffsetsRequest::ListOffsetsPartition one;
    one.partition_index = asked.tp->partition;
    one.current_leader_epoch = asked.leader_epoch.value;
    one.timestamp = question.latest ? -1 : -2;
    const auto [at, fresh] = topics.try_emplace(asked.tp->topic, request.topics.size());
    if (fresh) request.topics.push_back({.name = asked.tp->topic, .partitions = {}});
    request.topics[at->second].partitions.push_back(one);
  }
  return request;
}

std::vector<FollowerSlice> ListedSlices(const ListOffsetsResponse& response, const OffsetsQuestion& question) {
  std::vector<FollowerSlice> slices;
  for (const AskedPartition& one : question.asked) {
    FollowerSlice slice;
    slice.kind = question.latest ? FollowerSlice::Kind::kLatest : FollowerSlice::Kind::kEarliest;
    slice.tp = one.tp;
    slice.leader_epoch = one.leader_epoch;
    slice.answer.error = ErrorCode::kUnknownServerError;
    Find(response, slice);
    slices.push_back(std::move(slice));
  }
  return slices;
}

}  // namespace ottla
