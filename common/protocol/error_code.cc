#include "common/protocol/error_code.h"

#include <cstddef>
#include <iterator>

namespace ottla {
namespace {

enum class Retry : bool { kNo, kYes };

struct ErrorRow {
  ErrorCode code;
  Retry retry;
  std::string_view name;
  std::string_view message;
};

using enum ErrorCode;
// Ascending by code, without a gap.
constexpr ErrorRow kErrors[] = {
    {kUnknownServerError, Retry::kNo, "UNKNOWN_SERVER_ERROR", "The broker failed in a way it did not expect."},
    {kNone, Retry::kNo, "NONE", ""},
    {kOffsetOutOfRange, Retry::kNo, "OFFSET_OUT_OF_RANGE", "The offset is outside the range that the partition holds."},
    {kCorruptMessage, Retry::kYes, "CORRUPT_MESSAGE",
     "The message is damaged: wrong checksum, wrong size, or no key on a compacted topic."},
    {kUnknownTopicOrPartition, Retry::kYes, "UNKNOWN_TOPIC_OR_PARTITION",
     "This broker does not host the topic or partition."},
    {kInvalidFetchSize, Retry::kNo, "INVALID_FETCH_SIZE", "The fetch size is not valid."},
    {kLeaderNotAvailable, Retry::kYes, "LEADER_NOT_AVAILABLE", "The partition has no leader at the moment."},
    {kNotLeaderOrFollower, Retry::kYes, "NOT_LEADER_OR_FOLLOWER",
     "This broker is not the leader, or not a replica, of the partition."},
    {kRequestTimedOut, Retry::kYes, "REQUEST_TIMED_OUT", "The request timed out."},
    {kBrokerNotAvailable, Retry::kNo, "BROKER_NOT_AVAILABLE", "The broker is not available."},
    {kReplicaNotAvailable, Retry::kYes, "REPLICA_NOT_AVAILABLE", "The replica of the partition is not available."},
    {kMessageTooLarge, Retry::kNo, "MESSAGE_TOO_LARGE", "The message is larger than the broker accepts."},
    {kStaleControllerEpoch, Retry::kNo, "STALE_CONTROLLER_EPOCH", "The controller has moved to another broker."},
    {kOffsetMetadataTooLarge, Retry::kNo, "OFFSET_METADATA_TOO_LARGE",
     "The metadata that came with the offset is too large."},
    {kNetworkException, Retry::kYes, "NETWORK_EXCEPTION", "The connection closed before a response came."},
    {kCoordinatorLoadInProgress, Retry::kYes, "COORDINATOR_LOAD_IN_PROGRESS",
     "The coordinator is still loading its state."},
    {kCoordinatorNotAvailable, Retry::kYes, "COORDINATOR_NOT_AVAILABLE", "The coordinator is not available."},
    {kNotCoordinator, Retry::kYes, "NOT_COORDINATOR", "This broker is not the coordinator asked for."},
    {kInvalidTopicException, Retry::kNo, "INVALID_TOPIC_EXCEPTION", "The topic is not one that this request may use."},
    {kRecordListTooLarge, Retry::kNo, "RECORD_LIST_TOO_LARGE", "The batch is larger than a log segment."},
    {kNotEnoughReplicas, Retry::kYes, "NOT_ENOUGH_REPLICAS", "Too few replicas are in sync to accept messages."},
    {kNotEnoughReplicasAfterAppend, Retry::kYes, "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
     "Messages were written, but by fewer in-sync replicas than required."},
    {kInvalidRequiredAcks, Retry::kNo, "INVALID_REQUIRED_ACKS", "The required acks are not -1, 0 or 1."},
    {kIllegalGeneration, Retry::kNo, "ILLEGAL_GENERATION", "The generation of the group is not the current one."},
    {kInconsistentGroupProtocol, Retry::kNo, "INCONSISTENT_GROUP_PROTOCOL",
     "The member's protocols have nothing in common with those of the group."},
    {kInvalidGroupId, Retry::kNo, "INVALID_GROUP_ID", "The group id is not valid."},
    {kUnknownMemberId, Retry::kNo, "UNKNOWN_MEMBER_ID", "The coordinator does not know this member."},
    {kInvalidSessionTimeout, Retry::kNo, "INVALID_SESSION_TIMEOUT",
     "The session timeout is outside the range that the broker allows."},
    {kRebalanceInProgress, Retry::kNo, "REBALANCE_IN_PROGRESS", "The group is rebalancing; join again."},
    {kInvalidCommitOffsetSize, Retry::kNo, "INVALID_COMMIT_OFFSET_SIZE",
     "The size of the offset to commit is not valid."},
    {kTopicAuthorizationFailed, Retry::kNo, "TOPIC_AUTHORIZATION_FAILED", "Not authorized for the topic."},
    {kGroupAuthorizationFailed, Retry::kNo, "GROUP_AUTHORIZATION_FAILED", "Not authorized for the group."},
    {kClusterAuthorizationFailed, Retry::kNo, "CLUSTER_AUTHORIZATION_FAILED", "Not authorized for the cluster."},
    {kInvalidTimestamp, Retry::kNo, "INVALID_TIMESTAMP",
     "The timestamp of the message is outside the range that the topic allows."},
    {kUnsupportedSaslMechanism, Retry::kNo, "UNSUPPORTED_SASL_MECHANISM",
     "The broker does not offer this SASL mechanism."},
    {kIllegalSaslState, Retry::kNo, "ILLEGAL_SASL_STATE", "The request does not fit the state of the SASL exchange."},
    {kUnsupportedVersion, Retry::kNo, "UNSUPPORTED_VERSION", "This version of the API is not supported."},
    {kTopicAlreadyExists, Retry::kNo, "TOPIC_ALREADY_EXISTS", "A topic with this name exists already."},
    {kInvalidPartitions, Retry::kNo, "INVALID_PARTITIONS", "The number of partitions is not valid."},
    {kInvalidReplicationFactor, Retry::kNo, "INVALID_REPLICATION_FACTOR",
     "The replication factor is below 1 or above the number of brokers available."},
    {kInvalidReplicaAssignment, Retry::kNo, "INVALID_REPLICA_ASSIGNMENT", "The replica assignment is not valid."},
    {kInvalidConfig, Retry::kNo, "INVALID_CONFIG", "The configuration is not valid."},
    {kNotController, Retry::kYes, "NOT_CONTROLLER", "This broker is not the controller."},
    {kInvalidRequest, Retry::kNo, "INVALID_REQUEST", "The request is malformed or contradicts itself."},
    {kUnsupportedForMessageFormat, Retry::kNo, "UNSUPPORTED_FOR_MESSAGE_FORMAT",
     "The message format of the topic does not support the request."},
    {kPolicyViolation, Retry::kNo, "POLICY_VIOLATION", "The parameters break a policy of this cluster."},
    {kOutOfOrderSequenceNumber, Retry::kNo, "OUT_OF_ORDER_SEQUENCE_NUMBER",
     "A sequence number is missing before this one."},
    {kDuplicateSequenceNumber, Retry::kNo, "DUPLICATE_SEQUENCE_NUMBER", "This sequence number was already used."},
    {kInvalidProducerEpoch, Retry::kNo, "INVALID_PRODUCER_EPOCH", "The epoch of the producer is old."},
    {kInvalidTxnState, Retry::kNo, "INVALID_TXN_STATE", "The transaction is not in a state that allows this."},
    {kInvalidProducerIdMapping, Retry::kNo, "INVALID_PRODUCER_ID_MAPPING",
     "The producer id does not belong to this transactional id."},
    {kInvalidTransactionTimeout, Retry::kNo, "INVALID_TRANSACTION_TIMEOUT",
     "The transaction timeout is above the maximum that the broker allows."},
    {kConcurrentTransactions, Retry::kYes, "CONCURRENT_TRANSACTIONS",
     "Another operation on the same transaction is in progress."},
    {kTransactionCoordinatorFenced, Retry::kNo, "TRANSACTION_COORDINATOR_FENCED",
     "The sender of the marker is no longer the coordinator of this transaction."},
    {kTransactionalIdAuthorizationFailed, Retry::kNo, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
     "Not authorized for the transactional id."},
    {kSecurityDisabled, Retry::kNo, "SECURITY_DISABLED", "Security is not enabled on this broker."},
    {kOperationNotAttempted, Retry::kNo, "OPERATION_NOT_ATTEMPTED",
     "The operation was not attempted, because another part of the request failed."},
    {kKafkaStorageError, Retry::kYes, "KAFKA_STORAGE_ERROR", "The disk failed while the log was accessed."},
    {kLogDirNotFound, Retry::kNo, "LOG_DIR_NOT_FOUND", "The broker has no such log directory."},
    {kSaslAuthenticationFailed, Retry::kNo, "SASL_AUTHENTICATION_FAILED", "SASL authentication failed."},
    {kUnknownProducerId, Retry::kNo, "UNKNOWN_PRODUCER_ID", "The broker has no state for this producer id."},
    {kReassignmentInProgress, Retry::kNo, "REASSIGNMENT_IN_PROGRESS", "The partition is being reassigned."},
    {kDelegationTokenAuthDisabled, Retry::kNo, "DELEGATION_TOKEN_AUTH_DISABLED", "Delegation tokens are not enabled."},
    {kDelegationTokenNotFound, Retry::kNo, "DELEGATION_TOKEN_NOT_FOUND", "The delegation token does not exist."},
    {kDelegationTokenOwnerMismatch, Retry::kNo, "DELEGATION_TOKEN_OWNER_MISMATCH",
     "The principal is neither owner nor renewer of the token."},
    {kDelegationTokenRequestNotAllowed, Retry::kNo, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
     "Delegation tokens are not handed out over this kind of connection."},
    {kDelegationTokenAuthorizationFailed, Retry::kNo, "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
     "Not authorized for the delegation token."},
    {kDelegationTokenExpired, Retry::kNo, "DELEGATION_TOKEN_EXPIRED", "The delegation token has expired."},
    {kInvalidPrincipalType, Retry::kNo, "INVALID_PRINCIPAL_TYPE", "The type of principal is not supported."},
    {kNonEmptyGroup, Retry::kNo, "NON_EMPTY_GROUP", "The group still has members."},
    {kGroupIdNotFound, Retry::kNo, "GROUP_ID_NOT_FOUND", "The group does not exist."},
    {kFetchSessionIdNotFound, Retry::kYes, "FETCH_SESSION_ID_NOT_FOUND", "The fetch session does not exist."},
    {kInvalidFetchSessionEpoch, Retry::kYes, "INVALID_FETCH_SESSION_EPOCH",
     "The epoch of the fetch session is not the expected one."},
    {kListenerNotFound, Retry::kYes, "LISTENER_NOT_FOUND",
     "The leader has no listener with the name of the one this request came to."},
    {kTopicDeletionDisabled, Retry::kNo, "TOPIC_DELETION_DISABLED", "Deletion of topics is disabled."},
    {kFencedLeaderEpoch, Retry::kYes, "FENCED_LEADER_EPOCH",
     "The leader epoch in the request is older than the broker's."},
    {kUnknownLeaderEpoch, Retry::kYes, "UNKNOWN_LEADER_EPOCH",
     "The leader epoch in the request is newer than the broker's."},
    {kUnsupportedCompressionType, Retry::kNo, "UNSUPPORTED_COMPRESSION_TYPE",
     "The client does not support the compression of the partition."},
    {kStaleBrokerEpoch, Retry::kNo, "STALE_BROKER_EPOCH", "The epoch of the broker has changed."},
    {kOffsetNotAvailable, Retry::kYes, "OFFSET_NOT_AVAILABLE",
     "The leader is new and does not know yet up to where its log is committed."},
    {kMemberIdRequired, Retry::kNo, "MEMBER_ID_REQUIRED",
     "A member id is needed before joining; use the one in this response."},
    {kPreferredLeaderNotAvailable, Retry::kYes, "PREFERRED_LEADER_NOT_AVAILABLE",
     "The preferred leader is not available."},
    {kGroupMaxSizeReached, Retry::kNo, "GROUP_MAX_SIZE_REACHED", "The group has as many members as it may have."},
    {kFencedInstanceId, Retry::kNo, "FENCED_INSTANCE_ID",
     "Another member has registered with the same group instance id."},
    {kEligibleLeadersNotAvailable, Retry::kYes, "ELIGIBLE_LEADERS_NOT_AVAILABLE",
     "No replica that may lead is available."},
    {kElectionNotNeeded, Retry::kYes, "ELECTION_NOT_NEEDED", "The partition needs no election."},
    {kNoReassignmentInProgress, Retry::kNo, "NO_REASSIGNMENT_IN_PROGRESS", "The partition is not being reassigned."},
    {kGroupSubscribedToTopic, Retry::kNo, "GROUP_SUBSCRIBED_TO_TOPIC",
     "Members of the group are subscribed to the topic."},
    {kInvalidRecord, Retry::kNo, "INVALID_RECORD", "The record does not pass the broker's checks."},
    {kUnstableOffsetCommit, Retry::kYes, "UNSTABLE_OFFSET_COMMIT",
     "Offsets of an unfinished transaction are in the way."},
    {kThrottlingQuotaExceeded, Retry::kYes, "THROTTLING_QUOTA_EXCEEDED", "The quota was exceeded."},
    {kProducerFenced, Retry::kNo, "PRODUCER_FENCED", "A newer producer with the same transactional id has taken over."},
    {kResourceNotFound, Retry::kNo, "RESOURCE_NOT_FOUND", "The request names a resource that does not exist."},
    {kDuplicateResource, Retry::kNo, "DUPLICATE_RESOURCE", "The request names the same resource twice."},
    {kUnacceptableCredential, Retry::kNo, "UNACCEPTABLE_CREDENTIAL", "The credential does not meet the requirements."},
    {kInconsistentVoterSet, Retry::kNo, "INCONSISTENT_VOTER_SET",
     "Sender or recipient of the request is not one of the expected voters."},
    {kInvalidUpdateVersion, Retry::kNo, "INVALID_UPDATE_VERSION", "The version to update to is not valid."},
    {kFeatureUpdateFailed, Retry::kNo, "FEATURE_UPDATE_FAILED", "The features could not be updated."},
    {kPrincipalDeserializationFailure, Retry::kNo, "PRINCIPAL_DESERIALIZATION_FAILURE",
     "The forwarded principal could not be read."},
    {kSnapshotNotFound, Retry::kNo, "SNAPSHOT_NOT_FOUND", "The snapshot does not exist."},
    {kPositionOutOfRange, Retry::kNo, "POSITION_OUT_OF_RANGE", "The position is outside the snapshot."},
    {kUnknownTopicId, Retry::kYes, "UNKNOWN_TOPIC_ID", "This broker does not host a topic with this id."},
    {kDuplicateBrokerRegistration, Retry::kNo, "DUPLICATE_BROKER_REGISTRATION",
     "Another broker has registered with this id."},
    {kBrokerIdNotRegistered, Retry::kNo, "BROKER_ID_NOT_REGISTERED", "No broker is registered with this id."},
    {kInconsistentTopicId, Retry::kYes, "INCONSISTENT_TOPIC_ID", "The topic id in the request is not that of the log."},
    {kInconsistentClusterId, Retry::kNo, "INCONSISTENT_CLUSTER_ID",
     "The cluster id in the request is not that of this cluster."},
    {kTransactionalIdNotFound, Retry::kNo, "TRANSACTIONAL_ID_NOT_FOUND", "The transactional id does not exist."},
    {kFetchSessionTopicIdError, Retry::kYes, "FETCH_SESSION_TOPIC_ID_ERROR",
     "The fetch session mixes requests with and without topic ids."},
    {kIneligibleReplica, Retry::kNo, "INELIGIBLE_REPLICA", "The new ISR holds a replica that is not eligible."},
    {kNewLeaderElected, Retry::kNo, "NEW_LEADER_ELECTED", "The partition was changed, and the leader with it."},
    {kOffsetMovedToTieredStorage, Retry::kNo, "OFFSET_MOVED_TO_TIERED_STORAGE", "The offset is in tiered storage."},
    {kFencedMemberEpoch, Retry::kNo, "FENCED_MEMBER_EPOCH",
     "The member epoch is fenced; give up all partitions and join again."},
    {kUnreleasedInstanceId, Retry::kNo, "UNRELEASED_INSTANCE_ID",
     "Another member of the group still uses the instance id."},
    {kUnsupportedAssignor, Retry::kNo, "UNSUPPORTED_ASSIGNOR",
     "The group does not support the assignor in this version."},
    {kStaleMemberEpoch, Retry::kNo, "STALE_MEMBER_EPOCH", "The member epoch is stale; wait for the new one."},
    {kMismatchedEndpointType, Retry::kNo, "MISMATCHED_ENDPOINT_TYPE",
     "The request came to the wrong type of endpoint."},
    {kUnsupportedEndpointType, Retry::kNo, "UNSUPPORTED_ENDPOINT_TYPE", "The type of endpoint is not supported."},
    {kUnknownControllerId, Retry::kNo, "UNKNOWN_CONTROLLER_ID", "The controller id is not known."},
    {kUnknownSubscriptionId, Retry::kNo, "UNKNOWN_SUBSCRIPTION_ID",
     "The telemetry subscription id is not valid or out of date."},
    {kTelemetryTooLarge, Retry::kNo, "TELEMETRY_TOO_LARGE", "The telemetry is larger than the broker accepts."},
    {kInvalidRegistration, Retry::kNo, "INVALID_REGISTRATION", "The registration of the broker is not valid."},
    {kTransactionAbortable, Retry::kNo, "TRANSACTION_ABORTABLE", "The transaction failed and can only be aborted."},
    {kInvalidRecordState, Retry::kNo, "INVALID_RECORD_STATE",
     "The state of the record does not allow this acknowledgement."},
    {kShareSessionNotFound, Retry::kYes, "SHARE_SESSION_NOT_FOUND", "The share session does not exist."},
    {kInvalidShareSessionEpoch, Retry::kYes, "INVALID_SHARE_SESSION_EPOCH",
     "The epoch of the share session is not the expected one."},
    {kFencedStateEpoch, Retry::kNo, "FENCED_STATE_EPOCH", "The state epoch of the share group is fenced."},
    {kInvalidVoterKey, Retry::kNo, "INVALID_VOTER_KEY", "The key of the voter is not that of the receiving replica."},
    {kDuplicateVoter, Retry::kNo, "DUPLICATE_VOTER", "The voter is in the set of voters already."},
    {kVoterNotFound, Retry::kNo, "VOTER_NOT_FOUND", "The voter is not in the set of voters."},
};

constexpr std::int16_t kFirst = static_cast<std::int16_t>(kUnknownServerError);

static_assert([] {
  for (std::size_t i = 0; i < std::size(kErrors); ++i) {
    if (static_cast<std::size_t>(static_cast<std::int16_t>(kErrors[i].code) - kFirst) != i) return false;
  }
  return true;
}());

const ErrorRow& RowOf(ErrorCode code) {
  const auto index = static_cast<std::size_t>(static_cast<std::int16_t>(code) - kFirst);  // negative: wraps, too large
  return kErrors[index < std::size(kErrors) ? index : 0];
}

}  // namespace

std::string_view ToString(ErrorCode code) { return RowOf(code).name; }

std::string_view DefaultMessage(ErrorCode code) { return RowOf(code).message; }

bool IsRetriable(ErrorCode code) { return RowOf(code).retry == Retry::kYes; }

std::ostream& operator<<(std::ostream& out, ErrorCode code) {
  return out << ToString(code) << '(' << static_cast<std::int16_t>(code) << ')';
}

}  // namespace ottla
