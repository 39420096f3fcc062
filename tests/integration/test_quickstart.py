"""deploy/quickstart.sh with binaries that are built: the whole way, and each thing that can go wrong in one clear line."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from cluster import BIN, ROOT, expect_equal, expect_true, free_ports

SCRIPT = ROOT / "deploy" / "quickstart.sh"


class Quickstart:
    """Ports and a directory of its own; what still runs at the end is killed."""

    def __init__(self, **variables):
        self.variables = variables

    def __enter__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="ottla-it-", dir=os.environ.get("OTTLA_TEST_TMP")))
        self.state = self.top / "state"
        self.ports = self.consecutive_ports()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.top), "OTTLA_BIN": str(BIN), "ZK_PORT": str(self.ports[0]),
                    "BROKER_PORT": str(self.ports[1]), "OTTLA_QUICKSTART_DIR": str(self.state), **self.variables}
        return self

    @staticmethod
    def consecutive_ports():
        while True:
            ports = free_ports(4)
            if ports[3] - ports[1] == 2:
                return ports

    def __exit__(self, *_):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.top)

    def processes(self):
        """Whatever was started for this directory, by its command line."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if str(self.state).encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
        return found

    def run(self, *words, expect=0):
        """(stdout, lines of stderr)"""
        done = subprocess.run([SCRIPT, *words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        said = done.stdout.decode() + done.stderr.decode()
        expect_equal(done.returncode, expect, said)
        return done.stdout.decode(), done.stderr.decode().splitlines()

    def refuses(self, *words):
        """The last line of a run that fails and leaves no process."""
        _, errors = self.run(*words, expect=1)
        expect_equal([line for line in errors if line.startswith("error: ")], errors[-1:], "one line says what is wrong")
        expect_equal(self.processes(), [], "nothing is left running")
        return errors[-1]


def fake_tools(directory, **scripts):
    """Programs that stand in front of the real ones."""
    directory.mkdir()
    for name, text in scripts.items():
        path = directory / name.replace("_", "-")
        path.write_text("#!/bin/bash\n" + text + "\n")
        path.chmod(0o755)
    return str(directory)


def test_up_down_clean():
    with Quickstart() as quickstart:
        said, _ = quickstart.run()
        for id_ in (1, 2, 3):
            expect_true(f"broker {id_}  localhost:{quickstart.ports[id_]}" in said, said)
        expect_equal(len(re.findall(r"Replicas: [123],[123],[123]\s", said)), 3, said)
        expect_true("hello-" in said and "--down" in said, said)
        expect_true(len(quickstart.processes()) >= 4, "it is left running")
        _, errors = quickstart.run(expect=1)
        expect_true(len(errors) == 1 and "is running already" in errors[0] and "--down" in errors[0], errors)
        said, _ = quickstart.run("--down")
        expect_true("stopped broker-3" in said and "nothing" not in said, said)
        expect_equal(quickstart.processes(), [], "all have ended")
        said, _ = quickstart.run("--down")
        expect_true("nothing is running" in said, said)
        said, _ = quickstart.run()
        expect_true("hello-" in said, said)
        (quickstart.state / "notes.txt").write_text("not made by the script")
        quickstart.run("--clean")
        expect_equal(quickstart.processes(), [], "all have ended")
        expect_equal([p.name for p in quickstart.state.iterdir()], ["notes.txt"], "what is left")
        (quickstart.state / "notes.txt").unlink()
        quickstart.run("--clean")
        expect_true(not quickstart.state.exists(), "its directory is gone")
        quickstart.run("--clean")


def test_port_in_use():
    with Quickstart() as quickstart, socket.socket() as taken:
        taken.bind(("127.0.0.1", quickstart.ports[2]))
        taken.listen()
        line = quickstart.refuses()
        expect_true(f"port {quickstart.ports[2]} is in use" in line and "BROKER_PORT=" in line, line)
        expect_true(not quickstart.state.exists(), "nothing was made")


def test_missing_package_without_root():
    with Quickstart() as quickstart:
        tools = fake_tools(quickstart.top / "tools", dpkg_query="exit 1", id="echo 1000", java="")
        for name in ("bash", "dirname", "cat", "timeout", "mkdir", "touch", "grep"):  # and no sudo
            os.symlink(shutil.which(name), f"{tools}/{name}")
        quickstart.env["PATH"] = tools
        line = quickstart.refuses()
        expect_true(line.endswith("apt-get install zookeeper kcat"), line)


def test_apt_that_fails():
    with Quickstart() as quickstart:
        tools = fake_tools(quickstart.top / "tools", dpkg_query="exit 1", id="echo 1000", java="", sudo='"$@"',
                           apt_get="echo 'E: no network' >&2; exit 100")
        quickstart.env["PATH"] = f"{tools}:{quickstart.env['PATH']}"
        line = quickstart.refuses()
        expect_true("apt-get could not install" in line and line.endswith(": zookeeper kcat"), line)


def test_broker_that_does_not_start():
    with Quickstart() as quickstart:
        quickstart.env["OTTLA_BIN"] = fake_tools(quickstart.top / "tools", ottla_broker="echo no such disk; exit 1")
        line = quickstart.refuses()
        expect_true("broker-1 ended" in line and f"{quickstart.state}/broker-1.log" in line, line)
        expect_true("no such disk" in (quickstart.state / "broker-1.log").read_text(), "its output is there")


def test_wrong_use():
    with Quickstart() as quickstart:
        expect_equal(quickstart.refuses("--up"), "error: unknown option --up")
        said, _ = quickstart.run("--help")
        expect_true("--down" in said and "--clean" in said and "ZK_PORT" in said, said)
        quickstart.env["OTTLA_BIN"] = str(quickstart.top)
        expect_true("no ottla-broker in" in quickstart.refuses(), "binaries that are not there")
        quickstart.env["OTTLA_QUICKSTART_DIR"] = "/proc/ottla"
        expect_true("cannot write in /proc/ottla" in quickstart.refuses(), "a directory that cannot be made")
