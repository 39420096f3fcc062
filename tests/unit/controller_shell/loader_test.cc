// What the controller concludes from ZooKeeper's answers, and what it asks again.
#include "controller/shell/loader.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/env/sim_executors.h"
#include "tests/sim/env/sim_scheduler.h"

namespace ottla::controller {
namespace {

// Answers reads with `errors`, one after the other, then as if all were well. Nothing else is asked of it.
class AnsweringZk final : public ZkClient {
 public:
  std::deque<ZkError> errors;
  std::vector<std::string> names = {"1", "2"};
  int asked = 0;

  void Start(SessionListener /*listener*/) override {}
  void NewSession() override {}
  void Close(Task done) override { done(); }
  ZkSession session() const override { return {}; }
  void CloseOldSession(const ZkSession& /*old*/, UniqueFunction<void(Status)> done) override { done(Status::Ok()); }
  void Get(const std::string& /*path*/, Watch /*watch*/, GetCallback done) override { done(Next(), "{}", {}); }
  void Exists(const std::string& /*path*/, Watch /*watch*/, ExistsCallback done) override { done(Next(), {}); }
  void Children(const std::string& /*path*/, Watch /*watch*/, ChildrenCallback done) override {
    const ZkError error = Next();
    done(error, error == ZkError::kOk ? names : std::vector<std::string>());
  }
  void Create(const std::string& path, ZkData /*data*/, ZkCreateMode /*mode*/, CreateCallback done) override {
    done(ZkError::kOther, path);
  }
  void Set(const std::string& /*path*/, ZkData /*data*/, std::int32_t /*version*/, SetCallback done) override {
    done(ZkError::kOther, {});
  }
  void Delete(const std::string& /*path*/, std::int32_t /*version*/, DeleteCallback done) override {
    done(ZkError::kOther);
  }
  void Multi(std::vector<ZkOp> /*ops*/, MultiCallback done) override { done(ZkError::kOther, {}); }

 private:
  ZkError Next() {
    ++asked;
    if (errors.empty()) return ZkError::kOk;
    const ZkError error = errors.front();
    errors.pop_front();
    return error;
  }
};

struct Loader {
  sim::SimScheduler scheduler{1};
  sim::SimExecutors loops{scheduler, 0, 1, 1};
  AnsweringZk zk;
  ZkReader reader{loops.Control(), zk, {.brokers = [] {}, .topics = [] {}, .topic = [](const std::string&) {}}};
  ~Loader() { loops.Close(); }
};

// Had an odd answer counted as an empty list, every broker would be dead and every topic forgotten.
TEST(ZkReader, OnlyAnAnswerSaysThatNothingIsThere) {
  Loader h;
  h.zk.errors = {ZkError::kOther, ZkError::kConnectionLoss, ZkError::kAuthFailed};
  std::vector<std::vector<std::string>> heard;
  h.loops.control().Run(
      [&] { h.reader.TopicNames([&](const std::vector<std::string>& names) { heard.push_back(names); }); });
  EXPECT_TRUE(heard.empty());
  h.scheduler.RunFor(std::chrono::seconds(1));
  EXPECT_EQ(heard, (std::vector<std::vector<std::string>>{{"1", "2"}}));
  EXPECT_EQ(h.zk.asked, 4);
  h.zk.errors = {ZkError::kNoNode};
  h.loops.control().Run(
      [&] { h.reader.TopicNames([&](const std::vector<std::string>& names) { heard.push_back(names); }); });
  EXPECT_EQ(heard.size(), 2u);
  EXPECT_TRUE(heard.back().empty());
}

TEST(ZkReader, ANodeThatMayNotBeReadHoldsUpNoOther) {
  Loader h;
  h.zk.errors = {ZkError::kAuthFailed, ZkError::kOther};
  std::optional<std::vector<TopicNode>> heard;
  h.loops.control().Run([&] {
    h.reader.Topics({"hidden", "late", "there"}, [&](std::vector<TopicNode> nodes) { heard = std::move(nodes); });
  });
  h.scheduler.RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(heard.has_value());
  ASSERT_EQ(heard->size(), 2u);
  EXPECT_EQ(heard->at(0).name, "there");
  EXPECT_EQ(heard->at(1).name, "late");
}

}  // namespace
}  // namespace ottla::controller
