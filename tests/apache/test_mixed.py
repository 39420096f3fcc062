"""Clusters of Apache's brokers and ours under load: whoever is controller, leader or follower, no acknowledged record is lost."""

import contextlib
import json
import signal
import subprocess
import time

import apache
from cluster import Cluster, Failure, expect_equal, expect_true, wait_for
from test_failures import Load, check_nothing_lost, read_all

SETTINGS = {"min.insync.replicas": 2, "unclean.leader.election.enable": "false", "replica.lag.time.max.ms": 2500,
            "auto.create.topics.enable": "false", "controlled.shutdown.retry.backoff.ms": 500,
            "log.cleaner.dedupe.buffer.size": 2097152, "auto.leader.rebalance.enable": "false"}
TOPICS = {"led1": "1:2:3", "led2": "2:3:1", "led3": "3:1:2"}


@contextlib.contextmanager
def mixed(*kinds, **settings):
    """A cluster of these kinds; the first is the first controller. Topics led1, led2, led3 name their preferred leaders."""
    settings = {name.replace("_", "."): value for name, value in settings.items()}
    with Cluster(len(kinds), {**SETTINGS, **settings}, start=False) as cluster:
        for broker, kind in zip(cluster.brokers, kinds):
            apache.use(broker, kind)
            broker.start()
            wait_for(f"{broker.name} is up", broker.listening, 60)
            wait_for("there is a controller", lambda b=broker: cluster.controller(b) > 0, 60)
        cluster.await_all(90)
        expect_equal(cluster.controller(cluster.broker(2)), 1, "controller")
        for name, assignment in TOPICS.items():
            create(cluster, name, "--replica-assignment", assignment)
        yield cluster


def create(cluster, name, *words):
    cluster.tool("kafka-topics", "--create", "--topic", name, *words)
    await_in_sync(cluster, [name])


def create_alone(cluster, name, broker_id):
    cluster.tool("kafka-topics", "--create", "--topic", name, "--replica-assignment", broker_id)
    wait_for(f"{name} has a leader", lambda: cluster.leader(name) == broker_id)


def await_in_sync(cluster, topics=TOPICS, timeout=90):
    """Every replica of partition 0 is in sync, in the eyes of every live broker."""
    live = [b for b in cluster.brokers if b.running()]
    ids = {b.broker_id for b in live}
    for topic in topics:
        wait_for(f"all of {sorted(ids)} in sync for {topic}",
                 lambda t=topic: all(cluster.in_sync(t, ask=b) == ids for b in live), timeout)


@contextlib.contextmanager
def under_load(cluster):
    with contextlib.ExitStack() as stack:
        loads = [stack.enter_context(Load(cluster, topic)) for topic in TOPICS]
        await_more(loads)
        yield loads
        await_more(loads)
    for load in loads:
        expect_equal(load.left, 0, f"records of {load.topic} that were never answered")


def await_more(loads, count=200):
    for load in loads:
        load.await_more(count, 90)


def back(cluster, broker):
    broker.start()
    cluster.await_broker(broker, 90)
    await_in_sync(cluster)


def kill_and_return(cluster, loads, broker_id):
    print(f"     kill -9 of broker {broker_id}", flush=True)
    broker = cluster.broker(broker_id)
    broker.kill()
    await_more(loads)
    if apache.runs(broker):  # it ends where its old session still lives; ours ends that session itself
        other = next(b for b in cluster.brokers if b.running())
        wait_for(f"the session of broker {broker_id} has ended",
                 lambda: broker_id not in cluster.live_brokers(other), 60)
    back(cluster, broker)
    await_more(loads)


def leave_and_return(cluster, loads, broker_id, kind=None):
    """A clean stop, after which nobody had to be elected in a hurry; perhaps another program comes back."""
    print(f"     clean stop of broker {broker_id}, back as {kind or 'before'}", flush=True)
    broker = cluster.broker(broker_id)
    apache.stop(broker)
    expect_true(broker.popen.returncode in (0, 143), f"exit status {broker.popen.returncode}")
    await_more(loads)
    if kind:
        apache.use(broker, kind)
    back(cluster, broker)
    await_more(loads)


def freeze_and_thaw(cluster, loads, broker_id):
    """Out of the in-sync set and in again, without a lost session: the leaders ask the controller for it."""
    print(f"     broker {broker_id} stands still", flush=True)
    broker, others = cluster.broker(broker_id), [b for b in cluster.brokers if b.broker_id != broker_id]
    led_elsewhere = [t for t in TOPICS if cluster.leader(t, ask=others[0]) != broker_id]
    broker.signal(signal.SIGSTOP)
    start = time.monotonic()
    try:
        for topic in led_elsewhere:
            wait_for(f"{broker_id} out of sync for {topic}",
                     lambda t=topic: broker_id not in cluster.in_sync(t, ask=others[0]), 20)
    finally:
        broker.signal(signal.SIGCONT)
    print(f"     out of sync after {time.monotonic() - start:.1f} s", flush=True)
    await_in_sync(cluster)
    await_more(loads)


def elect_preferred(cluster):
    """By Apache's tool, if the controller knows the request."""
    done = apache.java(apache.SERVER, "org.apache.kafka.tools.LeaderElectionCommand", "--bootstrap-server", cluster.bootstrap,
                       "--election-type", "preferred", "--all-topic-partitions")
    expect_equal(done.returncode, 0, apache.text_of(done))
    for topic, assignment in TOPICS.items():
        wait_for(f"{topic} is led by its preferred leader", lambda t=topic, a=assignment: cluster.leader(t) == int(a[0]))


def reassign(cluster):
    """By Apache's tool, if the controller knows the request: a topic of one replica wanders, then each broker leads one."""
    create_alone(cluster, "wanders", 1)
    feed = ["kcat", "-b", cluster.bootstrap, "-P", "-t", "wanders", "-p", "0"]
    subprocess.run(feed, input=b"".join(b"%d\n" % i for i in range(1000)), check=True, timeout=60)
    for replicas in ([2], [3, 1], [1, 2, 3], [2, 3, 1], [3], [1]):
        plan = {"version": 1, "partitions": [{"topic": "wanders", "partition": 0, "replicas": replicas}]}
        file = cluster.directory / "plan.json"
        file.write_text(json.dumps(plan))
        done = apache.java(apache.SERVER, "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server",
                           cluster.bootstrap, "--reassignment-json-file", file, "--execute")
        expect_equal(done.returncode, 0, apache.text_of(done))
        wait_for(f"wanders is on {replicas}", lambda r=replicas: {
            b.broker_id for b in cluster.brokers if (b.data / "wanders-0").exists()} == set(r), 60)
        wait_for("and in sync there", lambda r=replicas: cluster.in_sync("wanders") == set(r), 60)
        expect_equal(list(read_all(cluster, "wanders", cluster.brokers[0]).values()), list(range(1000)), "its records")
    cluster.tool("kafka-topics", "--delete", "--topic", "wanders")


def grow_and_delete(cluster):
    create(cluster, "grow", "--partitions", 1, "--replication-factor", 3)
    cluster.tool("kafka-topics", "--alter", "--topic", "grow", "--partitions", 4)
    for partition in range(4):
        wait_for(f"grow-{partition} is whole", lambda p=partition: cluster.in_sync("grow", p) == {1, 2, 3}, 60)
    cluster.tool("kafka-topics", "--delete", "--topic", "grow")
    for broker in cluster.brokers:
        wait_for(f"{broker.name} has no folder of grow", lambda b=broker: not [
            f for f in b.data.glob("grow-*") if not f.name.endswith("-delete")], 60)
    expect_true("grow" not in cluster.tool("kafka-topics", "--list")[0].split(), "grow is listed")


def controller_of(cluster):
    live = next(b for b in cluster.brokers if b.running())
    return wait_for("there is a controller", lambda: max(0, cluster.controller(live)), 60)


def check_end(cluster, loads):
    for load in loads:
        check_nothing_lost(cluster, load)
    for broker in cluster.brokers:
        apache.stop(broker)
    for topic in TOPICS:
        logs = [b"".join(f.read_bytes() for f in sorted((b.data / f"{topic}-0").glob("*.log"))) for b in cluster.brokers]
        if any(log != logs[0] for log in logs):
            raise Failure(f"logs of {topic} differ: {[len(log) for log in logs]} bytes")


def everything(cluster, apaches=False):
    with under_load(cluster) as loads:
        grow_and_delete(cluster)
        freeze_and_thaw(cluster, loads, 2)
        freeze_and_thaw(cluster, loads, 3)
        kill_and_return(cluster, loads, 2)
        if apaches:  # what our controller does not offer yet
            elect_preferred(cluster)
            reassign(cluster)
        leave_and_return(cluster, loads, 3)
        expect_equal(controller_of(cluster), 1, "controller")
        kill_and_return(cluster, loads, 1)  # the controller: another takes over
        second = controller_of(cluster)
        expect_true(second != 1, "another controller")
        kill_and_return(cluster, loads, second)
        leave_and_return(cluster, loads, controller_of(cluster))
        grow_and_delete(cluster)
    check_end(cluster, loads)


def test_apache_controls_two_of_ours():
    with mixed("apache", "ottla", "ottla") as cluster:
        everything(cluster, apaches=True)


def test_ours_controls_two_of_apache():
    with mixed("ottla", "apache", "apache") as cluster:
        everything(cluster)


def test_one_of_ours_among_apache():
    with mixed("apache", "apache", "ottla") as cluster:
        everything(cluster, apaches=True)


def test_protocol_2_8_apache_controls():
    with mixed("apache", "ottla", "ottla", inter_broker_protocol_version="2.8") as cluster:
        everything(cluster, apaches=True)


def test_protocol_2_8_ours_controls():
    with mixed("ottla", "apache", "apache", inter_broker_protocol_version="2.8") as cluster:
        everything(cluster)


def test_broker_by_broker_and_back():
    """Under load Apache's cluster becomes ours, each broker on the log dir it finds, and Apache's again."""
    with mixed("apache", "apache", "apache") as cluster:
        with under_load(cluster) as loads:
            for kind in ("ottla", "apache"):
                for broker_id in (1, 2, 3):
                    leave_and_return(cluster, loads, broker_id, kind)
        check_end(cluster, loads)


for _test in (test_apache_controls_two_of_ours, test_ours_controls_two_of_apache, test_one_of_ours_among_apache,
              test_protocol_2_8_apache_controls, test_protocol_2_8_ours_controls, test_broker_by_broker_and_back):
    _test.limit_seconds = 900
