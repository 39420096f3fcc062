// Frames in, bytes out: one end of a connection that speaks length-prefixed frames, as server or as client.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/net/frame_reader.h"
#include "common/net/loop_context.h"
#include "common/net/network.h"
#include "common/net/send_queue.h"

namespace ottla {

// Owner: the loop of its context. Reads one burst per turn, writes the answers of a turn in one go at its end. Past its
// high mark the owner is expected to ask for no more work (SetReading); a slow reader so holds back only itself.
// May be deleted anywhere on the loop except inside a call of its Owner; nothing here survives a crash.
class Connection final : private Stream::Handler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnConnected() {}  // outgoing only
    virtual void OnFrames(std::vector<Frame> frames, MonoTime arrival) = 0;
    // The frames before were delivered; nothing more will come. kCorrupt: a bad length; the stream is still good for
    // answers, and it is the owner who closes.
    virtual void OnBadFrame(const Status& why) = 0;
    // The peer sends no more but may still read (it has closed one half or both); the frames before were delivered.
    // True: the owner closes, when it has answered them. False: the connection ends here.
    virtual bool OnEndOfInput() { return false; }
    // Once, and last of all calls: the peer has gone, the stream failed, nothing moved for the idle time. Not called
    // after Close(), nor from inside a call of the owner's.
    virtual void OnClosed(const Status& why) = 0;
    // Before each read. False: reading stops until SetReading(true).
    virtual bool MayRead() { return true; }
    // Each `frame_check` while a frame is incomplete. `quiet_checks`: that many of them, this one included, have in
    // turn found reading on and nothing come. True: the connection ends.
    virtual bool GivesUpFrame(int /*quiet_checks*/) { return false; }
    // What was queued fell below the low mark after having been above the high one.
    virtual void OnSendRoom() {}
  };

  struct Options {
    std::int32_t max_frame_bytes = 100 << 20;
    Micros idle_timeout{0};  // 0: none
    Micros frame_check{0};   // 0: none
    SendQueue::Options send;
  };

  // Incoming: a detached stream.
  Connection(LoopContext& context, std::unique_ptr<Stream> stream, const Options& options, Owner& owner);
  // Outgoing.
  Connection(LoopContext& context, Network& network, const Endpoint& to, const Options& options, Owner& owner);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(WireSegments segments);  // leaves at the end of the turn
  // Off: what has been read already is still delivered. On: from the next readiness.
  void SetReading(bool on);
  void set_max_frame_bytes(std::int32_t bytes) { reader_.set_max_frame_bytes(bytes); }
  void CloseAfterSending();  // then OnClosed
  void Close();              // at once and silently

  bool closed() const { return closed_; }
  bool in_frame() const { return reader_.in_frame(); }
  std::size_t announced() const { return reader_.announced(); }
  std::uint64_t queued_bytes() const { return queue_.queued_bytes(); }
  bool SendBlocked() const { return above_high_; }
  const Endpoint& local() const { return local_; }
  const Endpoint& peer() const { return peer_; }

 private:
  void OnConnected(Status status) override;
  void OnReadable() override;
  void OnWritable() override;

  bool CheckMayRead();
  void AskForRest();
  void WatchFrame();
  void OnFrameTimer();
  bool ReadOnce(std::uint64_t* taken);  // false: no more in this turn
  void EndInput();
  void ScheduleFlush();
  void Flush();
  void EnableWrite(bool on);
  void WarmFront(std::uint64_t share);
  void SetSending(bool on);
  void AfterFlush();
  void ArmIdle(Micros after);
  void OnIdleTimer();
  void Fail(const Status& why);
  void Shut();
  // Runs `work` unless the connection has gone by then.
  UniqueFunction<void()> Guarded(void (Connection::*work)());

  LoopContext& context_;
  Owner& owner_;
  const Options options_;
  std::unique_ptr<Stream> stream_;
  Endpoint local_;
  Endpoint peer_;
  FrameReader reader_;
  SendQueue queue_;
  std::shared_ptr<Connection*> self_;
  bool connected_ = false;
  bool want_reading_ = true;
  bool read_enabled_ = false;
  bool flush_scheduled_ = false;
  bool write_enabled_ = false;  // the socket was full
  bool sending_ = false;        // counted among the senders of the loop
  bool warming_ = false;
  bool above_high_ = false;
  bool close_when_sent_ = false;
  bool input_ended_ = false;
  bool closed_ = false;
  MonoTime last_activity_{};
  TimerId idle_timer_ = 0;
  TimerId frame_timer_ = 0;
  int quiet_checks_ = 0;
};

}  // namespace ottla
