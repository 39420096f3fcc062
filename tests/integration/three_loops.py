#!/usr/bin/python3
"""Three brokers with three data loops each, built with ThreadSanitizer, under load: any report of a race fails.

OTTLA_BIN names the folder with the instrumented ottla-broker. Idempotent producers with acks=all, consumers that follow
them, topics that come, grow and go, two kills and restarts (one of the controller), an orderly end of every broker. At
the end every acknowledged record is read once, where it was acknowledged.
"""

import os
import pathlib
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

SUPPRESSIONS = HERE.parent / "tsan.supp"
LOOPS = 3
PARTITIONS = 6
TOPIC = "load"
SETTINGS = {
    "min.insync.replicas": 2, "auto.create.topics.enable": "false", "log.segment.bytes": 262144,
    "log.index.interval.bytes": 1024, "log.flush.offset.checkpoint.interval.ms": 2000,
    "log.retention.check.interval.ms": 1000, "replica.high.watermark.checkpoint.interval.ms": 1000,
    "replica.lag.time.max.ms": 10000, "zookeeper.session.timeout.ms": 10000, "num.replica.fetchers": 2,
}
os.environ["TSAN_OPTIONS"] = f"halt_on_error=1:exitcode=66:second_deadlock_stack=1:suppressions={SUPPRESSIONS}"

from cluster import BIN, Cluster, Failure, expect_equal, expect_true, tail, wait_for  # noqa: E402


def client_settings(cluster, **more):
    return {"bootstrap.servers": cluster.bootstrap, "log_level": 0, "socket.timeout.ms": 10000,
            "reconnect.backoff.max.ms": 500, **{k.replace("_", "."): v for k, v in more.items()}}


class Worker:
    """A thread that goes on until told to end; its exception becomes a Failure of the one who waits for it."""

    def __init__(self):
        self.stopping, self.error = threading.Event(), None
        self.thread = threading.Thread(target=self.guarded)

    def guarded(self):
        try:
            self.run()
        except Exception:
            self.error = traceback.format_exc()

    def start(self):
        self.thread.start()
        return self

    def end(self):
        self.stopping.set()
        self.thread.join(120)
        expect_true(not self.thread.is_alive(), f"{type(self).__name__} does not end")
        self.check()

    def check(self):
        if self.error is not None:
            raise Failure(self.error)


class Producer(Worker):
    def __init__(self, cluster, name):
        import confluent_kafka
        super().__init__()
        self.name, self.acked, self.failed = name, {}, []
        self.client = confluent_kafka.Producer(client_settings(
            cluster, acks="all", enable_idempotence=True, linger_ms=2, message_timeout_ms=120000,
            queue_buffering_max_messages=2000))

    def delivered(self, error, message):
        if error is None:
            self.acked[message.value()] = (message.partition(), message.offset())
        else:
            self.failed.append(str(error))

    def run(self):
        number = 0
        while not self.stopping.is_set():
            try:
                value = f"{self.name}-{number}".encode() + b" " + b"x" * (number % 300)
                self.client.produce(TOPIC, value=value, partition=number % PARTITIONS, callback=self.delivered)
                number += 1
            except BufferError:
                pass  # full: what waits must be delivered first
            self.client.poll(0.001)
        expect_equal(self.client.flush(120), 0, "records neither acknowledged nor refused")
        expect_equal(self.failed[:3], [], "records that were not acknowledged")
        expect_equal(len(self.acked), number, "acknowledged of those sent")


class Follower(Worker):
    """Reads every partition as it grows."""

    def __init__(self, cluster):
        import confluent_kafka
        super().__init__()
        self.read = {}
        self.client = confluent_kafka.Consumer(client_settings(
            cluster, group_id="unused", enable_auto_commit=False, fetch_wait_max_ms=100, auto_offset_reset="error"))
        self.client.assign([confluent_kafka.TopicPartition(TOPIC, p, 0) for p in range(PARTITIONS)])

    def run(self):
        while not self.stopping.is_set():
            for message in self.client.consume(500, 0.2):
                if message.error() is None:
                    place = (message.partition(), message.offset())
                    before = self.read.setdefault(place, message.value())
                    expect_equal(message.value(), before, f"a second reading of {place}")
        self.client.close()


class Churn(Worker):
    """Topics that come, are written, grow and go, with segments that are rolled and deleted by size."""

    def __init__(self, cluster):
        super().__init__()
        self.cluster, self.rounds = cluster, 0

    def run(self):
        import confluent_kafka
        from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
        admin = AdminClient(client_settings(self.cluster))
        while not self.stopping.is_set():
            name = f"churn-{self.rounds}"
            configs = {"retention.bytes": "20000", "segment.bytes": "10000", "min.insync.replicas": "1"}
            if not self.done(admin.create_topics([NewTopic(name, 3, 3, config=configs)])[name]):
                continue
            producer = confluent_kafka.Producer(client_settings(self.cluster, message_timeout_ms=20000, linger_ms=1))
            for number in range(600):
                producer.produce(name, value=b"%d " % number + b"y" * 200)
                producer.poll(0)
            self.done(admin.create_partitions([NewPartitions(name, 5)])[name])
            producer.flush(30)
            while not self.done(admin.delete_topics([name])[name]) and not self.stopping.is_set():
                time.sleep(0.2)
            self.rounds += 1

    @staticmethod
    def done(future):
        """Whether it was carried out; while a broker is away it may not be."""
        import confluent_kafka
        try:
            future.result(20)
            return True
        except (confluent_kafka.KafkaException, TimeoutError):
            return False


def check_broker(broker):
    text = broker.log.read_text(errors="replace")
    at = text.find("ThreadSanitizer")
    if at >= 0:
        raise Failure(f"{broker.name}:\n{text[max(0, at - 200):at + 8000]}")


def check_running(cluster):
    for broker in cluster.brokers:
        check_broker(broker)
        if not broker.running():
            raise Failure(f"{broker.name} ended with {broker.popen.poll()}:\n{tail(broker.log, 60)}")


def create_load_topic(cluster):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient(client_settings(cluster))  # a name: without one it ends before the answer
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 3)])[TOPIC].result(60)
    await_in_sync(cluster)


def await_in_sync(cluster):
    def check():
        check_running(cluster)
        parts = [p for t in cluster.metadata(cluster.brokers[0], TOPIC).get("topics", []) for p in t["partitions"]]
        return len(parts) == PARTITIONS and all(len(p["isrs"]) == 3 for p in parts)
    wait_for("every partition in sync", check, 120)


def await_more(cluster, producers, count):
    goals = [len(p.acked) + count for p in producers]

    def check():
        check_running(cluster)
        for producer in producers:
            producer.check()
        return all(len(p.acked) >= goal for p, goal in zip(producers, goals))
    wait_for(f"{count} more acknowledged to each producer", check, 120)


def kill_and_restart(cluster, broker, producers):
    broker.kill()
    check_broker(broker)
    goals = [len(p.acked) + 300 for p in producers]
    wait_for("producers go on without it", lambda: all(len(p.acked) >= g for p, g in zip(producers, goals)), 120)
    broker.start()
    cluster.await_broker(broker, 120)
    await_in_sync(cluster)


def read_all(cluster):
    """{(partition, offset): value}, by kafka-python, which does everything in another way than librdkafka."""
    import kafka
    consumer = kafka.KafkaConsumer(bootstrap_servers=cluster.bootstrap.split(","), enable_auto_commit=False,
                                   auto_offset_reset="earliest", api_version=(2, 5, 0))
    partitions = [kafka.TopicPartition(TOPIC, p) for p in range(PARTITIONS)]
    consumer.assign(partitions)
    ends, read = consumer.end_offsets(partitions), {}
    consumer.seek_to_beginning(*partitions)
    limit = time.monotonic() + 120
    while any(consumer.position(p) < ends[p] for p in partitions):
        expect_true(time.monotonic() < limit, "reading everything takes too long")
        for partition, records in consumer.poll(500).items():
            read.update({(partition.partition, r.offset): r.value for r in records})
    consumer.close()
    return read


def check_records(producers, follower, read):
    acked = {place: value for p in producers for value, place in p.acked.items()}
    expect_equal(len(acked), sum(len(p.acked) for p in producers), "places of acknowledged records")
    lost = [(place, value) for place, value in acked.items() if read.get(place) != value]
    expect_equal(lost[:3], [], f"lost, of {len(acked)}")
    expect_equal(len(read), len(set(read.values())), "each record once")
    expect_equal(len(read), len(acked), "records in all")
    wrong = [place for place, value in follower.read.items() if read.get(place) != value]
    expect_equal(wrong[:3], [], "read while they were written, and not there afterwards")
    return len(acked)


def stop_all(cluster):
    for broker in cluster.brokers:
        expect_equal(broker.stop(60), 0, f"exit status of {broker.name}\n{tail(broker.log, 60)}")
        check_broker(broker)


def prepare(cluster):
    for broker in cluster.brokers:
        broker.command.append(f"--data_loops={LOOPS}")
        text = broker.config.read_text()
        broker.config.write_text(text.replace(f"log.dirs={broker.data}", f"log.dirs={broker.data}/a,{broker.data}/b"))
        broker.start()
    cluster.await_all(120)


def run():
    with Cluster(brokers=3, settings=SETTINGS, start=False) as cluster:
        prepare(cluster)
        create_load_topic(cluster)
        producers = [Producer(cluster, name).start() for name in "abc"]
        follower, churn = Follower(cluster).start(), Churn(cluster).start()
        try:
            await_more(cluster, producers, 1500)
            kill_and_restart(cluster, cluster.broker(cluster.leader(TOPIC)), producers)
            await_more(cluster, producers, 500)
            kill_and_restart(cluster, cluster.broker(cluster.controller(cluster.brokers[0])), producers)
            await_more(cluster, producers, 500)
            wait_for("two topics came and went", lambda: churn.rounds >= 2 or churn.check(), 120)
        finally:
            for worker in (*producers, churn, follower):
                worker.stopping.set()
        for worker in (*producers, churn, follower):
            worker.end()
        count = check_records(producers, follower, read_all(cluster))
        check_running(cluster)
        stop_all(cluster)
        expect_true(len(follower.read) > count // 10, f"the follower read {len(follower.read)} of {count} only")
        return f"{count} records acknowledged and read, {len(follower.read)} followed, {churn.rounds} topics came and went"


def main():
    start = time.monotonic()
    try:
        expect_true(b"__tsan_init" in (BIN / "ottla-broker").read_bytes(), f"{BIN}/ottla-broker is not instrumented")
        print(f"     {run()}")
    except Exception:
        print(traceback.format_exc())
        print(f"FAIL three brokers, three loops, thread sanitizer ({time.monotonic() - start:.0f} s)")
        return 1
    print(f"ok   three brokers, three loops, thread sanitizer ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
