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
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-dump-log": "kafka.tools.DumpLogSegments",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
}


def theirs(name, *words, stdin="", timeout=120):
    return apache.java(apache.SERVER, CLASSES[name], *words, stdin=stdin.encode(), timeout=timeout)


def ours(name, *words, stdin="", timeout=120):
    return subprocess.run([str(BIN / name), *map(str, words)], input=stdin.encode(), capture_output=True, timeout=timeout)
