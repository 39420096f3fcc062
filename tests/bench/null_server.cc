// bench_null_server [PORT [DIR]]: a broker that answers Produce at once. It leads every partition of every topic asked
// for. Prints the port it listens on; runs until killed. One blocking thread a connection.
// Without DIR it stores nothing, so that the latency a client sees against it is the client's own, and that of this
// machine at this hour. With DIR it is the bare loop that a broker is measured against: it receives, checks and writes
// to new files, and sends from there (bare_store.h); of sockets, parsing and files it does what it cannot do without.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/env/socket_buffers.h"
#include "common/protocol/frame.h"
#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"
#include "tests/bench/bare_store.h"

namespace ottla {
namespace {

constexpr std::int32_t kPartitions = 6;
constexpr std::int32_t kLargestFrame = 100 << 20;
constexpr std::size_t kLargestSegment = 64 << 10;  // of the loopback: clients hold back less until all is acknowledged

// Key, versions from and to. Fetch is only served with a store; librdkafka wants to see it before it writes batches of
// format 2.
constexpr std::int16_t kServed[][3] = {{0, 0, 8}, {1, 0, 11}, {2, 1, 5}, {3, 0, 9}, {18, 0, 3}};

// What goes back: bytes, and between them ranges of files in the order of `body.cuts`.
struct Reply {
  EncodedBody body;
  std::vector<BareStore::Range> ranges;
};

bool ReadFully(int fd, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd, into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
    const int on = 1;
    if (size > 0 && size < kLargestSegment) setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  return true;
}

bool WriteFully(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SendRange(int fd, const BareStore::Range& range) {
  off_t at = range.position;
  for (std::int64_t left = range.size; left > 0;) {
    const ssize_t sent = sendfile(fd, range.fd, &at, static_cast<std::size_t>(left));
    if (sent <= 0) return false;
    left -= sent;
  }
  return true;
}

bool WriteReply(int fd, const Reply& reply) {
  std::string_view rest = reply.body.bytes;
  std::size_t done = 0;
  for (std::size_t i = 0; i < reply.body.cuts.size(); ++i) {
    const std::size_t here = reply.body.cuts[i].at - done;
    if (!WriteFully(fd, rest.substr(0, here)) || !SendRange(fd, reply.ranges[reply.body.cuts[i].id])) return false;
    rest.remove_prefix(here);
    done += here;
  }
  return WriteFully(fd, rest);
}

template <class Response>
std::optional<Reply> Encoded(const RequestHeader& header, const Response& response,
                             std::vector<BareStore::Range> ranges = {}) {
  Reply reply{.ranges = std::move(ranges)};
  if (!EncodeResponseFrame(header.api_version, header.correlation_id, response, &reply.body).ok()) return std::nullopt;
  return reply;
}

std::optional<Reply> AnswerApiVersions(RequestHeader header) {
  ApiVersionsResponse response;
  if (header.api_version > 3) {
    header.api_version = 0;
    response.error_code = ErrorCode::kUnsupportedVersion;
  }
  for (const auto& [key, from, to] : kServed) response.api_keys.push_back({key, from, to});
  return Encoded(header, response);
}

std::optional<Reply> AnswerMetadata(const RequestHeader& header, const MetadataRequest& request, std::int32_t port) {
  MetadataResponse response;
  response.brokers.push_back({.node_id = 1, .host = "127.0.0.1", .port = port});
  response.controller_id = 1;
  for (const auto& asked : request.topics.value_or(std::vector<MetadataRequest::MetadataRequestTopic>{})) {
    auto& topic = response.topics.emplace_back();
    topic.name = asked.name;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = p;
      partition.leader_id = 1;
      partition.replica_nodes = {1};
      partition.isr_nodes = {1};
    }
  }
  return Encoded(header, response);
}

std::optional<Reply> AnswerProduce(BareStore* store, const RequestHeader& header, const ProduceRequest& request) {
  ProduceResponse response;
  for (const auto& asked : request.topic_data) {
    auto& topic = response.responses.emplace_back();
    topic.name = asked.name;
    for (const auto& partition : asked.partition_data) {
      auto& answer = topic.partition_responses.emplace_back();
      answer.index = partition.index;
      if (store == nullptr) continue;
      const auto base = store->Append(asked.name, partition.index, partition.records.bytes.value_or(""));
      answer.base_offset = base.value_or(-1);
      if (!base) answer.error_code = ErrorCode::kCorruptMessage;
    }
  }
  if (request.acks == 0) return Reply{};
  return Encoded(header, response);
}

std::optional<Reply> AnswerFetch(BareStore& store, const RequestHeader& header, const FetchRequest& request) {
  FetchResponse response;
  std::vector<BareStore::Range> ranges;
  std::int64_t budget = request.max_bytes;
  for (const auto& asked : request.topics) {
    auto& topic = response.responses.emplace_back();
    topic.topic = asked.topic;
    for (const auto& partition : asked.partitions) {
      auto range = store.Read(asked.topic, partition.partition, partition.fetch_offset, partition.partition_max_bytes);
      if (range.size > budget && !ranges.empty()) range.size = 0;
      budget -= range.size;
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = partition.partition;
      answer.high_watermark = range.end_offset;
      answer.last_stable_offset = range.end_offset;
      answer.records = range.size > 0 ? Records::External(range.size, ranges.size()) : Records::Of("");
      if (range.size > 0) ranges.push_back(range);
    }
  }
  if (ranges.empty()) usleep(static_cast<useconds_t>(request.max_wait_ms) * 1000);
  return Encoded(header, response, std::move(ranges));
}

// Everything is read from the beginning.
std::optional<Reply> AnswerListOffsets(const RequestHeader& header, const ListOffsetsRequest& request) {
  ListOffsetsResponse response;
  for (const auto& asked : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = asked.name;
    for (const auto& partition : asked.partitions) {
      topic.partitions.push_back({.partition_index = partition.partition_index, .offset = 0});
    }
  }
  return Encoded(header, response);
}

template <class Request>
std::optional<Request> Parsed(const ParsedRequest& parsed) {
  Request request;
  if (!Decode(parsed.body, parsed.header.api_version, &request).ok()) return std::nullopt;
  return request;
}

// nullopt: close the connection.
std::optional<Reply> Answer(std::string_view frame, std::int32_t port, BareStore* store) {
  const ParsedRequest parsed = ParseRequestHeader(frame);
  const bool versions = parsed.header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions);
  if (versions && parsed.verdict != HeaderVerdict::kMalformed) return AnswerApiVersions(parsed.header);
  if (parsed.verdict != HeaderVerdict::kOk) return std::nullopt;
  switch (static_cast<ApiKey>(parsed.header.api_key)) {
    case ApiKey::kMetadata: {
      const auto request = Parsed<MetadataRequest>(parsed);
      return request ? AnswerMetadata(parsed.header, *request, port) : std::nullopt;
    }
    case ApiKey::kProduce: {
      const auto request = Parsed<ProduceRequest>(parsed);
      return request ? AnswerProduce(store, parsed.header, *request) : std::nullopt;
    }
    case ApiKey::kFetch: {
      const auto request = Parsed<FetchRequest>(parsed);
      return request && store != nullptr ? AnswerFetch(*store, parsed.header, *request) : std::nullopt;
    }
    case ApiKey::kListOffsets: {
      const auto request = Parsed<ListOffsetsRequest>(parsed);
      return request ? AnswerListOffsets(parsed.header, *request) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

void Serve(int fd, std::int32_t port, BareStore* store) {
  std::string frame;
  char prefix[kFramePrefixSize];
  while (ReadFully(fd, prefix, sizeof prefix)) {
    const auto size = ReadFrameSize({prefix, sizeof prefix});
    if (!size || *size < 0 || *size > kLargestFrame) break;
    frame.resize(static_cast<std::size_t>(*size));
    if (!ReadFully(fd, frame.data(), frame.size())) break;
    const auto reply = Answer(frame, port, store);
    if (!reply || !WriteReply(fd, *reply)) break;
  }
  close(fd);
}

void Run(std::uint16_t port, BareStore* store) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  socklen_t length = sizeof at;
  PCHECK(bind(listener, reinterpret_cast<sockaddr*>(&at), length) == 0 && listen(listener, 64) == 0);
  PCHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length) == 0);
  const std::int32_t bound = ntohs(at.sin_port);
  std::printf("%d\n", bound);
  std::fflush(stdout);
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    PCHECK(fd >= 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // As the broker's connections have it: what is compared is not the size of a buffer.
    if (const int bytes = RoomySendBuffer(); bytes > 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    std::thread(Serve, fd, bound, store).detach();
  }
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // sendfile to a client that has gone: an error like any other
  std::unique_ptr<ottla::BareStore> store;
  if (argc > 2) store = std::make_unique<ottla::BareStore>(argv[2]);
  ottla::Run(argc > 1 ? static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)) : std::uint16_t{0}, store.get());
}
