#include "common/config/listeners.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

std::string Shown(const std::vector<ListenerEndpoint>& endpoints) {
  std::string text;
  for (const ListenerEndpoint& endpoint : endpoints) {
    text += (text.empty() ? "" : " ") + endpoint.ToString() + "/" + std::string(ToString(endpoint.protocol));
  }
  return text;
}

struct Good {
  Properties properties;
  const char* listeners;
  const char* advertised;
  const char* inter_broker;
};

TEST(Listeners, Resolve) {
  const Good cases[] = {
      {{}, "PLAINTEXT://:9092/PLAINTEXT", "PLAINTEXT://:9092/PLAINTEXT", "PLAINTEXT"},
      {{{"listeners", "plaintext://[::1]:9092 , SSL://h:9093"}},
       "PLAINTEXT://[::1]:9092/PLAINTEXT SSL://h:9093/SSL",
       "PLAINTEXT://[::1]:9092/PLAINTEXT SSL://h:9093/SSL",
       "PLAINTEXT"},
      {{{"listeners", "PLAINTEXT://0.0.0.0:9092"}, {"advertised.listeners", "PLAINTEXT://b1.example:19092"}},
       "PLAINTEXT://0.0.0.0:9092/PLAINTEXT",
       "PLAINTEXT://b1.example:19092/PLAINTEXT",
       "PLAINTEXT"},
      {{{"listeners", "INSIDE://:9092,OUTSIDE://:9094"},
        {"listener.security.protocol.map", "INSIDE:PLAINTEXT,OUTSIDE:SSL"},
        {"inter.broker.listener.name", "inside"}},
       "INSIDE://:9092/PLAINTEXT OUTSIDE://:9094/SSL",
       "INSIDE://:9092/PLAINTEXT OUTSIDE://:9094/SSL",
       "INSIDE"},
      {{{"listeners", "PLAINTEXT://127.0.0.1:9092,SSL://[::1]:9092"}},
       "PLAINTEXT://127.0.0.1:9092/PLAINTEXT SSL://[::1]:9092/SSL",
       "PLAINTEXT://127.0.0.1:9092/PLAINTEXT SSL://[::1]:9092/SSL",
       "PLAINTEXT"},
      {{{"listeners", "PLAINTEXT://:0,SSL://:0"}},
       "PLAINTEXT://:0/PLAINTEXT SSL://:0/SSL",
       "PLAINTEXT://:0/PLAINTEXT SSL://:0/SSL",
       "PLAINTEXT"},
      // Names that Kafka removed in 3.0, as container images write them.
      {{{"port", "9092"}, {"advertised.host.name", "kafka"}},
       "PLAINTEXT://:9092/PLAINTEXT",
       "PLAINTEXT://kafka:9092/PLAINTEXT",
       "PLAINTEXT"},
      {{{"host.name", "h"}, {"port", "1"}, {"advertised.port", "2"}},
       "PLAINTEXT://h:1/PLAINTEXT",
       "PLAINTEXT://h:2/PLAINTEXT",
       "PLAINTEXT"},
      {{{"port", "9999"}, {"listeners", "PLAINTEXT://:9092"}},
       "PLAINTEXT://:9092/PLAINTEXT",
       "PLAINTEXT://:9092/PLAINTEXT",
       "PLAINTEXT"},
  };
  for (const Good& c : cases) {
    Result<ListenerConfig> resolved = ResolveListeners(c.properties);
    ASSERT_TRUE(resolved.ok()) << resolved.status() << " for " << c.listeners;
    EXPECT_EQ(Shown(resolved->listeners), c.listeners);
    EXPECT_EQ(Shown(resolved->advertised), c.advertised);
    EXPECT_EQ(resolved->inter_broker, c.inter_broker);
  }
}

struct Bad {
  Properties properties;
  const char* says;
};

TEST(Listeners, Refuse) {
  const Bad cases[] = {
      {{{"listeners", "PLAINTEXT//h:1"}}, "Unable to parse PLAINTEXT//h:1 to a broker endpoint"},
      {{{"listeners", "PLAINTEXT://h"}}, "Unable to parse"},
      {{{"listeners", "PLAINTEXT://h:x"}}, "Unable to parse"},
      {{{"listeners", "PLAINTEXT://h o:1"}}, "Unable to parse"},
      {{{"listeners", "PLAINTEXT://h:70000"}}, "between 0 and 65535"},
      {{{"listeners", "MINE://h:1"}}, "No security protocol defined for listener MINE"},
      {{{"listeners", "PLAINTEXT://a:1,plaintext://b:2"}}, "different name"},
      {{{"listeners", "PLAINTEXT://a:1,SSL://b:1"}}, "different port"},
      {{{"listeners", "PLAINTEXT://1.1.1.1:1,SSL://[::1]:1,SASL_SSL://[::2]:1"}}, "different port"},
      {{{"listeners", "PLAINTEXT://0.0.0.0:1"}}, "0.0.0.0"},
      {{{"advertised.listeners", "SSL://h:1"}}, "equal to or a subset"},
      {{{"listeners", "SSL://h:1"}}, "security.inter.broker.protocol must be a listener name"},
      {{{"inter.broker.listener.name", "PLAINTEXT"}, {"security.inter.broker.protocol", "PLAINTEXT"}}, "Only one of"},
      {{{"inter.broker.listener.name", "X"}}, "not found in listener.security.protocol.map"},
      {{{"control.plane.listener.name", "PLAINTEXT"}}, "should have a different value"},
      {{{"listener.security.protocol.map", "A:PLAINTEXT,a:SSL"}}, "different name"},
      {{{"listener.security.protocol.map", "A:NOPE"}}, "A:NOPE"},
      // A given map replaces the default one.
      {{{"listener.security.protocol.map", "A:PLAINTEXT"}}, "No security protocol defined for listener PLAINTEXT"},
  };
  for (const Bad& c : cases) {
    Result<ListenerConfig> resolved = ResolveListeners(c.properties);
    ASSERT_FALSE(resolved.ok()) << c.says;
    EXPECT_NE(resolved.status().message().find(c.says), std::string::npos) << resolved.status();
  }
}

}  // namespace
}  // namespace ottla
