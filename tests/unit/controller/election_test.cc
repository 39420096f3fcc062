#include "controller/core/election.h"

#include <gtest/gtest.h>

#include "controller/core/cluster_state.h"
#include "harness.h"

namespace ottla::controller {
namespace {

using test::Ids;

BrokerTest OneOf(const std::string& ids) {
  return [list = Ids(ids)](BrokerId id) { return Contains(list, id); };
}

std::string Said(const std::optional<Elected>& elected) {
  if (!elected) return "same";
  return (elected->leader == kNoBroker ? "none" : std::to_string(elected->leader.value)) + " of " +
         ToText(elected->isr) + (elected->unclean ? " unclean" : "");
}

struct ElectionCase {
  const char* replicas;
  const char* isr;
  int leader;
  const char* online;
  const char* reborn;
  bool unclean;
  const char* outcome;
};

const ElectionCase kElectionCases[] = {
    // The leader is well.
    {"1,2,3", "1,2,3", 1, "1,2,3", "", false, "same"},
    {"1,2,3", "2,3", 2, "1,2,3", "", false, "same"},
    // A follower went: the ISR shrinks, the leader stays.
    {"1,2,3", "1,2,3", 1, "1,3", "", false, "1 of 1,3"},
    // The leader went: the first replica in sync; the order of the ISR is kept.
    {"1,2,3", "1,2,3", 1, "2,3", "", false, "2 of 2,3"},
    {"1,2,3", "3,1,2", 1, "2,3", "", false, "2 of 3,2"},
    {"1,2,3", "1,3", 1, "2,3", "", false, "3 of 3"},
    // Nobody in sync is there: offline, and the ISR is kept for when one returns.
    {"1,2,3", "1", 1, "2,3", "", false, "none of 1"},
    {"1,2,3", "1,2", 1, "3", "", false, "none of 1,2"},
    {"1,2,3", "1", -1, "2,3", "", false, "same"},
    {"1", "1", 1, "", "", false, "none of 1"},
    // It returns.
    {"1,2,3", "1", -1, "1,2,3", "", false, "1 of 1"},
    {"1,2,3", "2,1", -1, "1,2", "", false, "1 of 2,1"},
    // Unclean: records may be lost, and the outcome says so.
    {"1,2,3", "1", 1, "2,3", "", true, "2 of 2 unclean"},
    {"1,2,3", "1", -1, "3", "", true, "3 of 3 unclean"},
    {"1,2,3", "1", 1, "", "", true, "none of 1"},
    {"1,2,3", "1,2", 1, "2,3", "", true, "2 of 2"},
    // Came back as a new incarnation: out of the ISR where an older one is left.
    {"1,2,3", "1,2,3", 1, "1,2,3", "1", false, "2 of 2,3"},
    {"1,2,3", "1,2,3", 1, "1,2,3", "3", false, "1 of 1,2"},
    {"1,2,3", "1,2,3", 1, "1,2,3", "1,2", false, "3 of 3"},
    // Nobody older is left: the new incarnations go on, at a new epoch.
    {"1,2,3", "1,2,3", 1, "1,2,3", "1,2,3", false, "1 of 1,2,3"},
    {"1,2,3", "1", 1, "1,2,3", "1", false, "1 of 1"},
    {"1,2", "1,2", 1, "1", "1", false, "1 of 1"},
    {"1,2", "1,2", -1, "2", "2", true, "2 of 2"},
};

TEST(Election, AfterBrokersCameAndWent) {
  for (const ElectionCase& c : kElectionCases) {
    const std::vector<BrokerId> replicas = Ids(c.replicas);
    const std::vector<BrokerId> isr = Ids(c.isr);
    const auto elected =
        Reconsider({replicas, isr, BrokerId(c.leader), OneOf(c.online), OneOf(c.reborn), false, c.unclean});
    EXPECT_EQ(Said(elected), c.outcome) << c.replicas << " isr " << c.isr << " leader " << c.leader << " online "
                                        << c.online << " reborn " << c.reborn;
  }
}

// All small cases: whatever happens, leader and ISR are what they must be.
TEST(Election, NoOutcomeBreaksTheRules) {
  const std::vector<BrokerId> replicas = Ids("1,2,3");
  const auto subset = [](int bits) {
    std::vector<BrokerId> ids;
    for (int i = 0; i < 3; ++i) {
      if (bits >> i & 1) ids.emplace_back(i + 1);
    }
    return ids;
  };
  int changed = 0;
  for (int isr_bits = 1; isr_bits < 8; ++isr_bits) {
    for (int online = 0; online < 8; ++online) {
      for (int reborn = 0; reborn < 8; ++reborn) {
        for (int leader = 0; leader <= 3; ++leader) {
          const std::vector<BrokerId> isr = subset(isr_bits);
          if (leader > 0 && !Contains(isr, BrokerId(leader))) continue;
          const std::vector<BrokerId> alive = subset(online);
          const std::vector<BrokerId> anew = subset(reborn & online);
          const BrokerId before = leader == 0 ? kNoBroker : BrokerId(leader);
          for (const bool unclean : {false, true}) {
            const auto is = [](const std::vector<BrokerId>& ids) {
              return [&ids](BrokerId id) { return Contains(ids, id); };
            };
            const auto elected = Reconsider({replicas, isr, before, is(alive), is(anew), false, unclean});
            const BrokerId now = elected ? elected->leader : before;
            const std::vector<BrokerId> after = elected ? elected->isr : isr;
            changed += elected ? 1 : 0;
            EXPECT_FALSE(after.empty());
            if (now != kNoBroker) {
              EXPECT_TRUE(Contains(after, now));
              EXPECT_TRUE(Contains(alive, now));
              if (!elected || !elected->unclean) {
                EXPECT_TRUE(Contains(isr, now));
              }
            }
            if (!unclean) {
              for (const BrokerId id : after) EXPECT_TRUE(Contains(isr, id));
            }
          }
        }
      }
    }
  }
  EXPECT_GT(changed, 500);
}

TEST(Election, OtherStrategies) {
  const std::vector<BrokerId> replicas = Ids("1,2,3");
  EXPECT_EQ(Said(ElectFirst(replicas, OneOf("2,3"))), "2 of 2,3");
  EXPECT_EQ(ElectFirst(replicas, OneOf("")), std::nullopt);
  EXPECT_EQ(Said(ElectPreferred(replicas, Ids("3,1"), OneOf("1,3"))), "1 of 3,1");
  EXPECT_EQ(ElectPreferred(replicas, Ids("3,2"), OneOf("1,2,3")), std::nullopt);
  EXPECT_EQ(ElectPreferred(replicas, Ids("1,2"), OneOf("2,3")), std::nullopt);
  EXPECT_EQ(Said(ElectAfterShutdown(replicas, Ids("1,2,3"), BrokerId(1), OneOf("2,3"))), "2 of 2,3");
  EXPECT_EQ(ElectAfterShutdown(replicas, Ids("1"), BrokerId(1), OneOf("2,3")), std::nullopt);
  EXPECT_EQ(Said(ElectUnclean(replicas, Ids("1"), OneOf("3"))), "3 of 3 unclean");
  EXPECT_EQ(Said(ElectUnclean(replicas, Ids("1,3"), OneOf("3"))), "3 of 3");
  EXPECT_EQ(Said(ElectForTarget(Ids("2,3"), Ids("1,3"), OneOf("1,2,3"))), "3 of 1,3");
}

}  // namespace
}  // namespace ottla::controller
