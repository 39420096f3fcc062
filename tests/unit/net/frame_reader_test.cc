#include "common/net/frame_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/base/random.h"

namespace ottla {
namespace {

std::string Prefix(std::int32_t length) {
  const std::uint32_t big = __builtin_bswap32(static_cast<std::uint32_t>(length));
  return {reinterpret_cast<const char*>(&big), sizeof big};
}

std::string FrameOf(std::string_view body) {
  return Prefix(static_cast<std::int32_t>(body.size())) + std::string(body);
}

// Feeds `stream` in pieces of at most `piece(i)` bytes; the texts of the frames that come out.
template <class Piece>
std::vector<std::string> Feed(FrameReader& reader, std::string_view stream, Piece piece, Status* status,
                              std::size_t scratch_size = 4096) {
  std::vector<char> scratch(scratch_size);
  std::vector<std::string> out;
  for (int i = 0; !stream.empty(); ++i) {
    const std::span<char> window = reader.Window(scratch);
    EXPECT_FALSE(window.empty());
    const std::size_t count = std::min({stream.size(), window.size(), piece(i)});
    std::memcpy(window.data(), stream.data(), count);
    stream.remove_prefix(count);
    std::vector<Frame> frames;
    *status = reader.Received(window, count, &frames);
    for (const Frame& frame : frames) out.emplace_back(frame.bytes.data(), frame.bytes.size());
    if (!status->ok()) break;
  }
  return out;
}

TEST(FrameReader, AnyCutOfTheStreamGivesTheSameFrames) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> expected;
    std::string stream;
    for (std::uint64_t n = random.Below(12); n > 0; --n) {
      std::string body(random.Below(std::uint64_t{1} << random.Below(19)), '\0');
      for (char& c : body) c = static_cast<char>(random.Next());
      stream += FrameOf(body);
      expected.push_back(std::move(body));
    }
    const std::uint64_t widest = 1 + random.Below(std::uint64_t{1} << (round % 18));
    const auto budget = std::make_shared<MemoryBudget>(0);
    {
      FrameReader reader(budget, 1 << 20);
      Status status;
      const auto got = Feed(
          reader, stream, [&](int) { return static_cast<std::size_t>(1 + random.Below(widest)); }, &status, 4096);
      ASSERT_TRUE(status.ok());
      ASSERT_EQ(got, expected);
      EXPECT_FALSE(reader.in_frame());
    }
    EXPECT_EQ(budget->used(), 0u);
  }
}

TEST(FrameReader, BadLengthsEndTheStreamAfterTheGoodFrames) {
  struct Case {
    std::string stream;
    std::vector<std::string> frames;
  };
  const Case cases[] = {
      {Prefix(-1), {}},
      {Prefix(101) + "x", {}},
      {FrameOf("good") + FrameOf("") + Prefix(0x16030100), {"good", ""}},  // a TLS greeting on a plain listener
      {FrameOf("good") + "GET / HTTP/1.1\r\n", {"good"}},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      FrameReader reader(nullptr, 100);
      Status status;
      EXPECT_EQ(Feed(
                    reader, c.stream, [&](int) { return piece; }, &status),
                c.frames);
      EXPECT_EQ(status.code(), StatusCode::kCorrupt);
    }
  }
}

TEST(FrameReader, AnAnnouncedLengthCostsOnlyWhatHasArrived) {
  const auto budget = std::make_shared<MemoryBudget>(0);
  std::vector<std::unique_ptr<FrameReader>> readers;
  for (int i = 0; i < 500; ++i) {
    readers.push_back(std::make_unique<FrameReader>(budget, 100 << 20));
    Status status;
    Feed(
        *readers.back(), Prefix(50 << 20) + "0123456789", [](int) { return std::size_t{14}; }, &status);
    EXPECT_TRUE(status.ok());
    EXPECT_TRUE(readers.back()->in_frame());
  }
  EXPECT_LE(budget->used(), 500u * (16 << 10));
  // Then it grows with what comes, at most twofold.
  Status status;
  Feed(
      *readers.front(), std::string(1 << 20, 'x'), [](int) { return std::size_t{10'000}; }, &status);
  EXPECT_LE(budget->used(), 499u * (16 << 10) + (2u << 20) + (64 << 10));
}

// Who has sent a large frame gets room for the next at once, unless memory is short.
TEST(FrameReader, AnExhaustedBudgetTrustsNobody) {
  const auto budget = std::make_shared<MemoryBudget>(3 << 20);
  const auto whole = [](int) { return std::size_t{1} << 20; };
  FrameReader reader(budget, 100 << 20);
  Status status;
  ASSERT_EQ(Feed(reader, FrameOf(std::string(2 << 20, 'x')), whole, &status).size(), 1u);
  Feed(reader, Prefix(2 << 20) + "start", whole, &status);
  EXPECT_EQ(budget->used(), 2u << 20);
  Feed(reader, std::string((2 << 20) - 5, 'x'), whole, &status);
  ASSERT_FALSE(reader.in_frame());
  FrameBuffer other(budget);
  other.Reserve(3 << 20);
  Feed(reader, Prefix(2 << 20) + "start", whole, &status);
  EXPECT_EQ(budget->used(), (3u << 20) + (16 << 10));
}

// One connection after the other may go on past the limit, up to the mark; whoever asked there is told when memory is
// below it, though the limit is still exceeded.
TEST(MemoryBudget, TheOverdraftEndsAtTheMark) {
  constexpr std::uint64_t kPiece = 1 << 20;
  MemoryBudget budget(100 * kPiece);
  int told = 0;
  budget.SetListener([&] { ++told; });
  budget.Add(199 * kPiece);
  EXPECT_TRUE(budget.TakeOverdraft());
  EXPECT_FALSE(budget.TakeOverdraft()) << "one at a time";
  budget.Add(2 * kPiece);
  budget.ReturnOverdraft();
  EXPECT_FALSE(budget.TakeOverdraft()) << "past the mark";
  EXPECT_TRUE(budget.AwaitRoom());
  budget.Release(kPiece);
  EXPECT_EQ(told, 0) << "at the mark";
  budget.Release(kPiece);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(budget.Exhausted());
  EXPECT_TRUE(budget.TakeOverdraft());
}

// The overdraft of a small limit is larger than what the beginnings of many frames take.
TEST(MemoryBudget, ASmallLimitHasRoomForAnOverdraft) {
  MemoryBudget budget(1000);
  budget.Add(63 << 20);
  EXPECT_TRUE(budget.TakeOverdraft());
}

TEST(FrameReader, ManySmallFramesOfOneReadShareOneBuffer) {
  FrameReader reader(nullptr, 1000);
  std::string stream;
  for (int i = 0; i < 10; ++i) stream += FrameOf("frame " + std::to_string(i));
  std::vector<char> scratch(4096);
  const auto window = reader.Window(scratch);
  std::memcpy(window.data(), stream.data(), stream.size());
  std::vector<Frame> frames;
  ASSERT_TRUE(reader.Received(window, stream.size(), &frames).ok());
  ASSERT_EQ(frames.size(), 10u);
  for (const Frame& frame : frames) EXPECT_EQ(frame.buffer, frames[0].buffer);
  EXPECT_EQ(frames[0].buffer->capacity(), stream.size());
}

}  // namespace
}  // namespace ottla
