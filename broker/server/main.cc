// ottla-broker server.properties [--override key=value]...
// Runs in the foreground and logs to stderr; SIGTERM and SIGINT end it in order (0), a failed start or a fatal
// condition says one line and ends it with 1. The only place that knows the real world and gflags.
#include <gflags/gflags.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "broker/server/broker.h"
#include "broker/server/keeper.h"
#include "common/base/async_log.h"
#include "common/env/posix_file.h"
#include "common/env/real_executors.h"
#include "common/env/socket_buffers.h"
#include "common/env/socket_network.h"
#include "common/env/system_clock.h"
#include "common/env/zk_client_mt.h"
#include "common/env/zk_raw_session.h"

DEFINE_int32(data_loops, 0, "Threads that serve connections and partitions; 0: half of the cores, at least one.");
DEFINE_bool(keeper, true, "Keep a small process that ends the ZooKeeper session at once if this one is killed.");

namespace ottla {
namespace {

constexpr char kUsage[] =
    "USAGE: ottla-broker server.properties [--override property=value]* [--data_loops=n] [--nokeeper]";
constexpr char kKafkaVersion[] = "3.9.1";  // whose place this broker takes

struct Arguments {
  std::string file;
  std::vector<std::string> overrides;
};

// --override may be given many times, which gflags cannot hold; what is left is gflags' own.
std::optional<Arguments> ReadArguments(int argc, char** argv) {
  Arguments arguments;
  std::vector<char*> rest{argv[0]};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--override" && i + 1 < argc) {
      arguments.overrides.emplace_back(argv[++i]);
    } else if (word.starts_with("--override=")) {
      arguments.overrides.emplace_back(word.substr(11));
    } else {
      rest.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(rest.size());
  rest.push_back(nullptr);
  char** words = rest.data();
  gflags::ParseCommandLineFlags(&count, &words, true);
  if (count != 2) return std::nullopt;
  arguments.file = words[1];
  return arguments;
}

Result<BrokerConfig> ReadConfig(const Arguments& arguments, FileSystem& files, std::vector<std::string>* warnings) {
  const auto text = files.ReadFile(arguments.file);
  if (!text.ok()) return text.status();
  auto properties = ParseProperties(*text);
  if (!properties.ok()) return properties.status().WithContext(arguments.file);
  for (const std::string& pair : arguments.overrides) {
    if (const Status status = ApplyOverride(pair, &*properties); !status.ok()) return status;
  }
  return BrokerConfig::Make(std::move(*properties), warnings);
}

std::uint64_t SystemSeed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = static_cast<std::uint64_t>(::getpid());
  return seed;
}

// As many open files as this process may ask for: Debian gives a shell 1,024 of half a million. Returns how many.
std::size_t RaiseOpenFiles() {
  constexpr rlim_t kFew = 10'000;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur < kFew) {
    LOG(WARNING) << "only " << limit.rlim_cur << " files may be open at once (ulimit -Hn): half of them are for "
                 << "connections, a quarter for logs";
  }
  return limit.rlim_cur;
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// Signals are taken by sigwait in the main thread, so every thread made after this leaves them alone.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Fail(const std::string& why) {
  LOG(ERROR) << why;
  return 1;
}

// What the main thread waits for.
class Inbox {
 public:
  enum class Kind { kSignal, kStarted, kFatal, kStopped };
  struct Message {
    Kind kind = Kind::kSignal;
    Status status;
  };
  void Put(Message message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    arrived_.notify_one();
  }
  Message Take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !messages_.empty(); });
    Message first = std::move(messages_.front());
    messages_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Message> messages_;
};

// A second signal does not wait for the orderly end.
void ForwardSignals(sigset_t signals, std::shared_ptr<Inbox> inbox) {
  std::thread([signals, inbox = std::move(inbox)] {
    for (int count = 1;; ++count) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) continue;
      LOG(INFO) << "signal " << signal << (count == 1 ? ": ending in order" : ": ending at once");
      if (count > 1) ::_exit(1);
      inbox->Put({Inbox::Kind::kSignal, {}});
    }
  }).detach();
}

// Serves until a signal or a fatal condition; the exit status.
int Serve(Env env, std::shared_ptr<const BrokerConfig> config, Keeper* keeper, const sigset_t& signals) {
  auto inbox = std::make_shared<Inbox>();
  ForwardSignals(signals, inbox);
  Broker::Options options;
  options.host_name = HostName();
  options.open_files = RaiseOpenFiles();  // not the keeper's, which closes all it could have
  if (keeper != nullptr) options.keeper = [keeper](const ZkSession& session) { keeper->Renew(session); };
  options.on_fatal = [inbox](const Status& why) { inbox->Put({Inbox::Kind::kFatal, why}); };
  // Never destroyed: its loops run until the process has ended.
  auto* broker = new Broker(std::move(env), std::move(config), std::move(options));  // NOLINT
  broker->Start([inbox](Status status) { inbox->Put({Inbox::Kind::kStarted, std::move(status)}); });
  int status = 0;
  Inbox::Message message = inbox->Take();
  if (message.kind == Inbox::Kind::kStarted && message.status.ok()) {
    LOG(INFO) << "broker " << broker->id() << " is serving";
    message = inbox->Take();
  }
  if (message.kind != Inbox::Kind::kSignal) {
    const bool starting = message.kind == Inbox::Kind::kStarted;
    LOG(ERROR) << (starting ? "the broker could not start: " : "this broker cannot go on: ")
               << message.status.message();
    status = 1;
  }
  broker->Stop([inbox] { inbox->Put({Inbox::Kind::kStopped, {}}); });
  while (inbox->Take().kind != Inbox::Kind::kStopped) {
  }
  return status;
}

// Kafka's default of 100 KB only where the settings name it: larger buffers, and those of the system that grow with
// what a connection carries, cost less and are not bound to 100 KB a round trip.
SocketOptions AcceptedSockets(const BrokerConfig& config) {
  SocketOptions out;
  out.send_buffer_bytes =
      config.IsSet("socket.send.buffer.bytes") ? config.socket_send_buffer_bytes : RoomySendBuffer();
  if (config.IsSet("socket.receive.buffer.bytes")) out.receive_buffer_bytes = config.socket_receive_buffer_bytes;
  return out;
}

SocketOptions OutgoingSockets(const BrokerConfig& config) {
  SocketOptions out;
  if (config.IsSet("replica.socket.receive.buffer.bytes")) {
    out.receive_buffer_bytes = config.replica_socket_receive_buffer_bytes;
  }
  return out;
}

// Before gflags, which would print its own.
const char* PlainAnswer(int argc, char** argv) {
  const auto asked = [&](std::string_view word) { return std::find(argv + 1, argv + argc, word) != argv + argc; };
  if (asked("--version")) return kKafkaVersion;
  return asked("--help") || asked("-h") ? kUsage : nullptr;
}

int Main(int argc, char** argv) {
  if (const char* answer = PlainAnswer(argc, argv)) {
    std::cout << answer << "\n";
    return 0;
  }
  const auto arguments = ReadArguments(argc, argv);
  if (!arguments.has_value()) {
    std::cout << kUsage << "\n";
    return 1;
  }
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  PosixFileSystem files;
  std::vector<std::string> warnings;
  auto config = ReadConfig(*arguments, files, &warnings);
  if (!config.ok()) return Fail(config.status().message());
  const auto servers = ParseZkConnect(config->zookeeper_connect);
  if (!servers.ok()) return Fail(servers.status().message());

  std::optional<Keeper> keeper;  // before the first thread: it forks
  if (FLAGS_keeper) {
    auto started = Keeper::Start(argc, argv, [servers = servers->servers](const ZkSession& session) {
      return CloseZkSession(servers, session, Millis(2000));
    });
    if (started.ok()) {
      keeper.emplace(std::move(*started));
    } else {
      warnings.push_back("no keeper: after a kill -9 others wait for the session timeout: " +
                         started.status().message());
    }
  }
  for (const std::string& warning : warnings) LOG(WARNING) << warning;
  const sigset_t signals = BlockSignals();
  auto log = std::make_unique<AsyncLog>();
  const auto shared = std::make_shared<const BrokerConfig>(std::move(*config));
  SystemClock clock;
  RealExecutors::Options threads;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  threads.data_loops = static_cast<std::size_t>(FLAGS_data_loops > 0 ? FLAGS_data_loops : std::max(1, cores / 2));
  threads.disk_threads = shared->log_dirs.size();
  SocketNetwork network(clock, AcceptedSockets(*shared), OutgoingSockets(*shared));
  RealExecutors executors(clock, threads);
  ZkClientMt::Options zk_options{shared->zookeeper_connect, Millis(shared->zookeeper_session_timeout_ms)};
  auto zk = ZkClientMt::Make(executors.Control(), clock, zk_options);
  if (!zk.ok()) return Fail(zk.status().message());
  const int status = Serve({clock, executors, files, network, **zk, Random(SystemSeed())}, shared,
                           keeper ? &*keeper : nullptr, signals);
  if (keeper) keeper->Release();
  log.reset();
  // Loops still hold what the broker left behind; the process ends here instead of untangling threads.
  ::_exit(status);
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::Main(argc, argv); }
