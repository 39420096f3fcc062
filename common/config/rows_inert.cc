#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Class, rows::Double, rows::Int, rows::List, rows::Long, rows::Str, rows::kIntMax,
    rows::kLongMax;

constexpr ConfigRow kRows[] = {
    // KRaft.
    Int("node.id", "-1", "The same as broker.id; both given must agree.").Min(-1),
    List("process.roles", "", "KRaft only; must be empty."),
    Str("controller.listener.names", nullptr, "KRaft only; must be empty."),
    List("controller.quorum.voters", "", "KRaft only; without effect."),
    List("controller.quorum.bootstrap.servers", "", "KRaft only; without effect."),
    Int("controller.quorum.election.timeout.ms", "1000", "KRaft only; without effect."),
    Int("controller.quorum.fetch.timeout.ms", "2000", "KRaft only; without effect."),
    Int("controller.quorum.election.backoff.max.ms", "1000", "KRaft only; without effect."),
    Int("controller.quorum.append.linger.ms", "25", "KRaft only; without effect."),
    Int("controller.quorum.request.timeout.ms", "2000", "KRaft only; without effect."),
    Int("controller.quorum.retry.backoff.ms", "20", "KRaft only; without effect."),
    Str("metadata.log.dir", nullptr, "KRaft only; without effect."),
    Int("metadata.log.segment.bytes", "1073741824", "KRaft only; without effect.").Min(12),
    Long("metadata.log.segment.ms", "604800000", "KRaft only; without effect."),
    Int("metadata.log.segment.min.bytes", "8388608", "KRaft only; without effect.").Min(14).Hidden(),
    Long("metadata.log.max.record.bytes.between.snapshots", "20971520", "KRaft only; without effect.").Min(1),
    Long("metadata.log.max.snapshot.interval.ms", "3600000", "KRaft only; without effect.").Min(0),
    Long("metadata.max.retention.bytes", "104857600", "KRaft only; without effect."),
    Long("metadata.max.retention.ms", "604800000", "KRaft only; without effect."),
    Int("metadata.max.idle.interval.ms", "500", "KRaft only; without effect.").Min(0),
    Int("broker.heartbeat.interval.ms", "2000", "KRaft only; without effect."),
    Int("broker.session.timeout.ms", "9000", "KRaft only; without effect."),
    Int("initial.broker.registration.timeout.ms", "60000", "KRaft only; without effect."),
    Long("server.max.startup.time.ms", kLongMax, "KRaft only; without effect.").Min(0).Hidden(),
    Str("sasl.mechanism.controller.protocol", "GSSAPI", "KRaft only; without effect."),
    Long("unclean.leader.election.interval.ms", "300000", "KRaft only; without effect.").Min(1).Hidden(),
    Bool("eligible.leader.replicas.enable", "false", "KRaft only; without effect."),
    Bool("zookeeper.metadata.migration.enable", "false", "Migration to KRaft; must be false."),
    Int("zookeeper.metadata.migration.min.batch.size", "200", "Migration to KRaft; without effect.").Min(1).Hidden(),

    // Tiered storage.
    Bool("remote.log.storage.system.enable", "false", "Tiered storage; must be false."),
    Str("remote.log.storage.manager.impl.prefix", "rsm.config.", "Tiered storage; without effect."),
    Str("remote.log.metadata.manager.impl.prefix", "rlmm.config.", "Tiered storage; without effect."),
    Str("remote.log.storage.manager.class.name", nullptr, "Tiered storage; without effect."),
    Str("remote.log.storage.manager.class.path", nullptr, "Tiered storage; without effect."),
    Str("remote.log.metadata.manager.class.name",
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        "Tiered storage; without effect."),
    Str("remote.log.metadata.manager.class.path", nullptr, "Tiered storage; without effect."),
    Str("remote.log.metadata.manager.listener.name", nullptr, "Tiered storage; without effect."),
    Int("remote.log.metadata.custom.metadata.max.bytes", "128", "Tiered storage; without effect.").Min(0),
    Long("remote.log.index.file.cache.total.size.bytes", "1073741824", "Tiered storage; without effect.")
        .Min(1)
        .Dynamic(),
    Int("remote.log.manager.thread.pool.size", "10", "Tiered storage; without effect.").Min(1),
    Int("remote.log.manager.copier.thread.pool.size", "-1", "Tiered storage; without effect.").Min(-1),
    Int("remote.log.manager.expiration.thread.pool.size", "-1", "Tiered storage; without effect.").Min(-1),
    Long("remote.log.manager.task.interval.ms", "30000", "Tiered storage; without effect.").Min(1),
    Long("remote.log.manager.task.retry.backoff.ms", "500", "Tiered storage; without effect.").Min(1).Hidden(),
    Long("remote.log.manager.task.retry.backoff.max.ms", "30000", "Tiered storage; without effect.").Min(1).Hidden(),
    Double("remote.log.manager.task.retry.jitter", "0.2", "Tiered storage; without effect.").Min(0).Hidden(),
    Int("remote.log.reader.threads", "10", "Tiered storage; without effect.").Min(1),
    Int("remote.log.reader.max.pending.tasks", "100", "Tiered storage; without effect.").Min(1),
    Long("remote.log.manager.copy.max.bytes.per.second", kLongMax, "Tiered storage; without effect.").Min(1).Dynamic(),
    Int("remote.log.manager.copy.quota.window.num", "11", "Tiered storage; without effect.").Min(1),
    Int("remote.log.manager.copy.quota.window.size.seconds", "1", "Tiered storage; without effect.").Min(1),
    Long("remote.log.manager.fetch.max.bytes.per.second", kLongMax, "Tiered storage; without effect.").Min(1).Dynamic(),
    Int("remote.log.manager.fetch.quota.window.num", "11", "Tiered storage; without effect.").Min(1),
    Int("remote.log.manager.fetch.quota.window.size.seconds", "1", "Tiered storage; without effect.").Min(1),
    Int("remote.fetch.max.wait.ms", "500", "Tiered storage; without effect.").Min(1).Dynamic(),
    Long("log.local.retention.ms", "-2", "Tiered storage; -2 follows log.retention.").Min(-2).Dynamic(),
    Long("log.local.retention.bytes", "-2", "Tiered storage; -2 follows log.retention.bytes.").Min(-2).Dynamic(),
};
}  // namespace

std::span<const ConfigRow> InertRows() { return kRows; }

}  // namespace ottla
