// The bytes of one or more received frames, kept in one place from the socket to the disk: a produce request's batches
// are checked, patched (base offset, leader epoch) and written to the log where they were received.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace ottla {

// Bytes of requests held by the whole process. Any thread. Past the limit connections with requests under way begin no
// new frame until enough requests have gone. Large frames that have begun would then all wait for each other, so one at
// a time may go on past the limit: the holder of the overdraft. Past the mark, twice the limit, nobody may: what is
// held then is mostly requests under way, and those end.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit_bytes)  // 0: no limit
      : limit_(limit_bytes), mark_(limit_bytes + std::max(limit_bytes, kLeastOverdraft)) {}

  void Add(std::uint64_t bytes) { used_.fetch_add(bytes); }
  void Release(std::uint64_t bytes);
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  bool Exhausted() const { return limit_ != 0 && used_.load() >= limit_; }

  bool TakeOverdraft() { return used_.load() < mark_ && !overdraft_taken_.exchange(true); }
  void ReturnOverdraft();

  // `available` is called, on any thread, when memory or the overdraft may be had again after somebody has asked for it
  // with AwaitRoom.
  // Set before the first use.
  void SetListener(std::function<void()> available) { available_ = std::move(available); }
  // False: there is room already.
  bool AwaitRoom();
  // Somebody has asked and was not told yet.
  bool Awaited() const { return awaited_.load(); }

 private:
  void Tell();

  // The beginnings of large frames alone must not reach the mark, or they would wait for each other after all.
  static constexpr std::uint64_t kLeastOverdraft = 64 << 20;
  const std::uint64_t limit_;
  const std::uint64_t mark_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<bool> overdraft_taken_{false};
  std::atomic<bool> awaited_{false};
  std::function<void()> available_;
};

// A growable block of memory that counts against the budget while it lives. Grown only by the connection that fills it,
// before anybody else sees it; afterwards whoever holds it may use it on one thread at a time.
class FrameBuffer {
 public:
  explicit FrameBuffer(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
  ~FrameBuffer();
  FrameBuffer(const FrameBuffer&) = delete;
  FrameBuffer& operator=(const FrameBuffer&) = delete;

  char* data() { return data_; }
  std::size_t capacity() const { return capacity_; }
  void Reserve(std::size_t capacity);  // keeps the content; moves the block

 private:
  std::shared_ptr<MemoryBudget> budget_;
  char* data_ = nullptr;
  std::size_t capacity_ = 0;
};

// One frame (without its length prefix) inside a buffer.
struct Frame {
  std::shared_ptr<FrameBuffer> buffer;
  std::span<char> bytes;
};

}  // namespace ottla
