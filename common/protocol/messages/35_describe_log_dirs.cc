#include "common/protocol/messages/35_describe_log_dirs.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeLogDirsRequest::DescribableLogDirTopic, ROW(topic), ROW(partitions))

OTTLA_ROWS(DescribeLogDirsRequest, ROW(topics).Nullable())

OTTLA_MESSAGE(DescribeLogDirsRequest, kRequest)

OTTLA_ROWS(DescribeLogDirsResponse::DescribeLogDirsPartition,
           ROW(partition_index),
           ROW(partition_size),
           ROW(offset_lag),
           ROW(is_future_key))

OTTLA_ROWS(DescribeLogDirsResponse::DescribeLogDirsTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(DescribeLogDirsResponse::DescribeLogDirsResult,
           ROW(error_code),
           ROW(log_dir),
           ROW(topics),
           ROW(total_bytes, Since(4)).Ignorable(),
           ROW(usable_bytes, Since(4)).Ignorable())

OTTLA_ROWS(DescribeLogDirsResponse, ROW(throttle_time_ms), ROW(error_code, Since(3)).Ignorable(), ROW(results))

OTTLA_MESSAGE(DescribeLogDirsResponse, kResponse)

}  // namespace ottla
