// This broker in ZooKeeper: the persistent paths, the cluster id, and the ephemeral /brokers/ids/N whose czxid is the
// broker epoch. Owner: the control loop. What survives a crash is in ZooKeeper, and the session's id and password in a
// 0600 file of the first log dir, by which the next process of this broker ends the session of this one.
//
// A registration owned by this session is ours already; one owned by any other session is waited for as long as a
// session can outlive its process, and then the start fails and names the owner. Nothing foreign is ever deleted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/zk/zk_client.h"
#include "common/zk/zk_codec.h"

namespace ottla {

class Registration {
 public:
  Registration(Executor& control, ZkClient& zk, const Clock& clock, Random random)
      : control_(control), zk_(zk), clock_(clock), random_(random) {}

  // Creates Kafka's fourteen paths where missing, and /cluster/id; answers the cluster id.
  void Prepare(UniqueFunction<void(Result<std::string>)> done);
  // A new broker id from /brokers/seqid, above `reserved_max`.
  void GenerateId(std::int32_t reserved_max, UniqueFunction<void(Result<BrokerId>)> done);
  // Fails when another registered id advertises one of our host:port pairs. Then registers; the broker epoch.
  // `owner_wait`: how long a foreign owner is waited for.
  void Register(BrokerId self, zk::BrokerRegistration what, Micros owner_wait,
                UniqueFunction<void(Result<BrokerEpoch>)> done);

 private:
  struct Attempt;
  void Again(Task step);
  void CreatePath(std::shared_ptr<std::vector<std::string>> paths, std::size_t at, UniqueFunction<void(Status)> done);
  void ReadClusterId(UniqueFunction<void(Result<std::string>)> done);
  void CheckEndpoints(const std::shared_ptr<Attempt>& attempt);
  void CompareEndpoints(const std::shared_ptr<Attempt>& attempt,
                        const std::shared_ptr<const std::vector<std::string>>& ids, std::size_t at);
  void TryCreate(const std::shared_ptr<Attempt>& attempt);
  void LookAtOwner(const std::shared_ptr<Attempt>& attempt);

  Executor& control_;
  ZkClient& zk_;
  const Clock& clock_;
  Random random_;
};

}  // namespace ottla
