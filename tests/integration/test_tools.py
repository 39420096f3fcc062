"""The command-line tools against real brokers: output and exit statuses scripts rely on."""

import re
import subprocess

from cluster import BIN, Cluster, expect_equal, expect_true, wait_for


def test_topics_life():
    with Cluster(brokers=3) as cluster:
        out, _ = cluster.tool("kafka-topics.sh", "--create", "--topic", "orders", "--partitions", 2,
                              "--replication-factor", 3, "--config", "retention.ms=1000000")
        expect_equal(out, "Created topic orders.\n")
        out, _ = cluster.tool("kafka-topics", "--create", "--topic", "orders", expect=1)
        expect_equal(out, "Error while executing topic command : Topic 'orders' already exists.\n")
        cluster.tool("kafka-topics", "--create", "--topic", "orders", "--if-not-exists")
        cluster.tool("kafka-topics", "--create", "--topic", "placed", "--replica-assignment", "1:2,2:3,3:1")
        expect_equal(cluster.tool("kafka-topics", "--list")[0], "orders\nplaced\n")
        wait_for("both replicas of placed are in sync",
                 lambda: all(len(cluster.in_sync("placed", p)) == 2 for p in range(3)))
        out, _ = cluster.tool("kafka-topics", "--describe", "--topic", "placed")
        lines = out.splitlines()
        expect_true(re.fullmatch(r"Topic: placed\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 2\tConfigs: .*",
                                 lines[0]), lines[0])
        expect_true(re.fullmatch(r"\tTopic: placed\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: [12],[12]"
                                 r"\tElr: N/A\tLastKnownElr: N/A", lines[1]), lines[1])
        out, _ = cluster.tool("kafka-topics", "--describe", "--topic", "orders")
        expect_true("retention.ms=1000000" in out.splitlines()[0], out)
        cluster.tool("kafka-topics", "--alter", "--topic", "orders", "--partitions", 4)
        wait_for("four partitions", lambda: "PartitionCount: 4" in cluster.tool("kafka-topics", "--describe", "--topic",
                                                                                  "orders")[0])
        out, _ = cluster.tool("kafka-topics", "--delete", "--topic", "orders|placed")
        expect_equal(out, "")
        wait_for("no topic is left", lambda: cluster.tool("kafka-topics", "--list")[0] == "\n")
        out, _ = cluster.tool("kafka-topics", "--describe", "--topic", "foo", expect=1)
        expect_equal(out, "Error while executing topic command : Topic 'Optional[foo]' does not exist as expected\n")
        cluster.tool("kafka-topics", "--describe", "--topic", "foo", "--if-exists")
        _, err = cluster.tool("kafka-topics", "--describe", "--if-exists", expect=1)
        expect_true("--topic or --topic-id is required to describe a topic" in err, err)
        out, _ = cluster.tool("kafka-topics", "--create", "--topic", "too-many", "--replication-factor", 9, expect=1)
        expect_true(out.startswith("Error while executing topic command : "), out)
        out, _ = cluster.tool("kafka-topics", "--create", "--topic", "bad", "--config", "no.such=1", expect=1)
        expect_true("Unknown topic config name: no.such" in out, out)


def test_under_replicated_shows_after_a_stop():
    with Cluster(brokers=2) as cluster:
        cluster.create_topic("t", 1, 2)
        wait_for("both in sync", lambda: len(cluster.in_sync("t")) == 2)
        expect_equal(cluster.tool("kafka-topics", "--describe", "--under-replicated-partitions")[0], "")
        cluster.broker(2).stop()
        survivor = cluster.broker(1)
        wait_for("one in sync", lambda: cluster.in_sync("t", ask=survivor) == {1})
        done = subprocess.run([BIN / "kafka-topics", "--bootstrap-server", survivor.address, "--describe",
                               "--under-replicated-partitions"], capture_output=True, timeout=60)
        expect_true(b"\tTopic: t\tPartition: 0\tLeader: 1\t" in done.stdout, done.stdout.decode())


def test_console_round_trip():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("lines", 3)
        lines = [f"key{i}\tvalue {i}" for i in range(100)]
        out, _ = cluster.tool("kafka-console-producer", "--topic", "lines", "--property", "parse.key=true",
                              "--compression-codec", stdin="\n".join(lines) + "\n")
        expect_equal(out, "")
        out, err = cluster.tool("kafka-console-consumer", "--topic", "lines", "--from-beginning", "--max-messages", 100,
                                "--timeout-ms", 20000, "--property", "print.key=true")
        expect_equal(sorted(out.splitlines()), sorted(lines))
        expect_true("Processed a total of 100 messages" in err, err)


def test_console_formats():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", "--property", "parse.key=true", "--property",
                     "parse.headers=true", "--property", "null.marker=NIL", stdin="h1:a,h2:NIL\tk\tv\nNIL\tk2\tNIL\n")
        everything = [w for p in ("timestamp", "partition", "offset", "headers", "key") for w in
                      ("--property", f"print.{p}=true")]
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--partition", 0, "--offset", "earliest",
                              "--max-messages", 2, "--timeout-ms", 20000, *everything)
        lines = out.splitlines()
        expect_true(re.fullmatch(r"CreateTime:\d{13}\tPartition:0\tOffset:0\th1:a,h2:null\tk\tv", lines[0]), lines[0])
        expect_true(re.fullmatch(r"CreateTime:\d{13}\tPartition:0\tOffset:1\tNO_HEADERS\tk2\tnull", lines[1]), lines[1])
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--partition", 0, "--offset", 1,
                              "--max-messages", 1, "--timeout-ms", 20000)
        expect_equal(out, "null\n")
        _, err = cluster.tool("kafka-console-consumer", "--topic", "t", "--timeout-ms", 1500)
        expect_true("Processed a total of 0 messages" in err, err)
        _, err = cluster.tool("kafka-console-producer", "--topic", "t", "--property", "parse.key=true",
                              stdin="no separator\n", expect=1)
        expect_true("No key separator found on line number 1: 'no separator'" in err, err)


def test_console_producer_says_what_was_refused():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("small", 1, 1, "max.message.bytes=100")
        produce = ("kafka-console-producer", "--topic", "small")
        # Each record waits for the one before: the first is kept, and none is sent after the one that was refused.
        _, err = cluster.tool(*produce, "--sync", stdin="first\n" + "x" * 500 + "\nnever sent\n", expect=1)
        lines = err.splitlines()
        expect_true(lines and lines[-1].startswith("org.apache.kafka.common.KafkaException: "), err)
        expect_true(sum(" ERROR " in line for line in lines) <= 1, err)
        _, err = cluster.tool(*produce, stdin="x" * 500 + "\n")
        errors = [line for line in err.splitlines() if " ERROR " in line]
        expect_true(len(errors) == 1 and "Error when sending message to topic small" in errors[0], err)
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "small", "--from-beginning", "--timeout-ms", 3000)
        expect_equal(out, "first\n", "what is in the topic")


def test_console_producer_sends_a_key_where_java_does():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 7)
        java = {"k0": 2, "k1": 0, "k2": 2, "k3": 4}  # murmur2
        cluster.tool("kafka-console-producer", "--topic", "t", "--property", "parse.key=true", "--property",
                     "key.separator=:", stdin="".join(f"{key}:v\n" for key in java))
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", len(java),
                              "--property", "print.key=true", "--property", "print.partition=true", "--timeout-ms", 20000)
        expect_equal(sorted(out.split("\n")[:-1]), sorted(f"Partition:{at}\t{key}\tv" for key, at in java.items()))


def test_console_producer_goes_on_after_a_record_that_is_too_large():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        lines = "first\n" + "x" * 1_100_000 + "\nlast\n"
        _, err = cluster.tool("kafka-console-producer", "--topic", "t", stdin=lines)
        expect_true("value: 1100000 bytes with error" in err, err)
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin=lines, expect=1)
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 3,
                              "--timeout-ms", 20000)
        expect_equal(out, "first\nlast\nfirst\n")


def test_bad_addresses_are_refused_at_once():
    for tool in ("kafka-console-producer", "kafka-console-consumer", "kafka-topics"):
        words = ["--list"] if tool == "kafka-topics" else ["--topic", "t"]
        done = subprocess.run([BIN / tool, "--bootstrap-server", "nonsense", *words], input=b"lost\n", capture_output=True,
                              timeout=20)
        expect_equal(done.returncode, 1, tool)
        expect_true(b"nonsense" in done.stdout + done.stderr, (done.stdout + done.stderr).decode())


def test_console_consumer_begins_where_its_property_says():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        cluster.tool("kafka-console-producer", "--topic", "t", stdin="one\ntwo\n")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--consumer-property",
                              "auto.offset.reset=earliest", "--max-messages", 2, "--timeout-ms", 20000)
        expect_equal(out, "one\ntwo\n")


# Ids of no other test: brokers of the whole machine are looked through, and others may run on it.
STOPPED_ID, LEFT_ID = 7741, 7742


def test_server_stop_of_one_node():
    with Cluster(brokers=2, settings={"reserved.broker.max.id": LEFT_ID}, start=False) as cluster:
        stopped, left = cluster.brokers
        # One is told its id by its file, the other on its command line.
        for broker, broker_id in ((stopped, STOPPED_ID), (left, LEFT_ID)):
            broker.broker_id = broker_id
        stopped.config.write_text(re.sub(r"(?m)^broker\.id=.*$", f"broker.id={STOPPED_ID}", stopped.config.read_text()))
        left.command += ["--override", f"broker.id={LEFT_ID}"]
        for broker in cluster.brokers:
            broker.start()
        cluster.await_all()
        out, _ = cluster.tool("kafka-server-stop", f"--node-id={STOPPED_ID}", server=False)
        expect_equal(out, "")
        expect_equal(stopped.wait(), 0, "exit status of the broker that was told to stop")
        expect_true(left.running(), "the other broker goes on")
        out, _ = cluster.tool("kafka-server-stop", f"--node-id={STOPPED_ID}", server=False, expect=1)
        expect_equal(out, "No kafka server to stop\n")
        cluster.tool("kafka-server-stop.sh", f"--node-id={LEFT_ID}", server=False)
        expect_equal(left.wait(), 0, "exit status of the broker whose id stood on its command line")


def test_server_stop_reaches_every_broker_and_data_survives():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        cluster.tool("kafka-console-producer", "--topic", "t", stdin="stays\n")
        broker = cluster.broker(1)
        broker.stop()
        expect_equal(broker.popen.returncode, 0, "exit status after SIGTERM")
        broker.start()
        cluster.await_all()
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 1,
                              "--timeout-ms", 20000)
        expect_equal(out, "stays\n")
