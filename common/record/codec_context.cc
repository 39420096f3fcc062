#include "common/record/codec_context.h"

#include "common/record/codecs.h"

namespace ottla {

struct CodecContext::State {
  codecs::Gzip gzip;
  codecs::Zstd zstd;
};

CodecContext::CodecContext() : state_(std::make_unique<State>()) {}
CodecContext::~CodecContext() = default;
CodecContext::CodecContext(CodecContext&&) noexcept = default;
CodecContext& CodecContext::operator=(CodecContext&&) noexcept = default;

int DefaultLevel(Codec codec) {
  switch (codec) {
    case Codec::kGzip: return kDefaultGzipLevel;
    case Codec::kLz4: return kDefaultLz4Level;
    case Codec::kZstd: return kDefaultZstdLevel;
    case Codec::kNone:
    case Codec::kSnappy: return 0;
  }
  return 0;
}

RecordFault CodecContext::Decompress(Codec codec, int magic, std::string_view in, std::size_t limit, ByteBuffer& out) {
  out.Clear();
  switch (codec) {
    case Codec::kGzip: return state_->gzip.Decompress(in, limit, out);
    case Codec::kSnappy: return codecs::SnappyDecompress(in, limit, out);
    case Codec::kLz4: return codecs::Lz4Decompress(magic, in, limit, out);
    case Codec::kZstd: return state_->zstd.Decompress(in, limit, out);
    case Codec::kNone: break;
  }
  return RecordFault::kCorrupt;
}

void CodecContext::Compress(Codec codec, int level, int magic, std::string_view in, std::string& out) {
  switch (codec) {
    case Codec::kGzip: return state_->gzip.Compress(level, in, out);
    case Codec::kSnappy: return codecs::SnappyCompress(in, out);
    case Codec::kLz4: return codecs::Lz4Compress(level, magic, in, out);
    case Codec::kZstd: return state_->zstd.Compress(level, in, out);
    case Codec::kNone: break;
  }
  OTTLA_CHECK(false) << "no such codec: " << static_cast<int>(codec);
}

}  // namespace ottla
