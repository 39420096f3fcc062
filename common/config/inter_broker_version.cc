#include "common/config/inter_broker_version.h"

#include <charconv>
#include <vector>

namespace ottla {
namespace {

struct Release {
  std::int32_t major;
  std::int32_t minor;
  std::int32_t last_iv;
};

// The last IV of each release, as of 3.9. 0.8.x and 0.9.0 have none of their own and are written without.
constexpr Release kReleases[] = {
    {0, 80, 0}, {0, 81, 0}, {0, 82, 0}, {0, 90, 0}, {0, 100, 1}, {0, 101, 2}, {0, 102, 0}, {0, 110, 2},
    {1, 0, 0},  {1, 1, 0},  {2, 0, 1},  {2, 1, 2},  {2, 2, 1},   {2, 3, 1},   {2, 4, 1},   {2, 5, 0},
    {2, 6, 0},  {2, 7, 2},  {2, 8, 1},  {3, 0, 1},  {3, 1, 0},   {3, 2, 0},   {3, 3, 3},   {3, 4, 0},
    {3, 5, 2},  {3, 6, 2},  {3, 7, 4},  {3, 8, 0},  {3, 9, 0},
};

bool ParseInt(std::string_view text, std::int32_t* out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *out);
  return !text.empty() && text.front() != '-' && result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// "0.10.2" -> {0, 102}; "2.8.1" -> {2, 8}: from 1.0 on, the third number says nothing about the protocol.
bool ParseNumbers(std::string_view text, std::int32_t* major, std::int32_t* minor) {
  std::vector<std::int32_t> numbers;
  while (true) {
    const std::size_t dot = text.find('.');
    std::int32_t number = 0;
    if (!ParseInt(text.substr(0, dot), &number) || number > 1000) return false;
    numbers.push_back(number);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  if (numbers.size() < 2) return false;
  if (numbers[0] == 0 && numbers.size() < 3) return false;
  *major = numbers[0];
  *minor = numbers[0] == 0 ? numbers[1] * 10 + numbers[2] : numbers[1];
  return true;
}

}  // namespace

std::string InterBrokerVersion::ToString() const {
  const std::string iv_text = "-IV" + std::to_string(iv);
  if (major > 0) return std::to_string(major) + "." + std::to_string(minor) + iv_text;
  const std::string text = "0." + std::to_string(minor / 10) + "." + std::to_string(minor % 10);
  return minor < 100 ? text : text + iv_text;
}

Result<InterBrokerVersion> ParseInterBrokerVersion(std::string_view text) {
  const Status bad(StatusCode::kInvalidArgument, "Version " + std::string(text) + " is not a valid version");
  const std::size_t dash = text.find("-IV");
  InterBrokerVersion version;
  if (!ParseNumbers(text.substr(0, dash), &version.major, &version.minor)) return bad;
  for (const Release& release : kReleases) {
    if (release.major != version.major || release.minor != version.minor) continue;
    version.iv = release.last_iv;
    if (dash == std::string_view::npos) return version;
    if (!ParseInt(text.substr(dash + 3), &version.iv) || version.iv > release.last_iv) return bad;
    return version;
  }
  return bad;
}

}  // namespace ottla
