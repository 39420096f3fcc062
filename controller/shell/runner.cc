#include "controller/shell/runner.h"

#include <utility>

#include "common/base/check.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller {

Controller::Controller(Executor& control, ZkClient& zk, const Clock& clock, ControllerOptions options,
                       ControlLinkFactory links)
    : control_(control),
      zk_(zk),
      options_(std::move(options)),
      core_(options_.core),
      elector_(control, zk, clock, options_.core.self,
               {[this](ControllerEpoch epoch, std::int32_t version) { Won(epoch, version); }, [this] { Lost(); }}),
      channels_(std::move(links),
                [this](ControlAnswered answer) {
                  Enqueue([this, answer = std::move(answer)]() mutable { Tell(std::move(answer)); });
                }),
      self_(std::make_shared<Controller*>(this)) {}

Controller::~Controller() {
  if (rebalance_timer_ != 0) control_.Cancel(rebalance_timer_);
}

void Controller::Start() {
  control_.CheckOnLoop();
  elector_.Start();
}

void Controller::SessionExpired() {
  control_.CheckOnLoop();
  elector_.SessionExpired();
}

void Controller::Stop() {
  control_.CheckOnLoop();
  elector_.Stop();
  EndTerm();
}

void Controller::SetUncleanDefault(bool enabled) {
  Enqueue([this, enabled] { Tell(UncleanDefaultChanged{enabled}); });
}

// --- terms ---

void Controller::Won(ControllerEpoch epoch, std::int32_t epoch_zk_version) {
  ++term_;
  active_.store(true, std::memory_order_relaxed);
  zk_effects_ = std::make_unique<ZkEffects>(control_, zk_, epoch_zk_version, Guard([this] {
                                              LOG(WARNING) << "controller: fenced out by a newer epoch";
                                              EndTerm();
                                              elector_.Resign();
                                              elector_.Start();
                                            }));
  reader_ = std::make_unique<ZkReader>(control_, zk_, MakeWatches());
  Enqueue([this, epoch] { LoadAndTakeOver(epoch); });
}

void Controller::Lost() {
  LOG(INFO) << "controller: no longer elected";
  EndTerm();
}

// Everything of the term is dropped; whoever waits is told to ask someone else.
void Controller::EndTerm() {
  ++term_;
  active_.store(false, std::memory_order_relaxed);
  zk_effects_.reset();
  reader_.reset();
  jobs_.clear();
  queued_reads_.clear();
  watched_topics_.clear();
  working_ = false;
  if (rebalance_timer_ != 0) control_.Cancel(std::exchange(rebalance_timer_, 0));
  if (core_.active()) Carry(core_.On(Resigned{}));
  channels_.CloseAll();
  auto waiting = std::exchange(waiting_, {});
  for (auto& [id, waiter] : waiting) waiter.reply(NotActiveAnswer(waiter.command));
}

// --- jobs ---

void Controller::Enqueue(Job job) {
  if (!IsActive()) return;
  jobs_.push_back(std::move(job));
  if (!working_) control_.Post(Guard([this] { RunNext(); }));
}

void Controller::EnqueueOnce(const std::string& name, std::function<void()> job) {
  if (!queued_reads_.insert(name).second) return;
  Enqueue([this, name, job = std::move(job)] {
    queued_reads_.erase(name);
    job();
  });
}

void Controller::RunNext() {
  if (working_ || jobs_.empty()) return;
  working_ = true;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  job();
}

void Controller::JobDone() {
  working_ = false;
  if (!jobs_.empty()) control_.Post(Guard([this] { RunNext(); }));
}

void Controller::Tell(Event event) {
  Carry(core_.On(std::move(event)));
  if (!core_.busy()) JobDone();
}

void Controller::Carry(Effects effects) {
  for (Effect& effect : effects) {
    if (auto* request = std::get_if<ZkRequest>(&effect)) {
      OTTLA_CHECK(zk_effects_ != nullptr);
      zk_effects_->Carry(std::move(*request), Guard([this](ZkDone done) { Tell(std::move(done)); }));
    } else if (auto* send = std::get_if<SendControl>(&effect)) {
      channels_.Send(std::move(send->request));
    } else if (auto* open = std::get_if<OpenChannel>(&effect)) {
      channels_.Open(open->broker);
    } else if (auto* close = std::get_if<CloseChannel>(&effect)) {
      channels_.Close(close->broker);
    } else if (auto* reply = std::get_if<Reply>(&effect)) {
      Answered(*reply);
    } else if (auto* note = std::get_if<Note>(&effect)) {
      Record(*note);
    }
  }
}

void Controller::Record(const Note& note) {
  if (!note.counter.empty()) ++counters_[note.counter];
  switch (note.level) {
    case Note::Level::kInfo: LOG(INFO) << "controller: " << note.text; break;
    case Note::Level::kWarning: LOG(WARNING) << "controller: " << note.text; break;
    case Note::Level::kError: LOG(ERROR) << "controller: " << note.text; break;
  }
}

void Controller::Answered(const Reply& reply) {
  const auto it = waiting_.find(reply.to);
  if (it == waiting_.end()) return;
  auto answer = std::move(it->second.reply);
  waiting_.erase(it);
  answer(reply.answer);
}

// --- commands ---

template <class C, class A>
void Controller::Submit(C command, Executor& reply_on, Done<A> done) {
  auto reply = [&reply_on, done = std::move(done)](Answer answer) mutable {
    reply_on.Post(
        [done = std::move(done), answer = std::get<A>(std::move(answer))]() mutable { done(std::move(answer)); });
  };
  control_.Post(
      [self = std::weak_ptr<Controller*>(self_), command = std::move(command), reply = std::move(reply)]() mutable {
        if (auto alive = self.lock()) (*alive)->OnCommand(std::move(command), std::move(reply));
      });
}

void Controller::OnCommand(Command command, UniqueFunction<void(Answer)> reply) {
  if (!IsActive() || waiting_.size() >= options_.commands_max) {
    reply(NotActiveAnswer(command));
    return;
  }
  const RequestId id = ++last_request_;
  waiting_[id] = {command, std::move(reply)};
  Enqueue([this, id, command = std::move(command)]() mutable { Tell(CommandReceived{id, std::move(command)}); });
}

void Controller::CreateTopics(CreateTopicsCommand request, Executor& reply_on, Done<CreateTopicsAnswer> done) {
  Submit<CreateTopicsCommand, CreateTopicsAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::DeleteTopics(DeleteTopicsCommand request, Executor& reply_on, Done<DeleteTopicsAnswer> done) {
  Submit<DeleteTopicsCommand, DeleteTopicsAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::CreatePartitions(CreatePartitionsCommand request, Executor& reply_on,
                                  Done<CreatePartitionsAnswer> done) {
  Submit<CreatePartitionsCommand, CreatePartitionsAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::AlterPartition(AlterPartitionCommand request, Executor& reply_on, Done<AlterPartitionAnswer> done) {
  Submit<AlterPartitionCommand, AlterPartitionAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::AllocateProducerIds(AllocateProducerIdsCommand request, Executor& reply_on,
                                     Done<AllocateProducerIdsAnswer> done) {
  Submit<AllocateProducerIdsCommand, AllocateProducerIdsAnswer>(request, reply_on, std::move(done));
}
void Controller::ControlledShutdown(ControlledShutdownCommand request, Executor& reply_on,
                                    Done<ControlledShutdownAnswer> done) {
  Submit<ControlledShutdownCommand, ControlledShutdownAnswer>(request, reply_on, std::move(done));
}
void Controller::ElectLeaders(ElectLeadersCommand request, Executor& reply_on, Done<ElectLeadersAnswer> done) {
  Submit<ElectLeadersCommand, ElectLeadersAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::AlterReassignments(AlterReassignmentsCommand request, Executor& reply_on,
                                    Done<AlterReassignmentsAnswer> done) {
  Submit<AlterReassignmentsCommand, AlterReassignmentsAnswer>(std::move(request), reply_on, std::move(done));
}
void Controller::ListReassignments(ListReassignmentsCommand request, Executor& reply_on,
                                   Done<ListReassignmentsAnswer> done) {
  Submit<ListReassignmentsCommand, ListReassignmentsAnswer>(std::move(request), reply_on, std::move(done));
}

void Controller::TopicConfigChanged(const std::string& topic) {
  control_.Post([self = std::weak_ptr<Controller*>(self_), topic] {
    if (auto alive = self.lock()) {
      Controller& controller = **alive;
      controller.Enqueue([&controller, topic] { controller.Tell(controller::TopicConfigChanged{topic}); });
    }
  });
}

// --- timers ---

void Controller::ArmRebalance(Micros delay) {
  if (!options_.auto_rebalance) return;
  rebalance_timer_ = control_.RunAfter(delay, Guard([this] {
                                         rebalance_timer_ = 0;
                                         Enqueue([this] { Tell(RebalanceDue{}); });
                                         ArmRebalance(options_.rebalance_every);
                                       }));
}

}  // namespace ottla::controller
