// ZkClientMt against a ZooKeeper server of this machine: what the seam promises, on the real thing.
#include "common/env/zk_client_mt.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

#include "common/env/system_clock.h"
#include "common/env/thread_executor.h"
#include "common/env/zk_server_list.h"
#include "zk_server.h"

namespace ottla {
namespace {

using State = ZkClient::SessionState;
using Kind = ZkWatchEvent::Kind;

test::ZkServer& Server() {
  static test::ZkServer server;
  return server;
}

// A queue that one thread fills and the test waits on.
template <class T>
class Inbox {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_one();
  }
  T Take() {
    std::unique_lock lock(mutex_);
    OTTLA_CHECK(changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !values_.empty(); }))
        << "nothing came";
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

// A client with blocking calls for tests.
class Session {
 public:
  explicit Session(const std::string& chroot = "", Millis timeout = Millis(4'000))
      : Session(Connect{Server().address() + chroot, timeout}) {  // starts it, on the thread that outlives all sessions
    WaitFor(State::kConnected);
  }
  struct Connect {
    std::string to;
    Millis timeout;
  };
  explicit Session(const Connect& connect) : owner_(clock_, "owner") {  // does not wait
    Do([&] {
      client_ = ZkClientMt::Make(owner_, clock_, {connect.to, connect.timeout}).value();
      client_->Start([this](State state) { states_.Put(state); });
    });
  }
  ~Session() {
    Do([&] { client_.reset(); });
  }

  void Do(const std::function<void()>& work) {
    std::promise<void> done;
    owner_.Post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  void WaitFor(State state) {
    while (states_.Take() != state) {
    }
  }

  std::pair<ZkError, std::string> Create(const std::string& path, ZkData data,
                                         ZkCreateMode mode = ZkCreateMode::kPersistent) {
    return Ask<std::pair<ZkError, std::string>>([&](auto put) {
      client_->Create(path, std::move(data), mode, [put](ZkError e, const std::string& p) mutable { put({e, p}); });
    });
  }
  struct Got {
    ZkError error;
    ZkData data;
    ZkStat stat;
  };
  Got Get(const std::string& path, ZkClient::Watch watch = nullptr) {
    return Ask<Got>([&](auto put) {
      client_->Get(path, std::move(watch), [put](ZkError e, ZkData d, const ZkStat& s) mutable {
        put({e, std::move(d), s});
      });
    });
  }
  ZkError Exists(const std::string& path, ZkClient::Watch watch = nullptr) {
    return Ask<ZkError>([&](auto put) {
      client_->Exists(path, std::move(watch), [put](ZkError e, const ZkStat&) mutable { put(e); });
    });
  }
  ZkError Set(const std::string& path, ZkData data, std::int32_t version) {
    return Ask<ZkError>([&](auto put) {
      client_->Set(path, std::move(data), version, [put](ZkError e, const ZkStat&) mutable { put(e); });
    });
  }
  ZkError Delete(const std::string& path) {
    return Ask<ZkError>([&](auto put) { client_->Delete(path, -1, [put](ZkError e) mutable { put(e); }); });
  }
  std::pair<ZkError, std::vector<std::string>> Children(const std::string& path, ZkClient::Watch watch = nullptr) {
    return Ask<std::pair<ZkError, std::vector<std::string>>>([&](auto put) {
      client_->Children(path, std::move(watch), [put](ZkError e, std::vector<std::string> c) mutable {
        put({e, std::move(c)});
      });
    });
  }
  std::pair<ZkError, std::vector<ZkOpResult>> Multi(std::vector<ZkOp> ops) {
    return Ask<std::pair<ZkError, std::vector<ZkOpResult>>>([&](auto put) {
      client_->Multi(std::move(ops), [put](ZkError e, std::vector<ZkOpResult> r) mutable { put({e, std::move(r)}); });
    });
  }
  ZkSession Id() {
    ZkSession id;
    Do([&] { id = client_->session(); });
    return id;
  }
  Status CloseOld(const ZkSession& old) {
    return Ask<Status>(
        [&](auto put) { client_->CloseOldSession(old, [put](Status s) mutable { put(std::move(s)); }); });
  }
  ZkClientMt& client() { return *client_; }

 private:
  template <class T, class Start>
  T Ask(Start start) {
    auto inbox = std::make_shared<Inbox<T>>();
    Do([&] { start([inbox](T value) { inbox->Put(std::move(value)); }); });
    return inbox->Take();
  }

  SystemClock clock_;
  ThreadExecutor owner_;
  Inbox<State> states_;
  std::unique_ptr<ZkClientMt> client_;
};

TEST(ZkClientMt, NullAndEmptyDataDiffer) {
  Session session("/null");
  EXPECT_EQ(session.Create("/none", std::nullopt).first, ZkError::kOk);
  EXPECT_EQ(session.Create("/empty", "").first, ZkError::kOk);
  EXPECT_EQ(session.Create("/some", std::string("a\0b", 3)).first, ZkError::kOk);
  EXPECT_EQ(session.Get("/none").data, std::nullopt);
  EXPECT_EQ(session.Get("/empty").data, "");
  EXPECT_EQ(session.Get("/some").data, std::string("a\0b", 3));
  EXPECT_EQ(session.Get("/absent").error, ZkError::kNoNode);
}

TEST(ZkClientMt, TheChrootIsMadeAndNeverSeen) {
  Session session("/deep/er/root");
  const auto [error, path] = session.Create("/seq_", "x", ZkCreateMode::kPersistentSequential);
  EXPECT_EQ(error, ZkError::kOk);
  EXPECT_EQ(path, "/seq_0000000000");
  EXPECT_EQ(session.Children("/").second, std::vector<std::string>{"seq_0000000000"});
  Session whole;
  EXPECT_EQ(whole.Children("/deep/er/root").second, std::vector<std::string>{"seq_0000000000"});
  EXPECT_EQ(whole.Get("/deep/er").data, std::nullopt);
}

TEST(ZkClientMt, VersionsGuardWrites) {
  Session session("/versions");
  ASSERT_EQ(session.Create("/a", "0").first, ZkError::kOk);
  EXPECT_EQ(session.Create("/a", "0").first, ZkError::kNodeExists);
  EXPECT_EQ(session.Set("/a", "1", 0), ZkError::kOk);
  EXPECT_EQ(session.Set("/a", "1", 0), ZkError::kBadVersion);
  EXPECT_EQ(session.Get("/a").stat.version, 1);
  ASSERT_EQ(session.Create("/a/b", "").first, ZkError::kOk);
  EXPECT_EQ(session.Delete("/a"), ZkError::kNotEmpty);
  EXPECT_EQ(session.Delete("/a/b"), ZkError::kOk);
  EXPECT_EQ(session.Delete("/a"), ZkError::kOk);
}

TEST(ZkClientMt, MultiIsAllOrNothingAndNamesTheCulprit) {
  Session session("/multi");
  const auto [ok, results] =
      session.Multi({ZkOp::Create("/n", std::nullopt, ZkCreateMode::kEphemeral), ZkOp::Set("/n", "v", 0)});
  ASSERT_EQ(ok, ZkError::kOk);
  EXPECT_EQ(results[0].path, "/n");
  EXPECT_EQ(results[1].stat.version, 1);
  EXPECT_EQ(results[1].stat.ephemeral_owner, session.Id().id);
  EXPECT_EQ(results[1].stat.czxid, results[1].stat.mzxid);  // the broker epoch comes with the registration

  const auto [failed, each] =
      session.Multi({ZkOp::Check("/n", 1), ZkOp::Create("/m", "x"), ZkOp::Set("/n", "w", 7), ZkOp::Delete("/n", -1)});
  EXPECT_EQ(failed, ZkError::kBadVersion);
  ASSERT_EQ(each.size(), 4u);
  EXPECT_EQ(each[1].error, ZkError::kOk);
  EXPECT_EQ(each[2].error, ZkError::kBadVersion);
  EXPECT_EQ(each[3].error, ZkError::kRuntimeInconsistency);
  EXPECT_EQ(session.Exists("/m"), ZkError::kNoNode);
}

TEST(ZkClientMt, WatchesFireOnceWithRelativePaths) {
  Session session("/watches");
  Inbox<ZkWatchEvent> events;
  const auto watch = [&events] { return [&events](const ZkWatchEvent& event) { events.Put(event); }; };
  EXPECT_EQ(session.Exists("/w", watch()), ZkError::kNoNode);
  ASSERT_EQ(session.Create("/w", "1").first, ZkError::kOk);
  EXPECT_EQ(events.Take().kind, Kind::kCreated);
  session.Get("/w", watch());
  session.Set("/w", "2", -1);
  const ZkWatchEvent changed = events.Take();
  EXPECT_EQ(changed.kind, Kind::kDataChanged);
  EXPECT_EQ(changed.path, "/w");
  session.Set("/w", "3", -1);  // nobody watches now
  session.Children("/w", watch());
  ASSERT_EQ(session.Create("/w/c", "").first, ZkError::kOk);
  EXPECT_EQ(events.Take().kind, Kind::kChildrenChanged);
}

TEST(ZkClientMt, CallsInOneBatchAreAnsweredInOrder) {
  Session session("/order");
  ASSERT_EQ(session.Create("/a", "x").first, ZkError::kOk);
  Inbox<int> order;
  session.Do([&] {
    for (int i = 0; i < 500; ++i) {
      session.client().Get("/a", nullptr,
                           [&order, i](ZkError e, ZkData, const ZkStat&) { order.Put(e == ZkError::kOk ? i : -1); });
    }
  });
  for (int i = 0; i < 500; ++i) ASSERT_EQ(order.Take(), i);
}

TEST(ZkClientMt, AnOldSessionIsReattachedAndClosed) {
  Session watcher("/old");
  Inbox<ZkWatchEvent> events;
  // A session whose client lives, so that it ends by CloseOld alone. Its client may be back before that: then a server
  // of 3.8 sometimes forgets the session but not the connection, and the client learns of it from the silence that
  // follows its pings, two thirds of its timeout later.
  Session old("/old", Millis(6'000));
  ASSERT_EQ(old.Create("/broker", "x", ZkCreateMode::kEphemeral).first, ZkError::kOk);
  ASSERT_EQ(watcher.Exists("/broker", [&](const ZkWatchEvent& event) { events.Put(event); }), ZkError::kOk);
  const ZkSession id = old.Id();
  ASSERT_NE(id.id, 0);
  ZkSession wrong = id;
  wrong.password[0] = static_cast<char>(wrong.password[0] ^ 1);
  EXPECT_EQ(watcher.CloseOld(wrong).code(), StatusCode::kNotFound);
  EXPECT_EQ(watcher.Exists("/broker"), ZkError::kOk);
  EXPECT_EQ(watcher.CloseOld(id), Status::Ok());
  EXPECT_EQ(events.Take().kind, Kind::kDeleted);
  EXPECT_EQ(watcher.CloseOld(id).code(), StatusCode::kNotFound);
  old.WaitFor(State::kExpired);
}

TEST(ZkClientMt, ExpiryAnswersEverythingAndANewSessionFollows) {
  Session session("/expiry");
  Session other("/expiry");
  const ZkSession first = session.Id();
  ASSERT_EQ(session.Create("/e", "x", ZkCreateMode::kEphemeral).first, ZkError::kOk);
  ASSERT_EQ(other.CloseOld(first), Status::Ok());
  session.WaitFor(State::kExpired);
  EXPECT_EQ(session.Get("/e").error, ZkError::kSessionExpired);
  session.Do([&] { session.client().NewSession(); });
  session.WaitFor(State::kConnected);
  EXPECT_NE(session.Id().id, first.id);
  EXPECT_EQ(session.Get("/e").error, ZkError::kNoNode);
}

TEST(ZkClientMt, CloseEndsTheSessionAtOnce) {
  Session other("/close");
  Session session("/close", Millis(30'000));
  ASSERT_EQ(session.Create("/e", "x", ZkCreateMode::kEphemeral).first, ZkError::kOk);
  Inbox<ZkWatchEvent> events;
  ASSERT_EQ(other.Exists("/e", [&](const ZkWatchEvent& event) { events.Put(event); }), ZkError::kOk);
  Inbox<int> closed;
  session.Do([&] { session.client().Close([&] { closed.Put(1); }); });
  EXPECT_EQ(closed.Take(), 1);
  EXPECT_EQ(events.Take().kind, Kind::kDeleted);
}

TEST(ZkClientMt, DestructionWithCallsInFlightIsSafe) {
  for (int round = 0; round < 3; ++round) {
    Session session("/flight");
    session.Do([&] {
      for (int i = 0; i < 300; ++i) {
        session.client().Get(
            "/", [](const ZkWatchEvent&) {}, [](ZkError, ZkData, const ZkStat&) {});
        session.client().Multi({ZkOp::Check("/", -1)}, [](ZkError, std::vector<ZkOpResult>) {});
      }
    });
  }
}

// The library alone would ask one of the two for ever, which one is chance: so four clients.
TEST(ZkClientMt, EachOfTwoAddressesIsTriedAgain) {
  const std::string live = Server().address();
  Server().Stop();
  std::deque<Session> sessions;
  for (int i = 0; i < 4; ++i) sessions.emplace_back(Session::Connect{"127.0.0.1:1," + live, Millis(4'000)});
  Server().Start();
  for (Session& session : sessions) session.WaitFor(State::kConnected);
}

TEST(LibraryServerList, HasAnOddNumberOfAddresses) {
  EXPECT_EQ(LibraryServerList({{"127.0.0.1", 2181}}), "127.0.0.1:2181");
  EXPECT_EQ(LibraryServerList({{"127.0.0.1", 1}, {"127.0.0.2", 2}}), "127.0.0.1:1,127.0.0.2:2,127.0.0.1:1");
  EXPECT_EQ(LibraryServerList({{"127.0.0.1", 1}, {"127.0.0.2", 2}, {"127.0.0.3", 3}}),
            "127.0.0.1:1,127.0.0.2:2,127.0.0.3:3");
}

TEST(ZkClientMt, AServerThatGoesAndComesBackKeepsTheSession) {
  Session session("/restart", Millis(20'000));
  const ZkSession id = session.Id();
  ASSERT_EQ(session.Create("/e", "x", ZkCreateMode::kEphemeral).first, ZkError::kOk);
  Server().Stop();
  session.WaitFor(State::kConnecting);
  Server().Start();
  session.WaitFor(State::kConnected);
  EXPECT_EQ(session.Id().id, id.id);
  EXPECT_EQ(session.Exists("/e"), ZkError::kOk);
}

}  // namespace
}  // namespace ottla
