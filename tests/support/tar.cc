#include "tests/support/tar.h"

#include <cstdlib>

#include "common/base/check.h"

namespace ottla::test {
namespace {

constexpr std::size_t kBlock = 512;

std::string Text(std::string_view header, std::size_t at, std::size_t size) {
  const std::string_view field = header.substr(at, size);
  return std::string(field.substr(0, field.find('\0')));
}

}  // namespace

void ForEachInTar(std::string_view tar, const std::function<void(const std::string&, std::string_view)>& each) {
  std::string long_name;
  for (std::size_t at = 0; at + kBlock <= tar.size();) {
    const std::string_view header = tar.substr(at, kBlock);
    if (header[0] == '\0') return;
    const std::size_t size = std::strtoull(Text(header, 124, 12).c_str(), nullptr, 8);
    CHECK_LE(at + kBlock + size, tar.size());
    const std::string_view content = tar.substr(at + kBlock, size);
    const char type = header[156];
    if (type == 'L') {
      long_name = content.substr(0, content.find('\0'));
    } else if (type == '0' || type == '\0') {
      const std::string prefix = Text(header, 257, 5) == "ustar" && header[262] == '\0' ? Text(header, 345, 155) : "";
      std::string name = prefix.empty() ? Text(header, 0, 100) : prefix + "/" + Text(header, 0, 100);
      each(long_name.empty() ? name : long_name, content);
      long_name.clear();
    }
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
}

}  // namespace ottla::test
