"""Apache's jars for tests: which there are, compiling against them, running their programs."""

import os
import pathlib
import subprocess

from cluster import BIN, Failure

HERE = pathlib.Path(__file__).resolve().parent
JARS = pathlib.Path(os.environ["OTTLA_APACHE_JARS"])
SERVER = "3.9.1"  # the version whose broker and tools are used
# Quick start matters more than speed: every call is a new machine.
JVM = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def class_path(version, *more):
    return ":".join([*map(str, more), f"{JARS / version}/*", str(HERE / "log4j")])


def number(version):
    return tuple(int(n) for n in version.split("."))


def compile_story(version, target):
    """Our Java program against that version of the clients, as class files in `target`."""
    sources = list((HERE / "java").glob("*.java"))
    for folder in (HERE / "java").glob("since-*"):
        if number(version) >= number(folder.name.removeprefix("since-")):
            sources += folder.glob("*.java")
    command = ["javac", "-nowarn", "-J-Xmx256m", "-J-XX:TieredStopAtLevel=1", "-proc:none", "-cp", class_path(version),
               "-d", target, *sources]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Failure(f"javac against {version}:\n{done.stdout}{done.stderr}")


def java(version, main, *words, classes=(), stdin=b"", timeout=180):
    """One run of a class; subprocess.CompletedProcess with bytes."""
    command = [*JVM, "-cp", class_path(version, *classes), main, *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout)


def text_of(done):
    return (done.stdout + done.stderr).decode(errors="replace")


def server_command(config):
    """Apache's broker on a properties file."""
    return ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", class_path(SERVER), "kafka.Kafka",
            str(config)]


def compile_helpers(target):
    """The Java programs that need Apache's newest clients, as class files in `target`."""
    sources = sorted((HERE / "java" / "server").glob("*.java"))
    command = ["javac", "-nowarn", "-J-Xmx256m", "-J-XX:TieredStopAtLevel=1", "-proc:none", "-cp", class_path(SERVER),
               "-d", target, *sources]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Failure(f"javac:\n{done.stdout}{done.stderr}")


def program(classes, main, *words, timeout=180):
    """One of those programs; its lines."""
    done = java(SERVER, main, *words, classes=[classes], timeout=timeout)
    if done.returncode:
        raise Failure(f"{main} {' '.join(map(str, words))}: exit status {done.returncode}\n{text_of(done)[-4000:]}")
    return done.stdout.decode().splitlines()


def use(broker, kind):
    """Which program runs this broker when it is started next: "ottla" or "apache"."""
    broker.command = server_command(broker.config) if kind == "apache" else [str(BIN / "ottla-broker"), str(broker.config)]


def runs(broker):
    return broker.command == server_command(broker.config)


def stop(broker):
    """SIGTERM and a clean end, which takes Apache's broker longer."""
    broker.stop(timeout=60)
