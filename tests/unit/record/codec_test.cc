// Every codec gives back what it took, stops at the limit it is given, and takes no memory on a lying length's word.
#include "common/record/codec_context.h"

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/record/big_endian.h"
#include "common/record/xxhash32.h"

namespace ottla {
namespace {

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string Text(std::size_t size, bool compressible, std::uint64_t seed) {
  Random random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(compressible ? 'a' + random.Below(3) : random.Below(256));
  return out;
}

TEST(Codec, RoundTrip) {
  CodecContext codecs;
  ByteBuffer out;
  for (const Codec codec : kCodecs) {
    for (const std::size_t size : {1U, 15U, 100U, 32768U, 32769U, 65536U, 65537U, 1000000U}) {
      for (const bool compressible : {true, false}) {
        for (const int magic : {0, 1, 2}) {
          SCOPED_TRACE(std::string(ToString(codec)) + " " + std::to_string(size));
          const std::string in = Text(size, compressible, size);
          std::string packed = "before";
          codecs.Compress(codec, DefaultLevel(codec), magic, in, packed);
          ASSERT_EQ(packed.substr(0, 6), "before");
          ASSERT_EQ(codecs.Decompress(codec, magic, std::string_view(packed).substr(6), size, out), RecordFault::kNone);
          ASSERT_EQ(out.view(), in);
        }
      }
    }
  }
}

TEST(Codec, EveryLevel) {
  CodecContext codecs;
  ByteBuffer out;
  const std::string in = Text(5000, true, 7);
  const std::pair<Codec, std::vector<int>> levels[] = {
      {Codec::kGzip, {-1, 1, 9}}, {Codec::kLz4, {1, 9, 17}}, {Codec::kZstd, {-131072, -5, 1, 3, 22}}};
  for (const auto& [codec, each] : levels) {
    for (const int level : each) {
      std::string packed;
      codecs.Compress(codec, level, 2, in, packed);
      EXPECT_EQ(codecs.Decompress(codec, 2, packed, in.size(), out), RecordFault::kNone);
      EXPECT_EQ(out.view(), in);
    }
  }
}

TEST(Codec, NothingButTheEmptyStream) {
  CodecContext codecs;
  ByteBuffer out;
  for (const Codec codec : kCodecs) {
    std::string packed;
    codecs.Compress(codec, DefaultLevel(codec), 2, "", packed);
    EXPECT_EQ(codecs.Decompress(codec, 2, packed, 100, out), RecordFault::kNone);
    EXPECT_EQ(out.size(), 0U);
  }
}

TEST(Codec, StopsAtTheLimit) {
  constexpr std::size_t kSize = std::size_t{8} << 20;
  CodecContext codecs;
  const std::string in(kSize, 'x');
  for (const Codec codec : kCodecs) {
    SCOPED_TRACE(ToString(codec));
    std::string packed;
    codecs.Compress(codec, DefaultLevel(codec), 2, in, packed);
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{100000}, kSize - 1}) {
      ByteBuffer out;
      EXPECT_EQ(codecs.Decompress(codec, 2, packed, limit, out), RecordFault::kTooLarge) << limit;
      EXPECT_LE(out.capacity(), limit);
    }
    ByteBuffer out;
    EXPECT_EQ(codecs.Decompress(codec, 2, packed, kSize, out), RecordFault::kNone);
  }
}

TEST(Codec, TakesNoMemoryForALie) {
  constexpr std::size_t kManyBytes = std::size_t{1} << 30;
  CodecContext codecs;
  std::string framed("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
  framed += std::string("\x7f\xff\xff\xff", 4) + "abc";
  const std::string cases[] = {
      std::string("\xff\xff\xff\xff\x07\x00", 6),  // bare snappy: 2 GiB
      framed,                                      // a snappy block of 2 GiB
  };
  for (const std::string& bytes : cases) {
    ByteBuffer out;
    EXPECT_EQ(codecs.Decompress(Codec::kSnappy, 2, bytes, kManyBytes, out), RecordFault::kCorrupt);
    EXPECT_EQ(out.capacity(), 0U);
  }
  // A zstd frame whose header promises 1 GiB and whose one raw block has 1 byte.
  const std::string zstd("\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x40\x09\x00\x00x", 13);
  ByteBuffer out;
  EXPECT_EQ(codecs.Decompress(Codec::kZstd, 2, zstd, kManyBytes, out), RecordFault::kCorrupt);
  EXPECT_LE(out.capacity(), 1U);
}

TEST(Codec, UnknownCodecsAndNoneAreRefused) {
  CodecContext codecs;
  ByteBuffer out;
  for (const int id : {0, 5, 6, 7}) {
    EXPECT_EQ(codecs.Decompress(static_cast<Codec>(id), 2, "abc", 100, out), RecordFault::kCorrupt);
  }
}

TEST(Codec, HeaderChecksumOfOldLz4) {
  CodecContext codecs;
  std::string v0;
  std::string v1;
  codecs.Compress(Codec::kLz4, kDefaultLz4Level, 0, "abc", v0);
  codecs.Compress(Codec::kLz4, kDefaultLz4Level, 1, "abc", v1);
  EXPECT_EQ(v0[6], '\x1a');
  EXPECT_EQ(v1[6], '\x82');
  ByteBuffer out;
  EXPECT_EQ(codecs.Decompress(Codec::kLz4, 0, v1, 100, out), RecordFault::kNone);
  EXPECT_EQ(codecs.Decompress(Codec::kLz4, 1, v0, 100, out), RecordFault::kCorrupt);
}

TEST(XxHash32, Vectors) {  // of the specification's reference implementation
  EXPECT_EQ(XxHash32(""), 0x02CC5D05U);
  EXPECT_EQ(XxHash32("a"), 0x550D7456U);
  EXPECT_EQ(XxHash32("abc"), 0x32D153FFU);
  EXPECT_EQ(XxHash32("Nobody inspects the spammish repetition"), 0xE2293B2FU);
}

}  // namespace
}  // namespace ottla
