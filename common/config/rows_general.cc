#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Int, rows::Long, rows::Str, rows::kIntMax;

constexpr ConfigRow kRows[] = {
    // Identity and threads.
    Int("broker.id", "-1", "Id of this broker; -1 takes a generated one.").Min(-1),
    Bool("broker.id.generation.enable", "true", "Whether ids may be generated through ZooKeeper."),
    Int("reserved.broker.max.id", "1000", "Generated ids start above this one.").Min(0),
    Str("broker.rack", nullptr, "Rack of this broker, used to spread replicas."),
    Int("num.io.threads", "8", "Threads that carry out requests.").Min(1).Dynamic(),
    Int("num.network.threads", "3", "Threads per listener that read and write sockets.").Min(1).Dynamic(),
    Int("background.threads", "10", "Threads for background work.").Min(1).Dynamic(),
    Int("num.replica.alter.log.dirs.threads", nullptr, "Threads that move replicas between log directories."),
    Int("num.recovery.threads.per.data.dir", "1", "Threads per log directory for loading logs.").Min(1).Dynamic(),
    Int("message.max.bytes", "1048588", "Largest record batch accepted.").Min(0).Dynamic(),
    Int("request.timeout.ms", "30000", "How long the broker's own requests may take."),
    Long("socket.connection.setup.timeout.ms", "10000", "How long an outgoing connect may take at first."),
    Long("socket.connection.setup.timeout.max.ms", "30000", "Upper bound of the growing connect timeout."),
    Str("authorizer.class.name", "", "Authorizer; kafka.security.authorizer.AclAuthorizer keeps ACLs in ZooKeeper."),
    Str("early.start.listeners", nullptr, "Listeners opened before the authorizer is ready."),
    Bool("delete.topic.enable", "true", "Whether topics may be deleted."),
    Bool("controlled.shutdown.enable", "true", "Hand leadership over before stopping."),
    Int("controlled.shutdown.max.retries", "3", "Tries of a hand-over before stopping anyway."),
    Long("controlled.shutdown.retry.backoff.ms", "5000", "Pause between tries of a hand-over."),
    Int("fetch.max.bytes", "57671680", "Most bytes one fetch response may carry.").Min(1024),
    Int("max.incremental.fetch.session.cache.slots", "1000", "Most fetch sessions kept.").Min(0),
    Int("max.request.partition.size.limit", "2000", "Most partitions in one page of a topic description.").Min(1),
    Str("compression.type", "producer", "Compression of stored batches; producer keeps what the client chose.")
        .Valid("uncompressed,zstd,lz4,snappy,gzip,producer")
        .Dynamic(),
    Int("compression.gzip.level", "-1", "gzip level when the broker compresses again; 1 to 9 or -1.").Dynamic(),
    Int("compression.lz4.level", "9", "lz4 level when the broker compresses again.").Min(1).Max(17).Dynamic(),
    Int("compression.zstd.level", "3", "zstd level when the broker compresses again.").Min(-131072).Max(22).Dynamic(),
    Bool("unstable.api.versions.enable", "false", "Internal.").Hidden(),
    Bool("unstable.feature.versions.enable", "false", "Internal.").Hidden(),

    // Network.
    Str("listeners", "PLAINTEXT://:9092", "Sockets to open, as NAME://host:port separated by commas.").PerBroker(),
    Str("advertised.listeners", nullptr, "Addresses told to clients; the listeners themselves if unset.").PerBroker(),
    Str("listener.security.protocol.map", "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "Security protocol of each listener name; a given map replaces the default.")
        .PerBroker(),
    Str("inter.broker.listener.name", nullptr, "Listener that other brokers use."),
    Str("security.inter.broker.protocol", "PLAINTEXT", "Protocol between brokers if no listener name is given.")
        .Valid("PLAINTEXT,SSL,SASL_PLAINTEXT,SASL_SSL"),
    Str("control.plane.listener.name", nullptr, "Listener for requests of the controller only."),
    Int("socket.send.buffer.bytes", "102400",
        "TCP send buffer; -1 leaves it to the system, as does not setting it where the system allows no larger one."),
    Int("socket.receive.buffer.bytes", "102400", "TCP receive buffer; -1 or not set leaves it to the system."),
    Int("socket.request.max.bytes", "104857600", "A larger request closes its connection.").Min(1),
    Int("socket.listen.backlog.size", "50", "Connections that may wait to be accepted.").Min(1),
    Int("queued.max.requests", "500", "Requests that may wait before sockets stop being read.").Min(1),
    Long("queued.max.request.bytes", "-1",
         "Bytes of requests under way; -1 is 256 MiB, or socket.request.max.bytes if that is more."),
    Int("max.connections.per.ip", kIntMax, "Connections from one address.").Min(0).Dynamic(),
    Str("max.connections.per.ip.overrides", "", "Other limits for named hosts, as host:limit separated by commas.")
        .Dynamic(),
    Int("max.connections", kIntMax, "Connections of the whole broker.").Min(0).Dynamic(),
    Int("max.connection.creation.rate", kIntMax, "New connections per second.").Min(0).Dynamic(),
    Long("connections.max.idle.ms", "600000", "Idle connections are closed after this time."),
    Int("connection.failed.authentication.delay.ms", "100", "Wait before a failed authentication is closed.").Min(0),

    // Replication.
    Int("default.replication.factor", "1", "Replicas of topics that do not say."),
    Long("replica.lag.time.max.ms", "30000", "A follower not caught up for this long leaves the in-sync set."),
    Int("replica.socket.timeout.ms", "30000", "Timeout of requests to other brokers."),
    Int("replica.socket.receive.buffer.bytes", "65536",
        "TCP receive buffer of replica fetchers; not set leaves it to the system."),
    Int("replica.fetch.max.bytes", "1048576", "Bytes a follower asks for per partition.").Min(0),
    Int("replica.fetch.response.max.bytes", "10485760", "Bytes a follower asks for per response.").Min(0),
    Int("replica.fetch.wait.max.ms", "500", "How long a leader may hold a follower's fetch."),
    Int("replica.fetch.min.bytes", "1", "Bytes a follower waits for."),
    Int("replica.fetch.backoff.ms", "1000", "Pause after a failed replica fetch.").Min(0),
    Int("num.replica.fetchers", "1", "Fetchers per leader broker.").Min(1).Dynamic(),
    Long("replica.high.watermark.checkpoint.interval.ms", "5000", "How often high watermarks are saved."),
    Str("replica.selector.class", nullptr, "Chooses the replica a consumer reads from."),
    Int("fetch.purgatory.purge.interval.requests", "1000", "Clean-up interval of waiting fetches."),
    Int("producer.purgatory.purge.interval.requests", "1000", "Clean-up interval of waiting produce requests."),
    Int("delete.records.purgatory.purge.interval.requests", "1", "Clean-up interval of waiting DeleteRecords."),
    Bool("auto.leader.rebalance.enable", "true", "Move leadership back to preferred replicas."),
    Int("leader.imbalance.per.broker.percentage", "10", "Imbalance that starts a rebalance of leaders."),
    Long("leader.imbalance.check.interval.seconds", "300", "How often leader balance is checked.").Min(1),
    Bool("unclean.leader.election.enable", "false", "Let replicas lead that may lack acknowledged records.").Dynamic(),
    Int("controller.socket.timeout.ms", "30000", "Timeout of the controller's requests to brokers."),
    Str("inter.broker.protocol.version", "3.9-IV0", "Protocol between brokers; lower it while upgrading."),
};
}  // namespace

std::span<const ConfigRow> GeneralRows() { return kRows; }

}  // namespace ottla
