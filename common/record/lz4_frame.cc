// The lz4 frames that Kafka's own stream classes read and write: independent blocks, optional block checksums and
// content size, a content checksum that nobody checks, nothing after the end mark. In magic 0 the header checksum is
// computed over the magic as well, a bug of old clients that the format has to keep.
#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/base/check.h"
#include "common/record/codecs.h"
#include "common/record/xxhash32.h"

namespace ottla::codecs {
namespace {

constexpr std::uint32_t kMagic = 0x184D2204;
constexpr std::uint32_t kStoredBit = 0x80000000U;
constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr int kDefaultLevel = 9;  // means the fast compressor, as in Kafka

void AppendLe32(std::string& out, std::uint32_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }
std::uint32_t Le32(const char* p) {
  std::uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

struct Frame {
  bool block_checksums = false;
  std::size_t max_block = 0;
};

// Takes the header off `in`. False: not a frame that Kafka reads.
bool ReadHeader(int magic, std::string_view& in, Frame& frame) {
  if (in.size() < 7 || Le32(in.data()) != kMagic) return false;
  const auto flags = static_cast<unsigned char>(in[4]);
  const auto block_code = static_cast<unsigned char>(in[5]);
  const bool independent = (flags & 0x20) != 0;
  const std::size_t content_size = (flags & 0x08) != 0 ? 8 : 0;
  if ((flags >> 6) != 1 || !independent || (flags & 0x03) != 0) return false;
  if ((block_code & 0x8f) != 0 || (block_code >> 4) < 4) return false;
  const std::size_t checksum_at = 6 + content_size;
  if (in.size() <= checksum_at) return false;
  if (magic != 0) {
    const std::uint32_t hash = XxHash32(in.substr(4, checksum_at - 4));
    if (static_cast<unsigned char>(in[checksum_at]) != ((hash >> 8) & 0xff)) return false;
  }
  frame.block_checksums = (flags & 0x10) != 0;
  frame.max_block = std::size_t{1} << (8 + 2 * (block_code >> 4));
  in.remove_prefix(checksum_at + 1);
  return true;
}

RecordFault AppendBlock(std::string_view block, bool stored, const Frame& frame, std::size_t limit, ByteBuffer& out) {
  // lz4 makes at most 255 bytes out of one, so memory follows the bytes that are there.
  const std::size_t most = stored ? block.size() : std::min(frame.max_block, 255 * block.size() + 64);
  const std::size_t room = std::min(most, limit - out.size());
  if (out.size() + room > out.capacity()) {
    out.Reserve(std::max(out.size() + room, std::min(limit, 2 * out.capacity())));
  }
  if (stored) {
    if (block.size() > room) return RecordFault::kTooLarge;
    out.Append(block);
    return RecordFault::kNone;
  }
  if (room == 0) return RecordFault::kTooLarge;
  const int got = LZ4_decompress_safe(block.data(), out.data() + out.size(), static_cast<int>(block.size()),
                                      static_cast<int>(room));
  if (got < 0) return room < most ? RecordFault::kTooLarge : RecordFault::kCorrupt;
  out.SetSize(out.size() + static_cast<std::size_t>(got));
  return RecordFault::kNone;
}

}  // namespace

RecordFault Lz4Decompress(int magic, std::string_view in, std::size_t limit, ByteBuffer& out) {
  Frame frame;
  if (!ReadHeader(magic, in, frame)) return RecordFault::kCorrupt;
  while (true) {
    if (in.size() < 4) return RecordFault::kCorrupt;
    const std::uint32_t word = Le32(in.data());
    in.remove_prefix(4);
    const bool stored = (word & kStoredBit) != 0;
    const std::size_t size = word & ~kStoredBit;
    if (size == 0) return RecordFault::kNone;  // end mark; a content checksum may follow and is not looked at
    const std::size_t checksum = frame.block_checksums ? 4 : 0;
    if (size > frame.max_block || size + checksum > in.size()) return RecordFault::kCorrupt;
    const std::string_view block = in.substr(0, size);
    if (checksum != 0 && Le32(in.data() + size) != XxHash32(block)) return RecordFault::kCorrupt;
    const RecordFault fault = AppendBlock(block, stored, frame, limit, out);
    if (fault != RecordFault::kNone) return fault;
    in.remove_prefix(size + checksum);
  }
}

void Lz4Compress(int level, int magic, std::string_view in, std::string& out) {
  constexpr std::string_view kDescriptor("\x60\x40", 2);  // version 1, independent blocks; 64 KiB
  const std::size_t begin = out.size();
  AppendLe32(out, kMagic);
  out += kDescriptor;
  const std::string_view hashed = std::string_view(out).substr(magic == 0 ? begin : begin + 4);
  out.push_back(static_cast<char>((XxHash32(hashed) >> 8) & 0xff));
  for (std::size_t at = 0; at < in.size(); at += kBlock) {
    const std::string_view block = in.substr(at, kBlock);
    const auto size = static_cast<int>(block.size());
    const std::size_t length_at = out.size();
    out.resize(length_at + 4 + static_cast<std::size_t>(LZ4_compressBound(size)));
    char* target = out.data() + length_at + 4;
    const int room = LZ4_compressBound(size);
    int got = level == kDefaultLevel ? LZ4_compress_default(block.data(), target, size, room)
                                     : LZ4_compress_HC(block.data(), target, size, room, level);
    OTTLA_CHECK(got > 0);
    std::uint32_t word = static_cast<std::uint32_t>(got);
    if (got >= size) {
      std::memcpy(target, block.data(), block.size());
      got = size;
      word = static_cast<std::uint32_t>(size) | kStoredBit;
    }
    std::memcpy(out.data() + length_at, &word, sizeof word);
    out.resize(length_at + 4 + static_cast<std::size_t>(got));
  }
  AppendLe32(out, 0);
}

}  // namespace ottla::codecs
