// zstd: one or more frames, skippable ones included. Frames are decompressed in one step: a streaming decoder would
// allocate the window that a frame header claims (up to 128 MiB), one step needs only the output.
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/record/codecs.h"

namespace ottla::codecs {
namespace {

constexpr std::uint32_t kMagic = 0xFD2FB528;
constexpr std::uint64_t kMaxWindow = std::uint64_t{1} << 27;  // what readers accept by default
constexpr std::size_t kMaxBlock = std::size_t{128} << 10;

struct FrameInfo {
  bool skippable = false;
  std::uint64_t window = 0;
  std::size_t blocks_at = 0;
};

std::uint32_t Le32(const char* p) {
  std::uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// RFC 8878, 3.1.1.1. `frame` is whole, as ZSTD_findFrameCompressedSize found it.
bool ReadHeader(std::string_view frame, FrameInfo& info) {
  if (frame.size() < 8) return false;
  if ((Le32(frame.data()) & 0xFFFFFFF0U) == 0x184D2A50U) {
    info.skippable = true;
    return true;
  }
  if (Le32(frame.data()) != kMagic) return false;
  const auto descriptor = static_cast<unsigned char>(frame[4]);
  const bool single_segment = (descriptor & 0x20) != 0;
  const std::size_t dictionary_size = (std::size_t{1} << (descriptor & 3)) >> 1;
  const std::size_t content_code = descriptor >> 6;
  const std::size_t content_size = content_code == 0 ? (single_segment ? 1 : 0) : std::size_t{1} << content_code;
  info.blocks_at = 5 + (single_segment ? 0 : 1) + dictionary_size + content_size;
  if (single_segment) {
    info.window = ZSTD_getFrameContentSize(frame.data(), frame.size());
  } else {
    const auto byte = static_cast<unsigned char>(frame[5]);
    const std::uint64_t base = std::uint64_t{1} << (10 + (byte >> 3));
    info.window = base + base / 8 * (byte & 7);
  }
  return true;
}

// The most that the blocks of a frame can make; follows the block headers, which are all there.
std::uint64_t OutputBound(std::string_view frame, const FrameInfo& info) {
  std::uint64_t bound = 0;
  for (std::size_t at = info.blocks_at; at + 3 <= frame.size();) {
    std::uint32_t header = 0;
    std::memcpy(&header, frame.data() + at, 3);
    const std::uint32_t type = (header >> 1) & 3;
    const std::size_t size = header >> 3;
    bound += type == 2 ? std::min<std::uint64_t>(kMaxBlock, std::max<std::uint64_t>(info.window, 1024)) : size;
    at += 3 + (type == 1 ? 1 : size);
    if ((header & 1) != 0) break;
  }
  return bound;
}

}  // namespace

Zstd::~Zstd() {
  ZSTD_freeDCtx(decompress_);
  ZSTD_freeCCtx(compress_);
}

RecordFault Zstd::DecompressFrame(std::string_view frame, std::size_t limit, ByteBuffer& out) {
  FrameInfo info;
  if (!ReadHeader(frame, info) || info.window > kMaxWindow) return RecordFault::kCorrupt;
  if (info.skippable) return RecordFault::kNone;
  const std::uint64_t bound = OutputBound(frame, info);
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(bound, limit - out.size()));
  if (out.size() + room > out.capacity()) {
    out.Reserve(std::max(out.size() + room, std::min(limit, 2 * out.capacity())));
  }
  char nothing = 0;
  const std::size_t got =
      ZSTD_decompressDCtx(decompress_, room > 0 ? out.data() + out.size() : &nothing, room, frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return room < bound ? RecordFault::kTooLarge : RecordFault::kCorrupt;
  out.SetSize(out.size() + got);
  return RecordFault::kNone;
}

RecordFault Zstd::Decompress(std::string_view in, std::size_t limit, ByteBuffer& out) {
  if (decompress_ == nullptr) decompress_ = ZSTD_createDCtx();
  OTTLA_CHECK(decompress_ != nullptr);
  while (!in.empty()) {
    const std::size_t size = ZSTD_findFrameCompressedSize(in.data(), in.size());
    if (ZSTD_isError(size) != 0) return RecordFault::kCorrupt;
    const RecordFault fault = DecompressFrame(in.substr(0, size), limit, out);
    if (fault != RecordFault::kNone) return fault;
    in.remove_prefix(size);
  }
  return RecordFault::kNone;
}

void Zstd::Compress(int level, std::string_view in, std::string& out) {
  if (compress_ == nullptr) compress_ = ZSTD_createCCtx();
  OTTLA_CHECK(compress_ != nullptr);
  const std::size_t begin = out.size();
  out.resize(begin + ZSTD_compressBound(in.size()));
  const std::size_t got =
      ZSTD_compressCCtx(compress_, out.data() + begin, out.size() - begin, in.data(), in.size(), level);
  OTTLA_CHECK(ZSTD_isError(got) == 0) << ZSTD_getErrorName(got);
  out.resize(begin + got);
}

}  // namespace ottla::codecs
