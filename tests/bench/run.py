#!/usr/bin/python3
"""What a broker costs and how fast it is, for any broker that is started with a server.properties.

  run.py NAME COMMAND CASE...     COMMAND has {props} in it;  CASE: produce1 produce3 bare beside latency idle startup
  e.g. BENCH_BIN=build/bin tests/bench/run.py ottla 'build/bin/ottla-broker {props}' produce1 latency

Needs a ZooKeeper (BENCH_ZOOKEEPER, default Debian's zkServer.sh), python3-confluent-kafka, and bench_load and
bench_null_server in BENCH_BIN. One JSON object a line. Files go to a new directory under BENCH_DIR (default /tmp), which
is removed at the end. CPU is user and system time of the broker processes.
`bare` measures the least a broker could do with the load of produce1 and ignores COMMAND; `beside` runs both by turns.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

BIN = pathlib.Path(os.environ.get("BENCH_BIN", "build/ci-release/bin")).resolve()
ZOOKEEPER = os.environ.get("BENCH_ZOOKEEPER", "/usr/share/zookeeper/bin/zkServer.sh")
PARTITIONS = 6
IDLE_PARTITIONS = 1000
BESIDE_TURNS = 9
BESIDE_BYTES = 300_000_000  # at least, of each turn: less is mostly the client's arrival
NOWHERE = {"log_level": 0}  # librdkafka grumbles when brokers are killed


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, condition, seconds=60.0, step=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):  # "not yet" has many faces: refused, no leader, no metadata
            if condition():
                return
        time.sleep(step)
    raise TimeoutError(what)


def accepts(port):
    with socket.create_connection(("127.0.0.1", port), 1):
        return True


def spawn(command, log):
    with open(log, "ab") as out:
        return subprocess.Popen(command, shell=isinstance(command, str), stdout=out, stderr=out,
                                start_new_session=True)


def cpu_s(pid):
    """User and system time of a process, all threads, in nanoseconds' grain: the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


class Broker:
    def __init__(self, cluster, number):
        self.cluster, self.number, self.port = cluster, number, free_port()
        self.directory = cluster.directory / f"broker{number}"
        self.directory.mkdir()
        self.process = None

    def properties(self):
        replicas = min(3, self.cluster.size)
        return {
            "broker.id": self.number,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "log.dirs": self.directory / "data",
            "zookeeper.connect": f"127.0.0.1:{self.cluster.zookeeper_port}",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
        }

    def start(self):
        path = self.directory / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in self.properties().items()))
        command = "exec " + self.cluster.command.format(props=path)
        os.environ["LOG_DIR"] = str(self.directory)  # where a JVM broker puts its own logs
        self.process = spawn(command, self.directory / "out.log")

    def stop(self, how=signal.SIGKILL):
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        self.process.wait(60)
        self.process = None

    def cpu_s(self):
        return cpu_s(self.process.pid)

    def rss_mb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) / 1024)
        return 0


class Cluster:
    def __init__(self, command, size):
        self.command, self.size = command, size
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_DIR", "/tmp")))
        self.zookeeper_port = free_port()
        settings = self.directory / "zoo.cfg"
        settings.write_text(f"tickTime=2000\ndataDir={self.directory}/zookeeper\nclientPort={self.zookeeper_port}\n"
                            "admin.enableServer=false\nmaxClientCnxns=0\n")
        self.zookeeper = spawn([ZOOKEEPER, "start-foreground", str(settings)], self.directory / "zookeeper.log")
        self.brokers = []

    def __enter__(self):
        try:
            return self.started()
        except BaseException:
            self.__exit__()
            raise

    def started(self):
        until("ZooKeeper", lambda: accepts(self.zookeeper_port))
        self.brokers = [Broker(self, number + 1) for number in range(self.size)]
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            until(f"broker {broker.number}", lambda port=broker.port: accepts(port))
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap(), **NOWHERE})
        until("all brokers in the metadata", lambda: len(self.admin.list_topics(timeout=5).brokers) == self.size)
        return self

    def __exit__(self, *_):
        for broker in self.brokers:
            broker.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.zookeeper.pid, signal.SIGKILL)
        self.zookeeper.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)

    def bootstrap(self):
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def create(self, topic, partitions=PARTITIONS):
        for future in self.admin.create_topics([NewTopic(topic, partitions, self.size)]).values():
            future.result()

        def complete():
            seen = self.admin.list_topics(topic, timeout=10).topics[topic].partitions
            return len(seen) == partitions and all(p.leader > 0 and len(p.isrs) == self.size for p in seen.values())
        until(f"leaders of {topic}", complete)

    def cpu_s(self):
        return sum(broker.cpu_s() for broker in self.brokers)

    def load(self, mode, topic, **options):
        """Runs the load; its figures, and what the brokers paid for it."""
        return costed_load(self.cpu_s, mode, self.bootstrap(), topic, **options)


def load(mode, bootstrap, topic, settings=(), **options):
    command = [str(BIN / "bench_load"), mode, bootstrap, topic]
    command += [f"--{name}={value}" for name, value in options.items()] + [f"--set={one}" for one in settings]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    seen = json.loads(run.stdout) if run.stdout else {}
    if run.returncode != 0:
        seen["error"] = run.stderr[-300:] or f"exit code {run.returncode}"
    return seen


def costed_load(clock, mode, bootstrap, topic, **options):
    """Runs the load; its figures, and what the server paid for it by its `clock` of CPU seconds."""
    before = clock()
    seen = load(mode, bootstrap, topic, **options)
    cpu = clock() - before
    seen["broker_cpu_s"] = round(cpu, 4)
    if cpu > 0 and "records" in seen:
        seen["records_per_cpu_s"] = round(seen["records"] / cpu)
        seen["cpu_s_per_gb"] = round(cpu / (seen["mb"] / 1000), 4)
    return seen


RUNS = [("100 B", 100, 3_000_000, []), ("1,000 B", 1000, 600_000, []),
        ("100 B in batches of 50", 100, 300_000, ["linger.ms=0", "batch.num.messages=50"])]


@contextlib.contextmanager
def bare_loop():
    """Its clock of CPU seconds and its address."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("BENCH_DIR", "/tmp")) as files, \
         subprocess.Popen([str(BIN / "bench_null_server"), "0", files], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield (lambda: cpu_s(server.pid)), f"127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def bare(say, _command):
    with bare_loop() as (clock, at):
        for number, (title, record, count, settings) in enumerate(RUNS):
            topic = f"t{number}"
            say(f"bare loop, produce acks=1, {title}", costed_load(
                clock, "produce", at, topic, size=record, count=count, settings=["acks=1", *settings]))
            say(f"bare loop, fetch, {title}", costed_load(
                clock, "consume", at, topic, partitions=PARTITIONS, count=count))


def beside(say, command):
    """Broker and bare loop by turns: a single pair scatters by a third, the medians of many do not."""
    with bare_loop() as (bare_clock, bare_at), Cluster(command, 1) as cluster:
        sides = {"broker": (cluster.cpu_s, cluster.bootstrap()), "bare": (bare_clock, bare_at)}
        for number, (title, record, count, settings) in enumerate(RUNS):
            costs = {(mode, side): [] for mode in ("produce acks=1", "fetch") for side in sides}
            count = max(count, BESIDE_BYTES // record)
            for turn in range(BESIDE_TURNS):
                topic = f"t{number}-{turn}"
                cluster.create(topic)
                for side, (clock, at) in sorted(sides.items(), reverse=turn % 2 == 1):
                    costs["produce acks=1", side].append(costed_load(
                        clock, "produce", at, topic, size=record, count=count,
                        settings=["acks=1", *settings])["cpu_s_per_gb"])
                    costs["fetch", side].append(costed_load(
                        clock, "consume", at, topic, partitions=PARTITIONS, count=count)["cpu_s_per_gb"])
            for mode in ("produce acks=1", "fetch"):
                medians = {side: statistics.median(costs[mode, side]) for side in sides}
                say(f"beside the bare loop, {mode}, {title}", {
                    **{f"{side}_cpu_s_per_gb": round(median, 3) for side, median in medians.items()},
                    "ratio": round(medians["broker"] / medians["bare"], 2), "turns": BESIDE_TURNS})


def produce(say, command, size, acks):
    with Cluster(command, size) as cluster:
        cluster.create("warm")  # a JVM compiles what it runs often; a native broker does not care
        cluster.load("produce", "warm", size=100, count=400_000, settings=[f"acks={acks}"])
        cluster.load("produce", "warm", size=1000, count=200_000, settings=[f"acks={acks}"])
        for number, (title, record, count, settings) in enumerate(RUNS):
            topic = f"t{number}"
            cluster.create(topic)
            say(f"produce acks={acks} rf={size}, {title}",
                cluster.load("produce", topic, size=record, count=count, settings=[f"acks={acks}", *settings]))
            if size == 1:
                say(f"fetch, {title}", cluster.load("consume", topic, partitions=PARTITIONS, count=count))
        say(f"memory under load, rf={size}", {"rss_mb": [broker.rss_mb() for broker in cluster.brokers]})


def latency_options(rate):
    return {"size": 1000, "rate": rate, "count": rate * 15, "untimed": rate * 3,
            "settings": ["acks=all", "linger.ms=0"]}


def latency(say, command):
    with subprocess.Popen([str(BIN / "bench_null_server")], stdout=subprocess.PIPE, text=True) as server:
        try:
            at = f"127.0.0.1:{server.stdout.readline().strip()}"
            for rate in (1000, 5000, 20000):
                say(f"latency floor, no broker, {rate}/s", load("produce", at, "floor", **latency_options(rate)))
        finally:
            server.kill()
    with Cluster(command, 3) as cluster:
        cluster.create("warm")
        warm = int(os.environ.get("BENCH_WARM_S", "10"))  # 100 for a JVM: that long it compiles
        cluster.load("produce", "warm", size=1000, rate=3000, count=3000 * warm, settings=["acks=all", "linger.ms=0"])
        for rate in (1000, 5000, 20000):
            cluster.create(f"at{rate}")
            say(f"latency acks=all rf=3, {rate}/s", cluster.load("produce", f"at{rate}", **latency_options(rate)))


def idle(say, command):
    with Cluster(command, 3) as cluster:
        say("memory fresh", {"rss_mb": [broker.rss_mb() for broker in cluster.brokers]})
        begin = time.monotonic()
        cluster.create("many", IDLE_PARTITIONS)
        say(f"create {IDLE_PARTITIONS} partitions, rf=3", {"secs": round(time.monotonic() - begin, 2)})
        time.sleep(15)
        before = cluster.cpu_s()
        time.sleep(20)
        say("idle, three brokers", {"percent_of_a_core": round((cluster.cpu_s() - before) / 20 * 100, 1)})
        say("memory idle", {"rss_mb": [broker.rss_mb() for broker in cluster.brokers]})


def startup(say, command):
    with Cluster(command, 1) as cluster:
        cluster.create("many", IDLE_PARTITIONS)
        broker = cluster.brokers[0]
        for how, sig, pause in (("a clean stop", signal.SIGTERM, 0), ("kill -9", signal.SIGKILL, 20)):
            broker.stop(sig)
            time.sleep(pause)  # Apache Kafka refuses to start while the old session lives
            begin = time.monotonic()
            broker.start()
            until("broker", lambda: accepts(broker.port), step=0.005)
            acks = []
            client = Producer({"bootstrap.servers": cluster.bootstrap(), "retry.backoff.ms": 20,
                               "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 50, **NOWHERE})
            # Asked for by itself: a client that is connected before it hears of its first topic looks for leaders a
            # second later, with any broker.
            until("a leader", lambda one=client: one.list_topics("many", timeout=5).topics["many"].partitions[0].leader > 0)
            client.produce("many", b"x", on_delivery=lambda error, _: acks.append(error))
            client.flush(60)
            say(f"start to first ack after {how}, {IDLE_PARTITIONS} partitions",
                {"secs": round(time.monotonic() - begin, 2), "cpu_s": broker.cpu_s(),
                 "error": None if acks == [None] else str(acks)})


CASES = {
    "produce1": lambda say, command: produce(say, command, 1, "1"),
    "produce3": lambda say, command: produce(say, command, 3, "all"),
    "bare": bare,
    "beside": beside,
    "latency": latency,
    "idle": idle,
    "startup": startup,
}


def main():
    if len(sys.argv) < 4 or not set(sys.argv[3:]) <= set(CASES):
        sys.exit(__doc__)
    name, command = sys.argv[1:3]

    def say(case, figures):
        print(json.dumps({"name": name, "case": case, **figures}), flush=True)
    for case in sys.argv[3:]:
        CASES[case](say, command)


if __name__ == "__main__":
    main()
