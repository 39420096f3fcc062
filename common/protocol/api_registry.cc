#include "common/protocol/api_registry.h"

#include <algorithm>

#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/05_stop_replica.h"
#include "common/protocol/messages/06_update_metadata.h"
#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/08_offset_commit.h"
#include "common/protocol/messages/09_offset_fetch.h"
#include "common/protocol/messages/10_find_coordinator.h"
#include "common/protocol/messages/11_join_group.h"
#include "common/protocol/messages/12_heartbeat.h"
#include "common/protocol/messages/13_leave_group.h"
#include "common/protocol/messages/14_sync_group.h"
#include "common/protocol/messages/15_describe_groups.h"
#include "common/protocol/messages/16_list_groups.h"
#include "common/protocol/messages/17_sasl_handshake.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/19_create_topics.h"
#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/21_delete_records.h"
#include "common/protocol/messages/22_init_producer_id.h"
#include "common/protocol/messages/23_offset_for_leader_epoch.h"
#include "common/protocol/messages/24_add_partitions_to_txn.h"
#include "common/protocol/messages/25_add_offsets_to_txn.h"
#include "common/protocol/messages/26_end_txn.h"
#include "common/protocol/messages/27_write_txn_markers.h"
#include "common/protocol/messages/28_txn_offset_commit.h"
#include "common/protocol/messages/29_describe_acls.h"
#include "common/protocol/messages/30_create_acls.h"
#include "common/protocol/messages/31_delete_acls.h"
#include "common/protocol/messages/32_describe_configs.h"
#include "common/protocol/messages/33_alter_configs.h"
#include "common/protocol/messages/34_alter_replica_log_dirs.h"
#include "common/protocol/messages/35_describe_log_dirs.h"
#include "common/protocol/messages/36_sasl_authenticate.h"
#include "common/protocol/messages/37_create_partitions.h"
#include "common/protocol/messages/38_create_delegation_token.h"
#include "common/protocol/messages/39_renew_delegation_token.h"
#include "common/protocol/messages/40_expire_delegation_token.h"
#include "common/protocol/messages/41_describe_delegation_token.h"
#include "common/protocol/messages/42_delete_groups.h"
#include "common/protocol/messages/43_elect_leaders.h"
#include "common/protocol/messages/44_incremental_alter_configs.h"
#include "common/protocol/messages/45_alter_partition_reassignments.h"
#include "common/protocol/messages/46_list_partition_reassignments.h"
#include "common/protocol/messages/47_offset_delete.h"
#include "common/protocol/messages/48_describe_client_quotas.h"
#include "common/protocol/messages/49_alter_client_quotas.h"
#include "common/protocol/messages/50_describe_user_scram_credentials.h"
#include "common/protocol/messages/51_alter_user_scram_credentials.h"
#include "common/protocol/messages/56_alter_partition.h"
#include "common/protocol/messages/57_update_features.h"
#include "common/protocol/messages/58_envelope.h"
#include "common/protocol/messages/60_describe_cluster.h"
#include "common/protocol/messages/61_describe_producers.h"
#include "common/protocol/messages/65_describe_transactions.h"
#include "common/protocol/messages/66_list_transactions.h"
#include "common/protocol/messages/67_allocate_producer_ids.h"
#include "common/protocol/messages/68_consumer_group_heartbeat.h"
#include "common/protocol/messages/69_consumer_group_describe.h"
#include "common/protocol/messages/71_get_telemetry_subscriptions.h"
#include "common/protocol/messages/72_push_telemetry.h"
#include "common/protocol/messages/74_list_client_metrics_resources.h"
#include "common/protocol/messages/75_describe_topic_partitions.h"
#include "common/protocol/messages/76_share_group_heartbeat.h"
#include "common/protocol/messages/77_share_group_describe.h"
#include "common/protocol/messages/78_share_fetch.h"
#include "common/protocol/messages/79_share_acknowledge.h"

namespace ottla {
namespace {

template <class Request, class Response>
constexpr ApiInfo Api(bool advertised = true) {
  static_assert(Request::kKey == Response::kKey && Request::kMinVersion == Response::kMinVersion &&
                Request::kMaxVersion == Response::kMaxVersion && Request::kFirstFlexible == Response::kFirstFlexible);
  return {.request = &Request::kRows, .response = &Response::kRows, .key = Request::kKey, .advertised = advertised};
}
constexpr bool kNotAdvertised = false;

constexpr ApiInfo kApis[] = {
    // ascending by key
    Api<ProduceRequest, ProduceResponse>(),
    Api<FetchRequest, FetchResponse>(),
    Api<ListOffsetsRequest, ListOffsetsResponse>(),
    Api<MetadataRequest, MetadataResponse>(),
    Api<LeaderAndIsrRequest, LeaderAndIsrResponse>(),
    Api<StopReplicaRequest, StopReplicaResponse>(),
    Api<UpdateMetadataRequest, UpdateMetadataResponse>(),
    Api<ControlledShutdownRequest, ControlledShutdownResponse>(),
    Api<OffsetCommitRequest, OffsetCommitResponse>(),
    Api<OffsetFetchRequest, OffsetFetchResponse>(),
    Api<FindCoordinatorRequest, FindCoordinatorResponse>(),
    Api<JoinGroupRequest, JoinGroupResponse>(),
    Api<HeartbeatRequest, HeartbeatResponse>(),
    Api<LeaveGroupRequest, LeaveGroupResponse>(),
    Api<SyncGroupRequest, SyncGroupResponse>(),
    Api<DescribeGroupsRequest, DescribeGroupsResponse>(),
    Api<ListGroupsRequest, ListGroupsResponse>(),
    Api<SaslHandshakeRequest, SaslHandshakeResponse>(),
    Api<ApiVersionsRequest, ApiVersionsResponse>(),
    Api<CreateTopicsRequest, CreateTopicsResponse>(),
    Api<DeleteTopicsRequest, DeleteTopicsResponse>(),
    Api<DeleteRecordsRequest, DeleteRecordsResponse>(),
    Api<InitProducerIdRequest, InitProducerIdResponse>(),
    Api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(),
    Api<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(),
    Api<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(),
    Api<EndTxnRequest, EndTxnResponse>(),
    Api<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(),
    Api<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(),
    Api<DescribeAclsRequest, DescribeAclsResponse>(),
    Api<CreateAclsRequest, CreateAclsResponse>(),
    Api<DeleteAclsRequest, DeleteAclsResponse>(),
    Api<DescribeConfigsRequest, DescribeConfigsResponse>(),
    Api<AlterConfigsRequest, AlterConfigsResponse>(),
    Api<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>(),
    Api<DescribeLogDirsRequest, DescribeLogDirsResponse>(),
    Api<SaslAuthenticateRequest, SaslAuthenticateResponse>(),
    Api<CreatePartitionsRequest, CreatePartitionsResponse>(),
    Api<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(),
    Api<RenewDelegationTokenRequest, RenewDelegationTokenResponse>(),
    Api<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(),
    Api<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>(),
    Api<DeleteGroupsRequest, DeleteGroupsResponse>(),
    Api<ElectLeadersRequest, ElectLeadersResponse>(),
    Api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(),
    Api<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(),
    Api<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(),
    Api<OffsetDeleteRequest, OffsetDeleteResponse>(),
    Api<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(),
    Api<AlterClientQuotasRequest, AlterClientQuotasResponse>(),
    Api<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>(),
    Api<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>(),
    Api<AlterPartitionRequest, AlterPartitionResponse>(),
    Api<UpdateFeaturesRequest, UpdateFeaturesResponse>(),
    Api<EnvelopeRequest, EnvelopeResponse>(),
    Api<DescribeClusterRequest, DescribeClusterResponse>(),
    Api<DescribeProducersRequest, DescribeProducersResponse>(),
    Api<DescribeTransactionsRequest, DescribeTransactionsResponse>(),
    Api<ListTransactionsRequest, ListTransactionsResponse>(),
    Api<AllocateProducerIdsRequest, AllocateProducerIdsResponse>(),
    Api<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(),
    Api<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(),
    Api<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(kNotAdvertised),
    Api<PushTelemetryRequest, PushTelemetryResponse>(kNotAdvertised),
    Api<ListClientMetricsResourcesRequest, ListClientMetricsResourcesResponse>(kNotAdvertised),
    Api<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(kNotAdvertised),
    Api<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(kNotAdvertised),
    Api<ShareGroupDescribeRequest, ShareGroupDescribeResponse>(kNotAdvertised),
    Api<ShareFetchRequest, ShareFetchResponse>(kNotAdvertised),
    Api<ShareAcknowledgeRequest, ShareAcknowledgeResponse>(kNotAdvertised),
};
static_assert(std::ranges::is_sorted(kApis, {}, &ApiInfo::key));

}  // namespace

std::span<const ApiInfo> AllApis() { return kApis; }

const ApiInfo* FindApi(std::int16_t key) {
  const auto* found = std::ranges::lower_bound(kApis, static_cast<ApiKey>(key), {}, &ApiInfo::key);
  return found != std::end(kApis) && found->key == static_cast<ApiKey>(key) ? found : nullptr;
}

}  // namespace ottla
