// gzip (RFC 1952) read as java.util.zip.GZIPInputStream does: reserved flag bits are ignored, and bytes behind a member
// that are not another member's header are ignored too. Hence headers are parsed here and zlib only inflates.
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/base/check.h"
#include "common/record/codecs.h"

namespace ottla::codecs {
namespace {

constexpr std::size_t kHeaderSize = 10;
constexpr std::size_t kTrailerSize = 8;
constexpr std::size_t kMinGrowth = std::size_t{16} << 10;
constexpr int kHeaderCrcFlag = 2;
constexpr int kExtraFlag = 4;
constexpr int kNameFlag = 8;
constexpr int kCommentFlag = 16;

std::uint32_t Le32(const char* p) {
  std::uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}
std::uint16_t Le16(const char* p) {
  std::uint16_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

std::uint32_t CrcOf(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

bool SkipText(std::string_view in, std::size_t& at) {
  const std::size_t zero = in.find('\0', at);
  if (zero == std::string_view::npos) return false;
  at = zero + 1;
  return true;
}

// Size of the member header at the front; 0: none there.
std::size_t HeaderSize(std::string_view in) {
  if (in.size() < kHeaderSize || in[0] != '\x1f' || in[1] != '\x8b' || in[2] != 8) return 0;
  const int flags = static_cast<unsigned char>(in[3]);
  std::size_t at = kHeaderSize;
  if ((flags & kExtraFlag) != 0) {
    if (in.size() < at + 2) return 0;
    at += 2 + std::size_t{Le16(in.data() + at)};
    if (in.size() < at) return 0;
  }
  if ((flags & kNameFlag) != 0 && !SkipText(in, at)) return 0;
  if ((flags & kCommentFlag) != 0 && !SkipText(in, at)) return 0;
  if ((flags & kHeaderCrcFlag) != 0) {
    if (in.size() < at + 2 || Le16(in.data() + at) != (CrcOf(in.substr(0, at)) & 0xffff)) return 0;
    at += 2;
  }
  return at;
}

// More room behind the content, at most `limit` in all. False: the limit is reached.
bool Grow(ByteBuffer& out, std::size_t wanted, std::size_t limit) {
  if (out.size() >= limit) return false;
  if (out.size() < out.capacity()) return true;
  out.Reserve(std::min(limit, std::max({wanted, kMinGrowth, 2 * out.capacity()})));
  return true;
}

}  // namespace

Gzip::~Gzip() {
  if (inflate_ != nullptr) inflateEnd(inflate_);
  if (deflate_ != nullptr) deflateEnd(deflate_);
  delete inflate_;
  delete deflate_;
}

RecordFault Gzip::InflateMember(std::string_view& in, std::size_t limit, ByteBuffer& out) {
  const std::size_t begin = out.size();
  const std::size_t guess = out.size() + 4 * in.size();
  inflateReset(inflate_);
  inflate_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib does not write there
  inflate_->avail_in = static_cast<uInt>(in.size());
  int rc = Z_OK;
  while (rc != Z_STREAM_END) {
    // At the limit one spare byte tells "exactly full" from "too much".
    char spare = 0;
    const bool room = Grow(out, guess, limit);
    const std::size_t space =
        room ? std::min<std::size_t>(out.capacity() - out.size(), std::numeric_limits<uInt>::max()) : 1;
    inflate_->next_out = reinterpret_cast<Bytef*>(room ? out.data() + out.size() : &spare);
    inflate_->avail_out = static_cast<uInt>(std::min(space, room ? limit - out.size() : 1));
    const uInt offered = inflate_->avail_out;
    rc = inflate(inflate_, Z_NO_FLUSH);
    const std::size_t got = offered - inflate_->avail_out;
    if (!room && got > 0) return RecordFault::kTooLarge;
    if (room) out.SetSize(out.size() + got);
    if (rc != Z_OK && rc != Z_STREAM_END) return RecordFault::kCorrupt;
    if (rc == Z_OK && got == 0 && inflate_->avail_in == 0) return RecordFault::kCorrupt;  // cut
  }
  in.remove_prefix(in.size() - inflate_->avail_in);
  if (in.size() < kTrailerSize) return RecordFault::kCorrupt;
  const std::string_view member = out.view().substr(begin);
  if (Le32(in.data()) != CrcOf(member) || Le32(in.data() + 4) != static_cast<std::uint32_t>(member.size())) {
    return RecordFault::kCorrupt;
  }
  in.remove_prefix(kTrailerSize);
  return RecordFault::kNone;
}

RecordFault Gzip::Decompress(std::string_view in, std::size_t limit, ByteBuffer& out) {
  if (inflate_ == nullptr) {
    inflate_ = new z_stream{};
    OTTLA_CHECK(inflateInit2(inflate_, -MAX_WBITS) == Z_OK);
  }
  std::size_t header = HeaderSize(in);
  if (header == 0) return RecordFault::kCorrupt;
  for (; header != 0; header = HeaderSize(in)) {
    in.remove_prefix(header);
    if (const RecordFault fault = InflateMember(in, limit, out); fault != RecordFault::kNone) return fault;
  }
  return RecordFault::kNone;
}

void Gzip::Compress(int level, std::string_view in, std::string& out) {
  if (deflate_ == nullptr || deflate_level_ != level) {
    if (deflate_ != nullptr) deflateEnd(deflate_);
    delete deflate_;
    deflate_ = new z_stream{};
    OTTLA_CHECK(deflateInit2(deflate_, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) << level;
    deflate_level_ = level;
  } else {
    deflateReset(deflate_);
  }
  const std::size_t begin = out.size();
  out.resize(begin + deflateBound(deflate_, in.size()));
  OTTLA_CHECK(in.size() <= std::numeric_limits<uInt>::max());
  deflate_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  deflate_->avail_in = static_cast<uInt>(in.size());
  deflate_->next_out = reinterpret_cast<Bytef*>(out.data() + begin);
  deflate_->avail_out = static_cast<uInt>(out.size() - begin);
  OTTLA_CHECK(deflate(deflate_, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - deflate_->avail_out);
}

}  // namespace ottla::codecs
