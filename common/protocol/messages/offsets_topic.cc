#include "common/protocol/messages/offsets_topic.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(OffsetCommitKey, ROW(group), ROW(topic), ROW(partition))

OTTLA_MESSAGE(OffsetCommitKey, kData)

OTTLA_ROWS(OffsetCommitValue,
           ROW(offset),
           ROW(leader_epoch, Since(3)).Ignorable(),
           ROW(metadata),
           ROW(commit_timestamp),
           ROW(expire_timestamp, Only(1)).Ignorable())

OTTLA_MESSAGE(OffsetCommitValue, kData)

OTTLA_ROWS(GroupMetadataKey, ROW(group))

OTTLA_MESSAGE(GroupMetadataKey, kData)

OTTLA_ROWS(GroupMetadataValue::MemberMetadata,
           ROW(member_id),
           ROW(group_instance_id, Since(3)).Nullable().Ignorable(),
           ROW(client_id),
           ROW(client_host),
           ROW(rebalance_timeout, Since(1)).Ignorable(),
           ROW(session_timeout),
           ROW(subscription).Bytes(),
           ROW(assignment).Bytes())

OTTLA_ROWS(GroupMetadataValue,
           ROW(protocol_type),
           ROW(generation),
           ROW(protocol).Nullable(),
           ROW(leader).Nullable(),
           ROW(current_state_timestamp, Since(2)).Ignorable(),
           ROW(members))

OTTLA_MESSAGE(GroupMetadataValue, kData)

}  // namespace ottla
