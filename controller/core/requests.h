// What a broker may ask of the controller, and what it is answered, as plain values: the wire's versions and encodings
// are the business of broker/api. Error codes are the wire's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/protocol/error_code.h"

namespace ottla::controller {

struct CreatableTopic {
  std::string name;
  std::int32_t partitions = -1;                               // -1: the broker's default; ignored with `assignment`
  std::int16_t replication_factor = -1;                       // -1: the broker's default; ignored with `assignment`
  std::map<std::int32_t, std::vector<BrokerId>> assignment;   // not empty: placed by hand
  std::map<std::string, std::optional<std::string>> configs;  // a null value is refused
};
struct CreateTopicsCommand {
  std::vector<CreatableTopic> topics;
  bool validate_only = false;
};
struct CreatedTopic {
  std::string name;
  ErrorCode error = ErrorCode::kNone;
  std::string message;  // empty: none
  Uuid id;              // zero with validate_only or an error
  std::int32_t partitions = -1;
  std::int16_t replication_factor = -1;
  std::map<std::string, std::string> configs;  // the overrides stored
};
struct CreateTopicsAnswer {
  ErrorCode error = ErrorCode::kNone;  // kNotController: asked the wrong broker; `topics` is then empty
  std::vector<CreatedTopic> topics;    // in the order asked
};

// By name, or by id where the name is empty.
struct DeletableTopic {
  std::string name;
  Uuid id;
};
struct DeleteTopicsCommand {
  std::vector<DeletableTopic> topics;
};
struct DeletedTopic {
  std::string name;  // empty: the id is unknown
  Uuid id;           // zero: unknown
  ErrorCode error = ErrorCode::kNone;
  std::string message;
};
struct DeleteTopicsAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<DeletedTopic> topics;
};

struct GrowableTopic {
  std::string name;
  std::int32_t count = 0;                                        // the new total
  std::optional<std::vector<std::vector<BrokerId>>> assignment;  // of the new partitions only
};
struct CreatePartitionsCommand {
  std::vector<GrowableTopic> topics;
  bool validate_only = false;
};
struct GrownTopic {
  std::string name;
  ErrorCode error = ErrorCode::kNone;
  std::string message;
};
struct CreatePartitionsAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<GrownTopic> topics;
};

// A leader's proposal. Topics by id where the request has ids (version 2 and up), else by name.
struct IsrProposal {
  std::string topic;  // empty: by id
  Uuid topic_id;
  std::int32_t partition = 0;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;  // order is kept
  bool recovering = false;
};
struct AlterPartitionCommand {
  BrokerId broker;
  BrokerEpoch broker_epoch;
  std::int16_t version = 3;  // of the request: below 2 an ineligible replica is OPERATION_NOT_ATTEMPTED
  std::vector<IsrProposal> partitions;
};
struct IsrAnswer {
  std::string topic;
  Uuid topic_id;
  std::int32_t partition = 0;
  ErrorCode error = ErrorCode::kNone;
  BrokerId leader = kNoBroker;  // this and the rest: the state stored, when there is no error
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;
  bool recovering = false;
};
struct AlterPartitionAnswer {
  ErrorCode error = ErrorCode::kNone;  // not kNone: `partitions` is empty
  std::vector<IsrAnswer> partitions;   // in the order asked
};

struct AllocateProducerIdsCommand {
  BrokerId broker;
  BrokerEpoch broker_epoch;
};
struct AllocateProducerIdsAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::int64_t first = 0;
  std::int32_t count = 0;
};

struct ControlledShutdownCommand {
  BrokerId broker;
  BrokerEpoch broker_epoch{-1};  // -1: the request's version has none
};
struct ControlledShutdownAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<TopicPartition> remaining;  // still led by the broker
};

struct ElectLeadersCommand {
  bool unclean = false;
  std::optional<std::vector<TopicPartition>> partitions;  // none: all; those that need nothing are then not answered
};
struct ElectedPartition {
  TopicPartition partition;
  ErrorCode error = ErrorCode::kNone;
  std::string message;
};
struct ElectLeadersAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<ElectedPartition> partitions;
};

struct AlterReassignmentsCommand {
  struct Item {
    TopicPartition partition;
    std::optional<std::vector<BrokerId>> replicas;  // none: cancel
  };
  std::vector<Item> items;
};
struct AlterReassignmentsAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
  std::vector<ElectedPartition> partitions;
};
struct ListReassignmentsCommand {
  std::optional<std::vector<TopicPartition>> partitions;  // none: all
};
struct OngoingReassignment {
  TopicPartition partition;
  std::vector<BrokerId> replicas, adding, removing;
};
struct ListReassignmentsAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<OngoingReassignment> partitions;
};

using Command = std::variant<CreateTopicsCommand, DeleteTopicsCommand, CreatePartitionsCommand, AlterPartitionCommand,
                             AllocateProducerIdsCommand, ControlledShutdownCommand, ElectLeadersCommand,
                             AlterReassignmentsCommand, ListReassignmentsCommand>;
using Answer = std::variant<CreateTopicsAnswer, DeleteTopicsAnswer, CreatePartitionsAnswer, AlterPartitionAnswer,
                            AllocateProducerIdsAnswer, ControlledShutdownAnswer, ElectLeadersAnswer,
                            AlterReassignmentsAnswer, ListReassignmentsAnswer>;

}  // namespace ottla::controller
