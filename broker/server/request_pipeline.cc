#include "broker/server/request_pipeline.h"

#include <string>
#include <utility>

#include "common/protocol/api_key.h"
#include "common/protocol/frame.h"
#include "common/protocol/wire.h"

namespace ottla {
namespace {

// The length prefix and response header in front of a body of `body_bytes`.
std::string AnswerPrefix(std::uint64_t body_bytes, bool raw, std::int32_t correlation_id, int header_version) {
  std::string prefix;
  WireWriter writer(&prefix);
  const std::uint64_t header_bytes = raw ? 0 : 4 + static_cast<std::uint64_t>(header_version);
  writer.I32(static_cast<std::int32_t>(header_bytes + body_bytes));
  if (!raw) {
    writer.I32(correlation_id);
    if (header_version > 0) writer.U8(0);  // an empty tag section
  }
  writer.Finish();
  return prefix;
}

// A length that the prefix cannot say would be taken for something else.
constexpr std::uint64_t kLargestAnswer = std::numeric_limits<std::int32_t>::max() - 16;

// Small answers leave as one piece: a header of its own would be one more part of each write.
constexpr std::size_t kJoinBelow = 4 << 10;

// The largest frame that a connection without requests under way reads though the memory budget is exhausted: parked
// Produce requests go only when the followers' Fetch and the controller's requests are read. Enough for a full Fetch of
// some 7,000 partitions, and little enough for thousands of producers to add one each; larger ones need the overdraft.
constexpr std::size_t kSmallFrame = 256 << 10;

// While others wait for memory, who has sent a part of a frame must send something within ten seconds, and the holder
// of the overdraft the whole rest: room is made at the cost of those who stall, not of those who wait.
constexpr Micros kFrameCheck = std::chrono::seconds(2);
constexpr int kFrameChecks = 5;

Connection::Options WithFrameCheck(Connection::Options options) {
  options.frame_check = kFrameCheck;
  return options;
}

}  // namespace

// What responders hold: it outlives the pipeline and knows whether that still is.
class RequestPipeline::Link final : public ResponseSink {
 public:
  explicit Link(RequestPipeline* pipeline) : pipeline_(pipeline) {}
  void Sever() {
    pipeline_ = nullptr;
    closed_.store(true, std::memory_order_release);
  }
  void Answer(std::uint64_t slot, Response response) override {
    if (pipeline_ == nullptr) return;
    const Millis throttle = response.throttle;
    pipeline_->Finish(slot, SlotState::kAnswered, std::move(response), throttle);
  }
  void AnswerNothing(std::uint64_t slot, Millis throttle) override {
    if (pipeline_ != nullptr) pipeline_->Finish(slot, SlotState::kAnswered, std::nullopt, throttle);
  }
  void AnswerClose(std::uint64_t slot) override {
    if (pipeline_ != nullptr) pipeline_->Finish(slot, SlotState::kClose, std::nullopt, Millis{0});
  }
  bool closed() const override { return closed_.load(std::memory_order_acquire); }

 private:
  RequestPipeline* pipeline_;  // only on the loop
  std::atomic<bool> closed_{false};
};

RequestPipeline::RequestPipeline(LoopContext& context, std::unique_ptr<Stream> stream, const Options& options,
                                 std::shared_ptr<ConnectionInfo> info, RequestHandler& handler, OnEnd on_end)
    : context_(context),
      options_(options),
      info_(std::move(info)),
      handler_(handler),
      on_end_(std::move(on_end)),
      link_(std::make_shared<Link>(this)),
      connection_(std::make_unique<Connection>(context, std::move(stream), WithFrameCheck(options.connection),
                                               static_cast<Connection::Owner&>(*this))) {}

RequestPipeline::~RequestPipeline() { DropAll(); }

void RequestPipeline::Close() {
  if (connection_->closed()) return;
  connection_->Close();
  DropAll();
  handler_.OnConnectionClosed(*info_);
}

void RequestPipeline::OnFrames(std::vector<Frame> frames, MonoTime arrival) {
  ReturnOverdraft();
  for (Frame& frame : frames) {
    Pending next;
    next.request.connection = info_;
    next.request.body = frame.bytes;
    next.request.frame = std::move(frame);
    next.request.arrival = arrival;
    pending_.push_back(std::move(next));
  }
  Pump();
}

void RequestPipeline::OnBadFrame(const Status& why) {
  LOG_EVERY_T(WARNING, 1) << "closing " << info_->peer.ToString() << " on " << info_->listener << ": " << why;
  CloseAfterAnswers();
}

// Whoever closes only its own half waits for the answers.
bool RequestPipeline::OnEndOfInput() {
  CloseAfterAnswers();
  return true;
}

void RequestPipeline::CloseAfterAnswers() {
  Pending last;
  last.request.connection = info_;
  last.classified = true;
  last.close = true;
  pending_.push_back(std::move(last));
  Pump();
}

void RequestPipeline::OnClosed(const Status& why) {
  VLOG(1) << info_->peer.ToString() << " on " << info_->listener << ": " << why;
  DropAll();
  handler_.OnConnectionClosed(*info_);
  if (on_end_) on_end_();
}

void RequestPipeline::Pump() {
  if (pumping_ || closing_) return;
  pumping_ = true;
  while (!closing_ && !pending_.empty() && MayStart(pending_.front())) {
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    Start(std::move(next));
  }
  pumping_ = false;
  if (!closing_) UpdateReading();
}

bool RequestPipeline::MayStart(Pending& next) {
  if (ending_ || throttle_timer_ != 0) return false;
  if (slots_.empty()) return !connection_->SendBlocked();
  // Classified only when its turn may have come: the answer before it may change what a frame is (SASL).
  if (serial_slots_ > 0) return false;
  if (!next.classified) Classify(next);
  if (next.close) return true;  // waits for its turn in its slot
  return !next.serial && slots_.size() < options_.max_slots && slot_bytes_ < options_.max_slot_bytes &&
         !connection_->SendBlocked();
}

void RequestPipeline::Classify(Pending& next) {
  next.classified = true;
  RequestContext& request = next.request;
  if (info_->raw_frames) {
    request.raw = true;
    return;
  }
  const std::string_view frame(request.frame.bytes.data(), request.frame.bytes.size());
  const ParsedRequest parsed = ParseRequestHeader(frame);
  request.header.api_key = parsed.header.api_key;
  request.header.api_version = parsed.header.api_version;
  request.header.correlation_id = parsed.header.correlation_id;
  request.header.client_id = parsed.header.client_id;
  const bool too_new = parsed.verdict == HeaderVerdict::kUnsupportedVersion &&
                       parsed.header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions);
  if (parsed.verdict != HeaderVerdict::kOk && !too_new) {
    next.close = true;
  } else {
    const RequestClass request_class = handler_.Classify(*info_, parsed.header.api_key, parsed.header.api_version);
    next.close = request_class == RequestClass::kClose;
    next.serial = request_class == RequestClass::kSerial;
  }
  if (next.close) {
    LOG_EVERY_T(WARNING, 1) << "closing " << info_->peer.ToString() << " on " << info_->listener << ": API "
                            << parsed.header.api_key << " v" << parsed.header.api_version
                            << " is malformed or not served here";
    return;
  }
  const std::size_t header_bytes = too_new ? frame.size() : static_cast<std::size_t>(parsed.body.data() - frame.data());
  request.body = request.frame.bytes.subspan(header_bytes);
}

void RequestPipeline::Start(Pending next) {
  if (!next.classified) Classify(next);
  Slot slot;
  slot.serial = next.serial;
  slot.raw = next.request.raw;
  slot.correlation_id = next.request.header.correlation_id;
  slot.bytes = next.request.frame.bytes.size();
  const std::uint64_t number = first_slot_ + slots_.size();
  serial_slots_ += slot.serial ? 1 : 0;
  slot_bytes_ += slot.bytes;
  slots_.push_back(std::move(slot));
  if (next.close) {
    Finish(number, SlotState::kClose, std::nullopt, Millis{0});
    return;
  }
  handler_.Handle(std::move(next.request), Responder(link_, context_.executor, number));
}

void RequestPipeline::Finish(std::uint64_t number, SlotState state, std::optional<Response> response, Millis throttle) {
  if (number < first_slot_ || number - first_slot_ >= slots_.size()) return;  // dropped by an earlier closing slot
  Slot& slot = slots_[number - first_slot_];
  slot.state = state;
  slot.response = std::move(response);
  slot.throttle = throttle;
  if (state == SlotState::kClose) {  // whatever the client sent after this one is not looked at any more
    ending_ = true;
    pending_.clear();
  }
  ReleaseFront();
  Pump();
}

void RequestPipeline::ReleaseFront() {
  while (!slots_.empty() && slots_.front().state != SlotState::kWaiting) {
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_slot_;
    serial_slots_ -= slot.serial ? 1 : 0;
    slot_bytes_ -= slot.bytes;
    if (slot.state == SlotState::kClose || !CanBeFramed(slot)) {
      DropAll();
      connection_->CloseAfterSending();
      return;
    }
    if (slot.response) SendAnswer(slot);
    if (slot.throttle.count() > 0) Throttle(slot.throttle);
  }
}

bool RequestPipeline::CanBeFramed(const Slot& slot) const {
  const std::uint64_t size = slot.response ? TotalSize(slot.response->body) : 0;
  if (size <= kLargestAnswer) return true;
  LOG_EVERY_T(WARNING, 1) << "closing " << info_->peer.ToString() << ": an answer of " << size << " bytes has no frame";
  return false;
}

void RequestPipeline::SendAnswer(Slot& slot) {
  WireSegments& body = slot.response->body;
  std::string prefix = AnswerPrefix(TotalSize(body), slot.raw, slot.correlation_id, slot.response->header_version);
  if (auto* first = body.empty() ? nullptr : std::get_if<std::string>(&body.front());
      first != nullptr && first->size() < kJoinBelow) {
    prefix.append(*first);
    *first = std::move(prefix);
  } else {
    body.insert(body.begin(), std::move(prefix));
  }
  connection_->Send(std::move(body));
}

void RequestPipeline::Throttle(Millis time) {
  context_.executor->Cancel(throttle_timer_);
  throttle_timer_ = context_.executor->RunAfter(time, [link = link_, this] {
    if (link->closed()) return;
    throttle_timer_ = 0;
    Pump();
  });
}

void RequestPipeline::UpdateReading() {
  // Pending frames mean that the handlers do not keep up with this client; reading on would only hoard.
  const bool on = !ending_ && pending_.empty() && throttle_timer_ == 0 && slot_bytes_ < options_.max_slot_bytes &&
                  slots_.size() < options_.max_slots && !connection_->SendBlocked();
  if (!on) ReturnOverdraft();  // it is for those who read
  connection_->SetReading(on);
}

bool RequestPipeline::MayRead() {
  MemoryBudget* budget = context_.budget.get();
  if (budget == nullptr || overdraft_ || !budget->Exhausted()) return true;
  if (idle() && connection_->announced() <= kSmallFrame) return true;
  if (TakeOverdraft() || !budget->AwaitRoom()) return true;
  return TakeOverdraft();  // whoever gave it back just before that has told nobody
}

bool RequestPipeline::TakeOverdraft() {
  if (connection_->in_frame() && context_.budget->TakeOverdraft()) overdraft_ = true;
  return overdraft_;
}

bool RequestPipeline::GivesUpFrame(int quiet_checks) {
  const MemoryBudget* budget = context_.budget.get();
  if (budget == nullptr || !budget->Exhausted() || !budget->Awaited()) return false;
  if (overdraft_) ++overdraft_checks_;
  if (quiet_checks < kFrameChecks && overdraft_checks_ < kFrameChecks) return false;
  LOG_EVERY_T(WARNING, 1) << "closing " << info_->peer.ToString() << " on " << info_->listener
                          << ": others wait for request memory, and the rest of its frame of "
                          << connection_->announced() << " bytes does not come";
  return true;
}

void RequestPipeline::ReturnOverdraft() {
  overdraft_checks_ = 0;
  if (std::exchange(overdraft_, false)) context_.budget->ReturnOverdraft();
}

void RequestPipeline::DropAll() {
  closing_ = true;
  link_->Sever();
  ReturnOverdraft();
  context_.executor->Cancel(std::exchange(throttle_timer_, 0));
  pending_.clear();
  first_slot_ += slots_.size();
  slots_.clear();
  serial_slots_ = 0;
  slot_bytes_ = 0;
}

}  // namespace ottla
