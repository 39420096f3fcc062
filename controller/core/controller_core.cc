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
  CheckInvariants();
  return std::exchange(effects_, {});
}

void ControllerCore::CheckInvariants() const {
  if (!busy()) OTTLA_CHECK(plan_.empty()) << "requests were forgotten";
  for (const auto& [name, topic] : state_.topics) {
    for (const auto& [number, partition] : topic.partitions) {
      if (!partition.usable() || !partition.state) continue;
      const zk::PartitionStateData& data = partition.state->data;
      OTTLA_CHECK(!data.isr.empty()) << name << "-" << number;
      OTTLA_CHECK(data.leader == kNoBroker || Contains(data.isr, data.leader)) << name << "-" << number;
      for (const BrokerId id : data.isr)
        OTTLA_CHECK(Contains(partition.assignment.replicas, id)) << name << "-" << number;
    }
  }
}

}  // namespace ottla::controller
