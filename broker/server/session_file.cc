#include "broker/server/session_file.h"

#include <charconv>

namespace ottla {
namespace {

constexpr std::string_view kHeader = "ottla-zookeeper-session 1\n";

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += "0123456789abcdef"[(c >> 4) & 15];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

bool FromHex(std::string_view hex, std::string* bytes) {
  if (hex.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (error != std::errc() || end != hex.data() + i + 2) return false;
    *bytes += static_cast<char>(value);
  }
  return true;
}

}  // namespace

std::string SessionFilePath(const std::string& log_dir) { return log_dir + "/.ottla-zookeeper-session"; }

Status WriteSessionFile(FileSystem& files, const std::string& path, const ZkSession& session) {
  std::string text(kHeader);
  text += std::to_string(session.id) + " " + ToHex(session.password) + "\n";
  return files.ReplaceFile(path, text, true);
}

Result<ZkSession> ReadSessionFile(FileSystem& files, const std::string& path) {
  const auto text = files.ReadFile(path, 4096);
  if (!text.ok()) return text.status();
  const Status corrupt(StatusCode::kCorrupt, path + " is not a session file");
  std::string_view rest = *text;
  if (!rest.starts_with(kHeader)) return corrupt;
  rest.remove_prefix(kHeader.size());
  ZkSession session;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), session.id);
  if (error != std::errc()) return corrupt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!rest.starts_with(" ") || !rest.ends_with("\n")) return corrupt;
  rest = rest.substr(1, rest.size() - 2);
  if (!FromHex(rest, &session.password) || session.password.size() != ZkSession::kPasswordBytes) return corrupt;
  return session;
}

}  // namespace ottla
