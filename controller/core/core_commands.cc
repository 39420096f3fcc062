// ControllerCore: what is asked for by request. One command at a time is carried out, and answered exactly once.
// DeleteTopics stands here, for it only marks and queues; the rest of a deletion is in core_deletion.cc.
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

void ControllerCore::Handle(CommandReceived& event) {
  caller_.emplace(event.id, event.command);
  std::visit([this](auto& command) { Handle(command); }, event.command);
}

void ControllerCore::Answer_(Answer answer) {
  OTTLA_CHECK(caller_.has_value());
  effects_.emplace_back(Reply{caller_->first, std::move(answer)});
  caller_.reset();
}

// --- DeleteTopics ---

void ControllerCore::Handle(DeleteTopicsCommand& command) {
  auto answer = std::make_shared<DeleteTopicsAnswer>();
  auto index = std::make_shared<std::vector<std::size_t>>();
  std::vector<ZkWrite> writes;
  for (const DeletableTopic& asked : command.topics) {
    DeletedTopic deleted{asked.name, asked.id, ErrorCode::kNone, ""};
    const bool by_id = asked.name.empty() && !asked.id.IsZero();
    if (by_id) {
      const auto name = state_.topic_by_id.find(asked.id);
      if (name != state_.topic_by_id.end()) deleted.name = name->second;
    }
    const Topic* topic = state_.FindTopic(deleted.name);
    const bool going = topic != nullptr && topic->deletion && topic->deletion->announced;  // brokers know it no more
    if (topic == nullptr || going) {
      deleted.error = by_id && !going ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;
    } else if (!options_.delete_topics) {
      deleted.error = ErrorCode::kTopicDeletionDisabled;
    } else {
      writes.push_back({{ZkOp::Create(zk::DeleteTopic(deleted.name), std::nullopt)}, ""});
      index->push_back(answer->topics.size());
    }
    answer->topics.push_back(std::move(deleted));
  }
  Write(std::move(writes), [this, answer, index](ZkDone& done) {
    for (std::size_t i = 0; i < index->size(); ++i) {
      DeletedTopic& deleted = answer->topics[(*index)[i]];
      const ZkError error = done.writes[i].error;
      if (error == ZkError::kOk || error == ZkError::kNodeExists) {
        QueueDeletion(deleted.name, false);
      } else {
        deleted.error = ErrorCode::kUnknownServerError;
        deleted.message = "ZooKeeper: " + std::string(ToString(error));
      }
    }
    Answer_(std::move(*answer));
    Finish();
  });
}

}  // namespace ottla::controller
