// A fault that never fires must be noticed, and so must one that nobody listed.
#include "tests/sim/kit/fault_kinds.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ottla::sim {
namespace {

FaultCounts All() {
  FaultCounts all;
  for (const FaultKind& kind : kFaultKinds) ++all[kind.name];
  return all;
}

TEST(FaultKinds, AllFired) { EXPECT_TRUE(FaultProblems(All()).empty()); }

TEST(FaultKinds, EachIsMissed) {
  for (const FaultKind& kind : kFaultKinds) {
    FaultCounts fired = All();
    fired[kind.name] = 0;
    EXPECT_EQ(FaultProblems(fired).size(), 1U) << kind.name;
    fired.erase(kind.name);
    EXPECT_EQ(FaultProblems(fired).size(), 1U) << kind.name;
  }
}

TEST(FaultKinds, AStrangerIsNamed) {
  FaultCounts fired = All();
  fired["fault.flood"] = 3;
  EXPECT_EQ(FaultProblems(fired), std::vector<std::string>{"fault.flood is counted but not in kFaultKinds"});
}

TEST(FaultKinds, EveryKindIsPrinted) {
  std::ostringstream out;
  PrintFaults({{"fault.kill", 7}}, out);
  EXPECT_NE(out.str().find("fault fault.kill 7\n"), std::string::npos);
  EXPECT_NE(out.str().find("fault fault.pause 0\n"), std::string::npos);
}

}  // namespace
}  // namespace ottla::sim
