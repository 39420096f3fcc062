#include "common/env/zk_session_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace ottla {
namespace {

constexpr char kHead[] = "ottla zookeeper session 1\n";
constexpr std::size_t kPasswordBytes = 16;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::optional<std::string> Unhex(std::string_view text) {
  const auto value = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace

Status WriteZkSessionFile(const std::string& path, const ZkSession& session) {
  std::string id;
  for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(static_cast<std::uint64_t>(session.id) >> shift);
  const std::string content = kHead + Hex(id) + "\n" + Hex(session.password) + "\n";
  const std::string fresh = path + ".tmp";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, "creating " + fresh);
  const bool written = ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  const int error = errno;
  if (::close(fd) != 0 || !written) return ErrnoStatus(error, "writing " + fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, "renaming " + fresh);
  return Status::Ok();
}

std::optional<ZkSession> ReadZkSessionFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 256> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (size <= 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  if (!text.starts_with(kHead)) return std::nullopt;
  text.remove_prefix(sizeof kHead - 1);
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto id = Unhex(text.substr(0, first));
  auto password = Unhex(text.substr(first + 1, second - first - 1));
  if (!id || id->size() != 8 || !password || password->size() != kPasswordBytes) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : *id) number = number << 8 | static_cast<unsigned char>(c);
  if (number == 0) return std::nullopt;
  return ZkSession{static_cast<std::int64_t>(number), std::move(*password)};
}

void RemoveZkSessionFile(const std::string& path) { ::unlink(path.c_str()); }

}  // namespace ottla
