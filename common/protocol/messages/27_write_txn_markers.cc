#include "common/protocol/messages/27_write_txn_markers.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(WriteTxnMarkersRequest::WritableTxnMarkerTopic, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(WriteTxnMarkersRequest::WritableTxnMarker,
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(transaction_result),
           ROW(topics),
           ROW(coordinator_epoch))

OTTLA_ROWS(WriteTxnMarkersRequest, ROW(markers))

OTTLA_MESSAGE(WriteTxnMarkersRequest, kRequest)

OTTLA_ROWS(WriteTxnMarkersResponse::WritableTxnMarkerPartitionResult, ROW(partition_index), ROW(error_code))

OTTLA_ROWS(WriteTxnMarkersResponse::WritableTxnMarkerTopicResult, ROW(name), ROW(partitions))

OTTLA_ROWS(WriteTxnMarkersResponse::WritableTxnMarkerResult, ROW(producer_id), ROW(topics))

OTTLA_ROWS(WriteTxnMarkersResponse, ROW(markers))

OTTLA_MESSAGE(WriteTxnMarkersResponse, kResponse)

}  // namespace ottla
