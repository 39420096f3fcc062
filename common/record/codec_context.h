// Compression of record batches behind one call each way. A context is owned by one loop and keeps the libraries' state
// between batches; it is not shared between threads.
//
// Decompression is bounded: it never allocates what a length field claims without the bytes that could produce it, and
// never yields more than `limit`. What is accepted follows Kafka's readers: several gzip members, bytes behind gzip and
// lz4, xerial-framed or bare snappy, several zstd frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/record/byte_buffer.h"
#include "common/record/fault.h"
#include "common/record/record_batch.h"

namespace ottla {

inline constexpr int kDefaultGzipLevel = -1;
inline constexpr int kDefaultLz4Level = 9;
inline constexpr int kDefaultZstdLevel = 3;
int DefaultLevel(Codec codec);

class CodecContext {
 public:
  CodecContext();
  ~CodecContext();
  CodecContext(CodecContext&&) noexcept;
  CodecContext& operator=(CodecContext&&) noexcept;

  // Replaces `out` by the decompressed payload. `magic`: of the batch or message; lz4 in magic 0 has a header checksum
  // of its own. kCorrupt or kTooLarge leave `out` unspecified. Not for Codec::kNone.
  RecordFault Decompress(Codec codec, int magic, std::string_view in, std::size_t limit, ByteBuffer& out);

  // Appends the compressed form of `in` to `out`. `level` as in compression.<codec>.level. Not for Codec::kNone.
  void Compress(Codec codec, int level, int magic, std::string_view in, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ottla
