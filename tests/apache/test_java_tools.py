"""Apache's command-line tools against our brokers, and our tools beside them: same output, same exit status."""

import re
import subprocess

import apache
from cluster import BIN, Cluster, Failure, expect_equal, expect_true, wait_for

CLASSES = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-console-producer": "kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-broker-api-versions": "kafka.admin.BrokerApiVersionsCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-replica-verification": "org.apache.kafka.tools.ReplicaVerificationTool",
}


def theirs(name, *words, stdin="", timeout=120):
    return apache.java(apache.SERVER, CLASSES[name], *words, stdin=stdin.encode(), timeout=timeout)


def ours(name, *words, stdin="", timeout=120):
    return subprocess.run([str(BIN / name), *map(str, words)], input=stdin.encode(), capture_output=True, timeout=timeout)


def outcome(run, cluster, mark, name, words, stdin=""):
    """(exit status, standard output, what standard error begins with when there is nothing else); the topics of each tool
    are its own: `@` in the words stands for its mark."""
    server = [] if cluster is None else ["--bootstrap-server", cluster.bootstrap]
    done = run(name, *server, *(str(w).replace("@", mark) for w in words), stdin=stdin)
    complaint = done.stderr.decode().partition("\n")[0] if done.returncode != 0 and not done.stdout else ""
    return done.returncode, done.stdout.decode().replace(f"{mark}-", "@-"), complaint.replace(f"{mark}-", "@-")


def expect_alike(cluster, name, *words, stdin="", mark=True):
    """Both tools do the same."""
    results = [outcome(run, cluster, letter if mark else "@", name, words, stdin)
               for run, letter in ((theirs, "apache"), (ours, "ottla"))]
    expect_equal(results[1], results[0], f"{name} {' '.join(map(str, words))}")


def their_tool(cluster, name, *words, stdin="", expect=0):
    done = theirs(name, "--bootstrap-server", cluster.bootstrap, *words, stdin=stdin)
    if done.returncode != expect:
        raise Failure(f"{name} {' '.join(map(str, words))}: exit status {done.returncode}\n{apache.text_of(done)}")
    return done.stdout.decode()


CREATIONS = [  # words after --create
    ("--topic", "@-one"), ("--topic", "@-one"), ("--topic", "@-one", "--if-not-exists"),
    ("--topic", "@-a.b_c", "--partitions", 2, "--replication-factor", 3), ("--topic", "@-a_b.c"),
    ("--topic", "@-two", "--replica-assignment", "1:2,2:3,3:1", "--config", "retention.ms=5000", "--config",
     "cleanup.policy=compact,delete"),
    ("--topic", "@-bad!"), ("--topic", "."), ("--topic", "x" * 250), (),
    ("--topic", "@-x", "--replication-factor", 9), ("--topic", "@-x", "--replication-factor", 0),
    ("--topic", "@-x", "--partitions", 0), ("--topic", "@-x", "--config", "no.such=1"),
    ("--topic", "@-x", "--config", "retention.ms=abc"), ("--topic", "@-x", "--config", "retention.ms"),
    ("--topic", "@-x", "--config", "cleanup.policy=nope"), ("--topic", "@-x", "--replica-assignment", "1:1"),
    ("--topic", "@-x", "--replica-assignment", "1:2,2"),
    ("--topic", "@-x", "--replica-assignment", "1:2", "--partitions", 1), ("--topic", "@-x", "--if-exists"),
]
CHANGES = [
    ("--alter", "--topic", "@-one", "--partitions", 4), ("--alter", "--topic", "@-one", "--partitions", 4),
    ("--alter", "--topic", "@-one", "--partitions", 2), ("--alter", "--topic", "nope", "--partitions", 2),
    ("--alter", "--topic", "nope", "--partitions", 2, "--if-exists"), ("--alter", "--topic", "@-two"),
    ("--alter", "--topic", "@-two", "--partitions", 4, "--replica-assignment", "1:2,2:3,3:1,1:3"),
    ("--alter", "--topic", "@-two", "--partitions", 6, "--replica-assignment", "1:2,2:3,3:1,1:3,1:2"),
    ("--alter", "--topic", "@-two", "--config", "a=b"), ("--delete", "--topic", "nope"),
    ("--delete", "--topic", "nope", "--if-exists"), ("--delete",), (), ("--list", "--create"), ("--list", "surplus", "--topic", "none"),
    ("--list", "--partitions", 1), ("--zookeeper", "x", "--list"),
]
QUESTIONS = [
    ("--describe",), ("--describe", "--topic", "apache-two"), ("--describe", "--topic", '"apache-one, apache-two"'),
    ("--describe", "--topic", "apache-t.*"), ("--describe", "--topic", "nope"),
    ("--describe", "--topic", "nope", "--if-exists"), ("--describe", "--topics-with-overrides"),
    ("--describe", "--topic-id", "AAAAAAAAAAAAAAAAAAAAAA"), ("--describe", "--topic-id", "Zm9vYmFyYmF6cXV4Zm9vYg"),
]
REPORTS = [("--describe", f"--{report}-partitions") for report in
           ("under-replicated", "unavailable", "under-min-isr", "at-min-isr")]


def test_topics():
    with Cluster(3, {"default.replication.factor": 2, "num.partitions": 2, "log.retention.hours": 200}) as cluster:
        for words in CREATIONS:
            expect_alike(cluster, "kafka-topics", "--create", *words)
        for words in CHANGES:
            expect_alike(cluster, "kafka-topics", *words)
        wait_for("all replicas in sync", lambda: not cluster.tool("kafka-topics", *REPORTS[0])[0])
        expect_alike(cluster, "kafka-topics", "--list", mark=False)
        for words in QUESTIONS + REPORTS:
            expect_alike(cluster, "kafka-topics", *words, mark=False)
        cluster.broker(3).kill()
        wait_for("the cluster notices", lambda: cluster.in_sync("apache-a.b_c") == {1, 2})
        wait_for("everywhere", lambda: cluster.in_sync("apache-a.b_c", 1) == {1, 2})
        for words in REPORTS:
            expect_alike(cluster, "kafka-topics", *words, mark=False)
        expect_alike(cluster, "kafka-topics", "--delete", "--topic", "@-.*")
        wait_for("no topic is left", lambda: "@" not in cluster.tool("kafka-topics", "--list")[0])
        expect_alike(None, "kafka-topics", "--version")


PRODUCED = [  # words, standard input
    *((("--compression-codec", codec), "é1\n2\n\n") for codec in ("none", "gzip", "snappy", "lz4", "zstd")),
    (("--sync", "--request-required-acks", "all", "--property", "parse.headers=true", "--property", "parse.key=true",
      "--property", "null.marker=NUL"), "h:1,g:\tk\tv\nNUL\tNUL\tNUL\nh:\tk2\t\n"),
    (("--property", "parse.key=true"), "no separator\n"),
    (("--property", "parse.key=true", "--property", "ignore.error=true"), "no separator\n"),
    (("--property", "parse.headers=true"), "noheader\tvalue\n"),
    (("--property", "parse.key=true", "--property", "key.separator=:"), "a:b\nc:d:e\n"),
    (("--compression-codec", "bogus"), "x\n"), (("--batch-size", "abc"), "x\n"),
]
ALL_COLUMNS = [w for p in ("partition", "offset", "headers", "key") for w in ("--property", f"print.{p}=true")]
CONSUMED = [
    ("--offset", "earliest", *ALL_COLUMNS), ("--offset", 3, "--max-messages", 2), ("--from-beginning",),
    ("--offset", "earliest", "--property", "print.value=false", "--property", "print.key=true", "--property",
     "null.literal=<N>", "--property", "line.separator=|"),
    ("--offset", "earliest", "--isolation-level", "read_committed"), ("--offset", "latest"), ("--offset", "bogus"),
    ("--offset", -5), ("--offset", 99999),
]


def test_console():
    with Cluster(3) as cluster:
        cluster.create_topic("apache-t", 1, 3)
        cluster.create_topic("ottla-t", 1, 3)
        for words, stdin in PRODUCED:
            expect_alike(cluster, "kafka-console-producer", "--topic", "@-t", *words, stdin=stdin)
        for words in CONSUMED:
            expect_alike(cluster, "kafka-console-consumer", "--topic", "@-t", "--partition", 0, "--timeout-ms", 4000, *words)
        expect_alike(cluster, "kafka-console-consumer", "--topic", "@-t", "--offset", "earliest")


def test_get_offsets():
    with Cluster(1) as cluster:
        cluster.create_topic("t", 2)
        cluster.create_topic("empty")
        feed = ["kcat", "-b", cluster.bootstrap, "-P", "-t", "t", "-p", "1"]
        subprocess.run(feed, input=b"a\nb\nc\n", check=True, timeout=60)
        answers = {"": "t:0:0\nt:1:3\n", "-1": "t:0:0\nt:1:3\n", "-2": "t:0:0\nt:1:0\n", "earliest": "t:0:0\nt:1:0\n",
                   "1000": "t:0:\nt:1:0\n", "99999999999999": "t:0:\nt:1:\n"}
        for time, expected in answers.items():
            words = ["--time", time] if time else []
            out = their_tool(cluster, "kafka-get-offsets", "--topic", "t", *words)
            # A partition without such a record is left out by this version; others print it without a number.
            expected = expected.replace("t:0:\n", "").replace("t:1:\n", "")
            expect_equal(out.replace("t:0:\n", "").replace("t:1:\n", ""), expected, f"--time {time}")
        expect_true(re.fullmatch(r"(t:0:-?1?\n)?t:1:\d\n", their_tool(cluster, "kafka-get-offsets", "--topic", "t", "--time",
                                                                     "max-timestamp")), "max-timestamp")
        expect_equal(their_tool(cluster, "kafka-get-offsets"), "empty:0:0\nt:0:0\nt:1:3\n")
        expect_equal(their_tool(cluster, "kafka-get-offsets", "--topic-partitions", "t:1,empty:0"), "empty:0:0\nt:1:3\n")


def test_what_describes_the_cluster():
    with Cluster(2) as cluster:
        cluster.create_topic("t", 1, 2, "min.insync.replicas=2")
        out = their_tool(cluster, "kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", "t")
        expect_true("min.insync.replicas=2 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:min.insync.replicas=2" in out, out)
        out = their_tool(cluster, "kafka-configs", "--describe", "--entity-type", "brokers", "--entity-name", "1", "--all")
        expect_true("broker.id=1 sensitive=false synonyms={STATIC_BROKER_CONFIG:broker.id=1" in out, out)
        out = their_tool(cluster, "kafka-broker-api-versions")
        expect_equal(out.count("Produce(0): 0 to 11 [usable: 11]"), 2, out)
        done = theirs("kafka-cluster", "cluster-id", "--bootstrap-server", cluster.bootstrap)
        expect_true(re.fullmatch(rb"Cluster ID: [\w-]{22}\n", done.stdout), apache.text_of(done))
        # What is not offered yet is said so, at once.
        done = theirs("kafka-log-dirs", "--bootstrap-server", cluster.bootstrap, "--describe")
        expect_true(done.returncode == 1 and "does not support DESCRIBE_LOG_DIRS" in apache.text_of(done), apache.text_of(done))


def test_load_and_replicas():
    with Cluster(3) as cluster:
        cluster.create_topic("t", 3, 3)
        done = theirs("kafka-producer-perf-test", "--topic", "t", "--num-records", 100000, "--record-size", 200,
                      "--throughput", -1, "--producer-props", f"bootstrap.servers={cluster.bootstrap}", "acks=all",
                      "compression.type=lz4")
        expect_true(b"100000 records sent" in done.stdout, apache.text_of(done))
        out = their_tool(cluster, "kafka-get-offsets", "--topic", "t")
        expect_equal(sum(int(line.split(":")[2]) for line in out.splitlines()), 100000, "records")
        try:  # it runs until it is ended
            theirs("kafka-replica-verification", "--broker-list", cluster.bootstrap, "--topics-include", "t",
                   "--report-interval-ms", 1000, timeout=15)
        except subprocess.TimeoutExpired as ended:
            expect_true(b"max lag is 0 " in ended.stdout, ended.stdout.decode())
        else:
            raise Failure("kafka-replica-verification ended by itself")
