// ControllerCore: moving replicas.
#include <utility>

#include "controller/core/controller_core.h"

namespace ottla::controller {

void ControllerCore::Handle(ReassignmentAsked&) {
  Say(Note::Level::kError, "/admin/reassign_partitions: moving replicas is not supported; the node is left alone",
      "unsupported_requests");
}

void ControllerCore::Handle(AlterReassignmentsCommand& command) {
  AlterReassignmentsAnswer answer{ErrorCode::kUnsupportedVersion, "Moving replicas is not supported.", {}};
  (void)command;
  Answer_(std::move(answer));
}

void ControllerCore::Handle(ListReassignmentsCommand& command) {
  ListReassignmentsAnswer answer;
  for (const TopicPartition& tp : command.partitions ? *command.partitions : AllPartitions()) {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->reassigning()) continue;
    answer.partitions.push_back(
        {tp, partition->assignment.replicas, partition->assignment.adding, partition->assignment.removing});
  }
  Answer_(std::move(answer));
}

}  // namespace ottla::controller
