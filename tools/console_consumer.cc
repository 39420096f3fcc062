#include "tools/console_consumer.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ostream>
#include <set>

#include "tools/consumer_options.h"
#include "tools/rd_client.h"
#include "tools/tool_log.h"
#include "tools/topic_view.h"
#include "tools/version.h"

namespace ottla::tools {
namespace {

constexpr const char* kLogger = "org.apache.kafka.tools.consumer.ConsoleConsumer";
constexpr int kPollMs = 100;
constexpr std::int64_t kMetadataTimeoutMs = 5000;
constexpr std::int64_t kDiscoverEveryMs = 1'000;  // until there is a partition to read
constexpr std::int64_t kRefreshEveryMs = 10'000;  // for partitions and topics added later

std::atomic<int> g_signal = 0;  // a signal handler can reach nothing else
static_assert(std::atomic<int>::is_always_lock_free);
void OnSignal(int number) { g_signal = number; }

// A group of its own for each run, as Kafka's tool takes one; nothing is committed under it.
std::string RandomGroup() {
  std::uint32_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) number = static_cast<std::uint32_t>(NowMs());
  return "console-consumer-" + std::to_string(number % 100'000);
}

class Reader {
 public:
  Reader(const ConsumerOptions& options, const Streams& io) : options_(options), io_(io) {}

  // Until a limit, the timeout, a signal or a fatal error.
  Status Run() {
    OTTLA_RETURN_IF_ERROR(Start());
    last_record_ms_ = NowMs();
    while (g_signal == 0 && (options_.max_messages < 0 || count_ < options_.max_messages)) {
      OTTLA_RETURN_IF_ERROR(AssignWhatIsThere());
      RdOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client_.get(), kPollMs));
      if (message == nullptr) {
        if (TimedOut()) break;
        continue;
      }
      OTTLA_RETURN_IF_ERROR(Handle(*message));
      if (!io_.out) {
        io_.err << "Unable to write to standard out, closing consumer." << std::endl;
        break;
      }
    }
    return Status::Ok();
  }

  void Close() {
    if (client_ != nullptr) rd_kafka_consumer_close(client_.get());
    io_.out.flush();
    io_.err << "Processed a total of " << count_ << " messages" << std::endl;
  }

 private:
  Status Start() {
    RdConf conf(io_.err);
    OTTLA_RETURN_IF_ERROR(conf.Set("allow.auto.create.topics", "true"));
    OTTLA_RETURN_IF_ERROR(conf.Set("client.id", "console-consumer"));
    OTTLA_RETURN_IF_ERROR(conf.Set("auto.offset.reset", options_.offset == -2 ? "earliest" : "latest"));
    OTTLA_RETURN_IF_ERROR(conf.Set("isolation.level", "read_uncommitted"));
    OTTLA_RETURN_IF_ERROR(conf.SetAll(options_.properties));
    if (options_.isolation_level) OTTLA_RETURN_IF_ERROR(conf.Set("isolation.level", *options_.isolation_level));
    OTTLA_RETURN_IF_ERROR(conf.Set("bootstrap.servers", options_.servers));
    OTTLA_RETURN_IF_ERROR(conf.Set("group.id", options_.group ? *options_.group : RandomGroup()));
    if (!options_.group) OTTLA_RETURN_IF_ERROR(conf.Set("enable.auto.commit", "false"));
    Result<RdOwned<rd_kafka_t>> client = conf.Make(RD_KAFKA_CONSUMER);
    if (!client.ok()) return client.status();
    client_ = std::move(client).value();
    rd_kafka_poll_set_consumer(client_.get());
    if (options_.group) return Subscribe();
    if (options_.partition) return Assign({{options_.topic, *options_.partition}});
    return Status::Ok();
  }

  Status Subscribe() {
    // librdkafka takes a name that begins with '^' as a regular expression.
    const std::string name = options_.topic.empty() ? "^(" + TopicPattern(options_.include) + ")$" : options_.topic;
    RdOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), name.c_str(), RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t error = rd_kafka_subscribe(client_.get(), list.get());
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? Status::Ok()
                                               : Status(StatusCode::kInvalidArgument, rd_kafka_err2str(error));
  }

  Status Assign(const std::vector<TopicPartition>& partitions) {
    RdOwned<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
    for (const TopicPartition& tp : partitions) {
      auto* row = rd_kafka_topic_partition_list_add(list.get(), tp.topic.c_str(), tp.partition);
      row->offset = options_.offset;  // -2 and -1 are librdkafka's own beginning and end
      assigned_.insert(tp);
    }
    std::unique_ptr<rd_kafka_error_t, void (*)(rd_kafka_error_t*)> error(
        rd_kafka_incremental_assign(client_.get(), list.get()), rd_kafka_error_destroy);
    return error == nullptr ? Status::Ok() : Status(StatusCode::kInvalidArgument, rd_kafka_error_string(error.get()));
  }

  // Without a group: every partition there is, and those that come later.
  Status AssignWhatIsThere() {
    if (options_.group || options_.partition || NowMs() < next_discovery_ms_) return Status::Ok();
    const std::vector<TopicPartition> found = FindPartitions();
    next_discovery_ms_ = NowMs() + (assigned_.empty() && found.empty() ? kDiscoverEveryMs : kRefreshEveryMs);
    return found.empty() ? Status::Ok() : Assign(found);
  }

  std::vector<TopicPartition> FindPartitions() {
    std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> topic(nullptr, rd_kafka_topic_destroy);
    if (!options_.topic.empty()) topic.reset(rd_kafka_topic_new(client_.get(), options_.topic.c_str(), nullptr));
    const rd_kafka_metadata_t* raw = nullptr;
    const std::int64_t wait_ms =
        options_.timeout_ms < 0 ? kMetadataTimeoutMs : std::min(kMetadataTimeoutMs, options_.timeout_ms);
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(client_.get(), topic == nullptr ? 1 : 0, topic.get(), &raw, static_cast<int>(wait_ms));
    std::vector<TopicPartition> found;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      LogLine(io_.err, "WARN", std::string("Metadata could not be read: ") + rd_kafka_err2str(error), kLogger);
      return found;
    }
    const RdOwned<const rd_kafka_metadata_t> metadata(raw);
    for (int i = 0; i < metadata->topic_cnt; ++i) AddPartitions(metadata->topics[i], &found);
    return found;
  }

  void AddPartitions(const rd_kafka_metadata_topic& topic, std::vector<TopicPartition>* found) {
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const std::string text = std::string(topic.topic) + ": " + rd_kafka_err2str(topic.err);
      if (text != last_warning_) LogLine(io_.err, "WARN", "Error while fetching metadata of " + text, kLogger);
      last_warning_ = text;
      return;
    }
    if (options_.topic.empty()) {
      const bool internal = IsInternalTopic(topic.topic);
      if (internal || !MatchesPattern(TopicPattern(options_.include), topic.topic).value_or(false)) return;
    }
    for (int i = 0; i < topic.partition_cnt; ++i) {
      TopicPartition tp{topic.topic, topic.partitions[i].id};
      if (!assigned_.contains(tp)) found->push_back(std::move(tp));
    }
  }

  bool TimedOut() {
    if (options_.timeout_ms < 0 || NowMs() - last_record_ms_ < options_.timeout_ms) return false;
    LogLine(io_.err, "ERROR",
            "Error processing message, terminating consumer process: org.apache.kafka.common.errors.TimeoutException",
            kLogger);
    return true;
  }

  Status Handle(const rd_kafka_message_t& message) {
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return HandleError(message);
    last_record_ms_ = NowMs();
    ++count_;
    if (options_.print_nothing) return Status::Ok();
    Result<std::string> text = FormatMessage(options_.format, Received(message));
    if (text.ok()) {
      io_.out << *text << std::flush;  // a reader at the other end of a pipe waits for it
      return Status::Ok();
    }
    if (!options_.skip_errors) return text.status();
    LogLine(io_.err, "ERROR", "Error processing message, skipping this message: " + text.status().message(), kLogger);
    return Status::Ok();
  }

  Status HandleError(const rd_kafka_message_t& message) {
    const std::string text = rd_kafka_message_errstr(&message);
    if (message.err == RD_KAFKA_RESP_ERR__AUTHENTICATION || message.err == RD_KAFKA_RESP_ERR__FATAL) {
      return Status(StatusCode::kUnavailable, text);
    }
    LogLine(io_.err, "WARN", text, kLogger);
    return Status::Ok();
  }

  static ReceivedRecord Received(const rd_kafka_message_t& message) {
    ReceivedRecord record{.partition = message.partition, .offset = message.offset};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    record.timestamp = rd_kafka_message_timestamp(&message, &type);
    if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) record.timestamp_type = TimestampType::kCreateTime;
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) record.timestamp_type = TimestampType::kLogAppendTime;
    if (message.key != nullptr) record.key = {static_cast<const char*>(message.key), message.key_len};
    if (message.payload != nullptr) record.value = {static_cast<const char*>(message.payload), message.len};
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      using View = std::string_view;
      record.headers.emplace_back(
          name, value == nullptr ? std::optional<View>() : View(static_cast<const char*>(value), size));
    }
    return record;
  }

  const ConsumerOptions& options_;
  const Streams& io_;
  RdOwned<rd_kafka_t> client_;
  std::set<TopicPartition> assigned_;
  std::string last_warning_;
  std::int64_t next_discovery_ms_ = 0;
  std::int64_t last_record_ms_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace

int ConsoleConsumerMain(std::span<const std::string> words, const Streams& io) {
  constexpr std::string_view kHelp =
      "This tool helps to read data from Kafka topics and outputs it to standard output.";
  if (words.empty()) return UsageError(io, kHelp, ConsumerOptionTable());
  const Result<Args> args = Args::Parse(ConsumerOptionTable(), words);
  if (!args.ok()) return UsageError(io, args.status().message(), ConsumerOptionTable());
  if (args->Has("version")) return PrintVersion(io.out);
  if (args->Has("help")) return UsageError(io, kHelp, ConsumerOptionTable());
  const Result<ConsumerOptions> options = ReadConsumerOptions(*args);
  if (!options.ok()) return UsageError(io, options.status().message(), ConsumerOptionTable());
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGPIPE, SIG_IGN);
  Reader reader(*options, io);
  const Status status = reader.Run();
  if (!status.ok()) {
    LogLine(io.err, "ERROR", "Unknown error when running consumer: " + status.message(), kLogger);
  }
  reader.Close();
  if (g_signal != 0) return 128 + g_signal;
  return status.ok() ? 0 : 1;
}

}  // namespace ottla::tools
