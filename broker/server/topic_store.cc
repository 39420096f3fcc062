#include "broker/server/topic_store.h"

#include <algorithm>
#include <utility>

#include "common/base/topic_name.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "controller/core/placement.h"

namespace ottla {
namespace {

Properties ToOverrides(const std::string& topic, const ZkData& data) {
  auto decoded = zk::DecodeConfig(data);
  if (decoded.ok()) return *decoded;
  LOG(ERROR) << "settings of topic " << topic << " in ZooKeeper are set aside: " << decoded.status();
  return {};
}

ErrorCode ToWire(controller::PlacementError error) {
  switch (error) {
    case controller::PlacementError::kNone: return ErrorCode::kNone;
    case controller::PlacementError::kPartitions: return ErrorCode::kInvalidPartitions;
    case controller::PlacementError::kReplicationFactor: return ErrorCode::kInvalidReplicationFactor;
    case controller::PlacementError::kMixedRacks: return ErrorCode::kUnknownServerError;
  }
  LOG(FATAL) << "not a PlacementError: " << static_cast<int>(error);
}

// kConnectionLoss leaves open what happened; the client retries and then finds the topic.
ErrorCode ToWire(ZkError error) {
  switch (error) {
    case ZkError::kOk: return ErrorCode::kNone;
    case ZkError::kNodeExists: return ErrorCode::kTopicAlreadyExists;
    case ZkError::kConnectionLoss:
    case ZkError::kSessionExpired: return ErrorCode::kLeaderNotAvailable;
    case ZkError::kNoNode:
    case ZkError::kBadVersion:
    case ZkError::kNotEmpty:
    case ZkError::kNoChildrenForEphemerals:
    case ZkError::kAuthFailed:
    case ZkError::kRuntimeInconsistency:
    case ZkError::kOther: return ErrorCode::kUnknownServerError;
  }
  LOG(FATAL) << "not a ZkError: " << static_cast<int>(error);
}

}  // namespace

struct TopicStore::Creation {
  std::string topic;
  std::string data;
  UniqueFunction<void(ErrorCode)> done;

  void Finish(ZkError error) {
    if (error == ZkError::kOk) LOG(INFO) << "created topic " << topic << " on first use";
    done(ToWire(error));
  }
};

TopicStore::TopicStore(Executor& control, ZkClient& zk, std::shared_ptr<const BrokerConfig> config, Random random)
    : control_(control),
      zk_(zk),
      config_(std::move(config)),
      defaults_(std::make_shared<const TopicConfig>(TopicConfig::Make(*config_, {}, nullptr))),
      configs_(std::make_shared<const Map>()),
      random_(random) {}

std::shared_ptr<const TopicConfig> TopicStore::Config(std::string_view topic) const {
  const std::shared_ptr<const Map> configs = Configs();
  const auto found = configs->find(topic);
  return found == configs->end() ? defaults_ : found->second;
}

void TopicStore::LoadAll(Task done) {
  auto after = std::make_shared<Task>(std::move(done));
  known_.clear();  // topics may have come and gone without a word to this broker
  zk_.Children(zk::kConfigTopics, nullptr, [this, after](ZkError error, std::vector<std::string> topics) {
    if (error == ZkError::kOk || error == ZkError::kNoNode) {
      Load(std::move(topics), std::move(*after));
      return;
    }
    LOG(WARNING) << "reading " << zk::kConfigTopics << ": " << ToString(error) << "; trying again";
    control_.RunAfter(kZkRetryAfter, [this, after] { LoadAll(std::move(*after)); });
  });
}

void TopicStore::Load(std::vector<std::string> topics, Task done) {
  control_.CheckOnLoop();
  if (topics.empty()) {
    done();
    return;
  }
  auto left = std::make_shared<std::size_t>(topics.size());
  auto all = std::make_shared<Task>(std::move(done));
  auto one = std::make_shared<Task>([left, all] {
    if (--*left == 0) (*all)();
  });
  for (std::string& topic : topics) LoadOne(std::move(topic), one);
}

void TopicStore::LoadOne(std::string topic, std::shared_ptr<Task> done) {
  if (!ValidateTopicName(topic).ok()) {  // no topic: the request that names it hears so from whom it is meant for
    (*done)();
    return;
  }
  const std::string path = zk::TopicConfig(topic);
  zk_.Get(path, nullptr,
          [this, topic = std::move(topic), done = std::move(done)](ZkError error, const ZkData& data,
                                                                   const ZkStat&) mutable {
            if (error == ZkError::kOk || error == ZkError::kNoNode) {
              Take(topic, error == ZkError::kOk ? data : ZkData());
              (*done)();
              return;
            }
            control_.RunAfter(kZkRetryAfter, [this, topic = std::move(topic), done = std::move(done)]() mutable {
              LoadOne(std::move(topic), std::move(done));
            });
          });
}

void TopicStore::Take(const std::string& topic, const ZkData& data) {
  known_.insert(topic);
  const Properties overrides = ToOverrides(topic, data);
  if (Config(topic)->overrides == overrides) return;
  std::vector<std::string> warnings;
  auto config = std::make_shared<const TopicConfig>(TopicConfig::Make(*config_, overrides, &warnings));
  for (const std::string& warning : warnings) LOG(WARNING) << "topic " << topic << ": " << warning;
  auto next = std::make_shared<Map>(*Configs());
  if (overrides.empty()) {
    next->erase(topic);
  } else {
    (*next)[topic] = std::move(config);
  }
  SetConfigs(std::move(next));
  if (changed_) changed_(topic);
}

std::shared_ptr<const TopicStore::Map> TopicStore::Configs() const {
  const std::lock_guard lock(configs_mutex_);
  return configs_;
}

void TopicStore::SetConfigs(std::shared_ptr<const Map> configs) {
  const std::lock_guard lock(configs_mutex_);
  configs_.swap(configs);
}

void TopicStore::Forget(const std::string& topic) {
  known_.erase(topic);
  const auto now = Configs();
  if (!now->contains(topic)) return;
  auto next = std::make_shared<Map>(*now);
  next->erase(topic);
  SetConfigs(std::move(next));
}

void TopicStore::Overrides(std::string topic, Executor& reply_on, UniqueFunction<void(Result<Properties>)> done) {
  control_.Post([this, topic = std::move(topic), &reply_on, done = std::move(done)]() mutable {
    const std::string path = zk::TopicConfig(topic);
    zk_.Get(
        path, nullptr,
        [topic = std::move(topic), &reply_on, done = std::move(done)](ZkError error, const ZkData& data,
                                                                      const ZkStat&) mutable {
          Result<Properties> result = Properties();
          if (error == ZkError::kOk) {
            result = ToOverrides(topic, data);
          } else if (error != ZkError::kNoNode) {
            result = Status(StatusCode::kUnavailable, "ZooKeeper: " + std::string(ToString(error)));
          }
          reply_on.Post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
        });
  });
}

void TopicStore::CreateAutomatically(std::string topic, Executor& reply_on, UniqueFunction<void(ErrorCode)> done) {
  control_.Post([this, topic = std::move(topic), &reply_on, done = std::move(done)]() mutable {
    Create(std::move(topic), [&reply_on, done = std::move(done)](ErrorCode error) mutable {
      reply_on.Post([done = std::move(done), error]() mutable { done(error); });
    });
  });
}

void TopicStore::Create(std::string topic, UniqueFunction<void(ErrorCode)> done) {
  const MetadataPtr view = view_();
  if (view->brokers().empty()) {
    // No controller has told this broker of the cluster yet: the topic may well exist. Clients ask again after this
    // error; a refusal would make them give the topic up.
    done(ErrorCode::kLeaderNotAvailable);
    return;
  }
  bool collides = false;
  view->ForEachTopic(
      [&](const MetadataTopic& other) { collides |= other.name != topic && TopicNamesCollide(other.name, topic); });
  if (collides) {
    done(ErrorCode::kInvalidTopicException);
    return;
  }
  std::vector<controller::PlacementBroker> brokers;
  for (const MetadataBroker& broker : view->brokers()) brokers.push_back({broker.id, broker.rack});
  controller::PlacementRequest wanted;
  wanted.partitions = config_->num_partitions;
  wanted.replication_factor = config_->default_replication_factor;
  const controller::Placement placement = controller::PlaceReplicas(brokers, wanted, random_);
  if (placement.error != controller::PlacementError::kNone) {
    LOG(WARNING) << "topic " << topic << " cannot be created on first use: " << placement.message;
    done(ToWire(placement.error));
    return;
  }
  zk::TopicAssignment assignment;
  do {
    assignment.id = Uuid::FromRandom(random_.Next(), random_.Next());
  } while (assignment.id->IsReserved());
  for (const auto& [partition, replicas] : placement.assignment) assignment.partitions[partition].replicas = replicas;
  auto creation = std::make_shared<Creation>(Creation{std::move(topic), zk::Encode(assignment), std::move(done)});
  // The settings first, so that whoever sees the topic finds them.
  zk_.Create(zk::TopicConfig(creation->topic), zk::EncodeConfig({}), ZkCreateMode::kPersistent,
             [this, creation](ZkError error, const std::string&) {
               if (error == ZkError::kNodeExists) {
                 WriteTopicOverSettings(creation);
               } else if (error != ZkError::kOk) {
                 creation->done(ToWire(error));
               } else {
                 WriteTopic(creation);
               }
             });
}

// The settings are those of a topic that was removed by hand, unless somebody has just created this one: then nothing
// is written.
void TopicStore::WriteTopicOverSettings(const std::shared_ptr<Creation>& creation) {
  zk_.Multi({ZkOp::Set(zk::TopicConfig(creation->topic), zk::EncodeConfig({}), -1),
             ZkOp::Create(zk::Topic(creation->topic), creation->data)},
            [creation](ZkError error, const std::vector<ZkOpResult>&) { creation->Finish(error); });
}

void TopicStore::WriteTopic(const std::shared_ptr<Creation>& creation) {
  zk_.Create(zk::Topic(creation->topic), creation->data, ZkCreateMode::kPersistent,
             [creation](ZkError error, const std::string&) { creation->Finish(error); });
}

}  // namespace ottla
