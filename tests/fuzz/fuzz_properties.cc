// Spoiled property files: never a crash; whatever parses builds a broker's settings or is refused with a message, and
// a topic's settings made of the same pairs never stop it.
#include "common/base/check.h"
#include "common/config/broker_config.h"
#include "common/config/topic_config.h"
#include "fuzz_main.h"

namespace ottla {
namespace {

constexpr std::string_view kSample =
    "# a broker\nbroker.id=1\nlisteners=PLAINTEXT://[::1]:9092,SSL://h:9093\n"
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,\\\n  SSL:SSL\nlog.dirs = /a, /b\nlog.retention.hours:48\n"
    "log.cleaner.min.cleanable.ratio 0.25\nzookeeper.connect=a:2181,b:2181/x\nplugin.key=\\u00e9\\t\\\\x\n"
    "inter.broker.protocol.version=2.8\nmax.connections.per.ip.overrides=h:1,i:2\nunclean.leader.election.enable="
    "TRUE\n";
constexpr std::string_view kTopicSample =
    "retention.ms=5\ncleanup.policy=compact,delete\nsegment.bytes=1000\nmin.cleanable.dirty.ratio=0.1\n"
    "leader.replication.throttled.replicas=0:1,1:2\nmessage.format.version=0.10.2\ncompression.gzip.level=9\n";

void One(Random& random) {
  const std::string text = test::Mutate(std::string(kSample), kTopicSample, random);
  const Result<Properties> properties = ParseProperties(text);
  if (properties.ok()) {
    std::vector<std::string> warnings;
    const Result<BrokerConfig> broker = BrokerConfig::Make(*properties, &warnings);
    CHECK(broker.ok() || !broker.status().message().empty());
    if (broker.ok()) CHECK(!broker->listeners.listeners.empty() && !broker->log_dirs.empty());
  }
  static const BrokerConfig base = *BrokerConfig::Make(Properties{{"zookeeper.connect", "z"}}, nullptr);
  const Result<Properties> overrides = ParseProperties(test::Mutate(std::string(kTopicSample), kSample, random));
  if (!overrides.ok()) return;
  std::vector<std::string> left_out;
  const TopicConfig topic = TopicConfig::Make(base, *overrides, &left_out);
  CHECK_EQ(topic.overrides.size() + left_out.size(), overrides->size());
  if (ValidateTopicConfig(base, *overrides).ok()) CHECK(left_out.empty());
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::test::FuzzMain(argc, argv, ottla::One); }
