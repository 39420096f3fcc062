"""deploy/docker-entrypoint.sh turns KAFKA_* variables into settings; a stand-in for the broker shows the file."""

import os
import pathlib
import subprocess
import tempfile

from cluster import ROOT, expect_equal, expect_true

START = "num.partitions=1\n#listeners=PLAINTEXT://:9092\nlog.retention.hours=168\n"


def run(expect=0, topics=None, **variables):
    """(what it said, settings the broker would read). `topics`: a script in the place of kafka-topics."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        if topics is not None:
            (directory / "kafka-topics").write_text("#!/bin/bash\n" + topics)
            (directory / "kafka-topics").chmod(0o755)
        config = directory / "server.properties"
        config.write_text(START)
        broker = directory / "ottla-broker"
        broker.write_text("#!/bin/bash\necho ---\ncat \"$1\"\n")
        broker.chmod(0o755)
        env = {"PATH": os.environ["PATH"], "HOSTNAME": "h1", "OTTLA_CONFIG": str(config), "OTTLA_BIN": name, **variables}
        done = subprocess.run([ROOT / "deploy" / "docker-entrypoint.sh"], env=env, capture_output=True, timeout=30)
        expect_equal(done.returncode, expect, done.stderr.decode())
        text = done.stdout.decode().partition("---\n")[2]
        return (done.stdout + done.stderr).decode(), dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_entrypoint_maps_variables():
    said, settings = run(KAFKA_ZOOKEEPER_CONNECT="zk:2181", KAFKA_LISTENERS="PLAINTEXT://:9092",
                         KAFKA_LOG_RETENTION_HOURS="5", KAFKA_OPTS="-X", KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://a&b@c\\d:1",
                         KAFKA_SASL_JAAS_CONFIG="one\nKAFKA_FAKE=two")
    expect_equal(settings["zookeeper.connect"], "zk:2181")
    expect_equal(settings["listeners"], "PLAINTEXT://:9092")
    expect_true("#listeners" not in settings, "the commented line was replaced")
    expect_equal(settings["log.retention.hours"], "5")
    expect_equal(settings["advertised.listeners"], "PLAINTEXT://a&b@c\\\\d:1", "taken literally")
    expect_equal(settings["sasl.jaas.config"], "one\\nKAFKA_FAKE=two")
    expect_true("fake" not in settings and "opts" not in settings, settings)
    expect_equal(settings["broker.id"], "-1")
    expect_equal(settings["log.dirs"], "/kafka/kafka-logs-h1")
    expect_equal(settings["port"], "9092")
    expect_true("Excluding KAFKA_OPTS from broker config" in said, said)
    expect_true("[Configuring] 'listeners' in" in said, said)


def test_entrypoint_commands():
    _, settings = run(KAFKA_ZOOKEEPER_CONNECT="zk", HOSTNAME_COMMAND="echo outer", BROKER_ID_COMMAND="echo 7",
                      RACK_COMMAND="echo r1")
    expect_equal((settings["advertised.host.name"], settings["broker.id"], settings["broker.rack"]), ("outer", "7", "r1"))
    _, settings = run(KAFKA_ZOOKEEPER_CONNECT="zk", HOSTNAME_COMMAND="echo outer", PORT_COMMAND="echo 77",
                      KAFKA_LISTENERS="PLAINTEXT://:1", KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://_{HOSTNAME_COMMAND}:_{PORT_COMMAND}")
    expect_equal(settings["advertised.listeners"], "PLAINTEXT://outer:77")
    # Text is text, and a command runs as in a shell of its own: a pipe that is cut short, a variable that is not there.
    _, settings = run(KAFKA_ZOOKEEPER_CONNECT="zk", HOSTNAME_COMMAND="echo 'a&b'", KAFKA_LISTENERS="PLAINTEXT://:1",
                      KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://_{HOSTNAME_COMMAND}:1", BROKER_ID_COMMAND="yes 5 | head -1",
                      RACK_COMMAND="echo r$NOT_THERE", CUSTOM_INIT_SCRIPT="yes 5 | head -1; : $NOT_THERE")
    expect_equal((settings["advertised.listeners"], settings["broker.id"], settings["broker.rack"]),
                 ("PLAINTEXT://a&b:1", "5", "r"))


def test_entrypoint_refuses():
    said, _ = run(expect=1)
    expect_true("KAFKA_ZOOKEEPER_CONNECT" in said, said)
    said, _ = run(expect=1, KAFKA_ZOOKEEPER_CONNECT="zk")
    expect_true("KAFKA_LISTENERS" in said, said)
    said, _ = run(expect=1, KAFKA_ZOOKEEPER_CONNECT="zk", KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://x:1")
    expect_true("KAFKA_LISTENERS" in said, said)
    for command in ("BROKER_ID_COMMAND", "HOSTNAME_COMMAND", "PORT_COMMAND", "RACK_COMMAND"):
        said, _ = run(expect=1, KAFKA_ZOOKEEPER_CONNECT="zk", KAFKA_LISTENERS="PLAINTEXT://:1", **{command: "exit 3"})
        expect_true(f"{command} failed with status 3: exit 3" in said, said)
    said, _ = run(expect=1, KAFKA_ZOOKEEPER_CONNECT="zk", KAFKA_LISTENERS="PLAINTEXT://:1",
                  CUSTOM_INIT_SCRIPT="true; false; echo not reached")
    expect_true("CUSTOM_INIT_SCRIPT failed" in said and "not reached" not in said, said)


# Answers --list; $n counts the other calls.
TOPICS = """
[ "$3" = --create ] || exit 0
n=$(cat $0.count 2>/dev/null || echo 0); echo $((n + 1)) >$0.count
"""


def test_entrypoint_creates_topics():
    said, _ = run(KAFKA_ZOOKEEPER_CONNECT="zk", KAFKA_LISTENERS="INSIDE://:1234", topics=TOPICS + """
[ $n != 0 ] || { echo "Error while executing topic command : too few brokers"; exit 1; }
echo "at $2 ${*:4}"
""", KAFKA_CREATE_TOPICS="one:2:3, two:1:1:compact,")
    lines = [line for line in said.splitlines() if line.startswith(("creating topics", "at "))]
    expect_equal(lines, ["creating topics: one:2:3",
                         "at localhost:1234 --if-not-exists --topic one --partitions 2 --replication-factor 3",
                         "creating topics: two:1:1:compact",
                         "at localhost:1234 --if-not-exists --topic two --partitions 1 --replication-factor 1"
                         " --config=cleanup.policy=compact"], "a failed one is tried again")


def test_entrypoint_says_which_topic_it_could_not_create():
    said, _ = run(KAFKA_ZOOKEEPER_CONNECT="zk", KAFKA_LISTENERS="INSIDE://:1234", topics=TOPICS + """
[ "$6" = good ] || { echo "no such"; echo "policy"; exit 1; }
echo made
""", KAFKA_CREATE_TOPICS="bad:1:1:shrink;good:1:1", KAFKA_CREATE_TOPICS_SEPARATOR=";", CREATE_TOPICS_TIMEOUT="0")
    expect_true("WARN: KAFKA_CREATE_TOPICS: 'bad:1:1:shrink' was not created: no such policy\n" in said, said)
    expect_true("made\n" in said, "the others are made")
