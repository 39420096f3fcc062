// The real ZooKeeper behind common/zk/zk_client.h: libzookeeper_mt. The library calls back on a thread of its own;
// there each result is copied and posted to the owner, nothing more. Making and closing handles may block (name
// resolution, flushing): a helper thread does it.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/status.h"
#include "common/zk/zk_client.h"

namespace ottla {

class ZkClientMt final : public ZkClient {
 public:
  struct Options {
    std::string connect;  // "h1:p1,h2:p2/chroot"
    Millis session_timeout{18'000};
  };

  // `owner` and `clock` outlive the client. Must be destroyed on `owner` (or after it has stopped); calls in flight are
  // then dropped without an answer. kInvalidArgument: the connect string does not parse.
  static Result<std::unique_ptr<ZkClientMt>> Make(Executor& owner, const Clock& clock, const Options& options);
  ~ZkClientMt() override;

  void Start(SessionListener listener) override;
  void NewSession() override;
  void Close(Task done) override;
  ZkSession session() const override;
  void CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) override;

  void Get(const std::string& path, Watch watch, GetCallback done) override;
  void Exists(const std::string& path, Watch watch, ExistsCallback done) override;
  void Children(const std::string& path, Watch watch, ChildrenCallback done) override;
  void Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) override;
  void Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) override;
  void Delete(const std::string& path, std::int32_t version, DeleteCallback done) override;
  void Multi(std::vector<ZkOp> ops, MultiCallback done) override;

 private:
  class Core;
  explicit ZkClientMt(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace ottla
