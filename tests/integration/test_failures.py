"""kill -9 under load with acks=all: what was acknowledged is there afterwards, in order, on every surviving broker."""

import subprocess
import threading
import time

from cluster import Cluster, Failure, expect_equal, expect_true, wait_for


class Load:
    """A producer with acks=all and idempotence in a thread; remembers what was acknowledged."""

    def __init__(self, cluster, topic):
        import confluent_kafka
        self.topic, self.acked, self.stopping = topic, [], threading.Event()
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": cluster.bootstrap, "acks": "all", "enable.idempotence": True,
            "message.timeout.ms": 60000, "linger.ms": 2, "log_level": 0, "socket.timeout.ms": 5000, "reconnect.backoff.max.ms": 500})
        self.thread, self.ended_by = threading.Thread(target=self.run), None

    def delivered(self, error, message):
        if error is None:
            self.acked.append((message.offset(), int(message.value())))

    def run(self):
        try:
            self.produce()
        except Exception as error:  # shown by await_more
            self.ended_by = error

    def produce(self):
        number = 0
        while not self.stopping.is_set():
            try:
                self.producer.produce(self.topic, value=str(number), partition=0, callback=self.delivered)
                number += 1
            except BufferError:
                pass  # full: what waits must be delivered first
            self.producer.poll(0.002)
        self.left = self.producer.flush(70)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        return False

    def await_more(self, count, timeout=60):
        goal = len(self.acked) + count

        def check():
            if self.ended_by is not None:
                raise Failure(f"the producer gave up: {self.ended_by!r}")
            return len(self.acked) >= goal
        wait_for(f"{count} more acknowledged", check, timeout)


def read_all(cluster, topic, broker):
    done = subprocess.run(["kcat", "-C", "-b", broker.address, "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q",
                           "-f", "%o %s\n"], capture_output=True, timeout=120)
    if done.returncode != 0:
        raise Failure(done.stderr.decode())
    return dict(tuple(map(int, line.split())) for line in done.stdout.decode().splitlines())


def check_nothing_lost(cluster, load):
    expect_true(load.acked, "nothing was acknowledged at all")
    live = next(b for b in cluster.brokers if b.running())
    stored = read_all(cluster, load.topic, live)
    lost = [(o, v) for o, v in load.acked if stored.get(o) != v]
    expect_equal(lost[:5], [], f"lost, of {len(load.acked)} acknowledged")
    values = [stored[o] for o in sorted(stored)]
    expect_equal(len(values), len(set(values)), "each record once")
    expect_equal(values, sorted(values), "in the order sent")


SETTINGS = {"min.insync.replicas": 2, "unclean.leader.election.enable": "false"}


def failing_cluster():
    return Cluster(brokers=3, settings=SETTINGS)


def ready_topic(cluster):
    cluster.create_topic("t", 1, 3)
    wait_for("three in sync", lambda: len(cluster.in_sync("t")) == 3)


def test_kill_leader():
    with failing_cluster() as cluster:
        ready_topic(cluster)
        with Load(cluster, "t") as load:
            load.await_more(200)
            for _ in range(2):
                leader = cluster.broker(cluster.leader("t"))
                leader.kill()
                killed = time.monotonic()
                load.await_more(1)
                print(f"     kill -9 of the leader to the next acknowledged write: {time.monotonic() - killed:.2f} s")
                load.await_more(200)
                leader.start()
                cluster.await_broker(leader)
                wait_for("three in sync again", lambda: len(cluster.in_sync("t")) == 3, 40)
        check_nothing_lost(cluster, load)


def test_kill_controller():
    with failing_cluster() as cluster:
        ready_topic(cluster)
        with Load(cluster, "t") as load:
            load.await_more(200)
            controller = cluster.broker(cluster.controller(cluster.broker(1)))
            controller.kill()
            survivor = next(b for b in cluster.brokers if b.running())
            wait_for("another controller", lambda: cluster.controller(survivor) not in (-1, controller.broker_id), 40)
            load.await_more(200)
            out = subprocess.run(["kcat", "-b", survivor.address, "-L"], capture_output=True, timeout=30)
            expect_equal(out.returncode, 0, "metadata after the change of controller")
            controller.start()
            cluster.await_broker(controller)
            load.await_more(200)
        check_nothing_lost(cluster, load)


def test_kill_all_three():
    with failing_cluster() as cluster:
        ready_topic(cluster)
        with Load(cluster, "t") as load:
            load.await_more(300)
            for broker in cluster.brokers:
                broker.kill()
            for broker in cluster.brokers:
                broker.start()
            cluster.await_all(60)
            load.await_more(200)
        wait_for("three in sync again", lambda: len(cluster.in_sync("t")) == 3, 40)
        check_nothing_lost(cluster, load)


def test_restart_at_once_after_kill():
    """Within the ZooKeeper session timeout; the broker must not wait it out, let alone refuse to start."""
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="one\n")
        broker = cluster.broker(1)
        broker.kill()
        start = time.monotonic()
        broker.start()
        cluster.await_all()
        print(f"     restart after kill -9 until it answers: {time.monotonic() - start:.2f} s")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 1,
                              "--timeout-ms", 20000)
        expect_equal(out, "one\n")


def test_zookeeper_away_and_back():
    """Without ZooKeeper brokers go on serving what they lead; when it is back they are registered again."""
    with Cluster(brokers=2) as cluster:
        cluster.create_topic("t", 1, 2)
        cluster.zk.kill()
        cluster.zk.start()
        cluster.zk.await_ready()
        cluster.await_all(60)
        cluster.tool("kafka-topics", "--create", "--topic", "after")
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="still here\n")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 1,
                              "--timeout-ms", 20000)
        expect_equal(out, "still here\n")
