#include "common/net/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "common/base/random.h"

namespace ottla {
namespace {

// Takes at most `room` bytes, then blocks.
class FakeStream final : public Stream {
 public:
  void Attach(Executor&, Handler*) override {}
  void EnableRead(bool) override {}
  void EnableWrite(bool) override {}
  IoResult Read(std::span<char>) override { return {IoResult::Kind::kWouldBlock, 0}; }
  IoResult Write(std::span<const iovec> parts, bool more) override {
    ++writes;
    announced_more += more ? 1 : 0;
    std::size_t taken = 0;
    for (const iovec& part : parts) {
      const std::size_t count = std::min<std::size_t>(part.iov_len, room);
      sent.append(static_cast<const char*>(part.iov_base), count);
      room -= count;
      taken += count;
    }
    return Answer(taken);
  }
  IoResult SendFile(const File& file, std::uint64_t offset, std::size_t count) override {
    ++sendfiles;
    std::string bytes(std::min(count, room), '\0');
    const auto got = file.ReadAt(bytes, offset);
    if (!got.ok()) return {IoResult::Kind::kError, 0};
    sent.append(bytes, 0, *got);
    room -= *got;
    return Answer(*got);
  }
  Endpoint local() const override { return {}; }
  Endpoint peer() const override { return {}; }

  std::string sent;
  std::size_t room = SIZE_MAX / 2;
  bool broken = false;
  int writes = 0;
  int sendfiles = 0;
  int announced_more = 0;

 private:
  IoResult Answer(std::size_t taken) const {
    if (broken) return {IoResult::Kind::kError, 0};
    return taken == 0 ? IoResult{IoResult::Kind::kWouldBlock, 0} : IoResult{IoResult::Kind::kOk, taken};
  }
};

// A file of which only the part below `warm` is in memory.
class SentFile final : public File {
 public:
  explicit SentFile(std::string bytes) : content(std::move(bytes)), warm(content.size()) {}
  Status WriteAt(std::span<const iovec>, std::uint64_t) override { return Status::Ok(); }
  Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t offset) const override {
    if (offset >= content.size()) return std::size_t{0};
    const std::size_t count = std::min(into.size(), content.size() - offset);
    std::memcpy(into.data(), content.data() + offset, count);
    return count;
  }
  Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const override {
    ++tries;
    if (failed) return Status(StatusCode::kIoError, "disk");
    if (std::min(offset + into.size(), content.size()) > warm) return Status(StatusCode::kUnavailable, "cold");
    if (cut_while_reading) cut_while_reading->fetch_add(1);
    return ReadAt(into, offset);
  }
  Status Truncate(std::uint64_t) override { return Status::Ok(); }
  Status Sync() override { return Status::Ok(); }
  Result<std::uint64_t> Size() const override { return std::uint64_t{content.size()}; }
  int NativeFd() const override { return 1; }

  std::string content;
  std::uint64_t warm;
  bool failed = false;
  mutable int tries = 0;
  std::shared_ptr<FileGeneration> cut_while_reading;
};

std::string RandomBytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Next());
  return bytes;
}

FileRange RangeOf(std::shared_ptr<File> file, std::uint64_t position, std::uint64_t length) {
  FileRange range;
  range.file = std::move(file);
  range.position = position;
  range.length = length;
  return range;
}

using Outcome = SendQueue::Outcome;

class SendQueueTest : public testing::Test {
 protected:
  Outcome Flush(SendQueue& queue, FakeStream& stream, std::uint64_t share = 1 << 20) {
    return queue.Flush(stream, {scratch_, share, now_});
  }

  std::vector<char> scratch_ = std::vector<char>(1000);
  FakeStream stream_;
  MonoTime now_{};
};

TEST_F(SendQueueTest, SmallAnswersLeaveInOneWrite) {
  SendQueue queue({});
  const auto shared = std::make_shared<std::string>("shared");
  queue.Push(std::string("a"));
  queue.Push(SharedBytes{shared, *shared});
  queue.Push(std::string());  // nothing
  queue.Push(RangeOf(std::make_shared<SentFile>("0123456789"), 2, 5));
  queue.Push(std::string("z"));
  EXPECT_EQ(queue.queued_bytes(), 13u);
  EXPECT_EQ(Flush(queue, stream_), Outcome::kDrained);
  EXPECT_EQ(stream_.sent, "ashared23456z");
  EXPECT_EQ(stream_.writes, 1);
  EXPECT_TRUE(queue.empty());
}

TEST_F(SendQueueTest, AnyMixAndAnyBlockingSendsTheSameBytes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    SendQueue::Options options;
    const std::uint64_t share = 1 + random.Below(5000);
    options.file_mode = random.Chance(0.5) ? FileSendMode::kSendFile : FileSendMode::kCopy;
    options.sendfile_from = random.Below(2000);
    SendQueue queue(options);
    FakeStream stream;
    std::string expected;
    const auto file = std::make_shared<SentFile>(RandomBytes(random, 20'000));
    for (int i = 0; i < 100; ++i) {
      const std::string bytes = RandomBytes(random, random.Below(300));
      if (random.Chance(0.4)) {
        const std::uint64_t at = random.Below(10'000);
        const std::uint64_t length = random.Below(std::uint64_t{1} << random.Below(13));
        queue.Push(RangeOf(file, at, length));
        expected += file->content.substr(at, length);
      } else {
        queue.Push(bytes);
        expected += bytes;
      }
    }
    while (!queue.empty()) {
      stream.room = random.Below(3000);
      const std::size_t before = stream.sent.size();
      const Outcome outcome = Flush(queue, stream, share);
      ASSERT_LE(stream.sent.size() - before, 2 * share + 300) << "more than a turn and a range that fits one";
      ASSERT_NE(outcome, Outcome::kBroken);
      ASSERT_NE(outcome, Outcome::kCold);
      ASSERT_EQ(outcome == Outcome::kDrained, queue.empty());
      ASSERT_EQ(queue.queued_bytes(), expected.size() - stream.sent.size());
    }
    ASSERT_EQ(stream.sent, expected);
  }
}

TEST_F(SendQueueTest, ColdFilesWaitForTheirWarmingAndWhatStandsBeforeThemDoesNot) {
  for (const FileSendMode mode : {FileSendMode::kCopy, FileSendMode::kSendFile}) {
    SendQueue::Options options;
    options.file_mode = mode;
    options.sendfile_from = 1;
    SendQueue queue(options);
    FakeStream stream;
    const auto file = std::make_shared<SentFile>("0123456789");
    file->warm = 3;
    queue.Push(std::string("head"));
    queue.Push(RangeOf(file, 1, 8));
    EXPECT_EQ(Flush(queue, stream), Outcome::kCold);
    EXPECT_EQ(stream.sent, "head");
    EXPECT_EQ(queue.cold_range().position, 1u);
    EXPECT_EQ(queue.cold_range().length, 8u);
    file->warm = 10;
    EXPECT_EQ(Flush(queue, stream), Outcome::kDrained);
    EXPECT_EQ(stream.sent, "head12345678");
    EXPECT_EQ(stream.sendfiles, mode == FileSendMode::kSendFile ? 1 : 0);
  }
}

TEST_F(SendQueueTest, AHeadLeavesTogetherWithTheFileBehindIt) {
  SendQueue::Options options;
  options.sendfile_from = 5;
  SendQueue queue(options);
  const auto file = std::make_shared<SentFile>("0123456789");
  queue.Push(std::string("head"));
  queue.Push(RangeOf(file, 0, 5));
  queue.Push(std::string("tail"));
  queue.Push(RangeOf(file, 0, 4));  // is copied
  EXPECT_EQ(Flush(queue, stream_), Outcome::kDrained);
  EXPECT_EQ(stream_.sent, "head01234tail0123");
  EXPECT_EQ(stream_.writes, 2);
  EXPECT_EQ(stream_.announced_more, 1) << "nothing follows the tail";
}

TEST_F(SendQueueTest, ARangeThatFitsATurnIsNotTorn) {
  SendQueue::Options options;
  options.sendfile_from = 5;
  SendQueue queue(options);
  const auto file = std::make_shared<SentFile>("0123456789");
  for (int i = 0; i < 3; ++i) queue.Push(RangeOf(file, 0, 6));
  EXPECT_EQ(Flush(queue, stream_, 8), Outcome::kTurnOver);
  EXPECT_EQ(stream_.sent, "012345012345");
  queue.Push(RangeOf(file, 0, 10));
  EXPECT_EQ(Flush(queue, stream_, 8), Outcome::kTurnOver);
  EXPECT_EQ(stream_.sent, "01234501234501234501") << "a longer one is";
}

TEST_F(SendQueueTest, AColdFileIsNotAnnounced) {
  SendQueue::Options options;
  options.sendfile_from = 5;
  SendQueue queue(options);
  const auto file = std::make_shared<SentFile>("0123456789");
  file->warm = 0;
  queue.Push(std::string("an answer, and the next one's head"));
  queue.Push(RangeOf(file, 0, 5));
  EXPECT_EQ(Flush(queue, stream_), Outcome::kCold);
  EXPECT_EQ(stream_.announced_more, 0);
}

TEST_F(SendQueueTest, ProbesAreAsManyHoweverTheSocketDividesARange) {
  constexpr std::uint64_t kLength = 2 << 20;
  Random random(1);
  const auto file = std::make_shared<SentFile>(RandomBytes(random, kLength + 10));
  for (const std::size_t room : {kLength, std::uint64_t{100'000}}) {
    SCOPED_TRACE(room);
    SendQueue queue({});
    FakeStream stream;
    file->tries = 0;
    queue.Push(RangeOf(file, 10, kLength));
    while (!queue.empty()) {
      stream.room = room;
      ASSERT_NE(Flush(queue, stream), Outcome::kBroken);
      now_ += Millis(1);
    }
    EXPECT_EQ(stream.sent, file->content.substr(10));
    EXPECT_EQ(file->tries, 1 + 3) << "the first page, then after 256 KiB, 512 KiB and 1 MiB more";
  }
}

TEST_F(SendQueueTest, WhatWasSeenInTheCacheLongAgoIsProbedAgain) {
  const auto file = std::make_shared<SentFile>(std::string(100'000, 'x'));
  SendQueue queue({});
  queue.Push(RangeOf(file, 0, 100'000));
  stream_.room = 1000;
  EXPECT_EQ(Flush(queue, stream_), Outcome::kBlocked);
  file->warm = 0;
  stream_.room = 1000;
  EXPECT_EQ(Flush(queue, stream_), Outcome::kBlocked) << "seen a moment ago";
  now_ += Millis(1000);
  stream_.room = 100'000;
  EXPECT_EQ(Flush(queue, stream_), Outcome::kCold);
  EXPECT_EQ(queue.cold_range().position, 2000u);
}

TEST_F(SendQueueTest, EachWarmingOfAShareIsFollowedByProgress) {
  Random random(2);
  const auto file = std::make_shared<SentFile>(RandomBytes(random, 3'000'000));
  for (const std::uint64_t share : {256 << 10, 1 << 20}) {
    SCOPED_TRACE(share);
    SendQueue queue({});
    FakeStream stream;
    file->warm = 100'000;  // ends in the midst of the first piece
    queue.Push(RangeOf(file, 5, file->content.size() - 5));
    while (!queue.empty()) {
      const std::size_t before = stream.sent.size();
      stream.room = 200'000;
      if (Flush(queue, stream, share) != Outcome::kCold) continue;
      file->warm = queue.cold_range().position + std::min(queue.cold_range().length, share);
      stream.room = 200'000;
      Flush(queue, stream, share);
      ASSERT_GT(stream.sent.size(), before);
    }
    EXPECT_EQ(stream.sent, file->content.substr(5));
  }
}

TEST_F(SendQueueTest, ALoneSenderGetsTheWholeTurnAndManyAtLeastTheirShare) {
  const SendQueue queue({});
  EXPECT_EQ(queue.Share(1), 4u << 20);
  EXPECT_EQ(queue.Share(2), 2u << 20);
  EXPECT_EQ(queue.Share(16), 256u << 10);
  EXPECT_EQ(queue.Share(1000), 256u << 10);
}

TEST_F(SendQueueTest, BytesThatWerePromisedAndAreGoneBreakTheConnection) {
  const auto generation = std::make_shared<FileGeneration>(7u);
  const auto make = [&](std::shared_ptr<SentFile> file, std::uint64_t length) {
    FileRange range = RangeOf(std::move(file), 0, length);
    range.current = generation;
    range.generation = 7;
    return range;
  };
  {
    SCOPED_TRACE("the file is shorter");
    SendQueue queue({});
    queue.Push(make(std::make_shared<SentFile>("01234"), 10));
    EXPECT_EQ(Flush(queue, stream_), Outcome::kBroken);
  }
  {
    SCOPED_TRACE("the disk fails");
    SendQueue queue({});
    const auto file = std::make_shared<SentFile>("01234");
    file->failed = true;
    queue.Push(make(file, 5));
    EXPECT_EQ(Flush(queue, stream_), Outcome::kBroken);
  }
  {
    SCOPED_TRACE("cut between the read and the write: none of what was read leaves");
    SendQueue queue({});
    const auto file = std::make_shared<SentFile>("01234");
    file->cut_while_reading = generation;
    queue.Push(make(file, 5));
    stream_.sent.clear();
    EXPECT_EQ(Flush(queue, stream_), Outcome::kBroken);
    EXPECT_EQ(stream_.sent, "");
  }
  {
    SCOPED_TRACE("cut before");
    SendQueue queue({});
    queue.Push(make(std::make_shared<SentFile>("01234"), 5));
    EXPECT_EQ(Flush(queue, stream_), Outcome::kBroken);
  }
}

TEST_F(SendQueueTest, MarksCountBytesAndRangesAlike) {
  SendQueue::Options options;
  options.high_bytes = 10;
  options.low_bytes = 5;
  SendQueue queue(options);
  queue.Push(std::string(10, 'x'));
  EXPECT_FALSE(queue.AboveHigh());
  queue.Push(RangeOf(std::make_shared<SentFile>("abc"), 0, 1));
  EXPECT_TRUE(queue.AboveHigh());
  stream_.room = 6;
  EXPECT_EQ(Flush(queue, stream_), Outcome::kBlocked);
  EXPECT_FALSE(queue.BelowLow());
  stream_.room = 1;
  EXPECT_EQ(Flush(queue, stream_), Outcome::kBlocked);
  EXPECT_TRUE(queue.BelowLow());
}

}  // namespace
}  // namespace ottla
