#include "broker/server/registration.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "common/zk/zk_paths.h"

namespace ottla {
namespace {

constexpr Micros kRegistrationRetry = std::chrono::milliseconds(200);

Status Failed(const std::string& what, ZkError error) {
  return {StatusCode::kUnavailable, what + ": ZooKeeper says " + std::string(ToString(error))};
}

std::string Hex(std::int64_t number) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<std::uint64_t>(number), 16).ptr;
  return "0x" + std::string(text, end);
}

// Every prefix of every path, parents first, each once.
std::vector<std::string> WithParents(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      if (std::ranges::count(all, path.substr(0, at)) == 0) all.push_back(path.substr(0, at));
    }
    if (std::ranges::count(all, path) == 0) all.push_back(path);
  }
  return all;
}

// host:port that both advertise.
std::optional<std::string> SharedAddress(const zk::BrokerRegistration& ours, const zk::BrokerRegistration& theirs) {
  for (const auto& mine : ours.endpoints) {
    for (const auto& other : theirs.endpoints) {
      if (mine.host == other.host && mine.port == other.port) return mine.host + ":" + std::to_string(mine.port);
    }
  }
  return std::nullopt;
}

}  // namespace

struct Registration::Attempt {
  BrokerId self;
  zk::BrokerRegistration what;
  MonoTime wait_until;
  UniqueFunction<void(Result<BrokerEpoch>)> done;
  std::int64_t said_owner = 0;  // told in the log once per owner
};

void Registration::Prepare(UniqueFunction<void(Result<std::string>)> done) {
  auto paths = std::make_shared<std::vector<std::string>>(WithParents(zk::PersistentPaths()));
  CreatePath(paths, 0, [this, done = std::move(done)](const Status& status) mutable {
    if (!status.ok()) {
      done(status);
    } else {
      ReadClusterId(std::move(done));
    }
  });
}

// The connection comes back or the session ends, which is told as another error.
void Registration::Again(Task step) { control_.RunAfter(kRegistrationRetry, std::move(step)); }

// One after the other: their order is Kafka's, and this happens once in the life of a cluster.
void Registration::CreatePath(std::shared_ptr<std::vector<std::string>> paths, std::size_t at,
                              UniqueFunction<void(Status)> done) {
  if (at == paths->size()) {
    done(Status::Ok());
    return;
  }
  const std::string path = (*paths)[at];
  zk_.Exists(path, nullptr, [this, path, paths, at, done = std::move(done)](ZkError error, const ZkStat&) mutable {
    if (error == ZkError::kOk) {
      CreatePath(std::move(paths), at + 1, std::move(done));
      return;
    }
    if (error == ZkError::kConnectionLoss) {
      Again([this, paths = std::move(paths), at, done = std::move(done)]() mutable {
        CreatePath(std::move(paths), at, std::move(done));
      });
      return;
    }
    if (error != ZkError::kNoNode) {
      done(Failed("looking for " + path, error));
      return;
    }
    zk_.Create(path, std::nullopt, ZkCreateMode::kPersistent,
               [this, path, paths = std::move(paths), at, done = std::move(done)](ZkError created,
                                                                                  const std::string&) mutable {
                 if (created == ZkError::kOk || created == ZkError::kNodeExists) {
                   CreatePath(std::move(paths), at + 1, std::move(done));
                 } else if (created == ZkError::kConnectionLoss) {
                   Again([this, paths = std::move(paths), at, done = std::move(done)]() mutable {
                     CreatePath(std::move(paths), at, std::move(done));
                   });
                 } else {
                   done(Failed("creating " + path, created));
                 }
               });
  });
}

void Registration::ReadClusterId(UniqueFunction<void(Result<std::string>)> done) {
  zk_.Get(zk::kClusterId, nullptr,
          [this, done = std::move(done)](ZkError error, const ZkData& data, const ZkStat&) mutable {
            if (error == ZkError::kOk) {
              done(zk::DecodeClusterId(data));
              return;
            }
            if (error == ZkError::kConnectionLoss) {
              Again([this, done = std::move(done)]() mutable { ReadClusterId(std::move(done)); });
              return;
            }
            if (error != ZkError::kNoNode) {
              done(Failed(std::string("reading ") + zk::kClusterId, error));
              return;
            }
            Uuid id;
            do {
              id = Uuid::FromRandom(random_.Next(), random_.Next());
            } while (id.IsReserved());
            zk_.Create("/cluster", std::nullopt, ZkCreateMode::kPersistent,
                       [this, id, done = std::move(done)](ZkError, const std::string&) mutable {
                         zk_.Create(
                             zk::kClusterId, zk::EncodeClusterId(id.ToString()), ZkCreateMode::kPersistent,
                             [this, done = std::move(done)](ZkError created, const std::string&) mutable {
                               // Ours or another broker's: what is stored now is the id.
                               if (created == ZkError::kOk || created == ZkError::kNodeExists) {
                                 ReadClusterId(std::move(done));
                               } else if (created == ZkError::kConnectionLoss || created == ZkError::kNoNode) {
                                 // kNoNode: the parent's creation was lost with the connection.
                                 Again([this, done = std::move(done)]() mutable { ReadClusterId(std::move(done)); });
                               } else {
                                 done(Failed(std::string("creating ") + zk::kClusterId, created));
                               }
                             });
                       });
          });
}

void Registration::GenerateId(std::int32_t reserved_max, UniqueFunction<void(Result<BrokerId>)> done) {
  zk_.Set(
      zk::kBrokerSeqId, "", -1,
      [this, reserved_max, done = std::move(done)](ZkError error, const ZkStat& stat) mutable {
        if (error == ZkError::kOk) {
          done(BrokerId(reserved_max + stat.version));
        } else if (error == ZkError::kConnectionLoss) {  // a number given out unheard is never used: ids may have gaps
          Again([this, reserved_max, done = std::move(done)]() mutable { GenerateId(reserved_max, std::move(done)); });
        } else {
          done(Failed(std::string("asking ") + zk::kBrokerSeqId + " for a broker id", error));
        }
      });
}

void Registration::Register(BrokerId self, zk::BrokerRegistration what, Micros owner_wait,
                            UniqueFunction<void(Result<BrokerEpoch>)> done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->self = self;
  attempt->what = std::move(what);
  attempt->wait_until = clock_.Now() + owner_wait;
  attempt->done = std::move(done);
  CheckEndpoints(attempt);
}

void Registration::CheckEndpoints(const std::shared_ptr<Attempt>& attempt) {
  zk_.Children(zk::kBrokerIds, nullptr, [this, attempt](ZkError error, std::vector<std::string> ids) {
    if (error == ZkError::kConnectionLoss) {
      Again([this, attempt] { CheckEndpoints(attempt); });
    } else if (error != ZkError::kOk) {
      attempt->done(Failed(std::string("listing ") + zk::kBrokerIds, error));
    } else {
      std::erase(ids, std::to_string(attempt->self.value));
      CompareEndpoints(attempt, std::make_shared<const std::vector<std::string>>(std::move(ids)), 0);
    }
  });
}

// One broker after the other: a start is in no hurry, and the first clash ends it.
void Registration::CompareEndpoints(const std::shared_ptr<Attempt>& attempt,
                                    const std::shared_ptr<const std::vector<std::string>>& ids, std::size_t at) {
  if (at == ids->size()) return TryCreate(attempt);
  const std::string path = std::string(zk::kBrokerIds) + "/" + (*ids)[at];
  zk_.Get(path, nullptr, [this, attempt, ids, at](ZkError error, const ZkData& data, const ZkStat&) {
    if (error == ZkError::kConnectionLoss) return Again([this, attempt] { CheckEndpoints(attempt); });
    std::optional<std::string> clash;  // what is gone again or cannot be read shares nothing
    if (const auto other = zk::DecodeBroker(data); error == ZkError::kOk && other.ok()) {
      clash = SharedAddress(attempt->what, *other);
    }
    if (!clash) return CompareEndpoints(attempt, ids, at + 1);
    attempt->done(Status(StatusCode::kAlreadyExists, "broker " + (*ids)[at] + " is registered with the same address " +
                                                         *clash +
                                                         "; give this broker another port or advertised.listeners"));
  });
}

// One multi, so that nobody sees the node without its data; the Stat of the second part has the czxid.
void Registration::TryCreate(const std::shared_ptr<Attempt>& attempt) {
  const std::string path = zk::Broker(attempt->self);
  attempt->what.timestamp_ms = clock_.WallMillis();
  std::vector<ZkOp> ops{ZkOp::Create(path, std::nullopt, ZkCreateMode::kEphemeral),
                        ZkOp::Set(path, zk::Encode(attempt->what), 0)};
  zk_.Multi(std::move(ops), [this, attempt](ZkError error, const std::vector<ZkOpResult>& results) {
    if (error == ZkError::kOk && results.size() == 2) {
      attempt->done(BrokerEpoch(results[1].stat.czxid));
    } else if (error == ZkError::kNodeExists || error == ZkError::kConnectionLoss) {
      LookAtOwner(attempt);
    } else {
      attempt->done(Failed("registering broker " + std::to_string(attempt->self.value), error));
    }
  });
}

void Registration::LookAtOwner(const std::shared_ptr<Attempt>& attempt) {
  zk_.Exists(zk::Broker(attempt->self), nullptr, [this, attempt](ZkError error, const ZkStat& stat) {
    if (error == ZkError::kSessionExpired || error == ZkError::kAuthFailed) {
      attempt->done(Failed("registering broker " + std::to_string(attempt->self.value), error));
      return;
    }
    if (error == ZkError::kOk && stat.ephemeral_owner == zk_.session().id) {
      attempt->done(BrokerEpoch(stat.czxid));  // an answer was lost on the way
      return;
    }
    if (error == ZkError::kNoNode) {
      TryCreate(attempt);
      return;
    }
    if (error == ZkError::kOk && clock_.Now() >= attempt->wait_until) {
      attempt->done(
          Status(StatusCode::kAlreadyExists, "broker id " + std::to_string(attempt->self.value) +
                                                 " is registered by another live broker (" + zk::Broker(attempt->self) +
                                                 " is owned by ZooKeeper session " + Hex(stat.ephemeral_owner) +
                                                 "); stop that broker or choose another broker.id"));
      return;
    }
    if (error == ZkError::kOk && attempt->said_owner != stat.ephemeral_owner) {
      attempt->said_owner = stat.ephemeral_owner;
      LOG(WARNING) << zk::Broker(attempt->self) << " is owned by ZooKeeper session " << Hex(stat.ephemeral_owner)
                   << "; waiting for that session to end";
    }
    control_.RunAfter(kRegistrationRetry, [this, attempt] { LookAtOwner(attempt); });
  });
}

}  // namespace ottla
