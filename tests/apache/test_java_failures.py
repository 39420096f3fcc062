"""kill -9 of our brokers under an idempotent Java producer with acks=all: each record is there once, in the order sent."""

import tempfile

import apache
from cluster import Cluster, Process, expect_equal, expect_true, tail, wait_for
from test_failures import read_all

SETTINGS = {"min.insync.replicas": 2, "unclean.leader.election.enable": "false"}


class Load(Process):
    def __init__(self, version, classes, cluster, topic):
        self.acked_file, self.stop_file = cluster.directory / "acked", cluster.directory / "stop"
        words = [cluster.bootstrap, topic, 500, self.acked_file, self.stop_file]
        command = [*apache.JVM, "-cp", apache.class_path(version, classes), "Load", *words]
        super().__init__("load", command, cluster.directory / "load.out")

    def acked(self):
        try:
            text = self.acked_file.read_text()
        except FileNotFoundError:
            return []
        whole = text[:text.rfind("\n") + 1]
        return [tuple(map(int, line.split())) for line in whole.splitlines()]

    def await_more(self, count=300):
        goal = len(self.acked()) + count

        def check():
            expect_true(self.running(), f"the load ended:\n{tail(self.log)}")
            return len(self.acked()) >= goal
        wait_for(f"{count} more acknowledged", check, 60)

    def finish(self):
        self.stop_file.touch()
        expect_equal(self.wait(90), 0, "exit status of the load")
        expect_true("failed in all: 0" in self.log.read_text(), tail(self.log))


def kill_them_all_in_turn(cluster, load):
    for find in (lambda: cluster.leader("t"), lambda: cluster.controller(next(b for b in cluster.brokers if b.running()))):
        broker = cluster.broker(wait_for("a broker to kill", lambda f=find: max(0, f()), 30))
        broker.kill()
        load.await_more()
        broker.start()
        cluster.await_broker(broker)
        wait_for("three in sync", lambda: len(cluster.in_sync("t")) == 3, 60)
        load.await_more()
    for broker in cluster.brokers:
        broker.kill()
    # Then ZooKeeper knows of no broker either, and all of them stand for election.
    wait_for("the keepers to close the brokers' sessions", lambda: not cluster.marked_processes(), 30)
    for broker in cluster.brokers:
        broker.start()
    cluster.await_all()
    load.await_more()


def run_failures(version):
    with tempfile.TemporaryDirectory() as classes, Cluster(3, SETTINGS) as cluster:
        apache.compile_story(version, classes)
        cluster.create_topic("t", 1, 3)
        load = Load(version, classes, cluster, "t")
        load.start()
        try:
            load.await_more()
            kill_them_all_in_turn(cluster, load)
            load.finish()
        finally:
            load.kill()
        stored, acked = read_all(cluster, "t", cluster.broker(1)), load.acked()
        expect_equal([a for a in acked if stored.get(a[0]) != a[1]][:5], [], f"lost, of {len(acked)} acknowledged")
        expect_equal([stored[o] for o in sorted(stored)], list(range(len(acked))), "each once and in order")


def test_java_0_11():
    run_failures("0.11.0.3")


def test_java_2_8():
    run_failures("2.8.2")


def test_java_4_1():
    run_failures("4.1.0")
