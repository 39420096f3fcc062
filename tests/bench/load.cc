// A client under load, over librdkafka, the same for every broker under test. One line of JSON says what it saw.
//
//   bench_load produce BROKERS TOPIC --size=100 --count=1000000 [--rate=0] [--untimed=0] [--set=key=value]...
//   bench_load consume BROKERS TOPIC --partitions=6 --count=1000000 [--set=key=value]...
//
// With a rate the load is an open loop: records leave by schedule whatever the broker does, and their latency counts
// from the scheduled time, so that a stall is not hidden by the records that were never sent. Without one every
// hundredth record is timed from its hand-off to the client.
#include <librdkafka/rdkafka.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::int64_t kGiveUpUs = 120'000'000;

std::int64_t NowUs() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000 + t.tv_nsec / 1000;
}

void SleepUs(std::int64_t us) {
  const timespec t{us / 1'000'000, us % 1'000'000 * 1000};
  nanosleep(&t, nullptr);
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "bench_load: %s\n", why.c_str());
  std::exit(2);
}

struct Arguments {
  std::string mode;
  std::string brokers;
  std::string topic;
  std::int64_t size = 100;
  std::int64_t count = 1'000'000;
  std::int64_t rate = 0;  // records per second; 0: as fast as it goes
  std::int64_t untimed = 0;
  std::int32_t partitions = 1;
  std::vector<std::pair<std::string, std::string>> settings;
};

std::int64_t Number(std::string_view text) { return std::strtoll(std::string(text).c_str(), nullptr, 10); }

Arguments Parse(int argc, char** argv) {
  if (argc < 4) Die("usage: bench_load produce|consume BROKERS TOPIC [--name=value]...");
  Arguments args{.mode = argv[1], .brokers = argv[2], .topic = argv[3]};
  for (int i = 4; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const std::size_t equals = arg.find('=');
    if (!arg.starts_with("--") || equals == std::string_view::npos) Die("not an option: " + std::string(arg));
    const std::string_view name = arg.substr(2, equals - 2);
    const std::string_view value = arg.substr(equals + 1);
    if (name == "size") {
      args.size = Number(value);
    } else if (name == "count") {
      args.count = Number(value);
    } else if (name == "rate") {
      args.rate = Number(value);
    } else if (name == "untimed") {
      args.untimed = Number(value);
    } else if (name == "partitions") {
      args.partitions = static_cast<std::int32_t>(Number(value));
    } else if (name == "set" && value.find('=') != std::string_view::npos) {
      const std::size_t split = value.find('=');
      args.settings.emplace_back(value.substr(0, split), value.substr(split + 1));
    } else {
      Die("unknown option: " + std::string(arg));
    }
  }
  if (args.size < 1 || args.count < 1) Die("size and count must be positive");
  return args;
}

class Settings {
 public:
  Settings() : conf_(rd_kafka_conf_new()) {}
  void Set(const std::string& name, const std::string& value) {
    std::array<char, 256> error{};
    if (rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      Die(error.data());
    }
  }
  void Override(const Arguments& args) {
    for (const auto& [name, value] : args.settings) Set(name, value);
  }
  rd_kafka_conf_t* get() { return conf_; }

 private:
  rd_kafka_conf_t* conf_;  // owned by the client made of it
};

rd_kafka_t* NewClient(rd_kafka_type_t type, Settings& settings) {
  std::array<char, 256> error{};
  rd_kafka_t* client = rd_kafka_new(type, settings.get(), error.data(), error.size());
  if (client == nullptr) Die(error.data());
  return client;
}

// What the delivery reports said. Only the thread that polls touches it.
struct Deliveries {
  std::int64_t acked = 0;
  std::int64_t failed = 0;
  std::int64_t last_us = 0;
  std::vector<std::int64_t> latencies_us;
};

void OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  auto* seen = static_cast<Deliveries*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++seen->failed;
    return;
  }
  seen->last_us = NowUs();
  ++seen->acked;
  const auto sent = reinterpret_cast<std::intptr_t>(message->_private);
  if (sent != 0) seen->latencies_us.push_back(seen->last_us - sent);
}

double Quantile(const std::vector<std::int64_t>& sorted, double q) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * q);
  return static_cast<double>(sorted[at]) / 1000;
}

void WaitUntil(rd_kafka_t* client, std::int64_t when_us) {
  for (std::int64_t left = when_us - NowUs(); left > 0; left = when_us - NowUs()) {
    rd_kafka_poll(client, 0);
    if (left > 300) SleepUs(200);
  }
}

int Report(const Arguments& args, Deliveries& seen, std::int64_t start) {
  std::vector<std::int64_t>& all = seen.latencies_us;
  std::sort(all.begin(), all.end());
  const double secs = static_cast<double>(std::max<std::int64_t>(1, seen.last_us - start)) / 1e6;
  const auto acked = static_cast<double>(seen.acked);
  std::printf(
      "{\"records\":%lld,\"failed\":%lld,\"secs\":%.3f,\"records_per_s\":%.0f,\"mb\":%.1f,"
      "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f,\"max_ms\":%.2f}\n",
      static_cast<long long>(seen.acked), static_cast<long long>(seen.failed), secs, acked / secs,
      acked * static_cast<double>(args.size) / 1e6, Quantile(all, .5), Quantile(all, .99), Quantile(all, .999),
      Quantile(all, 1));
  return seen.failed == 0 && seen.acked == args.count ? 0 : 1;
}

int Produce(const Arguments& args) {
  Deliveries seen;
  Settings settings;
  settings.Set("bootstrap.servers", args.brokers);
  settings.Set("queue.buffering.max.messages", "1000000");
  settings.Set("queue.buffering.max.kbytes", "1048576");
  settings.Set("linger.ms", "5");
  settings.Override(args);
  rd_kafka_conf_set_opaque(settings.get(), &seen);
  rd_kafka_conf_set_dr_msg_cb(settings.get(), &OnDelivery);
  rd_kafka_t* client = NewClient(RD_KAFKA_PRODUCER, settings);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, args.topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) Die("no metadata");
  rd_kafka_metadata_destroy(metadata);

  std::string value(static_cast<std::size_t>(args.size), '\0');
  std::minstd_rand bytes(1);  // always the same, and nothing that compresses
  for (char& c : value) c = static_cast<char>(bytes() >> 8);
  const std::int64_t start = NowUs();
  for (std::int64_t i = 0; i < args.count; ++i) {
    std::int64_t stamp = 0;
    if (args.rate > 0) {
      stamp = start + i * 1'000'000 / args.rate;
      WaitUntil(client, stamp);
    } else if (i % 100 == 0) {
      stamp = NowUs();
    }
    if (i < args.untimed) stamp = 0;
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr, 0,
                            reinterpret_cast<void*>(static_cast<std::intptr_t>(stamp))) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) Die("produce refused");
      rd_kafka_poll(client, 5);
    }
    if (i % 64 == 0) rd_kafka_poll(client, 0);
  }
  for (const std::int64_t give_up = NowUs() + kGiveUpUs; rd_kafka_outq_len(client) > 0 && NowUs() < give_up;) {
    rd_kafka_poll(client, 10);
  }
  const int verdict = Report(args, seen, start);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return verdict;
}

int Consume(const Arguments& args) {
  Settings settings;
  settings.Set("bootstrap.servers", args.brokers);
  settings.Set("group.id", "bench_load");
  settings.Set("enable.auto.commit", "false");
  settings.Set("queued.max.messages.kbytes", "262144");
  settings.Set("fetch.message.max.bytes", "4194304");
  settings.Override(args);
  rd_kafka_t* client = NewClient(RD_KAFKA_CONSUMER, settings);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(args.partitions);
  for (std::int32_t p = 0; p < args.partitions; ++p) {
    rd_kafka_topic_partition_list_add(list, args.topic.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::array<rd_kafka_message_t*, 1000> messages{};
  const std::int64_t start = NowUs();
  std::int64_t records = 0;
  std::size_t bytes = 0;
  while (records < args.count && NowUs() < start + kGiveUpUs) {
    const auto got = rd_kafka_consume_batch_queue(queue, 500, messages.data(), messages.size());
    for (std::size_t i = 0; got > 0 && i < static_cast<std::size_t>(got); ++i) {
      if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++records;
        bytes += messages[i]->len;
      }
      rd_kafka_message_destroy(messages[i]);
    }
  }
  const double secs = static_cast<double>(NowUs() - start) / 1e6;
  std::printf("{\"records\":%lld,\"secs\":%.3f,\"records_per_s\":%.0f,\"mb\":%.1f}\n", static_cast<long long>(records),
              secs, static_cast<double>(records) / secs, static_cast<double>(bytes) / 1e6);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return records >= args.count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments args = Parse(argc, argv);
  if (args.mode == "produce") return Produce(args);
  if (args.mode == "consume") return Consume(args);
  Die("neither produce nor consume: " + args.mode);
}
