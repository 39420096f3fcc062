#include "tests/sim/cluster/topic_churn.h"

#include <utility>

#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/37_create_partitions.h"

namespace ottla::sim {

namespace {

constexpr std::int16_t kDeleteTopicsVersion = 5;
constexpr std::int16_t kCreatePartitionsVersion = 2;
constexpr int kFirstProducer = 1'000'000;
constexpr Millis kPoll{200};

}  // namespace

TopicChurn::TopicChurn(Executor& loop, SimRpc& rpc, SimRpc& produce_rpc, ClusterView& view, Random random,
                       History& history, std::function<bool()> stored, Options options)
    : loop_(loop),
      rpc_(rpc),
      produce_rpc_(produce_rpc),
      view_(view),
      random_(random),
      history_(history),
      stored_(std::move(stored)),
      options_(options) {}

TopicChurn::~TopicChurn() = default;

std::string TopicChurn::Describe() const {
  static const char* const kNames[] = {"idle", "creating", "using", "growing", "deleting", "vanishing"};
  return std::string("topic churn is ") + kNames[static_cast<int>(state_)] + ", last error: " + last_error_;
}

void TopicChurn::After(Millis most, Task task) {
  const auto pause = static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(Micros(most).count()) + 1));
  loop_.RunAfter(Micros(pause), std::move(task));
}

void TopicChurn::Create() {
  if (finishing_) {
    state_ = State::kIdle;
    return;
  }
  state_ = State::kCreating;
  ++rounds_;
  partitions_ = 1 + static_cast<int>(random_.Below(static_cast<std::uint64_t>(options_.partitions_max)));
  const int replicas = 1 + static_cast<int>(random_.Below(static_cast<std::uint64_t>(options_.replicas_max)));
  if (maker_ != nullptr) makers_.push_back(std::move(maker_));
  maker_ = std::make_unique<TopicMaker>(
      loop_, rpc_, view_, history_,
      TopicMaker::Options{.topic = kTopic, .partitions = partitions_, .replicas = replicas});
  maker_->Start();
  WatchCreation();
}

void TopicChurn::WatchCreation() {
  if (maker_->done()) {
    Use();
    return;
  }
  last_error_ = maker_->Describe();
  loop_.RunAfter(kPoll, [this] { WatchCreation(); });
}

void TopicChurn::Use() {
  state_ = State::kUsing;
  SimProducer::Options options{.id = kFirstProducer + static_cast<int>(rounds_)};
  for (int i = 0; i < partitions_; ++i) {
    options.partitions.push_back({kTopic, i});
    // By name, a broker that still has the last topic takes records for it: nothing can be promised.
    history_.GiveUp(options.partitions.back());
  }
  producers_.push_back(std::make_unique<SimProducer>(loop_, produce_rpc_, view_, random_.Fork(), history_, options));
  producers_.back()->Start();
  const bool grow = random_.Chance(0.5);
  After(options_.use_max, [this, grow] {
    if (grow) {
      Grow(10);
    } else {
      Delete();
    }
  });
}

void TopicChurn::Grow(int tries_left) {
  state_ = State::kGrowing;
  const std::optional<Endpoint> controller = view_.Controller();
  if (!controller.has_value() || tries_left == 0) {
    Delete();
    return;
  }
  CreatePartitionsRequest request;
  request.timeout_ms = 5000;
  CreatePartitionsRequest::CreatePartitionsTopic topic;
  topic.name = kTopic;
  topic.count = partitions_ + 2;
  topic.assignments = std::nullopt;
  request.topics.push_back(std::move(topic));
  rpc_.Call<CreatePartitionsResponse>(
      *controller, request, kCreatePartitionsVersion, Millis(15'000),
      [this, tries_left](const Status& status, const CreatePartitionsResponse* response) {
        if (status.ok() && response->results.size() == 1 && response->results[0].error_code == ErrorCode::kNone) {
          After(options_.use_max / 2, [this] { Delete(); });
          return;
        }
        last_error_ = status.ok() ? "growing was refused" : status.ToString();
        After(Millis(500), [this, tries_left] { view_.Refresh([this, tries_left] { Grow(tries_left - 1); }); });
      });
}

void TopicChurn::Delete() {
  state_ = State::kDeleting;
  producers_.back()->Abandon();
  const std::optional<Endpoint> controller = view_.Controller();
  const auto again = [this](std::string why) {
    last_error_ = std::move(why);
    After(Millis(500), [this] { view_.Refresh([this] { Delete(); }); });
  };
  if (!controller.has_value()) {
    again("no controller known");
    return;
  }
  DeleteTopicsRequest request;
  request.timeout_ms = 5000;
  request.topic_names.emplace_back(kTopic);
  rpc_.Call<DeleteTopicsResponse>(
      *controller, request, kDeleteTopicsVersion, Millis(15'000),
      [this, again](const Status& status, const DeleteTopicsResponse* response) {
        const ErrorCode error = !status.ok() || response->responses.size() != 1 ? ErrorCode::kUnknownServerError
                                                                                : response->responses[0].error_code;
        if (error == ErrorCode::kNone || error == ErrorCode::kUnknownTopicOrPartition) {
          WatchDeletion();
          return;
        }
        again(status.ok() ? "deletion: error " + std::to_string(static_cast<int>(error)) : status.ToString());
      });
}

// Deletion waits for brokers that are down; what is answered before is only that it will be.
void TopicChurn::WatchDeletion() {
  state_ = State::kVanishing;
  if (stored_()) {
    loop_.RunAfter(kPoll, [this] { WatchDeletion(); });
    return;
  }
  After(Millis(2000), [this] { Create(); });
}

}  // namespace ottla::sim
