// Bytes and file ranges on their way to one stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include "common/base/clock.h"
#include "common/net/cache_probes.h"
#include "common/net/network.h"
#include "common/net/segment.h"

namespace ottla {

// How ranges of files leave. Copying through a warm buffer costs less CPU than sendfile over loopback; on a real
// network card it may be the other way round.
enum class FileSendMode { kCopy, kSendFile };

// Order of pushing is order of sending. One Flush sends about `share` bytes, less than twice as much where ranges that
// leave by sendfile fit a share, so that neighbours progress. Bytes of a file that were not found in the page cache
// (CacheProbes) are not waited for here: Flush says so, and the owner has them brought in. Owner: the loop of the
// stream. Nothing here survives a crash; clients resend.
class SendQueue {
 public:
  struct Options {
    std::uint64_t turn_bytes = 4 << 20;     // of one turn of the loop, for all who send in it
    std::uint64_t share_bytes = 256 << 10;  // the least that each of them gets
    std::uint64_t high_bytes = 1 << 20;     // owned or shared bytes and file ranges alike
    std::uint64_t low_bytes = 512 << 10;
    FileSendMode file_mode = FileSendMode::kSendFile;  // kCopy where the stream must see the bytes (TLS)
    std::uint64_t sendfile_from = 64 << 10;  // smaller ranges are always copied, to leave with what stands before them
  };

  enum class Outcome {
    kDrained,   // nothing left
    kBlocked,   // the socket is full: flush again when it is writable
    kTurnOver,  // the share is sent: flush again in the next turn
    kCold,      // the front range must be warmed first: cold_range()
    kBroken,    // the stream failed, the file was cut, or its disk failed: promised bytes cannot be sent, so close
  };

  explicit SendQueue(const Options& options) : options_(options) {}

  void Push(WireSegment segment);
  struct Turn {
    std::span<char> scratch;  // memory of the loop for bytes copied from files, free again when Flush returns
    std::uint64_t share = 0;
    MonoTime now;
  };
  Outcome Flush(Stream& stream, const Turn& turn);

  bool empty() const { return segments_.empty(); }
  std::uint64_t queued_bytes() const { return queued_; }
  bool AboveHigh() const { return queued_ > options_.high_bytes; }
  bool BelowLow() const { return queued_ < options_.low_bytes; }

  // Of a turn that `senders` take part in.
  std::uint64_t Share(std::size_t senders) const;

  const FileRange& cold_range() const { return std::get<FileRange>(segments_.front()); }

 private:
  enum class Gathered { kOk, kCold, kBroken };
  struct Batch;

  Gathered Gather(Batch& batch, std::span<char> scratch, std::uint64_t room) const;
  Gathered CopyFromFile(const FileRange& range, Batch& batch, std::span<char> scratch, std::uint64_t room) const;
  Outcome SendFileFront(Stream& stream, std::uint64_t room, MonoTime now, std::uint64_t* sent);
  bool BySendFile(const WireSegment& segment) const;
  void Consume(std::uint64_t bytes);

  const Options options_;
  std::deque<WireSegment> segments_;  // none empty
  std::uint64_t front_sent_ = 0;      // of a front that is not a file range
  std::uint64_t queued_ = 0;
  CacheProbes probes_;
};

}  // namespace ottla
