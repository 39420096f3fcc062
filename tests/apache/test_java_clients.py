"""Apache's Java clients, old and new, against three of our brokers."""

import tempfile

import apache
from cluster import Cluster, expect_true, wait_for

VERSIONS = {  # and the codecs they know
    "0.11.0.3": "none,gzip,snappy,lz4", "1.1.1": "none,gzip,snappy,lz4", "2.8.2": "none,gzip,snappy,lz4,zstd",
    "3.9.1": "none,gzip,snappy,lz4,zstd", "4.1.0": "none,gzip,snappy,lz4,zstd",
}


def run_story(version):
    with tempfile.TemporaryDirectory() as classes, Cluster(3, {"auto.create.topics.enable": "false"}) as cluster:
        apache.compile_story(version, classes)

        def story(*more):
            done = apache.java(version, "ClientStory", cluster.bootstrap, VERSIONS[version], *more, classes=[classes])
            expect_true(done.returncode == 0 and b"story complete" in done.stdout, apache.text_of(done))
        story()
        cluster.tool("kafka-topics", "--create", "--topic", "pair", "--replica-assignment", "1:3", "--config",
                     "min.insync.replicas=2")
        cluster.create_topic("triple", 1, 3, "min.insync.replicas=2")
        cluster.broker(3).kill()
        wait_for("the cluster notices", lambda: 3 not in cluster.in_sync("pair") | cluster.in_sync("triple"))
        story("one-less")


def test_java_0_11():
    run_story("0.11.0.3")


def test_java_1_1():
    run_story("1.1.1")


def test_java_2_8():
    run_story("2.8.2")


def test_java_3_9():
    run_story("3.9.1")


def test_java_4_1():
    run_story("4.1.0")
