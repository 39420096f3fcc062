"""Client libraries of Debian against three brokers."""

import subprocess

from cluster import Cluster, expect_equal, expect_true, wait_for


def kcat(*words, stdin=b"", timeout=60):
    done = subprocess.run(["kcat", *[str(w) for w in words]], input=stdin, capture_output=True, timeout=timeout)
    expect_equal(done.returncode, 0, f"kcat {words}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def test_kcat_every_codec():
    with Cluster(brokers=3) as cluster:
        cluster.create_topic("t", 3, 3, "min.insync.replicas=2")
        expected = []
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            lines = [f"{codec}-{i}" for i in range(500)]
            kcat("-P", "-b", cluster.bootstrap, "-t", "t", "-z", codec, "-X", "acks=all",
                 stdin="".join(line + "\n" for line in lines).encode())
            expected += lines
        out = kcat("-C", "-b", cluster.bootstrap, "-t", "t", "-o", "beginning", "-e", "-q")
        expect_equal(sorted(out.decode().splitlines()), sorted(expected))


def test_kcat_creates_topics_and_sees_offsets():
    with Cluster(brokers=1) as cluster:
        kcat("-P", "-b", cluster.bootstrap, "-t", "fresh", stdin=b"a\nb\n")
        out = kcat("-C", "-b", cluster.bootstrap, "-t", "fresh", "-o", "beginning", "-e", "-q", "-f", "%p %o %s\n")
        expect_equal(out, b"0 0 a\n0 1 b\n")
        out = kcat("-Q", "-b", cluster.bootstrap, "-t", "fresh:0:-1")
        expect_true(b"fresh [0] offset 2" in out, out)


def test_python3_kafka():
    import kafka
    with Cluster(brokers=3) as cluster:
        cluster.create_topic("t", 2, 3)
        servers = cluster.bootstrap.split(",")
        producer = kafka.KafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=5)
        sent = [producer.send("t", value=b"v%d" % i, key=b"k%d" % i, headers=[("h", b"x")]) for i in range(200)]
        for future in sent:
            future.get(timeout=30)
        producer.close(timeout=10)
        consumer = kafka.KafkaConsumer(bootstrap_servers=servers, consumer_timeout_ms=10000, enable_auto_commit=False)
        partitions = [kafka.TopicPartition("t", p) for p in (0, 1)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        expect_equal(sum(consumer.end_offsets(partitions).values()), 200, "end offsets")
        got = []
        for record in consumer:
            expect_equal(record.headers, [("h", b"x")], "headers")
            got.append(record.value)
            if len(got) == 200:
                break
        consumer.close()
        expect_equal(sorted(got), sorted(b"v%d" % i for i in range(200)), "values")


def test_python3_confluent_kafka_idempotent():
    import confluent_kafka
    with Cluster(brokers=3) as cluster:
        cluster.create_topic("t", 2, 3, "min.insync.replicas=2")
        failed = []
        producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap, "enable.idempotence": True,
                                             "acks": "all", "linger.ms": 5})
        for i in range(1000):
            producer.produce("t", value=str(i), partition=i % 2, callback=lambda e, _m: failed.append(e) if e else None)
            producer.poll(0)
        expect_equal(producer.flush(60), 0, "messages left")
        expect_equal(failed, [], "failed deliveries")
        consumer = confluent_kafka.Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "none",
                                             "enable.auto.commit": False, "auto.offset.reset": "earliest"})
        consumer.assign([confluent_kafka.TopicPartition("t", p, confluent_kafka.OFFSET_BEGINNING) for p in (0, 1)])
        got = {0: [], 1: []}

        def read():
            message = consumer.poll(1.0)
            if message is not None and message.error() is None:
                got[message.partition()].append(int(message.value()))
            return len(got[0]) + len(got[1]) >= 1000
        wait_for("1000 messages", read, 60, 0)
        consumer.close()
        expect_equal(got, {0: list(range(0, 1000, 2)), 1: list(range(1, 1000, 2))}, "order and completeness")
