// The topics' stored settings: /config/topics at start, notifications of /config/changes after, creation of topics on
// first use. Owner: the control loop; the settings themselves are an immutable map that every loop reads.
// Nothing here survives a crash; ZooKeeper has it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "broker/api/topic_admin.h"
#include "broker/replica/metadata_cache.h"
#include "common/base/executor.h"
#include "common/base/random.h"
#include "common/config/topic_config.h"
#include "common/zk/zk_client.h"

namespace ottla {

class TopicStore final : public TopicAdmin {
 public:
  TopicStore(Executor& control, ZkClient& zk, std::shared_ptr<const BrokerConfig> config, Random random);

  // Reads all of /config/topics; `done` on the control loop, when ZooKeeper has answered.
  void LoadAll(Task done);
  // The settings of a topic; the broker's where nothing is stored. Any thread.
  std::shared_ptr<const TopicConfig> Config(std::string_view topic) const;
  // `changed` runs on the control loop after a topic's settings were read again with another content.
  void OnChange(std::function<void(const std::string& topic)> changed) { changed_ = std::move(changed); }
  // Where CreateAutomatically finds the live brokers.
  void SetView(std::function<MetadataPtr()> view) { view_ = std::move(view); }
  void Forget(const std::string& topic);

  void Load(std::vector<std::string> topics, Task done) override;
  bool Knows(const std::string& topic) const override { return known_.contains(topic); }
  void Overrides(std::string topic, Executor& reply_on, UniqueFunction<void(Result<Properties>)> done) override;
  void CreateAutomatically(std::string topic, Executor& reply_on, UniqueFunction<void(ErrorCode)> done) override;

 private:
  using Map = std::map<std::string, std::shared_ptr<const TopicConfig>, std::less<>>;
  struct Creation;

  void LoadOne(std::string topic, std::shared_ptr<Task> done);
  void Take(const std::string& topic, const ZkData& data);
  void Create(std::string topic, UniqueFunction<void(ErrorCode)> done);
  void WriteTopicOverSettings(const std::shared_ptr<Creation>& creation);
  void WriteTopic(const std::shared_ptr<Creation>& creation);

  Executor& control_;
  ZkClient& zk_;
  const std::shared_ptr<const BrokerConfig> config_;
  const std::shared_ptr<const TopicConfig> defaults_;
  // Written by the control loop. (gcc 12's std::atomic<std::shared_ptr> lets go of its reader's lock without release.)
  std::shared_ptr<const Map> Configs() const;
  void SetConfigs(std::shared_ptr<const Map> configs);
  mutable std::mutex configs_mutex_;
  std::shared_ptr<const Map> configs_;
  std::set<std::string> known_;  // also those for which nothing is stored
  std::function<void(const std::string&)> changed_;
  std::function<MetadataPtr()> view_;
  Random random_;
};

}  // namespace ottla
