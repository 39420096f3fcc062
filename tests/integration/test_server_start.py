"""kafka-server-start: in the foreground it becomes the broker, with -daemon it returns at once."""

import os
import pathlib
import signal
import subprocess
import time

from cluster import BIN, Cluster, expect_equal, expect_true, wait_for


def broker_pids(config):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[0].endswith(b"/ottla-broker") and words[1] == str(config).encode():
            found.append(int(entry.name))
    return found


def test_daemon():
    with Cluster(brokers=1, start=False) as cluster:
        broker = cluster.broker(1)
        env = dict(broker.env, LOG_DIR=str(cluster.directory / "logs"))
        start = time.monotonic()
        done = subprocess.run([BIN / "kafka-server-start.sh", "-daemon", broker.config, "--override", "num.partitions=3"],
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=30)
        expect_equal((done.returncode, done.stdout), (0, b""), "exit status and output")
        expect_true(time.monotonic() - start < 10, "it returns at once")
        # The keeper has the broker's words for the moment between its start and its name.
        wait_for("one broker was started", lambda: len(broker_pids(broker.config)) == 1)
        pids = broker_pids(broker.config)
        wait_for("it serves", broker.listening)
        expect_true((cluster.directory / "logs" / "kafkaServer.out").exists(), "its output has a file")
        os.kill(pids[0], signal.SIGTERM)
        wait_for("it ends", lambda: not broker_pids(broker.config), 40)


def test_foreground_becomes_the_broker():
    with Cluster(brokers=1, start=False) as cluster:
        broker = cluster.broker(1)
        broker.command = [str(BIN / "kafka-server-start"), str(broker.config)]
        broker.start()
        wait_for("it serves", broker.listening)
        expect_equal(broker_pids(broker.config), [broker.popen.pid], "the same process")
        broker.stop()
        expect_equal(broker.popen.returncode, 0, "exit status after SIGTERM")
