// What a checker may know about one replica, whatever runs it.
#pragma once

#include <string>

#include "common/base/ids.h"

namespace ottla::sim {

struct ReplicaView {
  TopicPartition tp;
  Uuid topic_id;
  bool leader = false;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  Offset log_start;
  Offset log_end;
  Offset high_watermark;
  std::string log_dir;  // the directory that holds the partition's directory
  bool offline = false;
};

}  // namespace ottla::sim
