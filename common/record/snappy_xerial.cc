// Snappy as the xerial Java library frames it: a 16-byte header, then blocks of {i32 compressed length, raw snappy}.
// Some clients send one bare snappy block instead.
#include <snappy.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/record/big_endian.h"
#include "common/record/codecs.h"

namespace ottla::codecs {
namespace {

constexpr std::string_view kMagic("\x82SNAPPY\0", 8);
constexpr std::size_t kHeaderSize = 16;  // magic, version, oldest compatible version; readers ignore the versions
constexpr std::size_t kBlock = std::size_t{32} << 10;

RecordFault AppendBlock(std::string_view block, std::size_t limit, ByteBuffer& out) {
  std::size_t size = 0;
  if (block.empty() || !snappy::GetUncompressedLength(block.data(), block.size(), &size)) return RecordFault::kCorrupt;
  // The densest element makes 64 bytes out of 3: a longer claim cannot be true, and is refused before memory is taken.
  if (size / 22 > block.size()) return RecordFault::kCorrupt;
  if (size > limit - out.size()) return RecordFault::kTooLarge;
  if (out.size() + size > out.capacity()) out.Reserve(std::min(limit, std::max(2 * out.capacity(), out.size() + size)));
  if (size == 0) return RecordFault::kCorrupt;
  if (!snappy::RawUncompress(block.data(), block.size(), out.data() + out.size())) return RecordFault::kCorrupt;
  out.SetSize(out.size() + size);
  return RecordFault::kNone;
}

}  // namespace

RecordFault SnappyDecompress(std::string_view in, std::size_t limit, ByteBuffer& out) {
  if (in.empty()) return RecordFault::kCorrupt;
  if (in.size() < kHeaderSize || !in.starts_with(kMagic)) return AppendBlock(in, limit, out);
  in.remove_prefix(kHeaderSize);
  while (in.size() >= 4) {
    const std::int32_t length = LoadI32(in.data());
    if (in.substr(0, 4) == kMagic.substr(0, 4)) {  // another stream was appended
      if (in.size() < kHeaderSize) return RecordFault::kCorrupt;
      in.remove_prefix(kHeaderSize);
      continue;
    }
    in.remove_prefix(4);
    if (length < 0 || static_cast<std::size_t>(length) > in.size()) return RecordFault::kCorrupt;
    const RecordFault fault = AppendBlock(in.substr(0, static_cast<std::size_t>(length)), limit, out);
    if (fault != RecordFault::kNone) return fault;
    in.remove_prefix(static_cast<std::size_t>(length));
  }
  return RecordFault::kNone;
}

void SnappyCompress(std::string_view in, std::string& out) {
  out += kMagic;
  out.append("\0\0\0\1\0\0\0\1", 8);
  for (std::size_t at = 0; at < in.size(); at += kBlock) {
    const std::string_view block = in.substr(at, kBlock);
    const std::size_t length_at = out.size();
    out.resize(length_at + 4 + snappy::MaxCompressedLength(block.size()));
    std::size_t size = 0;
    snappy::RawCompress(block.data(), block.size(), out.data() + length_at + 4, &size);
    StoreI32(out.data() + length_at, static_cast<std::int32_t>(size));
    out.resize(length_at + 4 + size);
  }
}

}  // namespace ottla::codecs
