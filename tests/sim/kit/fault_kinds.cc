#include "tests/sim/kit/fault_kinds.h"

namespace ottla::sim {

std::vector<std::string> FaultProblems(const FaultCounts& fired) {
  std::vector<std::string> problems;
  FaultCounts strangers = fired;
  for (const FaultKind& kind : kFaultKinds) {
    const auto found = fired.find(kind.name);
    const bool did = found != fired.end() && found->second > 0;
    if (!did) problems.push_back(std::string(kind.name) + " never fired");
    strangers.erase(kind.name);
  }
  for (const auto& entry : strangers) problems.push_back(entry.first + " is counted but not in kFaultKinds");
  return problems;
}

void PrintFaults(const FaultCounts& fired, std::ostream& out) {
  for (const FaultKind& kind : kFaultKinds) {
    const auto found = fired.find(kind.name);
    out << "fault " << kind.name << " " << (found == fired.end() ? 0 : found->second) << "\n";
  }
}

}  // namespace ottla::sim
