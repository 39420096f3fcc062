// The four codecs behind CodecContext. Internal to common/record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/record/byte_buffer.h"
#include "common/record/fault.h"

// Of the libraries; forward declared to keep their headers out of ours.
struct z_stream_s;
struct ZSTD_DCtx_s;
struct ZSTD_CCtx_s;

namespace ottla::codecs {

// Raw deflate streams kept between batches.
class Gzip {
 public:
  Gzip() = default;
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  RecordFault Decompress(std::string_view in, std::size_t limit, ByteBuffer& out);
  void Compress(int level, std::string_view in, std::string& out);

 private:
  RecordFault InflateMember(std::string_view& in, std::size_t limit, ByteBuffer& out);
  z_stream_s* inflate_ = nullptr;
  z_stream_s* deflate_ = nullptr;
  int deflate_level_ = 0;
};

RecordFault SnappyDecompress(std::string_view in, std::size_t limit, ByteBuffer& out);
void SnappyCompress(std::string_view in, std::string& out);

RecordFault Lz4Decompress(int magic, std::string_view in, std::size_t limit, ByteBuffer& out);
void Lz4Compress(int level, int magic, std::string_view in, std::string& out);

class Zstd {
 public:
  Zstd() = default;
  ~Zstd();
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  RecordFault Decompress(std::string_view in, std::size_t limit, ByteBuffer& out);
  void Compress(int level, std::string_view in, std::string& out);

 private:
  RecordFault DecompressFrame(std::string_view frame, std::size_t limit, ByteBuffer& out);
  ZSTD_DCtx_s* decompress_ = nullptr;
  ZSTD_CCtx_s* compress_ = nullptr;
};

}  // namespace ottla::codecs
