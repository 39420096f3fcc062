// What a broker may ask of the controller in its own process. Any thread may call; the answer runs as a task of
// `reply_on`, exactly once, unless the process is stopping (then perhaps never, as with any posted task).
//
// Where this broker is not the active controller every call is answered kNotController at once (ControlledShutdown:
// kStaleControllerEpoch, as brokers expect). A controller that is deposed answers what it still held with the same
// codes. There are no time-outs here: the caller keeps its own deadline and ignores a late answer.
//
// CreateTopics and CreatePartitions answer when the topic and its partitions' states are stored and the control
// requests are queued; a caller that promises metadata then waits for its own metadata cache to show the leaders.
// DeleteTopics answers when the deletion is queued in ZooKeeper; metadata goes shortly after.
#pragma once

#include "common/base/executor.h"
#include "common/base/unique_function.h"
#include "controller/core/requests.h"

namespace ottla::controller {

class ControllerHandle {
 public:
  template <class A>
  using Done = UniqueFunction<void(A)>;

  virtual ~ControllerHandle() = default;

  virtual bool IsActive() const = 0;  // a moment's truth
  virtual void CreateTopics(CreateTopicsCommand request, Executor& reply_on, Done<CreateTopicsAnswer> done) = 0;
  virtual void DeleteTopics(DeleteTopicsCommand request, Executor& reply_on, Done<DeleteTopicsAnswer> done) = 0;
  virtual void CreatePartitions(CreatePartitionsCommand request, Executor& reply_on,
                                Done<CreatePartitionsAnswer> done) = 0;
  virtual void AlterPartition(AlterPartitionCommand request, Executor& reply_on, Done<AlterPartitionAnswer> done) = 0;
  virtual void AllocateProducerIds(AllocateProducerIdsCommand request, Executor& reply_on,
                                   Done<AllocateProducerIdsAnswer> done) = 0;
  virtual void ControlledShutdown(ControlledShutdownCommand request, Executor& reply_on,
                                  Done<ControlledShutdownAnswer> done) = 0;
  virtual void ElectLeaders(ElectLeadersCommand request, Executor& reply_on, Done<ElectLeadersAnswer> done) = 0;
  virtual void AlterReassignments(AlterReassignmentsCommand request, Executor& reply_on,
                                  Done<AlterReassignmentsAnswer> done) = 0;
  virtual void ListReassignments(ListReassignmentsCommand request, Executor& reply_on,
                                 Done<ListReassignmentsAnswer> done) = 0;
  // A topic's config changed (a notification of /config/changes): an unclean election may have become allowed.
  virtual void TopicConfigChanged(const std::string& topic) = 0;
};

}  // namespace ottla::controller
