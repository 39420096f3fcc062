#include "common/base/async_log.h"

#include <glog/logging.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace ottla {
namespace {

constexpr std::chrono::seconds kLastWords(2);

void WriteAll(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno != EINTR && errno != EAGAIN) {
      return;  // nowhere to complain to
    }
  }
}

}  // namespace

// Shared by the writer thread, the sinks in glog and the AsyncLog, whichever lives longest.
class AsyncLog::Queue {
 public:
  Queue(int fd, std::size_t limit) : fd_(fd), limit_(limit) {}

  void Push(const char* line, std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() + size > limit_) {
      ++dropped_;
      return;
    }
    const bool was_empty = lines_.empty();
    lines_.append(line, size);
    if (was_empty) changed_.notify_all();
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
      if (lines_.empty()) break;
      std::string out = std::exchange(lines_, {});
      if (const std::uint64_t dropped = std::exchange(dropped_, 0); dropped > 0) {
        out +=
            "W " + std::to_string(dropped) + " log lines were dropped: they came faster than they could be written\n";
      }
      lock.unlock();
      WriteAll(fd_, out);
      lock.lock();
    }
    done_ = true;
    changed_.notify_all();
  }

  void Stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kLastWords, [this] { return done_; });
  }

 private:
  const int fd_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lines_;
  std::uint64_t dropped_ = 0;
  bool stopping_ = false;
  bool done_ = false;
};

// glog hands a line to the logger of its severity and to those of all lower ones, so the lowest sees everything.
class AsyncLog::Sink final : public google::base::Logger {
 public:
  explicit Sink(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
  void Write(bool /*force_flush*/, time_t /*timestamp*/, const char* message, size_t size) override {
    if (queue_ && size > 0 && message[0] != 'F') queue_->Push(message, size);
  }
  void Flush() override {}
  google::uint32 LogSize() override { return 0; }

 private:
  const std::shared_ptr<Queue> queue_;
};

AsyncLog::AsyncLog(int fd, std::size_t queue_bytes) : queue_(std::make_shared<Queue>(fd, queue_bytes)) {
  FLAGS_logtostderr = false;
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = google::GLOG_FATAL;
  for (int severity = google::GLOG_INFO; severity <= google::GLOG_FATAL; ++severity) {
    google::base::SetLogger(severity, new Sink(severity == google::GLOG_INFO ? queue_ : nullptr));  // glog owns it
  }
  std::thread([queue = queue_] { queue->Run(); }).detach();
}

AsyncLog::~AsyncLog() {
  FLAGS_logtostderr = true;
  queue_->Stop();
}

}  // namespace ottla
