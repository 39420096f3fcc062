#include "tests/sim/cluster/topic_maker.h"

#include "common/protocol/messages/19_create_topics.h"

namespace ottla::sim {

namespace {
constexpr std::int16_t kCreateTopicsVersion = 5;
}  // namespace

void TopicMaker::Again(const std::string& why) {
  last_error_ = why;
  loop_.RunAfter(Millis(300), [this, alive = alive_] {
    if (!*alive) return;
    view_.Refresh([this, alive] {
      if (*alive) Ask();
    });
  });
}

void TopicMaker::Ask() {
  const std::optional<Endpoint> controller = view_.Controller();
  if (!controller.has_value()) {
    Again("no controller known");
    return;
  }
  CreateTopicsRequest request;
  request.timeout_ms = 5000;
  CreateTopicsRequest::CreatableTopic topic;
  topic.name = options_.topic;
  topic.num_partitions = options_.partitions;
  topic.replication_factor = static_cast<std::int16_t>(options_.replicas);
  request.topics.push_back(std::move(topic));
  rpc_.Call<CreateTopicsResponse>(*controller, request, kCreateTopicsVersion, Millis(15'000),
                                  [this, alive = alive_](const Status& status, const CreateTopicsResponse* response) {
                                    if (!*alive) return;
                                    if (!status.ok() || response->topics.size() != 1) {
                                      Again(status.ok() ? "no topic in the answer" : status.ToString());
                                      return;
                                    }
                                    const ErrorCode error = response->topics[0].error_code;
                                    if (error == ErrorCode::kNone || error == ErrorCode::kTopicAlreadyExists) {
                                      done_ = true;
                                      return;
                                    }
                                    Again("error " + std::to_string(static_cast<int>(error)) + " " +
                                          std::string(response->topics[0].error_message.value_or("")));
                                  });
}

}  // namespace ottla::sim
