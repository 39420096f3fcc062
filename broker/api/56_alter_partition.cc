// AlterPartition (key 56), v0..v3. A leader proposes a new ISR; only the controller decides and stores it.
#include "common/protocol/messages/56_alter_partition.h"
#include "common/base/broker_ids.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/controller_calls.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

controller::AlterPartitionCommand ToCommand(const AlterPartitionRequest& request, std::int16_t version) {
  controller::AlterPartitionCommand command{
      BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch), version, {}};
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      controller::IsrProposal proposal;
      proposal.topic = topic.topic_name;
      proposal.topic_id = topic.topic_id;
      proposal.partition = partition.partition_index;
      proposal.leader_epoch = LeaderEpoch(partition.leader_epoch);
      proposal.partition_epoch = PartitionEpoch(partition.partition_epoch);
      proposal.isr = ToBrokerIds(partition.new_isr);
      for (const auto& member : partition.new_isr_with_epochs) proposal.isr.emplace_back(member.broker_id);
      proposal.recovering = partition.leader_recovery_state != 0;
      command.partitions.push_back(std::move(proposal));
    }
  }
  return command;
}

AlterPartitionResponse ToResponse(const controller::AlterPartitionAnswer& answer) {
  AlterPartitionResponse response;
  response.error_code = answer.error;
  for (const controller::IsrAnswer& item : answer.partitions) {
    auto* topic = response.topics.empty() ? nullptr : &response.topics.back();
    if (topic == nullptr || topic->topic_name != item.topic || topic->topic_id != item.topic_id) {
      topic = &response.topics.emplace_back();
      topic->topic_name = item.topic;
      topic->topic_id = item.topic_id;
    }
    auto& partition = topic->partitions.emplace_back();
    partition.partition_index = item.partition;
    partition.error_code = item.error;
    if (item.error != ErrorCode::kNone) continue;
    partition.leader_id = item.leader.value;
    partition.leader_epoch = item.leader_epoch.value;
    partition.isr = ToNumbers(item.isr);
    partition.leader_recovery_state = item.recovering ? 1 : 0;
    partition.partition_epoch = item.partition_epoch.value;
  }
  return response;
}

}  // namespace

void HandleAlterPartition(ApiLoop& loop, RequestContext context, Responder responder) {
  AlterPartitionRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  controller::AlterPartitionCommand command = ToCommand(request, context.header.api_version);
  loop.services.controller.AlterPartition(std::move(command), loop.executor,
                                          [context = std::move(context), responder = std::move(responder)](
                                              const controller::AlterPartitionAnswer& answer) mutable {
                                            AnswerWith(context.header, ToResponse(answer), std::move(responder));
                                          });
}

}  // namespace ottla
