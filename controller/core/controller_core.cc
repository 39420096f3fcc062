#include "controller/core/controller_core.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace ottla::controller {

Answer NotActiveAnswer(const Command& command) {
  constexpr ErrorCode kNot = ErrorCode::kNotController;
  struct Visitor {
    Answer operator()(const CreateTopicsCommand&) const { return CreateTopicsAnswer{kNot, {}}; }
    Answer operator()(const DeleteTopicsCommand&) const { return DeleteTopicsAnswer{kNot, {}}; }
    Answer operator()(const CreatePartitionsCommand&) const { return CreatePartitionsAnswer{kNot, {}}; }
    Answer operator()(const AlterPartitionCommand&) const { return AlterPartitionAnswer{kNot, {}}; }
    Answer operator()(const AllocateProducerIdsCommand&) const { return AllocateProducerIdsAnswer{kNot, 0, 0}; }
    Answer operator()(const ControlledShutdownCommand&) const {
      return ControlledShutdownAnswer{ErrorCode::kStaleControllerEpoch, {}};
    }
    Answer operator()(const ElectLeadersCommand&) const { return ElectLeadersAnswer{kNot, {}}; }
    Answer operator()(const AlterReassignmentsCommand&) const { return AlterReassignmentsAnswer{kNot, "", {}}; }
    Answer operator()(const ListReassignmentsCommand&) const { return ListReassignmentsAnswer{kNot, {}}; }
  };
  return std::visit(Visitor{}, command);
}

ControllerCore::ControllerCore(CoreOptions options)
    : options_(std::move(options)), random_(options_.seed), unclean_default_(options_.unclean_default) {}

Effects ControllerCore::On(Event event) {
  if (auto* done = std::get_if<ZkDone>(&event)) {
    OTTLA_CHECK(busy()) << "a ZooKeeper answer that nobody waits for";
    ZkThen then = std::move(on_zk_);
    on_zk_ = nullptr;
    then(*done);
  } else if (auto* resigned = std::get_if<Resigned>(&event)) {
    Handle(*resigned);
  } else {
    OTTLA_CHECK(!busy()) << "one event at a time";
    OTTLA_CHECK(active_ || std::holds_alternative<BecameController>(event))
        << "told to a controller that is not active";
    std::visit([this](auto& e) { Handle(e); }, event);
  }
  CheckTouched();
  return std::exchange(effects_, {});
}

// Walks everything: for tests, after every event.
void ControllerCore::CheckInvariants() const {
  for (const auto& [name, topic] : state_.topics) {
    OTTLA_CHECK(deleting_.contains(name) == topic.deletion.has_value()) << name;
    for (const auto& [number, partition] : topic.partitions) CheckPartition({name, number}, partition);
  }
}

void ControllerCore::CheckPartition(const TopicPartition& tp, const Partition& partition) {
  if (!partition.usable() || !partition.state) return;
  const zk::PartitionStateData& data = partition.state->data;
  OTTLA_CHECK(!data.isr.empty()) << tp;
  OTTLA_CHECK(data.leader == kNoBroker || Contains(data.isr, data.leader)) << tp;
  for (const BrokerId id : data.isr) OTTLA_CHECK(Contains(partition.assignment.replicas, id)) << tp;
}

// A cluster of many partitions is not walked for each of its events.
void ControllerCore::CheckTouched() {
  if (!busy()) OTTLA_CHECK(plan_.empty()) << "requests were forgotten";
  for (const TopicPartition& tp : touched_) {
    if (const Partition* partition = state_.Find(tp)) CheckPartition(tp, *partition);
  }
  touched_.clear();
}

}  // namespace ottla::controller
