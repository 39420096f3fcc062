#include "tests/support/golden.h"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>

#include "common/base/check.h"

namespace ottla::test {
namespace {

std::string FromEnv(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

int Nibble(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

}  // namespace

std::string GoldenDir() { return FromEnv("OTTLA_GOLDEN_DIR", std::string(OTTLA_SOURCE_DIR) + "/tests/golden/kafka"); }
std::string FixturesDir() {
  return FromEnv("OTTLA_FIXTURES_DIR", std::string(OTTLA_SOURCE_DIR) + "/tests/golden/fixtures");
}

std::string ReadAll(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files too
  CHECK(file != nullptr) << path;
  std::string bytes;
  char buffer[1 << 16];
  int got = 0;
  while ((got = gzread(file, buffer, sizeof buffer)) > 0) bytes.append(buffer, static_cast<std::size_t>(got));
  CHECK_EQ(got, 0) << path;
  gzclose(file);
  return bytes;
}

void ForEachGolden(const std::string& name, const std::function<void(const nlohmann::json&)>& each) {
  std::string path = GoldenDir() + "/" + name;
  if (!std::filesystem::exists(path)) path += ".gz";
  const std::string text = ReadAll(path);
  int lines = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) {
      each(nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                 text.begin() + static_cast<std::ptrdiff_t>(end)));
      ++lines;
    }
    at = end + 1;
  }
  CHECK_GT(lines, 0) << path;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(Nibble(hex[i]) * 16 + Nibble(hex[i + 1]));
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[(c >> 4) & 15];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

}  // namespace ottla::test
