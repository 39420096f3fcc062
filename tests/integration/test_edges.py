"""What goes wrong around a broker: bad settings, foreign bytes, double ids, ZooKeeper out of reach. Bad requests on a
live cluster: test_bad_input."""

import pathlib
import random
import socket
import struct
import subprocess
import time

from cluster import BIN, Cluster, expect_equal, expect_true, free_ports, tail, wait_for


def run_broker(directory, text, *overrides, timeout=30):
    config = directory / "edge.properties"
    config.write_text(text)
    words = [w for o in overrides for w in ("--override", o)]
    return subprocess.run([BIN / "ottla-broker", config, *words], capture_output=True, timeout=timeout)


def test_bad_settings_end_with_one_clear_line():
    cases = [
        ("broker.id=1\n", "zookeeper.connect"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nnum.partitions=0\n", "Invalid value 0 for configuration num.partitions"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nlisteners=nonsense\n", "nonsense"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nprocess.roles=broker\n", "process.roles"),
        ("broker.id=9999\nzookeeper.connect=127.0.0.1:1\n", "broker.id"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nnum.partitions=many\n", "Invalid value many for configuration num.partitions"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nlog.segment.bytes=5\n", "Invalid value 5 for configuration log.segment.bytes"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nauto.create.topics.enable=maybe\n", "auto.create.topics.enable"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nlog.retention.ms=1e9\n", "log.retention.ms"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nmin.insync.replicas=0\n",
         "Invalid value 0 for configuration min.insync.replicas"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\ncompression.type=best\n",
         "Invalid value best for configuration compression.type"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nlog.cleaner.min.cleanable.ratio=2\n",
         "Invalid value 2 for configuration log.cleaner.min.cleanable.ratio"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nnum.network.threads=99999999999\n", "num.network.threads"),
        ("broker.id=one\nzookeeper.connect=127.0.0.1:1\n", "Invalid value one for configuration broker.id"),
        ("broker.id=1\nzookeeper.connect=127.0.0.1:1\nlisteners=PLAINTEXT://:99999\n", "99999"),
    ]
    with Cluster(brokers=1, start=False) as cluster:
        for text, says in cases:
            done = run_broker(cluster.directory, f"log.dirs={cluster.directory}/edge\n" + text)
            output = (done.stdout + done.stderr).decode(errors="replace")
            expect_equal(done.returncode, 1, f"exit status for {text!r}: {output}")
            expect_true(any(says in line for line in output.splitlines()), f"{says!r} in: {output}")
            expect_true(not (cluster.directory / "edge").exists(), f"nothing was touched for {text!r}")


def test_usage_and_missing_file():
    for words in ([], ["/no/such/server.properties"]):
        done = subprocess.run([BIN / "ottla-broker", *words], capture_output=True, timeout=30)
        expect_equal(done.returncode, 1, f"exit status of ottla-broker {words}")
    done = subprocess.run([BIN / "kafka-server-start.sh"], capture_output=True, timeout=30)
    expect_equal(done.returncode, 1, "exit status of kafka-server-start")
    expect_true(done.stdout.startswith(b"USAGE: "), done.stdout)


def test_zookeeper_out_of_reach():
    with Cluster(brokers=1, start=False) as cluster:
        nobody = free_ports(1)[0]
        start = time.monotonic()
        done = run_broker(cluster.directory, f"broker.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\n"
                          f"log.dirs={cluster.directory}/edge\nzookeeper.connect=127.0.0.1:{nobody}\n"
                          "zookeeper.connection.timeout.ms=2000\n", timeout=60)
        output = (done.stdout + done.stderr).decode(errors="replace")
        expect_equal(done.returncode, 1, f"exit status: {output}")
        expect_true(time.monotonic() - start < 20, "it gave up in time")
        expect_true(str(nobody) in output, f"the address stands in the message: {output}")


def test_zookeeper_that_comes_late():
    """It is asked again until zookeeper.connection.timeout.ms, so a cluster may be started in any order."""
    with Cluster(brokers=1, settings={"zookeeper.connection.timeout.ms": 60000}, start=False) as cluster:
        cluster.zk.kill()
        broker = cluster.broker(1)
        broker.start()
        with socket.create_server(("127.0.0.1", cluster.zk.port)) as nobody:  # sees the tries and answers none
            nobody.settimeout(30)
            for _ in range(3):
                nobody.accept()[0].close()
        expect_true(broker.running() and not broker.listening(), "it waits and serves nobody")
        cluster.zk.start()
        cluster.zk.await_ready()
        cluster.await_all()


def test_zookeeper_that_takes_calls_and_never_answers():
    with Cluster(brokers=1, start=False) as cluster, socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        done = run_broker(cluster.directory, f"broker.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\n"
                          f"log.dirs={cluster.directory}/edge\nzookeeper.connect=127.0.0.1:{port}\n"
                          "zookeeper.connection.timeout.ms=2000\n", timeout=60)
        output = (done.stdout + done.stderr).decode(errors="replace")
        expect_equal(done.returncode, 1, f"exit status: {output}")
        expect_true(str(port) in output, f"the address stands in the message: {output}")


def test_unknown_settings_are_a_warning():
    with Cluster(brokers=1, start=False) as cluster:
        done = run_broker(cluster.directory, "broker.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\n"
                          f"log.dirs={cluster.directory}/edge\nzookeeper.connect=127.0.0.1:{free_ports(1)[0]}\n"
                          "zookeeper.connection.timeout.ms=500\nno.such.setting=5\n", timeout=60)
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        expect_true(any("no.such.setting" in line for line in lines), f"the key is named: {lines}")


def test_log_dirs_that_cannot_be_used():
    with Cluster(brokers=1) as cluster:
        broker = cluster.broker(1)
        broker.stop()
        blocked = cluster.directory / "a-file"
        blocked.write_text("not a directory")
        foreign = cluster.directory / "foreign"
        foreign.mkdir()
        (foreign / "meta.properties").write_text("version=0\nbroker.id=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n")
        other = cluster.directory / "other"
        other.mkdir()
        (other / "meta.properties").write_text("version=0\nbroker.id=77\n")
        sealed = pathlib.Path("/proc/ottla-edge")  # where not even root can write
        for log_dir in (blocked, foreign, other, sealed):
            done = subprocess.run([BIN / "ottla-broker", broker.config, "--override", f"log.dirs={log_dir}"],
                                  capture_output=True, timeout=60)
            output = (done.stdout + done.stderr).decode(errors="replace")
            expect_equal(done.returncode, 1, f"exit status with {log_dir}: {output}")
            expect_true(log_dir.name in output, f"{log_dir} is named: {output}")
        broker.start()
        cluster.await_all()


def test_two_brokers_with_one_id():
    with Cluster(brokers=1) as cluster:
        port = free_ports(1)[0]
        done = subprocess.run([BIN / "ottla-broker", cluster.broker(1).config,
                               "--override", f"listeners=PLAINTEXT://127.0.0.1:{port}",
                               "--override", f"log.dirs={cluster.directory}/second"], capture_output=True, timeout=60)
        output = (done.stdout + done.stderr).decode(errors="replace")
        expect_equal(done.returncode, 1, f"exit status of the second broker: {output}")
        expect_true(cluster.broker(1).running(), "the first broker goes on")
        expect_equal(cluster.live_brokers(cluster.broker(1)), {1}, "brokers")


def test_one_log_dir_twice():
    with Cluster(brokers=1) as cluster:
        port = free_ports(1)[0]
        cluster.create_topic("t", 1)

        def written():
            """What only the owner of the directory may write; the high watermarks are written all the time."""
            return {path.name: path.read_bytes() for path in cluster.broker(1).data.iterdir()
                    if path.is_file() and path.name != "replication-offset-checkpoint"}

        before = written()
        done = subprocess.run([BIN / "ottla-broker", cluster.broker(1).config,
                               "--override", "broker.id=7",
                               "--override", f"listeners=PLAINTEXT://127.0.0.1:{port}"], capture_output=True, timeout=60)
        output = (done.stdout + done.stderr).decode(errors="replace")
        expect_equal(done.returncode, 1, "exit status of the second broker")
        expect_true(str(cluster.broker(1).data) in output, f"the directory is named: {output}")
        expect_true(cluster.broker(1).running(), "the first broker goes on")
        expect_equal(written(), before, "files of the first broker")


def test_a_client_that_closes_its_half_gets_its_answers():
    """Also those that are still to come when the broker sees the end of the input: a Fetch that waits."""
    header = struct.pack(">hhih", 1, 4, 7, -1)  # Fetch v4, correlation id 7, no client id
    fetch = struct.pack(">iiiibi", -1, 500, 1, 1 << 20, 0, 1) + struct.pack(">h1s", 1, b"t") + struct.pack(
        ">iiqi", 1, 0, 0, 1 << 20)
    request = header + fetch
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        with socket.create_connection(("127.0.0.1", cluster.broker(1).port), timeout=20) as s:
            s.sendall(2 * (len(request).to_bytes(4, "big") + request))
            s.shutdown(socket.SHUT_WR)
            got = b""
            while piece := s.recv(65536):
                got += piece
        length = int.from_bytes(got[:4], "big")
        expect_true(length > 20, f"an answer: {got!r}")
        expect_equal(len(got), 2 * (4 + length), "bytes of two answers")
        expect_equal(got[4:8], b"\x00\x00\x00\x07", "correlation id")


def test_foreign_bytes_at_the_port():
    """Nothing that comes in at the port may end a broker, and others are served meanwhile."""
    seed = int(time.time())
    print(f"     seed {seed}")
    chance = random.Random(seed)
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        broker = cluster.broker(1)
        greetings = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 64,
                     b"\x7f\xff\xff\xff" + b"x" * 100, b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"]
        for i in range(300):
            if i < len(greetings):
                sent = greetings[i]
            else:
                body = bytes([0, chance.randrange(70)]) + bytes([0, chance.randrange(16)]) + chance.randbytes(
                    chance.randrange(200))
                sent = len(body).to_bytes(4, "big") + body if chance.random() < 0.8 else chance.randbytes(300)
            try:
                with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as s:
                    s.sendall(sent)
                    s.shutdown(socket.SHUT_WR)
                    s.settimeout(0.05)
                    s.recv(64)
            except OSError:
                pass
            expect_true(broker.running(), f"the broker ended after {sent[:40]!r}:\n{tail(broker.log)}")
        # Connections that announce much and send little must not take its memory or its attention.
        slow = [socket.create_connection(("127.0.0.1", broker.port), timeout=5) for _ in range(100)]
        for s in slow:
            s.sendall((50_000_000).to_bytes(4, "big") + b"0123456789")
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="fine\n")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 1,
                              "--timeout-ms", 20000)
        expect_equal(out, "fine\n")
        resident_kb = int(next(line for line in open(f"/proc/{broker.popen.pid}/status") if
                               line.startswith("VmRSS")).split()[1])
        expect_true(resident_kb < 2_000_000, f"{resident_kb} KiB resident")
        for s in slow:
            s.close()


def test_a_half_written_log_is_repaired():
    with Cluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="one\ntwo\n")
        broker = cluster.broker(1)
        broker.kill()
        segment = broker.data / "t-0" / "00000000000000000000.log"
        size = segment.stat().st_size
        with open(segment, "ab") as f:
            f.write(b"\x00\x00\x00\x00\x00\x00\x00\x05half of a batch")
        broker.start()
        cluster.await_all()
        wait_for("the rest is cut off", lambda: segment.stat().st_size == size)
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 2,
                              "--timeout-ms", 20000)
        expect_equal(out, "one\ntwo\n")


def test_more_partitions_than_a_topic_can_have():
    """Neither the time of the controller nor its memory goes into them, and the next request is served."""
    with Cluster(brokers=1) as cluster:
        for count in (2147483647, 3000000):
            out, _ = cluster.tool("kafka-topics", "--create", "--topic", "huge", "--partitions", count,
                                  "--replication-factor", 1, expect=1)
            expect_true(f"Topic 'huge' with {count} partitions does not fit into its znode." in out, out)
        cluster.create_topic("t", 1)
        out, _ = cluster.tool("kafka-topics", "--alter", "--topic", "t", "--partitions", 2147483647, expect=1)
        expect_true("does not fit into its znode" in out, out)


def window_of(port):
    """The receive window, in bytes, that the broker offers to a new connection (struct tcp_info, tcpi_snd_wnd)."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
        return struct.unpack_from("I", info, 228)[0]


def test_a_request_in_two_pieces_is_not_held_up():
    """The client's kernel holds the second piece back until the first is acknowledged: 40 ms, unless the broker hurries."""
    took = []
    with Cluster(brokers=1) as cluster:
        cluster.await_all()
        with socket.create_connection(("127.0.0.1", cluster.broker(1).port)) as client:
            for number in range(41):
                body = struct.pack(">hhih", 18, 0, number, -1)
                begin = time.monotonic()
                client.sendall(struct.pack(">i", len(body)))
                client.sendall(body)
                size, = struct.unpack(">i", client.recv(4, socket.MSG_WAITALL))
                client.recv(size, socket.MSG_WAITALL)
                took.append(time.monotonic() - begin)
    expect_true(sorted(took)[20] < 0.02, f"half of the answers took longer than {sorted(took)[20]:.3f} s")


def test_socket_buffers_are_those_of_the_settings():
    with Cluster(brokers=1) as cluster:
        cluster.await_all()
        system = window_of(cluster.broker(1).port)
    with Cluster(brokers=1, settings={"socket.receive.buffer.bytes": 8192}) as cluster:
        cluster.await_all()
        named = window_of(cluster.broker(1).port)
    expect_true(0 < named <= 16384 < system, f"window {named} of 8192 bytes asked for, {system} by itself")
