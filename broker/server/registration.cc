#include "broker/server/registration.h"

#include <glog/logging.h>

#include <ios>
#include <sstream>
#include <utility>

#include "common/zk/zk_paths.h"

namespace ottla {
namespace {

constexpr Micros kRetryAfter = Millis(100);

// "/a/b" -> "/a", "/a/b"
void AddLevels(const std::string& path, std::vector<std::string>& levels) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    levels.push_back(path.substr(0, slash));
  }
  levels.push_back(path);
}

std::string HexId(std::int64_t id) {
  std::ostringstream out;
  out << "0x" << std::hex << id;
  return out.str();
}

}  // namespace

template <class F>
auto Registration::Guard(F f) {
  return [alive = std::weak_ptr<bool>(alive_), f = std::move(f)](auto&&... args) mutable {
    if (!alive.expired()) f(std::forward<decltype(args)>(args)...);
  };
}

Registration::Registration(Executor& control, ZkClient& zk, const Clock& clock, RegistrationOptions options)
    : control_(control), zk_(zk), clock_(clock), options_(std::move(options)) {}

void Registration::Later(Task task) { control_.RunAfter(kRetryAfter, Guard(std::move(task))); }

// --- the tree ---

void Registration::PrepareTree(UniqueFunction<void(Status)> done) {
  std::vector<std::string> levels;
  for (const std::string& path : zk::PersistentPaths()) AddLevels(path, levels);
  CreateLevels(std::move(levels), 0, std::move(done));
}

void Registration::CreateLevels(std::vector<std::string> levels, std::size_t at, UniqueFunction<void(Status)> done) {
  if (at == levels.size()) {
    done(Status::Ok());
    return;
  }
  const std::string path = levels[at];
  zk_.Create(
      path, std::nullopt, ZkCreateMode::kPersistent,
      Guard([this, levels = std::move(levels), at, done = std::move(done)](ZkError error, const std::string&) mutable {
        if (error == ZkError::kConnectionLoss) {
          Later([this, levels = std::move(levels), at, done = std::move(done)]() mutable {
            CreateLevels(std::move(levels), at, std::move(done));
          });
        } else if (error == ZkError::kOk || error == ZkError::kNodeExists) {
          CreateLevels(std::move(levels), at + 1, std::move(done));
        } else {
          done({StatusCode::kUnavailable, "ZooKeeper: creating " + levels[at] + ": " + std::string(ToString(error))});
        }
      }));
}

void Registration::ClusterId(Random& random, UniqueFunction<void(Result<std::string>)> done) {
  Uuid fresh;
  do {
    const std::uint64_t high = random.Next();
    fresh = Uuid::FromRandom(high, random.Next());
  } while (fresh.IsReserved());
  CreateClusterId(fresh.ToString(), std::move(done));
}

// Reads first: created at most once in a cluster's life. Losing the race means reading again.
void Registration::CreateClusterId(std::string id, UniqueFunction<void(Result<std::string>)> done) {
  zk_.Get(
      zk::kClusterId, nullptr,
      Guard([this, id = std::move(id), done = std::move(done)](ZkError error, const ZkData& data,
                                                               const ZkStat&) mutable {
        if (error == ZkError::kOk) {
          done(zk::DecodeClusterId(data));
        } else if (error == ZkError::kConnectionLoss) {
          Later([this, id = std::move(id), done = std::move(done)]() mutable {
            CreateClusterId(std::move(id), std::move(done));
          });
        } else if (error == ZkError::kNoNode) {
          std::vector<std::string> parent{std::string(zk::Parent(zk::kClusterId))};
          CreateLevels(std::move(parent), 0, [this, id = std::move(id), done = std::move(done)](Status status) mutable {
            if (!status.ok()) {
              done(std::move(status));
              return;
            }
            zk_.Create(zk::kClusterId, zk::EncodeClusterId(id), ZkCreateMode::kPersistent,
                       Guard([this, id, done = std::move(done)](ZkError, const std::string&) mutable {
                         CreateClusterId(std::move(id), std::move(done));
                       }));
          });
        } else {
          done(Status(StatusCode::kUnavailable, "ZooKeeper: reading the cluster id: " + std::string(ToString(error))));
        }
      }));
}

// --- /brokers/ids/N ---

void Registration::Register(Done done) {
  control_.CheckOnLoop();
  epoch_ = BrokerEpoch(-1);
  auto attempt = std::make_shared<Attempt>();
  attempt->give_up = clock_.Now() + options_.foreign_owner_wait;
  attempt->done = std::move(done);
  CheckEndpoints(std::move(attempt));
}

// Clients could not tell two brokers at one address apart.
void Registration::CheckEndpoints(std::shared_ptr<Attempt> attempt) {
  zk_.Children(zk::kBrokerIds, nullptr, Guard([this, attempt](ZkError error, const std::vector<std::string>& names) {
                 if (error == ZkError::kConnectionLoss) {
                   Later([this, attempt] { CheckEndpoints(attempt); });
                   return;
                 }
                 if (error == ZkError::kSessionExpired) {
                   attempt->done(Status(StatusCode::kClosed, "the ZooKeeper session expired"));
                   return;
                 }
                 auto left = std::make_shared<std::size_t>(names.size() + 1);
                 auto conflict = std::make_shared<std::string>();
                 auto one = [this, attempt, left, conflict] {
                   if (--*left > 0) return;
                   if (conflict->empty()) {
                     TryCreate(attempt);
                   } else {
                     attempt->done(Status(StatusCode::kInvalidArgument, *conflict));
                   }
                 };
                 for (const std::string& name : names) {
                   if (name == std::to_string(options_.id.value)) {
                     --*left;
                     continue;
                   }
                   zk_.Get(zk::Child(zk::kBrokerIds, name), nullptr,
                           Guard([this, name, conflict, one](ZkError e, const ZkData& data, const ZkStat&) {
                             if (e == ZkError::kOk && conflict->empty()) *conflict = Conflict(name, data);
                             one();
                           }));
                 }
                 one();
               }));
}

std::string Registration::Conflict(const std::string& other, const ZkData& data) const {
  const Result<zk::BrokerRegistration> registration = zk::DecodeBroker(data);
  if (!registration.ok()) return "";
  for (const zk::ListenerEndpoint& theirs : registration->endpoints) {
    for (const zk::ListenerEndpoint& ours : options_.endpoints) {
      if (theirs.host == ours.host && theirs.port == ours.port) {
        return "broker " + other + " is registered at " + ours.host + ":" + std::to_string(ours.port) + " already";
      }
    }
  }
  return "";
}

void Registration::TryCreate(std::shared_ptr<Attempt> attempt) {
  zk::BrokerRegistration broker;
  broker.endpoints = options_.endpoints;
  broker.rack = options_.rack;
  broker.timestamp_ms = clock_.WallMillis();
  const std::string path = zk::Broker(options_.id);
  // The answer of the set has the czxid (older servers give none for the create).
  zk_.Multi(
      {ZkOp::Create(path, std::nullopt, ZkCreateMode::kEphemeral), ZkOp::Set(path, zk::Encode(broker), 0)},
      Guard([this, attempt](ZkError error, const std::vector<ZkOpResult>& results) {
        if (error == ZkError::kOk) {
          Succeeded(attempt, BrokerEpoch(results[1].stat.czxid));
        } else if (error == ZkError::kNodeExists || error == ZkError::kConnectionLoss) {
          OnExists(attempt);
        } else if (error == ZkError::kSessionExpired) {
          attempt->done(Status(StatusCode::kClosed, "the ZooKeeper session expired"));
        } else {
          attempt->done(Status(StatusCode::kUnavailable, "ZooKeeper: registering: " + std::string(ToString(error))));
        }
      }));
}

// Whose node is it? Ours: an answer was lost. Our previous session's: that session is ended. A foreign one: it may be
// alive, so it is waited for and never touched.
void Registration::OnExists(std::shared_ptr<Attempt> attempt) {
  zk_.Get(
      zk::Broker(options_.id), nullptr, Guard([this, attempt](ZkError error, const ZkData&, const ZkStat& stat) {
        if (error == ZkError::kSessionExpired) {
          attempt->done(Status(StatusCode::kClosed, "the ZooKeeper session expired"));
        } else if (error == ZkError::kNoNode) {
          TryCreate(attempt);
        } else if (error == ZkError::kOk && stat.ephemeral_owner == zk_.session().id) {
          Succeeded(attempt, BrokerEpoch(stat.czxid));
        } else if (error == ZkError::kOk && previous_.id != 0 && stat.ephemeral_owner == previous_.id) {
          zk_.CloseOldSession(previous_,
                              Guard([this, attempt](const Status&) { Later([this, attempt] { OnExists(attempt); }); }));
        } else if (error == ZkError::kOk && clock_.Now() >= attempt->give_up) {
          attempt->done(Status(StatusCode::kAlreadyExists,
                               zk::Broker(options_.id) + " belongs to another session, " + HexId(stat.ephemeral_owner) +
                                   ": is another broker running with id " + std::to_string(options_.id.value) + "?"));
        } else {
          Later([this, attempt] { OnExists(attempt); });
        }
      }));
}

void Registration::Succeeded(const std::shared_ptr<Attempt>& attempt, BrokerEpoch epoch) {
  epoch_ = epoch;
  previous_ = zk_.session();
  LOG(INFO) << "registered as broker " << options_.id << ", epoch " << epoch;
  WatchNode();
  attempt->done(epoch);
}

void Registration::WatchNode() {
  const BrokerEpoch epoch = epoch_;
  zk_.Exists(zk::Broker(options_.id), Guard([this, epoch](const ZkWatchEvent&) {
               if (epoch_ == epoch) WatchNode();
             }),
             Guard([this, epoch](ZkError error, const ZkStat& stat) {
               if (epoch_ != epoch) return;
               if (error == ZkError::kConnectionLoss) {
                 Later([this, epoch] {
                   if (epoch_ == epoch) WatchNode();
                 });
               } else if (error == ZkError::kNoNode || (error == ZkError::kOk && stat.czxid != epoch.value)) {
                 LOG(ERROR) << "the registration of broker " << options_.id << " has gone though its session lives";
                 epoch_ = BrokerEpoch(-1);
                 if (gone_) gone_();
               }
             }));
}

}  // namespace ottla
