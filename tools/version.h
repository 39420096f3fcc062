// The Kafka release whose tools these stand in for.
#pragma once

#include <ostream>

namespace ottla::tools {

inline constexpr const char* kKafkaVersion = "3.9.1";

// `--version`: one line with only the number; the exit status.
inline int PrintVersion(std::ostream& out) {
  out << kKafkaVersion << "\n";
  return 0;
}

}  // namespace ottla::tools
