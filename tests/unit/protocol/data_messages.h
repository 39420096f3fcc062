// The message types that are neither request nor response: coordinator records and consumer protocol blobs.
#pragma once

#include <array>

#include "common/protocol/field.h"
#include "common/protocol/messages/consumer_protocol.h"
#include "common/protocol/messages/offsets_topic.h"
#include "common/protocol/messages/offsets_topic_new_groups.h"
#include "common/protocol/messages/principal_data.h"
#include "common/protocol/messages/txn_topic.h"

namespace ottla::test {

inline constexpr std::array kDataMessages = {
    &OffsetCommitKey::kRows,
    &OffsetCommitValue::kRows,
    &GroupMetadataKey::kRows,
    &GroupMetadataValue::kRows,
    &ConsumerGroupCurrentMemberAssignmentKey::kRows,
    &ConsumerGroupCurrentMemberAssignmentValue::kRows,
    &ConsumerGroupMemberMetadataKey::kRows,
    &ConsumerGroupMemberMetadataValue::kRows,
    &ConsumerGroupMetadataKey::kRows,
    &ConsumerGroupMetadataValue::kRows,
    &ConsumerGroupPartitionMetadataKey::kRows,
    &ConsumerGroupPartitionMetadataValue::kRows,
    &ConsumerGroupTargetAssignmentMemberKey::kRows,
    &ConsumerGroupTargetAssignmentMemberValue::kRows,
    &ConsumerGroupTargetAssignmentMetadataKey::kRows,
    &ConsumerGroupTargetAssignmentMetadataValue::kRows,
    &ShareGroupMemberMetadataKey::kRows,
    &ShareGroupMemberMetadataValue::kRows,
    &ShareGroupMetadataKey::kRows,
    &ShareGroupMetadataValue::kRows,
    &ShareGroupPartitionMetadataKey::kRows,
    &ShareGroupPartitionMetadataValue::kRows,
    &TransactionLogKey::kRows,
    &TransactionLogValue::kRows,
    &ConsumerProtocolSubscription::kRows,
    &ConsumerProtocolAssignment::kRows,
    &DefaultPrincipalData::kRows,
};

}  // namespace ottla::test
