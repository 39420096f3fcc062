// Where tests find Apache Kafka's evidence: OTTLA_GOLDEN_DIR and OTTLA_FIXTURES_DIR, else the packed copies in the
// tree.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace ottla::test {

std::string GoldenDir();
std::string FixturesDir();

// The bytes of a file, gunzipped when its name ends in .gz. Aborts the test program when unreadable.
std::string ReadAll(const std::string& path);

// Finds `name` or `name`.gz in the golden directory and calls `each` for every line. Aborts when there is no such file
// or no line, so that a test cannot pass by finding nothing.
void ForEachGolden(const std::string& name, const std::function<void(const nlohmann::json&)>& each);

std::string FromHex(std::string_view hex);
std::string ToHex(std::string_view bytes);

}  // namespace ottla::test
