// What handlers need of topics beyond the metadata view: their stored settings, and creation on first use.
// Implemented by broker/server over ZooKeeper. Any thread may call; answers run as tasks of `reply_on`.
#pragma once

#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/status.h"
#include "common/config/properties.h"
#include "common/protocol/error_code.h"

namespace ottla {

class TopicAdmin {
 public:
  virtual ~TopicAdmin() = default;
  // Reads the stored settings of `topics` (again), so that logs made next have them; `done` runs on the control loop.
  // Does not end before ZooKeeper has answered: a log must not be kept by the wrong retention. Control loop.
  virtual void Load(std::vector<std::string> topics, Task done) = 0;
  // Whether they were read since this broker was told that a topic of that name was gone, or since its start. Control
  // loop.
  virtual bool Knows(const std::string& topic) const = 0;
  // The overrides in /config/topics/T; none when there is no such node.
  virtual void Overrides(std::string topic, Executor& reply_on, UniqueFunction<void(Result<Properties>)> done) = 0;
  // Creates the topic with the broker's defaults (auto.create.topics.enable), as Kafka does: in ZooKeeper, by the
  // broker that was asked, whoever is the controller. kNone: created; kTopicAlreadyExists: by somebody else meanwhile.
  virtual void CreateAutomatically(std::string topic, Executor& reply_on, UniqueFunction<void(ErrorCode)> done) = 0;
};

}  // namespace ottla
