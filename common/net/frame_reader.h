// Cuts a stream of bytes into frames (int32 length, then so many bytes).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/base/status.h"
#include "common/net/frame_buffer.h"

namespace ottla {

// Small frames are read into the loop's scratch and moved together into one buffer of their exact size, so a parked
// request keeps no more memory than its own. The rest of an incomplete frame is read straight into its buffer, which
// grows with what has arrived, never with what was announced. Pure; owner: the connection's loop.
class FrameReader {
 public:
  FrameReader(std::shared_ptr<MemoryBudget> budget, std::int32_t max_frame_bytes)
      : budget_(std::move(budget)), max_frame_bytes_(max_frame_bytes) {}

  void set_max_frame_bytes(std::int32_t bytes) { max_frame_bytes_ = bytes; }

  // Where the next bytes of the stream should be read: a part of the incomplete frame's buffer, or of `scratch`.
  std::span<char> Window(std::span<char> scratch);
  // `count` bytes were read into the last window. Complete frames are added to `frames`. kCorrupt: a length that is
  // negative or too large; the frames before it are valid, nothing more may be read.
  Status Received(std::span<char> window, std::size_t count, std::vector<Frame>* frames);

  // Nothing more will come: what has begun will not be whole.
  void DropPartial();

  // Bytes that the frame begun still lacks, as far as its length is known; 0: none has begun.
  std::size_t missing() const;
  bool in_frame() const { return partial_ != nullptr || prefix_bytes_ > 0; }
  // The announced length of the frame begun; 0: none has begun, or its length is not here yet.
  std::size_t announced() const { return partial_ != nullptr ? partial_length_ : 0; }

 private:
  Status TakeScratch(std::span<char> bytes, std::vector<Frame>* frames);
  Status CheckLength(std::int32_t length) const;
  void StartPartial(std::span<const char> body, std::size_t length);

  const std::shared_ptr<MemoryBudget> budget_;
  std::int32_t max_frame_bytes_;
  char prefix_[4] = {};
  std::size_t prefix_bytes_ = 0;  // of an incomplete length
  std::shared_ptr<FrameBuffer> partial_;
  std::size_t partial_length_ = 0;  // announced
  std::size_t partial_filled_ = 0;
  // The largest frame that has arrived whole: a peer that has sent so much before gets so much at once.
  std::size_t trusted_ = 0;
};

}  // namespace ottla
