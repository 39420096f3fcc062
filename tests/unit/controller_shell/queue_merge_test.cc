// What waits for a broker that does not answer.
#include "controller/shell/queue_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "common/base/random.h"

namespace ottla::controller {
namespace {

PartitionImage Image(const std::string& topic, std::int32_t epoch, bool is_new = false) {
  PartitionImage image;
  image.partition = {topic, 0};
  image.state.leader_epoch = LeaderEpoch(epoch);
  image.is_new = is_new;
  return image;
}

// "L a1 b2*" LeaderAndIsr of topics a and b with leader epochs 1 and 2, b new; "U a1" UpdateMetadata; "S a1 b2!" stops,
// of b with deletion.
ControlRequest Parse(const std::string& text) {
  std::istringstream words(text);
  std::string kind, word;
  words >> kind;
  LeaderAndIsrRequestPlan lai;
  auto images = std::make_shared<std::vector<PartitionImage>>();
  StopReplicaRequestPlan stop;
  while (words >> word) {
    const std::string topic = word.substr(0, 1);
    const std::int32_t epoch = word[1] - '0';
    lai.partitions.push_back(Image(topic, epoch, word.ends_with('*')));
    images->push_back(Image(topic, epoch));
    stop.items.push_back({{topic, 0}, LeaderEpoch(epoch), word.ends_with('!')});
  }
  ControlRequest request;
  if (kind == "L") request.body = lai;
  if (kind == "U") request.body = UpdateMetadataRequestPlan{images, std::make_shared<std::vector<Broker>>()};
  if (kind == "S") request.body = stop;
  return request;
}

std::string Text(const ControlRequest& request) {
  std::string text;
  if (const auto* lai = std::get_if<LeaderAndIsrRequestPlan>(&request.body)) {
    text = "L";
    for (const PartitionImage& image : lai->partitions) {
      text += " " + image.partition.topic + std::to_string(image.state.leader_epoch.value) + (image.is_new ? "*" : "");
    }
  } else if (const auto* metadata = std::get_if<UpdateMetadataRequestPlan>(&request.body)) {
    text = "U";
    for (const PartitionImage& image : *metadata->partitions) {
      text += " " + image.partition.topic + std::to_string(image.state.leader_epoch.value);
    }
  } else {
    text = "S";
    for (const auto& item : std::get<StopReplicaRequestPlan>(request.body).items) {
      text += " " + item.partition.topic + std::to_string(item.leader_epoch.value) + (item.delete_partition ? "!" : "");
    }
  }
  return text;
}

struct Case {
  const char* what;
  std::size_t under_way;
  std::vector<std::string> queue;
  std::vector<std::string> left;
};

const Case kCases[] = {
    {"the last word on a partition stays", 0, {"L a1 b1", "L a2", "L a3 c1"}, {"L b1", "L a3 c1"}},
    {"what is under way stays", 1, {"L a1", "L a2", "L a3"}, {"L a1", "L a3"}},
    {"new stays new", 0, {"L a0* b0*", "L a1", "L a2"}, {"L b0*", "L a2*"}},
    {"what is under way may have told it is new", 1, {"L a0*", "L a1", "L a2"}, {"L a0*", "L a2"}},
    {"the newest list of brokers stays", 0, {"U", "U a1", "U"}, {"U a1", "U"}},
    {"and the one before leaders are named", 0, {"U", "U", "L a1", "U a1", "U"}, {"U", "L a1", "U a1", "U"}},
    {"unless what named them has gone", 0, {"U", "L a1", "U", "L a2", "U"}, {"U", "L a2", "U"}},
    {"metadata of a partition once", 0, {"U a1 b1", "U a2"}, {"U b1", "U a2"}},
    {"kinds do not cover each other", 0, {"L a1", "U a1", "S a1"}, {"L a1", "U a1", "S a1"}},
    {"order is kept", 0, {"L a1", "U a1", "L b1", "U b1", "L a2"}, {"U a1", "L b1", "U b1", "L a2"}},
    {"stops", 0, {"S a1 b1", "S a2"}, {"S b1", "S a2"}},
    {"a stop does not cover a deletion", 0, {"S a1!", "S a2"}, {"S a1!", "S a2"}},
    {"a deletion covers a stop", 0, {"S a1", "S a2!"}, {"S a2!"}},
    {"a deletion before a new partition stays", 0, {"S a1!", "L a0*", "S a2!"}, {"S a1!", "L a0*", "S a2!"}},
    {"stopped in between", 0, {"L a1", "S a1!", "L a0*"}, {"S a1!", "L a0*"}},
};

TEST(QueueMerge, KeepsTheLastWord) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    std::deque<ControlRequest> queue;
    for (const std::string& text : c.queue) queue.push_back(Parse(text));
    MergeWaiting(queue, c.under_way);
    std::vector<std::string> left;
    for (const ControlRequest& request : queue) left.push_back(Text(request));
    EXPECT_EQ(left, c.left);
  }
}

// Whatever is said to a broker that is silent, what waits does not outgrow the partitions there are.
TEST(QueueMerge, IsBoundedByThePartitions) {
  Random random(7);
  std::deque<ControlRequest> queue;
  std::size_t longest = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string topic(1, static_cast<char>('a' + random.Below(10)));
    const char* kinds[] = {"L ", "U ", "S "};
    queue.push_back(
        Parse(kinds[random.Below(3)] + topic + std::to_string(random.Below(10)) + (random.Below(2) == 0 ? "" : "!")));
    if (queue.size() > 100) MergeWaiting(queue, 1);
    longest = std::max(longest, queue.size());
  }
  EXPECT_LE(longest, 101u);
  MergeWaiting(queue, 1);
  EXPECT_LE(queue.size(), 62u);  // each partition: one LeaderAndIsr, one UpdateMetadata, two stops on either side
}

}  // namespace
}  // namespace ottla::controller
