#include "broker/api/request.h"

namespace ottla {

Responder& Responder::operator=(Responder&& other) noexcept {
  CheckUsed();
  sink_ = std::move(other.sink_);
  loop_ = other.loop_;
  slot_ = other.slot_;
  return *this;
}

void Responder::Respond(Response response) {
  OTTLA_CHECK(sink_ != nullptr) << "answered twice";
  loop_->CheckOnLoop();
  std::exchange(sink_, nullptr)->Answer(slot_, std::move(response));
}

void Responder::NoResponse(Millis throttle) {
  OTTLA_CHECK(sink_ != nullptr) << "answered twice";
  loop_->CheckOnLoop();
  std::exchange(sink_, nullptr)->AnswerNothing(slot_, throttle);
}

void Responder::CloseConnection() {
  OTTLA_CHECK(sink_ != nullptr) << "answered twice";
  loop_->CheckOnLoop();
  std::exchange(sink_, nullptr)->AnswerClose(slot_);
}

void Responder::OnLoop(Responder responder, UniqueFunction<void(Responder)> answer) {
  Executor* loop = responder.loop_;
  if (loop->OnThread()) {
    answer(std::move(responder));
    return;
  }
  loop->Post(
      [responder = std::move(responder), answer = std::move(answer)]() mutable { answer(std::move(responder)); });
}

// Looked at a turn later and on the loop: a process that ends destroys its tasks and what they hold in any order, and
// its loops then run nothing any more.
void Responder::CheckUsed() const {
  if (connection_closed()) return;
  loop_->Post([sink = sink_, slot = slot_] {
    OTTLA_CHECK(sink->closed()) << "request " << slot << " of a connection was dropped without an answer";
  });
}

}  // namespace ottla
