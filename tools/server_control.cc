#include "tools/server_control.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "common/config/properties.h"

namespace ottla::tools {
namespace {

namespace fs = std::filesystem;
constexpr const char* kBroker = "ottla-broker";
constexpr std::string_view kNodeId = "--node-id=";
constexpr std::string_view kProcessRole = "--process-role=";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<fs::path> BrokerPath() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return Status(StatusCode::kIoError, "reading /proc/self/exe: " + error.message());
  const fs::path broker = self.parent_path() / kBroker;
  if (!fs::exists(broker, error)) {
    return Status(StatusCode::kNotFound, broker.string() + " does not exist: build the target ottla-broker");
  }
  return broker;
}

// Only returns when it fails.
Status Exec(const fs::path& broker, const std::vector<std::string>& words) {
  std::vector<std::string> owned = {broker.string()};
  owned.insert(owned.end(), words.begin(), words.end());
  std::vector<char*> argv;
  argv.reserve(owned.size() + 1);
  for (std::string& word : owned) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(broker.c_str(), argv.data());
  return ErrnoStatus(errno, "starting " + broker.string());
}

// LOG_DIR, else `logs` beside the directory of the binaries.
fs::path LogDir(const fs::path& broker) {
  const std::string given = Environment("LOG_DIR");
  return given.empty() ? broker.parent_path().parent_path() / "logs" : fs::path(given);
}

Status RedirectTo(const fs::path& file) {
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) return ErrnoStatus(errno, "opening " + file.string());
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in < 0) return ErrnoStatus(errno, "opening /dev/null");
  if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) {
    return ErrnoStatus(errno, "redirecting output");
  }
  return Status::Ok();
}

Status StartInBackground(const fs::path& broker, const std::vector<std::string>& words) {
  const fs::path dir = LogDir(broker);
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Status(StatusCode::kIoError, "creating " + dir.string() + ": " + error.message());
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child > 0) return Status::Ok();
  setsid();
  signal(SIGHUP, SIG_IGN);
  Status status = RedirectTo(dir / "kafkaServer.out");
  if (status.ok()) status = Exec(broker, words);
  dprintf(STDERR_FILENO, "%s\n", status.message().c_str());
  _exit(1);
}

std::optional<pid_t> PidOf(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename();
  pid_t pid = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) return std::nullopt;
  return pid;
}

std::vector<std::string> CommandLine(const fs::path& process) {
  std::ifstream file(process / "cmdline", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> words;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\0', start), text.size());
    words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

// What the process was told of its id: on its command line, else in its file, whose name counts from where it runs.
std::string BrokerIdOf(const fs::path& process, const std::vector<std::string>& words) {
  std::ifstream file(process / "cwd" / words[1]);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Result<Properties> parsed = ParseProperties(text);
  Properties properties = parsed.ok() ? std::move(parsed).value() : Properties();
  for (std::size_t i = 2; i + 1 < words.size(); ++i) {
    const std::size_t equals = words[i + 1].find('=');
    if (words[i] != "--override" || equals == std::string::npos) continue;
    properties[words[i + 1].substr(0, equals)] = words[i + 1].substr(equals + 1);
  }
  for (const char* key : {"broker.id", "node.id"}) {
    if (const auto at = properties.find(key); at != properties.end()) return at->second;
  }
  return "";
}

// Brokers only: the small process that ends a dead broker's ZooKeeper session calls itself otherwise.
std::vector<pid_t> FindBrokers(const std::string& id) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const auto pid = PidOf(entry);
    if (!pid) continue;
    const std::vector<std::string> words = CommandLine(entry.path());
    if (words.size() < 2 || fs::path(words[0]).filename() != kBroker) continue;
    if (id.empty() || BrokerIdOf(entry.path(), words) == id) found.push_back(*pid);
  }
  return found;
}

std::optional<int> SignalNumber(std::string name) {
  if (name.empty()) return SIGTERM;
  if (name.starts_with("SIG")) name.erase(0, 3);
  int number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) return number;
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    const char* abbreviation = sigabbrev_np(signal_number);
    if (abbreviation != nullptr && name == abbreviation) return signal_number;
  }
  return std::nullopt;
}

}  // namespace

int ServerStartMain(std::span<const std::string> words, const std::string& invoked_as, const Streams& io) {
  if (words.empty()) {
    io.out << "USAGE: " << invoked_as << " [-daemon] server.properties [--override property=value]*" << std::endl;
    return 1;
  }
  std::vector<std::string> rest(words.begin(), words.end());
  const bool daemon = rest.front() == "-daemon";
  if (daemon) rest.erase(rest.begin());
  Result<fs::path> broker = BrokerPath();
  Status status = broker.status();
  if (broker.ok()) status = daemon ? StartInBackground(*broker, rest) : Exec(*broker, rest);
  if (status.ok()) return 0;
  io.err << status.message() << std::endl;
  return 1;
}

int ServerStopMain(std::span<const std::string> words, const Streams& io) {
  std::string id;
  std::string role = "broker";
  for (const std::string& word : words) {
    if (word.starts_with(kNodeId)) {
      id = word.substr(kNodeId.size());
    } else if (word.starts_with(kProcessRole)) {
      role = word.substr(kProcessRole.size());
    } else {
      io.err << "Unexpected argument: " << word << " (only --node-id= and --process-role=)" << std::endl;
      return 1;
    }
  }
  const auto signal_number = SignalNumber(Environment("SIGNAL"));
  if (!signal_number) {
    io.err << "SIGNAL=" << Environment("SIGNAL") << " names no signal" << std::endl;
    return 1;
  }
  // A node id decides alone; every process here has the one role.
  const std::vector<pid_t> brokers = id.empty() && role != "broker" ? std::vector<pid_t>() : FindBrokers(id);
  if (brokers.empty()) {
    io.out << "No kafka server to stop" << std::endl;
    return 1;
  }
  int exit_status = 0;
  for (pid_t pid : brokers) {
    if (kill(pid, *signal_number) == 0 || errno == ESRCH) continue;
    io.err << "process " << pid << ": " << std::strerror(errno) << std::endl;
    exit_status = 1;
  }
  return exit_status;
}

}  // namespace ottla::tools
