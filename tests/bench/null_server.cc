// bench_null_server [PORT]: a broker that stores nothing and answers Produce at once, so that the latency a client sees
// against it is the client's own, and that of this machine at this hour. It leads every partition of every topic asked
// for. Prints the port it listens on; runs until killed. One blocking thread a connection, nothing is shared.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/protocol/frame.h"
#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"

namespace ottla {
namespace {

constexpr std::int32_t kPartitions = 6;
constexpr std::int32_t kLargestFrame = 100 << 20;

// Fetch is never served; librdkafka wants to see it before it writes batches of format 2.
constexpr std::int16_t kServed[][3] = {{0, 0, 8}, {1, 0, 11}, {3, 0, 9}, {18, 0, 3}};  // key, versions from and to

bool ReadFully(int fd, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd, into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
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

template <class Response>
std::optional<std::string> Encoded(const RequestHeader& header, const Response& response) {
  EncodedBody out;
  if (!EncodeResponseFrame(header.api_version, header.correlation_id, response, &out).ok()) return std::nullopt;
  return std::move(out.bytes);
}

std::optional<std::string> AnswerApiVersions(RequestHeader header) {
  ApiVersionsResponse response;
  if (header.api_version > 3) {
    header.api_version = 0;
    response.error_code = ErrorCode::kUnsupportedVersion;
  }
  for (const auto& [key, from, to] : kServed) response.api_keys.push_back({key, from, to});
  return Encoded(header, response);
}

std::optional<std::string> AnswerMetadata(const RequestHeader& header, const MetadataRequest& request,
                                          std::int32_t port) {
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

std::optional<std::string> AnswerProduce(const RequestHeader& header, const ProduceRequest& request) {
  if (request.acks == 0) return std::string();
  ProduceResponse response;
  for (const auto& asked : request.topic_data) {
    auto& topic = response.responses.emplace_back();
    topic.name = asked.name;
    for (const auto& partition : asked.partition_data) topic.partition_responses.push_back({.index = partition.index});
  }
  return Encoded(header, response);
}

// nullopt: close the connection.
std::optional<std::string> Answer(std::string_view frame, std::int32_t port) {
  const ParsedRequest parsed = ParseRequestHeader(frame);
  const bool versions = parsed.header.api_key == static_cast<std::int16_t>(ApiKey::kApiVersions);
  if (versions && parsed.verdict != HeaderVerdict::kMalformed) return AnswerApiVersions(parsed.header);
  if (parsed.verdict != HeaderVerdict::kOk) return std::nullopt;
  if (parsed.header.api_key == static_cast<std::int16_t>(ApiKey::kMetadata)) {
    MetadataRequest request;
    if (!Decode(parsed.body, parsed.header.api_version, &request).ok()) return std::nullopt;
    return AnswerMetadata(parsed.header, request, port);
  }
  if (parsed.header.api_key == static_cast<std::int16_t>(ApiKey::kProduce)) {
    ProduceRequest request;
    if (!Decode(parsed.body, parsed.header.api_version, &request).ok()) return std::nullopt;
    return AnswerProduce(parsed.header, request);
  }
  return std::nullopt;
}

void Serve(int fd, std::int32_t port) {
  std::string frame;
  char prefix[kFramePrefixSize];
  while (ReadFully(fd, prefix, sizeof prefix)) {
    const auto size = ReadFrameSize({prefix, sizeof prefix});
    if (!size || *size < 0 || *size > kLargestFrame) break;
    frame.resize(static_cast<std::size_t>(*size));
    if (!ReadFully(fd, frame.data(), frame.size())) break;
    const auto answer = Answer(frame, port);
    if (!answer || !WriteFully(fd, *answer)) break;
  }
  close(fd);
}

void Run(std::uint16_t port) {
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
    std::thread(Serve, fd, bound).detach();
  }
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) {
  ottla::Run(argc > 1 ? static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)) : std::uint16_t{0});
}
