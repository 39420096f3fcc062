// One client connection: frames become requests in order slots, answers leave in the order of the slots.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "broker/api/request.h"
#include "common/net/connection.h"

namespace ottla {

// Owner: the connection's loop. Requests are handed over one after the other's answer, but pipelined ones (Produce) as
// they come, within bounds: at most `max_slots` requests and `max_slot_bytes` of frames under way. What cannot be
// handed over waits in `pending_`, and then nothing more is read. After an answer with a throttle time nothing is
// handed over for so long. While the memory budget is exhausted a connection without requests under way still reads a
// small frame, one at a time reads a large frame to its end, and who lets the others wait for the rest of a frame is
// closed. Nothing here survives a crash; clients resend.
class RequestPipeline final : private Connection::Owner {
 public:
  struct Options {
    Connection::Options connection;
    std::size_t max_slots = 64;
    std::uint64_t max_slot_bytes = 32 << 20;
  };
  // Called once when the connection has ended by itself; the pipeline may be deleted in a later task.
  using OnEnd = UniqueFunction<void()>;

  RequestPipeline(LoopContext& context, std::unique_ptr<Stream> stream, const Options& options,
                  std::shared_ptr<ConnectionInfo> info, RequestHandler& handler, OnEnd on_end);
  ~RequestPipeline() override;
  RequestPipeline(const RequestPipeline&) = delete;
  RequestPipeline& operator=(const RequestPipeline&) = delete;

  // The memory budget has room again.
  void OnRoom() { Pump(); }
  const ConnectionInfo& info() const { return *info_; }
  bool idle() const { return slots_.empty() && pending_.empty(); }
  void Close();  // at once; nobody is told

 private:
  class Link;
  enum class SlotState { kWaiting, kAnswered, kClose };
  struct Slot {
    SlotState state = SlotState::kWaiting;
    bool serial = true;
    bool raw = false;
    std::int32_t correlation_id = 0;
    std::uint64_t bytes = 0;  // of the request
    std::optional<Response> response;
    Millis throttle{0};
  };
  // A frame that has not been handed over yet, classified.
  struct Pending {
    RequestContext request;
    bool classified = false;
    bool serial = true;
    bool close = false;  // malformed, unknown: takes a slot that closes
  };

  void OnFrames(std::vector<Frame> frames, MonoTime arrival) override;
  void OnBadFrame(const Status& why) override;
  bool OnEndOfInput() override;
  void OnClosed(const Status& why) override;
  bool MayRead() override;
  bool GivesUpFrame(int quiet_checks) override;
  void OnSendRoom() override { Pump(); }

  void CloseAfterAnswers();
  void Pump();
  bool MayStart(Pending& next);
  void Classify(Pending& next);
  void Start(Pending next);
  void UpdateReading();
  bool TakeOverdraft();
  void ReturnOverdraft();
  void Finish(std::uint64_t slot, SlotState state, std::optional<Response> response, Millis throttle);
  void ReleaseFront();
  bool CanBeFramed(const Slot& slot) const;
  void SendAnswer(Slot& slot);
  void Throttle(Millis time);
  void DropAll();

  LoopContext& context_;
  const Options options_;
  const std::shared_ptr<ConnectionInfo> info_;
  RequestHandler& handler_;
  OnEnd on_end_;
  const std::shared_ptr<Link> link_;
  std::deque<Pending> pending_;
  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0;  // number of slots_.front()
  std::size_t serial_slots_ = 0;
  std::uint64_t slot_bytes_ = 0;
  bool pumping_ = false;
  bool ending_ = false;   // a slot will close the connection; nothing is handed over any more
  bool closing_ = false;  // a closing slot has reached the front, or the connection has gone
  bool overdraft_ = false;
  int overdraft_checks_ = 0;  // of its frame while others waited
  TimerId throttle_timer_ = 0;
  std::unique_ptr<Connection> connection_;  // last: its end comes first
};

}  // namespace ottla
