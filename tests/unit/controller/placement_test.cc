#include "controller/core/placement.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/golden.h"

namespace ottla::controller {
namespace {

TEST(Placement, IsKafkas) {
  int assigned = 0;
  int refused = 0;
  int orders = 0;
  ottla::test::ForEachGolden("placement.jsonl", [&](const nlohmann::json& line) {
    if (line.at("kind") == "rack_alternated") {
      std::map<BrokerId, std::string> racks;
      for (const auto& [id, rack] : line.at("racks").items()) racks[BrokerId(std::stoi(id))] = rack;
      std::vector<std::int32_t> order;
      for (const BrokerId id : AlternateRacks(racks)) order.push_back(id.value);
      EXPECT_EQ(order, line.at("brokers").get<std::vector<std::int32_t>>()) << line;
      ++orders;
      return;
    }
    std::vector<PlacementBroker> brokers;
    for (const auto& broker : line.at("brokers")) {
      brokers.push_back({BrokerId(broker.at("id")), std::nullopt});
      if (!broker.at("rack").is_null()) brokers.back().rack = broker.at("rack").get<std::string>();
    }
    Random random(1);
    const std::int32_t first = line.at("start_partition_id");
    const Placement placed = PlaceReplicas(brokers,
                                           {line.at("partitions"), line.at("replication_factor"), first < 0 ? 0 : first,
                                            line.at("fixed_start_index").get<std::uint32_t>()},
                                           random);
    if (line.contains("error")) {
      EXPECT_NE(placed.error, PlacementError::kNone) << line;
      ++refused;
      return;
    }
    nlohmann::json ours = nlohmann::json::object();
    for (const auto& [partition, replicas] : placed.assignment) {
      for (const BrokerId id : replicas) ours[std::to_string(partition)].push_back(id.value);
    }
    EXPECT_EQ(ours, line.at("assignment")) << line;
    ++assigned;
  });
  EXPECT_GT(assigned, 50);
  EXPECT_GT(refused, 0);
  EXPECT_GT(orders, 0);
}

TEST(Placement, RandomStartsSpreadLeaders) {
  Random random(7);
  const std::vector<PlacementBroker> brokers = {{BrokerId(1), {}}, {BrokerId(2), {}}, {BrokerId(3), {}}};
  std::map<BrokerId, int> leaders;
  for (int i = 0; i < 300; ++i) {
    ++leaders[PlaceReplicas(brokers, {1, 2, 0, std::nullopt}, random).assignment.at(0).front()];
  }
  for (const auto& [id, count] : leaders) EXPECT_GT(count, 60) << id;
  EXPECT_EQ(leaders.size(), 3u);
}

}  // namespace
}  // namespace ottla::controller
