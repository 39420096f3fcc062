#include "tools/console_producer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <ostream>

#include "tools/admin_client.h"
#include "tools/console_line.h"
#include "tools/rd_client.h"
#include "tools/tool_log.h"
#include "tools/version.h"

namespace ottla::tools {
namespace {

using enum Option::Value;
constexpr Option kOptions[] = {
    {"bootstrap-server", kRequired, "String: server to connect to", "REQUIRED: The brokers to connect to."},
    {"broker-list", kRequired, "String: broker-list", "Older name of --bootstrap-server."},
    {"topic", kRequired, "String: topic", "REQUIRED: The topic to send to."},
    {"sync", kNone, "", "Wait for each record before the next."},
    {"compression-codec", kOptional, "String: compression-codec",
     "none, gzip, snappy, lz4 or zstd; gzip if only the option is given."},
    {"batch-size", kRequired, "Integer: size", "Bytes of a batch (default 16384)."},
    {"message-send-max-retries", kRequired, "Integer", "Tries after a failure (default 3)."},
    {"retry-backoff-ms", kRequired, "Long", "Pause before another try (default 100)."},
    {"timeout", kRequired, "Long: timeout_ms", "How long records wait for others of a batch (default 1000)."},
    {"request-required-acks", kRequired, "String: request required acks", "Acknowledgements needed (default -1: all)."},
    {"request-timeout-ms", kRequired, "Integer: request timeout ms", "How long a broker may take (default 1500)."},
    {"metadata-expiry-ms", kRequired, "Long: metadata expiration interval",
     "Age at which metadata is asked for again (default 300000)."},
    {"max-block-ms", kRequired, "Long: max block on send",
     "How long a record may wait to be delivered at all (default 60000)."},
    {"max-memory-bytes", kRequired, "Long: total memory in bytes", "Memory for records that wait (default 33554432)."},
    {"max-partition-memory-bytes", kRequired, "Integer: memory in bytes per partition",
     "Bytes of a batch (default 16384)."},
    {"line-reader", kRequired, "String: reader_class", "Accepted; there is only the reader of lines."},
    {"socket-buffer-size", kRequired, "Integer: size", "TCP send buffer (default 102400)."},
    {"property", kRequired, "String: prop",
     "parse.key, key.separator, parse.headers, headers.delimiter, headers.separator, headers.key.separator, "
     "null.marker, ignore.error",
     true},
    {"reader-config", kRequired, "String: config file", "Property file for the line reader."},
    {"producer-property", kRequired, "String: producer_prop", "A setting of the producer.", true},
    {"producer.config", kRequired, "String: config file", "Property file with settings of the producer."},
    {"version", kNone, "", "Show the version."},
    {"help", kNone, "", "Show this text."},
};

constexpr const char* kLogger = "org.apache.kafka.clients.producer.internals.ErrorLoggingCallback";

struct DeliveryState {
  std::ostream& err;
  std::string topic;
  std::string failure;  // why the last record that failed did; empty: none has
};

std::string SizeText(std::optional<std::size_t> size) { return size ? std::to_string(*size) + " bytes" : "null"; }

void NoteFailure(DeliveryState* state, rd_kafka_resp_err_t error, std::optional<std::size_t> key,
                 std::optional<std::size_t> value) {
  state->failure = rd_kafka_err2str(error);
  LogLine(state->err, "ERROR",
          "Error when sending message to topic " + state->topic + " with key: " + SizeText(key) +
              ", value: " + SizeText(value) + " with error: " + state->failure,
          kLogger);
}

void OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const auto size = [](const void* bytes, std::size_t n) { return bytes ? std::optional(n) : std::nullopt; };
  NoteFailure(static_cast<DeliveryState*>(opaque), message->err, size(message->key, message->key_len),
              size(message->payload, message->len));
}

struct NumberOption {
  std::string_view option;
  const char* property;
  std::int64_t fallback;
};
constexpr NumberOption kNumbers[] = {
    {"batch-size", "batch.size", 16384},
    {"message-send-max-retries", "retries", 3},
    {"retry-backoff-ms", "retry.backoff.ms", 100},
    {"timeout", "linger.ms", 1000},
    {"request-timeout-ms", "request.timeout.ms", 1500},
    {"metadata-expiry-ms", "metadata.max.age.ms", 300'000},
    {"max-block-ms", "message.timeout.ms", 60'000},
    {"socket-buffer-size", "socket.send.buffer.bytes", 102'400},
};

Status SetNumbers(const Args& args, const Properties& properties, RdConf* conf) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const NumberOption& row : kNumbers) {
    const auto number = args.GetNumber(row.option, -1, kMost);
    if (!number.ok()) return number.status();
    // A property of the user's beats the option's default, not the option itself.
    if (!*number && properties.contains(row.property)) continue;
    OTTLA_RETURN_IF_ERROR(conf->Set(row.property, std::to_string(number->value_or(row.fallback))));
  }
  // Two options say the size of a batch; the later one wins.
  const auto batch = args.GetNumber("max-partition-memory-bytes", 1, kMost);
  if (!batch.ok()) return batch.status();
  if (*batch) OTTLA_RETURN_IF_ERROR(conf->Set("batch.size", std::to_string(**batch)));
  const auto memory = args.GetNumber("max-memory-bytes", 1, kMost);
  if (!memory.ok()) return memory.status();
  const std::int64_t kilobytes = std::max<std::int64_t>(1, memory->value_or(33'554'432) / 1024);
  return conf->Set("queue.buffering.max.kbytes", std::to_string(kilobytes));
}

Status SetCodec(const Args& args, RdConf* conf) {
  constexpr std::array<std::string_view, 5> kCodecs = {"none", "gzip", "snappy", "lz4", "zstd"};
  const auto codec = args.Get("compression-codec");
  if (!codec) return Status::Ok();
  if (codec->empty()) return conf->Set("compression.codec", "gzip");
  if (std::ranges::count(kCodecs, *codec) == 0) {
    return Status(StatusCode::kInvalidArgument,
                  "org.apache.kafka.common.config.ConfigException: Invalid value " + *codec +
                      " for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd");
  }
  return conf->Set("compression.codec", *codec);
}

// A setting under whatever name it was given.
std::string Setting(RdConf* conf, const char* name) {
  std::array<char, 256> text{};
  std::size_t size = text.size();
  const bool known = rd_kafka_conf_get(conf->get(), name, text.data(), &size) == RD_KAFKA_CONF_OK;
  return known ? std::string(text.data()) : "";
}

// On unless it is said otherwise or something that contradicts it is, as in Kafka's producer since 3.0. Asked once all
// else is set: librdkafka refuses the contradictions.
bool CanBeIdempotent(RdConf* conf, const Properties& properties) {
  constexpr std::array<const char*, 6> kOwnWord = {"enable.idempotence",
                                                   "max.in.flight",
                                                   "max.in.flight.requests.per.connection",
                                                   "queuing.strategy",
                                                   "enable.gapless.guarantee",
                                                   "queue.buffering.backpressure.threshold"};
  if (std::ranges::any_of(kOwnWord, [&](const char* name) { return properties.contains(name); })) return false;
  return Setting(conf, "acks") == "-1" && Setting(conf, "retries") != "0";
}

Status Configure(const Args& args, RdConf* conf, DeliveryState* state) {
  Result<Properties> properties = ReadClientProperties(args, "producer.config", "producer-property");
  if (!properties.ok()) return properties.status();
  OTTLA_RETURN_IF_ERROR(conf->Set("client.id", "console-producer"));
  OTTLA_RETURN_IF_ERROR(conf->Set("acks", "-1"));
  // As Java's producer: one key goes to one partition, whoever sends it; and as much fits into a request.
  OTTLA_RETURN_IF_ERROR(conf->Set("partitioner", "murmur2_random"));
  OTTLA_RETURN_IF_ERROR(conf->Set("message.max.bytes", "1048576"));
  OTTLA_RETURN_IF_ERROR(SetNumbers(args, *properties, conf));
  OTTLA_RETURN_IF_ERROR(conf->SetAll(*properties));
  if (const auto acks = args.Get("request-required-acks")) OTTLA_RETURN_IF_ERROR(conf->Set("acks", *acks));
  if (CanBeIdempotent(conf, *properties)) OTTLA_RETURN_IF_ERROR(conf->Set("enable.idempotence", "true"));
  OTTLA_RETURN_IF_ERROR(SetCodec(args, conf));
  const std::string servers =
      args.Has("bootstrap-server") ? args.GetOr("bootstrap-server", "") : args.GetOr("broker-list", "");
  if (const auto addresses = ParseBootstrap(servers); !addresses.ok()) return addresses.status();
  OTTLA_RETURN_IF_ERROR(conf->Set("bootstrap.servers", servers));
  rd_kafka_conf_set_dr_msg_cb(conf->get(), OnDelivery);
  rd_kafka_conf_set_opaque(conf->get(), state);
  return Status::Ok();
}

RdOwned<rd_kafka_headers_t> MakeHeaders(const ConsoleRecord& record) {
  RdOwned<rd_kafka_headers_t> headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    const char* bytes = value ? value->data() : nullptr;
    const auto size = static_cast<ssize_t>(value ? value->size() : 0);
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), bytes, size);
  }
  return headers;
}

class Sender {
 public:
  Sender(rd_kafka_t* client, DeliveryState* state, bool sync) : client_(client), state_(*state), sync_(sync) {}

  Status Send(const ConsoleRecord& record) {
    while (true) {
      RdOwned<rd_kafka_headers_t> headers = MakeHeaders(record);
      const rd_kafka_resp_err_t error = Produce(record, headers.get());
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)headers.release();  // taken over
        rd_kafka_poll(client_, 0);
        return sync_ ? WaitForDelivery() : Status::Ok();
      }
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {  // refused here already: its size, or what is known of the topic
        const auto size = [](const std::optional<std::string>& text) {
          return text ? std::optional(text->size()) : std::nullopt;
        };
        NoteFailure(&state_, error, size(record.key), size(record.value));
        return sync_ ? WaitForDelivery() : Status::Ok();
      }
      rd_kafka_poll(client_, 100);  // makes room
    }
  }

  // As Apache's tool: a record that was refused ends it.
  Status WaitForDelivery() {
    WaitForAll();
    if (state_.failure.empty()) return Status::Ok();
    return Status(StatusCode::kUnavailable, "org.apache.kafka.common.KafkaException: " + state_.failure);
  }

  // Each record ends in delivery or, past its timeout, in a failure: so this ends.
  void WaitForAll() {
    while (rd_kafka_outq_len(client_) > 0) rd_kafka_flush(client_, 1000);
  }

 private:
  rd_kafka_resp_err_t Produce(const ConsoleRecord& record, rd_kafka_headers_t* headers) {
    const void* key = record.key ? record.key->data() : nullptr;
    // librdkafka copies before it returns; its interface only lacks the const.
    void* value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
    const std::size_t key_size = record.key ? record.key->size() : 0;
    const std::size_t value_size = record.value ? record.value->size() : 0;
    return rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(state_.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size),
                             RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  }

  rd_kafka_t* client_;
  DeliveryState& state_;
  bool sync_;
};

Result<LineFormat> ReadLineFormat(const Args& args) {
  Result<Properties> properties = ReadClientProperties(args, "reader-config", "property");
  if (!properties.ok()) return properties.status();
  return LineFormat::Make(*properties);
}

Status SendLines(const LineFormat& format, std::istream& in, std::ostream& out, Sender* sender) {
  const bool terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  std::string line;
  for (std::int64_t number = 1;; ++number) {
    if (terminal) out << ">" << std::flush;
    if (!std::getline(in, line)) return Status::Ok();
    if (!line.empty() && line.back() == '\r') line.pop_back();
    Result<ConsoleRecord> record = ParseLine(format, line, number);
    if (!record.ok()) return record.status().WithContext("org.apache.kafka.common.KafkaException");
    OTTLA_RETURN_IF_ERROR(sender->Send(*record));
  }
}

Status Run(const Args& args, std::istream& in, const Streams& io) {
  Result<LineFormat> format = ReadLineFormat(args);
  if (!format.ok()) return format.status();
  DeliveryState state{.err = io.err, .topic = args.GetOr("topic", "")};
  RdConf conf(io.err);
  OTTLA_RETURN_IF_ERROR(Configure(args, &conf, &state));
  Result<RdOwned<rd_kafka_t>> client = conf.Make(RD_KAFKA_PRODUCER);
  if (!client.ok()) return client.status();
  Sender sender(client->get(), &state, args.Has("sync"));
  Status status = SendLines(*format, in, io.out, &sender);
  sender.WaitForAll();  // what was read before a bad line is still sent
  return status;
}

Status CheckUsage(const Args& args) {
  const std::string_view topic[] = {"topic"};
  OTTLA_RETURN_IF_ERROR(args.Require(topic));
  if (args.Has("broker-list")) return Status::Ok();
  const std::string_view server[] = {"bootstrap-server"};
  return args.Require(server);
}

}  // namespace

int ConsoleProducerMain(std::span<const std::string> words, std::istream& in, const Streams& io) {
  constexpr std::string_view kHelp = "This tool helps to read data from standard input and publish it to Kafka.";
  if (words.empty()) return UsageError(io, kHelp, kOptions);
  const Result<Args> args = Args::Parse(kOptions, words);
  if (!args.ok()) return UsageError(io, args.status().message(), kOptions);
  if (args->Has("version")) return PrintVersion(io.out);
  if (args->Has("help")) return UsageError(io, kHelp, kOptions);
  if (const Status usage = CheckUsage(*args); !usage.ok()) return UsageError(io, usage.message(), kOptions);
  const Status status = Run(*args, in, io);
  if (status.ok()) return 0;
  io.err << status.message() << std::endl;
  return 1;
}

}  // namespace ottla::tools
