#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Class, rows::Int, rows::List, rows::Long, rows::Password, rows::Str;

constexpr ConfigRow kRows[] = {
    // ZooKeeper.
    Str("zookeeper.connect", nullptr, "ZooKeeper servers, host:port separated by commas, with an optional /chroot."),
    Int("zookeeper.session.timeout.ms", "18000", "A broker unheard of for this long is taken as dead."),
    Int("zookeeper.connection.timeout.ms", nullptr, "Wait for ZooKeeper at start; the session timeout if unset."),
    Int("zookeeper.max.in.flight.requests", "10", "Requests to ZooKeeper without an answer yet.").Min(1),
    Bool("zookeeper.set.acl", "false", "Protect znodes; needs SASL or mutual TLS to ZooKeeper."),
    Bool("zookeeper.ssl.client.enable", "false", "TLS to ZooKeeper."),
    Str("zookeeper.clientCnxnSocket", nullptr, "Java class of the ZooKeeper client; without effect."),
    Str("zookeeper.ssl.keystore.location", nullptr, "Key store for TLS to ZooKeeper."),
    Password("zookeeper.ssl.keystore.password", "Password of that key store."),
    Str("zookeeper.ssl.keystore.type", nullptr, "Type of that key store."),
    Str("zookeeper.ssl.truststore.location", nullptr, "Trust store for TLS to ZooKeeper."),
    Password("zookeeper.ssl.truststore.password", "Password of that trust store."),
    Str("zookeeper.ssl.truststore.type", nullptr, "Type of that trust store."),
    Str("zookeeper.ssl.protocol", "TLSv1.2", "TLS version to ZooKeeper."),
    List("zookeeper.ssl.enabled.protocols", nullptr, "TLS versions allowed to ZooKeeper."),
    List("zookeeper.ssl.cipher.suites", nullptr, "Cipher suites allowed to ZooKeeper."),
    Str("zookeeper.ssl.endpoint.identification.algorithm", "HTTPS", "Host name check of TLS to ZooKeeper."),
    Bool("zookeeper.ssl.crl.enable", "false", "Revocation lists for TLS to ZooKeeper."),
    Bool("zookeeper.ssl.ocsp.enable", "false", "OCSP for TLS to ZooKeeper."),

    // Quotas.
    Int("quota.window.num", "11", "Samples of client quotas.").Min(1),
    Int("replication.quota.window.num", "11", "Samples of replication quotas.").Min(1),
    Int("alter.log.dirs.replication.quota.window.num", "11", "Samples of the quota between directories.").Min(1),
    Int("controller.quota.window.num", "11", "Samples of controller quotas.").Min(1),
    Int("quota.window.size.seconds", "1", "Length of a client quota sample.").Min(1),
    Int("replication.quota.window.size.seconds", "1", "Length of a replication quota sample.").Min(1),
    Int("alter.log.dirs.replication.quota.window.size.seconds", "1", "Length of such a sample between directories.")
        .Min(1),
    Int("controller.quota.window.size.seconds", "1", "Length of a controller quota sample.").Min(1),
    Class("client.quota.callback.class", nullptr, "Java plugin; not supported."),

    // Metrics.
    Int("metrics.num.samples", "2", "Samples kept per metric.").Min(1),
    Long("metrics.sample.window.ms", "30000", "Length of a metric sample.").Min(1),
    Str("metrics.recording.level", "INFO", "How many metrics are kept.").Valid("INFO,DEBUG,TRACE"),
    List("metric.reporters", "", "Java plugins; without effect.").Dynamic(),
    Bool("auto.include.jmx.reporter", "true", "Without effect; there is no JMX."),
    List("kafka.metrics.reporters", "", "Java plugins; without effect."),
    Int("kafka.metrics.polling.interval.secs", "10", "Interval of such plugins.").Min(1),
    Int("telemetry.max.bytes", "1048576", "Largest telemetry message of a client.").Min(1),

    // Delegation tokens and passwords kept in ZooKeeper.
    Password("delegation.token.master.key", "Older name of delegation.token.secret.key."),
    Password("delegation.token.secret.key", "Secret that signs delegation tokens; unset turns tokens off."),
    Long("delegation.token.max.lifetime.ms", "604800000", "Longest life of a token.").Min(1),
    Long("delegation.token.expiry.time.ms", "86400000", "Life of a token that is not renewed.").Min(1),
    Long("delegation.token.expiry.check.interval.ms", "3600000", "How often expired tokens are removed.").Min(1),
    Password("password.encoder.secret", "Secret that encrypts passwords kept in ZooKeeper."),
    Password("password.encoder.old.secret", "The secret before, while it is being replaced."),
    Str("password.encoder.keyfactory.algorithm", nullptr, "Key derivation for such passwords."),
    Str("password.encoder.cipher.algorithm", "AES/CBC/PKCS5Padding", "Cipher for such passwords."),
    Int("password.encoder.key.length", "128", "Key length of that cipher.").Min(8),
    Int("password.encoder.iterations", "4096", "Rounds of key derivation.").Min(1024),
};
}  // namespace

std::span<const ConfigRow> ClusterRows() { return kRows; }

}  // namespace ottla
