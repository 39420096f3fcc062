#include "broker/replica/alter_partition_sender.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include "common/protocol/messages/18_api_versions.h"
#include "scripted_broker.h"
#include "topic_ids.h"

namespace ottla {
namespace {

class AlterPartitionSenderTest : public testing::Test {
 protected:
  AlterPartitionSenderTest() : scheduler_(3), loops_(scheduler_, 0, 1, 1), clock_(scheduler_), net_(scheduler_) {
    net_.AddHost(0, "n0");
    net_.AddHost(1, "controller");
    network_ = net_.NewProcess(0);
    context_.executor = &loops_.Control();
    context_.clock = &clock_;
    sender_ = std::make_unique<AlterPartitionSender>(
        context_, *network_, 1,
        AlterPartitionSender::Options{.self = BrokerId(1), .inter_broker_listener = "PLAINTEXT"},
        [] { return BrokerEpoch(70); });
    net_.AddHost(2, "successor");
    broker_ = NewBroker(1, &silent_);
  }
  ~AlterPartitionSenderTest() override {
    loops_.Close();
    sender_.reset();
    broker_.reset();
  }

  // `silent`: takes requests and never answers.
  std::unique_ptr<ScriptedBroker> NewBroker(int node, const bool* silent) {
    return std::make_unique<ScriptedBroker>(
        scheduler_, net_, node, 9000,
        [this, silent](const RequestHeader& header, std::string_view body, const ScriptedBroker::Reply& reply) {
          if (header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions)) {
            ApiVersionsResponse versions;
            versions.api_keys.push_back({.api_key = 56, .min_version = 0, .max_version = max_version_});
            reply(ScriptedBroker::Frame(header, versions));
            return;
          }
          AlterPartitionRequest request;
          OTTLA_CHECK(Decode(body, header.api_version, &request).ok());
          EXPECT_EQ(request.broker_id, 1);
          EXPECT_EQ(request.broker_epoch, 70);
          ++asked_;
          if (!*silent) reply(ScriptedBroker::Frame(header, Serve(request, header.api_version)));
        });
  }

  AlterPartitionResponse Serve(const AlterPartitionRequest& request, std::int16_t version) {
    versions_.push_back(version);
    AlterPartitionResponse response;
    if (!top_errors_.empty()) {
      response.error_code = top_errors_.front();
      top_errors_.erase(top_errors_.begin());
      return response;
    }
    sizes_.push_back(0);
    for (const auto& topic : request.topics) {
      AlterPartitionResponse::TopicData out{.topic_name = topic.topic_name, .topic_id = topic.topic_id};
      for (const auto& partition : topic.partitions) {
        ++sizes_.back();
        AlterPartitionResponse::PartitionData data{.partition_index = partition.partition_index,
                                                   .error_code = error_,
                                                   .leader_id = 1,
                                                   .leader_epoch = partition.leader_epoch,
                                                   .isr = partition.new_isr,
                                                   .leader_recovery_state = recovery_state_,
                                                   .partition_epoch = partition.partition_epoch + 1};
        for (const auto& member : partition.new_isr_with_epochs) {
          EXPECT_EQ(member.broker_epoch, -1);
          data.isr.push_back(member.broker_id);
        }
        out.partitions.push_back(std::move(data));
      }
      response.topics.push_back(std::move(out));
    }
    return response;
  }

  void KnowController(int id = 2, const std::string& host = "controller") {
    UpdateMetadataRequest request;
    request.controller_id = id;
    UpdateMetadataRequest::UpdateMetadataBroker broker;
    broker.id = id;
    broker.endpoints.push_back({.port = 9000, .host = host, .listener = "PLAINTEXT"});
    request.live_brokers.push_back(broker);
    cache_.Apply(request);
    static_cast<sim::SimExecutor&>(loops_.Control()).Run([this] { sender_->OnMetadata(cache_.view()); });
  }
  using Slot = std::shared_ptr<std::vector<IsrAnswer>>;
  Slot Propose(const std::string& topic, int partition, Uuid id, int epoch = 4) {
    auto slot = std::make_shared<std::vector<IsrAnswer>>();
    sender_->Propose({{topic, partition}, id, LeaderEpoch(epoch), PartitionEpoch(8), {BrokerId(1), BrokerId(2)}},
                     [slot](IsrAnswer answer) { slot->push_back(std::move(answer)); });
    return slot;
  }
  bool Until(const std::function<bool()>& done, int ms = 5'000) { return scheduler_.RunUntil(done, Millis(ms)); }

  sim::SimScheduler scheduler_;
  sim::SimExecutors loops_;
  sim::SimClock clock_;
  sim::SimNet net_;
  std::unique_ptr<Network> network_;
  LoopContext context_;
  MetadataCache cache_;
  std::unique_ptr<AlterPartitionSender> sender_;
  std::unique_ptr<ScriptedBroker> broker_;
  std::vector<std::int16_t> versions_;
  std::vector<int> sizes_;
  std::vector<ErrorCode> top_errors_;
  ErrorCode error_ = ErrorCode::kNone;
  std::int8_t recovery_state_ = 0;
  std::int16_t max_version_ = 3;
  bool silent_ = false;
  int asked_ = 0;
};

TEST_F(AlterPartitionSenderTest, OneInFlightTheRestIsBatched) {
  KnowController();
  std::vector<Slot> slots;
  for (int i = 0; i < 10; ++i) slots.push_back(Propose("t", i, TopicId(1)));
  ASSERT_TRUE(Until([&] { return !slots[9]->empty(); }));
  EXPECT_EQ(sizes_, (std::vector<int>{1, 9}));
  EXPECT_EQ(versions_, (std::vector<std::int16_t>{3, 3}));
  EXPECT_EQ(slots[3]->at(0).error, ErrorCode::kNone);
  EXPECT_EQ(slots[3]->at(0).partition_epoch, PartitionEpoch(9));
  EXPECT_EQ(slots[3]->at(0).isr.size(), 2U);
}

// A controller that lost its power answers nothing and resets nothing: its successor must not wait for that.
TEST_F(AlterPartitionSenderTest, WhatIsInFlightGoesToTheNextController) {
  silent_ = true;
  const bool talks = false;
  const std::unique_ptr<ScriptedBroker> successor = NewBroker(2, &talks);
  KnowController();
  const Slot slot = Propose("t", 0, TopicId(1));
  ASSERT_TRUE(Until([&] { return asked_ == 1; }));
  KnowController(3, "successor");
  EXPECT_TRUE(Until([&] { return !slot->empty(); }, 1'000));
  EXPECT_EQ(asked_, 2);
}

TEST_F(AlterPartitionSenderTest, NamesAreUsedWhenOneIdIsMissingOrThePeerIsOld) {
  KnowController();
  const Slot first = Propose("a", 0, TopicId(1));
  const Slot with = Propose("b", 0, TopicId(2));
  const Slot without = Propose("c", 0, Uuid{});
  ASSERT_TRUE(Until([&] { return !without->empty() && !with->empty(); }));
  EXPECT_EQ(versions_, (std::vector<std::int16_t>{3, 1}));
  max_version_ = 0;
  broker_->CloseConnections();
  const Slot old = Propose("a", 0, TopicId(1));
  ASSERT_TRUE(Until([&] { return !old->empty(); }));
  EXPECT_EQ(versions_.back(), 0);
  EXPECT_EQ(old->at(0).isr.size(), 2U);
}

TEST_F(AlterPartitionSenderTest, TopLevelErrorsAreRetriedButAStaleEpochIsFinal) {
  top_errors_ = {ErrorCode::kNotController, ErrorCode::kUnknownServerError};
  const Slot slot = Propose("t", 0, TopicId(1));
  scheduler_.RunFor(Millis(300));
  EXPECT_TRUE(versions_.empty());  // no controller is known
  KnowController();
  ASSERT_TRUE(Until([&] { return !slot->empty(); }));
  EXPECT_EQ(versions_.size(), 3U);
  EXPECT_EQ(slot->at(0).error, ErrorCode::kNone);
  top_errors_ = {ErrorCode::kStaleBrokerEpoch};
  const Slot stale = Propose("t", 0, TopicId(1));
  ASSERT_TRUE(Until([&] { return !stale->empty(); }));
  EXPECT_EQ(stale->at(0).error, ErrorCode::kStaleBrokerEpoch);
}

// Kafka 3.9's DefaultAlterPartitionManager and Partition: what ends a proposal and what is tried again.
TEST_F(AlterPartitionSenderTest, EveryTopLevelErrorButAStaleEpochIsRetriedWhole) {
  KnowController();
  for (const ErrorCode error :
       {ErrorCode::kUnknownServerError, ErrorCode::kNotController, ErrorCode::kClusterAuthorizationFailed,
        ErrorCode::kUnsupportedVersion, ErrorCode::kRequestTimedOut, ErrorCode::kBrokerIdNotRegistered}) {
    SCOPED_TRACE(error);
    versions_.clear();
    sizes_.clear();
    const Slot first = Propose("t", 0, TopicId(1));
    const Slot slots[] = {Propose("t", 1, TopicId(1)), Propose("u", 0, TopicId(2))};
    top_errors_ = {error, error};
    ASSERT_TRUE(Until([&] { return !first->empty() && !slots[0]->empty() && !slots[1]->empty(); }));
    EXPECT_EQ(first->at(0).error, ErrorCode::kNone);
    EXPECT_EQ(slots[1]->at(0).error, ErrorCode::kNone);
    EXPECT_EQ(slots[0]->size() + slots[1]->size() + first->size(), 3U);
  }
}

TEST_F(AlterPartitionSenderTest, ARecoveryStateThatDoesNotExistIsAnError) {
  KnowController();
  for (const std::int8_t state : std::vector<std::int8_t>{0, 1, 2, -1}) {
    recovery_state_ = state;
    const Slot slot = Propose("t", 0, TopicId(1));
    ASSERT_TRUE(Until([&] { return !slot->empty(); }));
    EXPECT_EQ(slot->at(0).error, state == 0 || state == 1 ? ErrorCode::kNone : ErrorCode::kUnknownServerError);
  }
}

// Warnings of the sender.
class Warnings final : public google::LogSink {
 public:
  Warnings() { google::AddLogSink(this); }
  ~Warnings() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity severity, const char*, const char*, int, const google::LogMessageTime&,
            const char* message, std::size_t size) override {
    const std::string text(message, size);
    if (severity >= google::GLOG_WARNING && text.starts_with("AlterPartition")) texts.push_back(text);
  }
  std::vector<std::string> texts;
};

TEST_F(AlterPartitionSenderTest, TroubleThatLastsIsSaidOnce) {
  KnowController();
  Warnings warnings;
  top_errors_.assign(40, ErrorCode::kNotController);
  top_errors_.insert(top_errors_.end(), 40, ErrorCode::kUnknownServerError);
  const Slot slot = Propose("t", 0, TopicId(1));
  ASSERT_TRUE(Until([&] { return !slot->empty(); }));
  EXPECT_EQ(versions_.size(), 81U);
  EXPECT_EQ(warnings.texts.size(), 2U);
  top_errors_ = {ErrorCode::kNotController};  // anew, after an answer
  const Slot next = Propose("t", 1, TopicId(1));
  ASSERT_TRUE(Until([&] { return !next->empty(); }));
  EXPECT_EQ(warnings.texts.size(), 3U);
}

TEST_F(AlterPartitionSenderTest, AnErrorOfAPartitionIsItsAnswerAndSlowsDownTheNext) {
  KnowController();
  error_ = ErrorCode::kNotController;
  int answers = 0;
  std::function<void()> again = [&] {
    sender_->Propose({{"t", 0}, TopicId(1), LeaderEpoch(4), PartitionEpoch(8), {BrokerId(1)}}, [&](const IsrAnswer&) {
      ++answers;
      again();
    });
  };
  again();
  scheduler_.RunFor(Millis(1'000));
  EXPECT_GE(answers, 5);
  EXPECT_LE(answers, 21);
}

}  // namespace
}  // namespace ottla
