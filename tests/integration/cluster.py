"""Real processes for tests: ZooKeeper and brokers on free ports, everything in one temporary directory.

Whatever a test does, leaving the `with` block ends every process that was started here.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("OTTLA_BIN", ROOT / "build" / "bin"))
ZK_SERVER = os.environ.get("OTTLA_ZK_SERVER", "/usr/share/zookeeper/bin/zkServer.sh")
# Session timeouts are several ticks long; short ones keep the tests quick.
TICK_MS = 500


# Whoever ends a run ends what it started: the `with` blocks are left in order.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


class Failure(Exception):
    """What was expected did not happen; the text says what did."""


def free_ports(count):
    """Ports nobody listens on now, all different, below the range that outgoing connections take theirs from."""
    low_end = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    taken = []
    candidate = 11000 + (os.getpid() * 131) % max(1, low_end - 12000)
    while len(taken) < count:
        candidate = candidate + 1 if candidate + 1 < low_end else 11000
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", candidate)) == 0:
                continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        taken.append(candidate)
    return taken


def wait_for(what, check, timeout=30.0, pause=0.1):
    """The first true result of check(); Failure after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"not within {timeout:g} s: {what}")
        time.sleep(pause)


def tail(path, lines=25):
    try:
        text = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return "(no output)"
    return "\n".join("    " + line for line in text[-lines:])


class Process:
    """One process whose output goes to a file."""

    def __init__(self, name, command, log, env=None):
        self.name, self.command, self.log, self.env = name, [str(c) for c in command], log, env
        self.popen = None

    def start(self):
        out = open(self.log, "ab")
        self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env)
        out.close()

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    def kill(self):
        """kill -9, and gone when this returns."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, timeout=30.0):
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not end within {timeout:g} s of SIGTERM") from None

    def wait(self, timeout=30.0):
        return self.popen.wait(timeout) if self.popen else None


class ZooKeeper(Process):
    def __init__(self, directory, port):
        self.port, self.directory = port, directory
        config = directory / "zoo.cfg"
        super().__init__("zookeeper", [ZK_SERVER, "start-foreground", config], directory / "zookeeper.out",
                         dict(os.environ, JVMFLAGS="-Xmx128m"))
        (directory / "zk").mkdir()
        config.write_text(
            f"tickTime={TICK_MS}\ndataDir={directory}/zk\nclientPort={port}\nclientPortAddress=127.0.0.1\n"
            "admin.enableServer=false\nmaxClientCnxns=0\n4lw.commands.whitelist=ruok\n")

    def ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as s:
                s.sendall(b"ruok")
                return s.recv(4) == b"imok"
        except OSError:
            return False

    def await_ready(self):
        def check():
            if not self.running():
                raise Failure(f"ZooKeeper ended:\n{tail(self.log)}")
            return self.ready()
        wait_for("ZooKeeper answers", check, 60)


class Broker(Process):
    def __init__(self, directory, broker_id, port, zk, settings):
        self.broker_id, self.port = broker_id, port
        self.data = directory / f"data-{broker_id}"
        config = directory / f"server-{broker_id}.properties"
        values = {
            "broker.id": broker_id, "listeners": f"PLAINTEXT://127.0.0.1:{port}", "log.dirs": self.data,
            "zookeeper.connect": zk, "zookeeper.session.timeout.ms": 6000, "num.partitions": 1,
            "offsets.topic.num.partitions": 5, "transaction.state.log.num.partitions": 3,
            "group.initial.rebalance.delay.ms": 0, "replica.lag.time.max.ms": 5000,
        }
        values.update(settings)
        config.write_text("".join(f"{k}={v}\n" for k, v in values.items()))
        super().__init__(f"broker {broker_id}", [BIN / "ottla-broker", config], directory / f"broker-{broker_id}.out",
                         dict(os.environ, OTTLA_TEST_CLUSTER=str(directory)))
        self.config = config

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def listening(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


class Cluster:
    """with Cluster(brokers=3, settings={...}) as cluster: ..."""

    def __init__(self, brokers=3, settings=None, start=True):
        self.count, self.settings, self.start_brokers = brokers, settings or {}, start
        self.brokers, self.zk, self.directory = [], None, None

    def __enter__(self):
        base = os.environ.get("OTTLA_TEST_TMP")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ottla-it-", dir=base))
        try:
            zk_port, *ports = free_ports(self.count + 1)
            self.zk = ZooKeeper(self.directory, zk_port)
            self.zk.start()
            self.zk.await_ready()
            factor = min(3, self.count)
            settings = {"offsets.topic.replication.factor": factor, "transaction.state.log.replication.factor": factor,
                        "transaction.state.log.min.isr": min(2, factor), **self.settings}
            for i in range(self.count):
                self.brokers.append(Broker(self.directory, i + 1, ports[i], f"127.0.0.1:{zk_port}/ottla", settings))
            if self.start_brokers:
                for broker in self.brokers:
                    broker.start()
                self.await_all()
        except BaseException:
            self.show_logs()
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is not None:
            self.show_logs()
        for process in self.brokers:
            with contextlib.suppress(Exception):
                if process.running():
                    process.kill()
        self.end_keepers()
        with contextlib.suppress(Exception):
            if self.zk is not None:
                self.zk.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def end_keepers(self):
        """The small processes beside brokers: they end by themselves while ZooKeeper is there, else by force."""
        with contextlib.suppress(Failure):
            wait_for("keepers end", lambda: not self.marked_processes(), 5)
        for pid in self.marked_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def marked_processes(self):
        """Processes that inherited the environment of this cluster's brokers."""
        mark, found = f"OTTLA_TEST_CLUSTER={self.directory}".encode(), []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found

    def show_logs(self):
        for process in [self.zk, *self.brokers]:
            if process is not None:
                print(f"  -- {process.name} (exit status {process.popen.poll() if process.popen else None}), last lines:\n"
                      f"{tail(process.log)}", file=sys.stderr)

    @property
    def bootstrap(self):
        return ",".join(b.address for b in self.brokers)

    def broker(self, broker_id):
        return self.brokers[broker_id - 1]

    def await_all(self, timeout=40.0):
        """Every broker is in every broker's metadata, and there is a controller."""
        for broker in self.brokers:
            self.await_broker(broker, timeout)

    def await_broker(self, broker, timeout=40.0):
        expected = {b.broker_id for b in self.brokers if b.running()}

        def check():
            if not broker.running():
                raise Failure(f"{broker.name} ended with {broker.popen.poll()}:\n{tail(broker.log)}")
            # The port is asked first: kcat waits long for one that nobody listens on.
            return broker.listening() and self.live_brokers(broker) == expected and self.controller(broker) > 0
        wait_for(f"{broker.name} knows brokers {sorted(expected)} and a controller", check, timeout)

    def metadata(self, broker, topic=None):
        """What `kcat -L -J` says, or {} when the broker does not answer."""
        import json
        command = ["kcat", "-b", broker.address, "-L", "-J", "-m", "5", "-X", "allow.auto.create.topics=false"]
        if topic:
            command += ["-t", topic]
        done = subprocess.run(command, capture_output=True, timeout=30)
        try:
            return json.loads(done.stdout) if done.returncode == 0 else {}
        except ValueError:
            return {}

    def live_brokers(self, broker):
        return {b["id"] for b in self.metadata(broker).get("brokers", [])}

    def controller(self, broker):
        return self.metadata(broker).get("controllerid", -1)

    def leader(self, topic, partition=0, ask=None):
        """Broker id, or -1."""
        broker = ask or next(b for b in self.brokers if b.running())
        for t in self.metadata(broker, topic).get("topics", []):
            for p in t.get("partitions", []):
                if t["topic"] == topic and p["partition"] == partition:
                    return p["leader"]
        return -1

    def in_sync(self, topic, partition=0, ask=None):
        broker = ask or next(b for b in self.brokers if b.running())
        for t in self.metadata(broker, topic).get("topics", []):
            for p in t.get("partitions", []):
                if t["topic"] == topic and p["partition"] == partition:
                    return {r["id"] for r in p["isrs"]}
        return set()

    def create_topic(self, name, partitions=1, factor=1, *configs):
        command = ["--create", "--topic", name, "--partitions", partitions, "--replication-factor", factor]
        for config in configs:
            command += ["--config", config]
        self.tool("kafka-topics", *command)
        for partition in range(partitions):
            wait_for(f"{name}-{partition} has a leader everywhere", lambda p=partition: all(
                self.leader(name, p, b) > 0 for b in self.brokers if b.running()), 30)

    def tool(self, name, *words, stdin="", expect=0, timeout=90.0, server=True):
        """Runs one of our tools; (stdout, stderr). Failure unless it exits with `expect`."""
        command = [str(BIN / name)]
        if server:
            command += ["--bootstrap-server", self.bootstrap]
        command += [str(w) for w in words]
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=timeout)
        if done.returncode != expect:
            raise Failure(f"{' '.join(command)}\nexit status {done.returncode}, expected {expect}\n"
                          f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
        return done.stdout.decode(), done.stderr.decode()


def expect_equal(actual, expected, what=""):
    if actual != expected:
        raise Failure(f"{what or 'result'}: expected {expected!r}, got {actual!r}")


def expect_true(condition, what):
    if not condition:
        raise Failure(what)
