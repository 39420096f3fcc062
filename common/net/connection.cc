#include "common/net/connection.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

// A connection with much to read gives way to its neighbours after so many bytes.
constexpr std::uint64_t kReadTurnBytes = 512 << 10;
// What a peer with Nagle's algorithm may hold back is less than a segment; those of the loopback are the largest.
constexpr std::size_t kLargestSegment = 64 << 10;

}  // namespace

Connection::Connection(LoopContext& context, std::unique_ptr<Stream> stream, const Options& options, Owner& owner)
    : context_(context),
      owner_(owner),
      options_(options),
      stream_(std::move(stream)),
      local_(stream_->local()),
      peer_(stream_->peer()),
      reader_(context.budget, options.max_frame_bytes),
      queue_(options.send),
      self_(std::make_shared<Connection*>(this)),
      connected_(true),
      last_activity_(context.clock->Now()) {
  stream_->Attach(*context_.executor, this);
  stream_->EnableRead(true);
  read_enabled_ = true;
  ArmIdle(options_.idle_timeout);
}

Connection::Connection(LoopContext& context, Network& network, const Endpoint& to, const Options& options, Owner& owner)
    : context_(context),
      owner_(owner),
      options_(options),
      peer_(to),
      reader_(context.budget, options.max_frame_bytes),
      queue_(options.send),
      self_(std::make_shared<Connection*>(this)),
      last_activity_(context.clock->Now()) {
  stream_ = network.Connect(*context_.executor, to, this);
  ArmIdle(options_.idle_timeout);
}

Connection::~Connection() { Shut(); }

UniqueFunction<void()> Connection::Guarded(void (Connection::*work)()) {
  return [weak = std::weak_ptr<Connection*>(self_), work] {
    if (const auto alive = weak.lock()) ((*alive)->*work)();
  };
}

void Connection::OnConnected(Status status) {
  if (closed_) return;
  if (!status.ok()) {
    Fail(status);
    return;
  }
  connected_ = true;
  local_ = stream_->local();
  peer_ = stream_->peer();
  last_activity_ = context_.clock->Now();
  if (want_reading_) {
    stream_->EnableRead(true);
    read_enabled_ = true;
  }
  if (!queue_.empty()) ScheduleFlush();
  owner_.OnConnected();
}

void Connection::OnReadable() {
  if (closed_) return;
  if (!CheckMayRead()) {
    // Only now: most pauses end before the peer sends anything more, and then no system call was needed.
    stream_->EnableRead(false);
    read_enabled_ = false;
    return;
  }
  const std::weak_ptr<Connection*> alive = self_;
  std::uint64_t taken = 0;
  while (taken < kReadTurnBytes && ReadOnce(&taken)) {
    if (alive.expired() || closed_ || !CheckMayRead()) return;
  }
  if (!alive.expired() && !closed_) WatchFrame();  // the turn may have ended with nothing left to be told of
}

bool Connection::CheckMayRead() {
  if (!want_reading_ || input_ended_) return false;
  if (owner_.MayRead()) return true;
  SetReading(false);
  WatchFrame();
  return false;
}

bool Connection::ReadOnce(std::uint64_t* taken) {
  const std::span<char> window = reader_.Window(context_.scratch);
  const IoResult result = stream_->Read(window);
  switch (result.kind) {
    case IoResult::Kind::kOk: break;
    case IoResult::Kind::kWouldBlock: AskForRest(); return false;
    case IoResult::Kind::kEof: EndInput(); return false;
    case IoResult::Kind::kError: Fail(Status(StatusCode::kIoError, "the connection broke")); return false;
  }
  *taken += result.bytes;
  last_activity_ = context_.clock->Now();
  quiet_checks_ = 0;
  std::vector<Frame> frames;
  const Status status = reader_.Received(window, result.bytes, &frames);
  const bool more = result.bytes == window.size();
  if (!more) AskForRest();
  const std::weak_ptr<Connection*> alive = self_;
  if (!frames.empty()) owner_.OnFrames(std::move(frames), last_activity_);
  if (status.ok()) return more;
  if (alive.expired() || closed_) return false;
  input_ended_ = true;
  owner_.OnBadFrame(status);
  return false;
}

void Connection::EndInput() {
  input_ended_ = true;
  reader_.DropPartial();
  stream_->EnableRead(false);
  read_enabled_ = false;
  if (!owner_.OnEndOfInput()) Fail(Status(StatusCode::kClosed, "closed by the peer"));
}

// All that is here has been read, and a frame ends in its midst: no answer will carry the acknowledgement that the peer
// may be waiting for with the rest.
void Connection::AskForRest() {
  const std::size_t missing = reader_.missing();
  if (missing > 0 && missing < kLargestSegment) stream_->AcknowledgeNow();
  WatchFrame();
}

// Not cancelled when the frame is whole: a stream of large frames sets one timer in each period, not two per frame.
void Connection::WatchFrame() {
  if (options_.frame_check.count() <= 0 || frame_timer_ != 0 || !reader_.in_frame()) return;
  frame_timer_ = context_.executor->RunAfter(options_.frame_check, Guarded(&Connection::OnFrameTimer));
}

void Connection::OnFrameTimer() {
  frame_timer_ = 0;
  if (closed_ || !reader_.in_frame()) return;
  // Checks are counted, not the time between: after a pause of this process bytes may be waiting to be read.
  quiet_checks_ = want_reading_ ? quiet_checks_ + 1 : 0;
  if (owner_.GivesUpFrame(quiet_checks_)) {
    Fail(Status(StatusCode::kTimeout, "the rest of a frame did not come"));
    return;
  }
  WatchFrame();
}

void Connection::SetReading(bool on) {
  want_reading_ = on;
  if (!on) quiet_checks_ = 0;
  if (on && !read_enabled_ && connected_ && !closed_ && !input_ended_) {
    stream_->EnableRead(true);
    read_enabled_ = true;
  }
}

void Connection::Send(WireSegments segments) {
  context_.executor->CheckOnLoop();
  if (closed_) return;
  for (WireSegment& segment : segments) queue_.Push(std::move(segment));
  above_high_ = above_high_ || queue_.AboveHigh();
  ScheduleFlush();
}

void Connection::ScheduleFlush() {
  if (flush_scheduled_ || write_enabled_ || warming_ || !connected_) return;
  flush_scheduled_ = true;
  context_.executor->Post(Guarded(&Connection::Flush));
}

void Connection::OnWritable() {
  if (!closed_) Flush();
}

void Connection::Flush() {
  flush_scheduled_ = false;
  if (closed_) return;
  const std::uint64_t before = queue_.queued_bytes();
  SetSending(true);
  const SendQueue::Turn turn{context_.scratch, queue_.Share(context_.senders), context_.clock->Now()};
  const SendQueue::Outcome outcome = queue_.Flush(*stream_, turn);
  SetSending(outcome == SendQueue::Outcome::kBlocked || outcome == SendQueue::Outcome::kTurnOver);
  if (queue_.queued_bytes() != before) last_activity_ = turn.now;
  switch (outcome) {
    case SendQueue::Outcome::kDrained: EnableWrite(false); break;
    case SendQueue::Outcome::kBlocked: EnableWrite(true); break;
    case SendQueue::Outcome::kTurnOver: ScheduleFlush(); break;  // or, when it was enabled, the next writable
    case SendQueue::Outcome::kCold:
      EnableWrite(false);
      WarmFront(turn.share);
      break;
    case SendQueue::Outcome::kBroken:
      Fail(Status(StatusCode::kIoError, "sending failed, or a file was cut while it was sent"));
      return;
  }
  AfterFlush();
}

void Connection::EnableWrite(bool on) {
  if (write_enabled_ == on) return;
  write_enabled_ = on;
  stream_->EnableWrite(on);
}

void Connection::AfterFlush() {
  if (closed_) return;
  if (queue_.empty() && close_when_sent_) {
    Fail(Status(StatusCode::kClosed, "closed by this side"));
    return;
  }
  if (above_high_ && queue_.BelowLow()) {
    above_high_ = false;
    owner_.OnSendRoom();
  }
}

// Those who wait for room or for their next turn are sure to come back; who was drained may not.
void Connection::SetSending(bool on) {
  if (sending_ == on) return;
  sending_ = on;
  context_.senders += on ? 1 : -1;
}

void Connection::WarmFront(std::uint64_t share) {
  OTTLA_CHECK(context_.warm != nullptr) << "file ranges need a warmer";
  warming_ = true;
  context_.warm(queue_.cold_range(), std::min(queue_.cold_range().length, share),
                [weak = std::weak_ptr<Connection*>(self_)](const Status& status) {
                  const auto alive = weak.lock();
                  if (!alive || (*alive)->closed_) return;
                  (*alive)->warming_ = false;
                  if (status.ok()) {
                    (*alive)->ScheduleFlush();
                  } else {
                    (*alive)->Fail(status.WithContext("reading a file to send"));
                  }
                });
}

void Connection::ArmIdle(Micros after) {
  if (options_.idle_timeout.count() <= 0) return;
  idle_timer_ = context_.executor->RunAfter(after, Guarded(&Connection::OnIdleTimer));
}

void Connection::OnIdleTimer() {
  idle_timer_ = 0;
  if (closed_) return;
  // The timer is not moved at each read and write; it looks once per idle time how long ago the last one was.
  const auto quiet = std::chrono::duration_cast<Micros>(context_.clock->Now() - last_activity_);
  if (quiet < options_.idle_timeout) {
    ArmIdle(options_.idle_timeout - quiet);
    return;
  }
  Fail(Status(StatusCode::kTimeout, "idle"));
}

void Connection::CloseAfterSending() {
  close_when_sent_ = true;
  SetReading(false);
  input_ended_ = true;
  ScheduleFlush();
}

void Connection::Close() { Shut(); }

void Connection::Fail(const Status& why) {
  if (closed_) return;
  Shut();
  owner_.OnClosed(why);
}

void Connection::Shut() {
  if (closed_) return;
  closed_ = true;
  context_.executor->Cancel(std::exchange(idle_timer_, 0));
  context_.executor->Cancel(std::exchange(frame_timer_, 0));
  // The stream may be the caller of the present call: it ends after the turn.
  stream_->EnableRead(false);
  EnableWrite(false);
  SetSending(false);
  context_.executor->Post([stream = std::move(stream_)]() mutable { stream.reset(); });
}

}  // namespace ottla
