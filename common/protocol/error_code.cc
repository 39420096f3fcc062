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
constexpr ErrorRow kErrors[] = {
    // ascending by code, without a gap
    {kUnknownServerError, Retry::kNo, "UNKNOWN_SERVER_ERROR", ""},
    {kNone, Retry::kNo, "NONE", ""},
    {kOffsetOutOfRange, Retry::kNo, "OFFSET_OUT_OF_RANGE", ""},
    {kCorruptMessage, Retry::kYes, "CORRUPT_MESSAGE", ""},
    {kUnknownTopicOrPartition, Retry::kYes, "UNKNOWN_TOPIC_OR_PARTITION", ""},
    {kInvalidFetchSize, Retry::kNo, "INVALID_FETCH_SIZE", ""},
    {kLeaderNotAvailable, Retry::kYes, "LEADER_NOT_AVAILABLE", ""},
    {kNotLeaderOrFollower, Retry::kYes, "NOT_LEADER_OR_FOLLOWER", ""},
    {kRequestTimedOut, Retry::kYes, "REQUEST_TIMED_OUT", ""},
    {kBrokerNotAvailable, Retry::kNo, "BROKER_NOT_AVAILABLE", ""},
    {kReplicaNotAvailable, Retry::kYes, "REPLICA_NOT_AVAILABLE", ""},
    {kMessageTooLarge, Retry::kNo, "MESSAGE_TOO_LARGE", ""},
    {kStaleControllerEpoch, Retry::kNo, "STALE_CONTROLLER_EPOCH", ""},
    {kOffsetMetadataTooLarge, Retry::kNo, "OFFSET_METADATA_TOO_LARGE", ""},
    {kNetworkException, Retry::kYes, "NETWORK_EXCEPTION", ""},
    {kCoordinatorLoadInProgress, Retry::kYes, "COORDINATOR_LOAD_IN_PROGRESS", ""},
    {kCoordinatorNotAvailable, Retry::kYes, "COORDINATOR_NOT_AVAILABLE", ""},
    {kNotCoordinator, Retry::kYes, "NOT_COORDINATOR", ""},
    {kInvalidTopicException, Retry::kNo, "INVALID_TOPIC_EXCEPTION", ""},
    {kRecordListTooLarge, Retry::kNo, "RECORD_LIST_TOO_LARGE", ""},
    {kNotEnoughReplicas, Retry::kYes, "NOT_ENOUGH_REPLICAS", ""},
    {kNotEnoughReplicasAfterAppend, Retry::kYes, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", ""},
    {kInvalidRequiredAcks, Retry::kNo, "INVALID_REQUIRED_ACKS", ""},
    {kIllegalGeneration, Retry::kNo, "ILLEGAL_GENERATION", ""},
    {kInconsistentGroupProtocol, Retry::kNo, "INCONSISTENT_GROUP_PROTOCOL", ""},
    {kInvalidGroupId, Retry::kNo, "INVALID_GROUP_ID", ""},
    {kUnknownMemberId, Retry::kNo, "UNKNOWN_MEMBER_ID", ""},
    {kInvalidSessionTimeout, Retry::kNo, "INVALID_SESSION_TIMEOUT", ""},
    {kRebalanceInProgress, Retry::kNo, "REBALANCE_IN_PROGRESS", ""},
    {kInvalidCommitOffsetSize, Retry::kNo, "INVALID_COMMIT_OFFSET_SIZE", ""},
    {kTopicAuthorizationFailed, Retry::kNo, "TOPIC_AUTHORIZATION_FAILED", ""},
    {kGroupAuthorizationFailed, Retry::kNo, "GROUP_AUTHORIZATION_FAILED", ""},
    {kClusterAuthorizationFailed, Retry::kNo, "CLUSTER_AUTHORIZATION_FAILED", ""},
    {kInvalidTimestamp, Retry::kNo, "INVALID_TIMESTAMP", ""},
    {kUnsupportedSaslMechanism, Retry::kNo, "UNSUPPORTED_SASL_MECHANISM", ""},
    {kIllegalSaslState, Retry::kNo, "ILLEGAL_SASL_STATE", ""},
    {kUnsupportedVersion, Retry::kNo, "UNSUPPORTED_VERSION", ""},
    {kTopicAlreadyExists, Retry::kNo, "TOPIC_ALREADY_EXISTS", ""},
    {kInvalidPartitions, Retry::kNo, "INVALID_PARTITIONS", ""},
    {kInvalidReplicationFactor, Retry::kNo, "INVALID_REPLICATION_FACTOR", ""},
    {kInvalidReplicaAssignment, Retry::kNo, "INVALID_REPLICA_ASSIGNMENT", ""},
    {kInvalidConfig, Retry::kNo, "INVALID_CONFIG", ""},
    {kNotController, Retry::kYes, "NOT_CONTROLLER", ""},
    {kInvalidRequest, Retry::kNo, "INVALID_REQUEST", ""},
    {kUnsupportedForMessageFormat, Retry::kNo, "UNSUPPORTED_FOR_MESSAGE_FORMAT", ""},
    {kPolicyViolation, Retry::kNo, "POLICY_VIOLATION", ""},
    {kOutOfOrderSequenceNumber, Retry::kNo, "OUT_OF_ORDER_SEQUENCE_NUMBER", ""},
    {kDuplicateSequenceNumber, Retry::kNo, "DUPLICATE_SEQUENCE_NUMBER", ""},
    {kInvalidProducerEpoch, Retry::kNo, "INVALID_PRODUCER_EPOCH", ""},
    {kInvalidTxnState, Retry::kNo, "INVALID_TXN_STATE", ""},
    {kInvalidProducerIdMapping, Retry::kNo, "INVALID_PRODUCER_ID_MAPPING", ""},
    {kInvalidTransactionTimeout, Retry::kNo, "INVALID_TRANSACTION_TIMEOUT", ""},
    {kConcurrentTransactions, Retry::kYes, "CONCURRENT_TRANSACTIONS", ""},
    {kTransactionCoordinatorFenced, Retry::kNo, "TRANSACTION_COORDINATOR_FENCED", ""},
    {kTransactionalIdAuthorizationFailed, Retry::kNo, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", ""},
    {kSecurityDisabled, Retry::kNo, "SECURITY_DISABLED", ""},
    {kOperationNotAttempted, Retry::kNo, "OPERATION_NOT_ATTEMPTED", ""},
    {kKafkaStorageError, Retry::kYes, "KAFKA_STORAGE_ERROR", ""},
    {kLogDirNotFound, Retry::kNo, "LOG_DIR_NOT_FOUND", ""},
    {kSaslAuthenticationFailed, Retry::kNo, "SASL_AUTHENTICATION_FAILED", ""},
    {kUnknownProducerId, Retry::kNo, "UNKNOWN_PRODUCER_ID", ""},
    {kReassignmentInProgress, Retry::kNo, "REASSIGNMENT_IN_PROGRESS", ""},
    {kDelegationTokenAuthDisabled, Retry::kNo, "DELEGATION_TOKEN_AUTH_DISABLED", ""},
    {kDelegationTokenNotFound, Retry::kNo, "DELEGATION_TOKEN_NOT_FOUND", ""},
    {kDelegationTokenOwnerMismatch, Retry::kNo, "DELEGATION_TOKEN_OWNER_MISMATCH", ""},
    {kDelegationTokenRequestNotAllowed, Retry::kNo, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", ""},
    {kDelegationTokenAuthorizationFailed, Retry::kNo, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", ""},
    {kDelegationTokenExpired, Retry::kNo, "DELEGATION_TOKEN_EXPIRED", ""},
    {kInvalidPrincipalType, Retry::kNo, "INVALID_PRINCIPAL_TYPE", ""},
    {kNonEmptyGroup, Retry::kNo, "NON_EMPTY_GROUP", ""},
    {kGroupIdNotFound, Retry::kNo, "GROUP_ID_NOT_FOUND", ""},
    {kFetchSessionIdNotFound, Retry::kYes, "FETCH_SESSION_ID_NOT_FOUND", ""},
    {kInvalidFetchSessionEpoch, Retry::kYes, "INVALID_FETCH_SESSION_EPOCH", ""},
    {kListenerNotFound, Retry::kYes, "LISTENER_NOT_FOUND", ""},
    {kTopicDeletionDisabled, Retry::kNo, "TOPIC_DELETION_DISABLED", ""},
    {kFencedLeaderEpoch, Retry::kYes, "FENCED_LEADER_EPOCH", ""},
    {kUnknownLeaderEpoch, Retry::kYes, "UNKNOWN_LEADER_EPOCH", ""},
    {kUnsupportedCompressionType, Retry::kNo, "UNSUPPORTED_COMPRESSION_TYPE", ""},
    {kStaleBrokerEpoch, Retry::kNo, "STALE_BROKER_EPOCH", ""},
    {kOffsetNotAvailable, Retry::kYes, "OFFSET_NOT_AVAILABLE", ""},
    {kMemberIdRequired, Retry::kNo, "MEMBER_ID_REQUIRED", ""},
    {kPreferredLeaderNotAvailable, Retry::kYes, "PREFERRED_LEADER_NOT_AVAILABLE", ""},
    {kGroupMaxSizeReached, Retry::kNo, "GROUP_MAX_SIZE_REACHED", ""},
    {kFencedInstanceId, Retry::kNo, "FENCED_INSTANCE_ID", ""},
    {kEligibleLeadersNotAvailable, Retry::kYes, "ELIGIBLE_LEADERS_NOT_AVAILABLE", ""},
    {kElectionNotNeeded, Retry::kYes, "ELECTION_NOT_NEEDED", ""},
    {kNoReassignmentInProgress, Retry::kNo, "NO_REASSIGNMENT_IN_PROGRESS", ""},
    {kGroupSubscribedToTopic, Retry::kNo, "GROUP_SUBSCRIBED_TO_TOPIC", ""},
    {kInvalidRecord, Retry::kNo, "INVALID_RECORD", ""},
    {kUnstableOffsetCommit, Retry::kYes, "UNSTABLE_OFFSET_COMMIT", ""},
    {kThrottlingQuotaExceeded, Retry::kYes, "THROTTLING_QUOTA_EXCEEDED", ""},
    {kProducerFenced, Retry::kNo, "PRODUCER_FENCED", ""},
    {kResourceNotFound, Retry::kNo, "RESOURCE_NOT_FOUND", ""},
    {kDuplicateResource, Retry::kNo, "DUPLICATE_RESOURCE", ""},
    {kUnacceptableCredential, Retry::kNo, "UNACCEPTABLE_CREDENTIAL", ""},
    {kInconsistentVoterSet, Retry::kNo, "INCONSISTENT_VOTER_SET", ""},
    {kInvalidUpdateVersion, Retry::kNo, "INVALID_UPDATE_VERSION", ""},
    {kFeatureUpdateFailed, Retry::kNo, "FEATURE_UPDATE_FAILED", ""},
    {kPrincipalDeserializationFailure, Retry::kNo, "PRINCIPAL_DESERIALIZATION_FAILURE", ""},
    {kSnapshotNotFound, Retry::kNo, "SNAPSHOT_NOT_FOUND", ""},
    {kPositionOutOfRange, Retry::kNo, "POSITION_OUT_OF_RANGE", ""},
    {kUnknownTopicId, Retry::kYes, "UNKNOWN_TOPIC_ID", ""},
    {kDuplicateBrokerRegistration, Retry::kNo, "DUPLICATE_BROKER_REGISTRATION", ""},
    {kBrokerIdNotRegistered, Retry::kNo, "BROKER_ID_NOT_REGISTERED", ""},
    {kInconsistentTopicId, Retry::kYes, "INCONSISTENT_TOPIC_ID", ""},
    {kInconsistentClusterId, Retry::kNo, "INCONSISTENT_CLUSTER_ID", ""},
    {kTransactionalIdNotFound, Retry::kNo, "TRANSACTIONAL_ID_NOT_FOUND", ""},
    {kFetchSessionTopicIdError, Retry::kYes, "FETCH_SESSION_TOPIC_ID_ERROR", ""},
    {kIneligibleReplica, Retry::kNo, "INELIGIBLE_REPLICA", ""},
    {kNewLeaderElected, Retry::kNo, "NEW_LEADER_ELECTED", ""},
    {kOffsetMovedToTieredStorage, Retry::kNo, "OFFSET_MOVED_TO_TIERED_STORAGE", ""},
    {kFencedMemberEpoch, Retry::kNo, "FENCED_MEMBER_EPOCH", ""},
    {kUnreleasedInstanceId, Retry::kNo, "UNRELEASED_INSTANCE_ID", ""},
    {kUnsupportedAssignor, Retry::kNo, "UNSUPPORTED_ASSIGNOR", ""},
    {kStaleMemberEpoch, Retry::kNo, "STALE_MEMBER_EPOCH", ""},
    {kMismatchedEndpointType, Retry::kNo, "MISMATCHED_ENDPOINT_TYPE", ""},
    {kUnsupportedEndpointType, Retry::kNo, "UNSUPPORTED_ENDPOINT_TYPE", ""},
    {kUnknownControllerId, Retry::kNo, "UNKNOWN_CONTROLLER_ID", ""},
    {kUnknownSubscriptionId, Retry::kNo, "UNKNOWN_SUBSCRIPTION_ID", ""},
    {kTelemetryTooLarge, Retry::kNo, "TELEMETRY_TOO_LARGE", ""},
    {kInvalidRegistration, Retry::kNo, "INVALID_REGISTRATION", ""},
    {kTransactionAbortable, Retry::kNo, "TRANSACTION_ABORTABLE", ""},
    {kInvalidRecordState, Retry::kNo, "INVALID_RECORD_STATE", ""},
    {kShareSessionNotFound, Retry::kYes, "SHARE_SESSION_NOT_FOUND", ""},
    {kInvalidShareSessionEpoch, Retry::kYes, "INVALID_SHARE_SESSION_EPOCH", ""},
    {kFencedStateEpoch, Retry::kNo, "FENCED_STATE_EPOCH", ""},
    {kInvalidVoterKey, Retry::kNo, "INVALID_VOTER_KEY", ""},
    {kDuplicateVoter, Retry::kNo, "DUPLICATE_VOTER", ""},
    {kVoterNotFound, Retry::kNo, "VOTER_NOT_FOUND", ""},
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
