"""Log directories that Apache's broker wrote, taken over by ours, given back, and taken over again: nothing is lost."""

import contextlib
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import apache
from cluster import ROOT, Cluster, Failure, expect_equal, expect_true

FIXTURES = pathlib.Path(os.environ.get("OTTLA_FIXTURES_DIR") or ROOT / "tests" / "golden" / "fixtures")
QUIET = {"log.retention.ms": "-1", "auto.create.topics.enable": "false", "log.cleaner.enable": "false",
         "offsets.topic.num.partitions": 3, "transaction.state.log.num.partitions": 3, "zookeeper.session.timeout.ms": 6000}


def opened(name):
    """A file of a fixture, packed or not, as text lines."""
    path = FIXTURES / name
    return open(path) if path.exists() else gzip.open(FIXTURES / f"{name}.gz", "rt")


@contextlib.contextmanager
def unpacked(name):
    """A cluster, not started, whose brokers have the fixture's log dirs and ZooKeeper its tree; and compiled helpers."""
    with opened(f"{name}.expected.json") as f:
        expected = json.load(f)
    ids = sorted({int(d.split("/")[0][1:]) for d in expected["dirs"]})
    with tempfile.TemporaryDirectory() as classes, Cluster(max(ids), QUIET, start=False) as cluster:
        apache.compile_helpers(classes)
        subprocess.run(["tar", "-xzf", FIXTURES / f"{name}.tar.gz", "-C", cluster.directory], check=True)
        for broker in cluster.brokers:
            dirs = [f"{cluster.directory}/{name}/{d}" for d in expected["dirs"] if d.startswith(f"b{broker.broker_id}/")]
            broker.dirs = [pathlib.Path(d) for d in dirs]
            with open(broker.config, "a") as config:
                config.write(f"log.dirs={','.join(dirs)}\n")
        tree = cluster.directory / "tree.jsonl"
        with opened(f"{name}.zk.jsonl") as packed, open(tree, "w") as out:
            shutil.copyfileobj(packed, out)
        apache.program(classes, "ZkTree", f"127.0.0.1:{cluster.zk.port}", "/ottla", tree)
        cluster.classes = classes
        yield cluster, expected


def run(cluster, kind):
    for broker in cluster.brokers:
        apache.use(broker, kind)
        broker.start()
    cluster.await_all(60)


def stop(cluster):
    for broker in cluster.brokers:
        apache.stop(broker)


def read(cluster):
    """(records by topic, partition, offset; offsets by topic, partition; committed offsets; ends of reading)"""
    records, offsets, committed, ends = {}, {}, {}, {}
    for line in apache.program(cluster.classes, "Records", cluster.bootstrap, "read", timeout=220):
        row = json.loads(line)
        if "t" in row:
            row = {k: v for k, v in row.items() if v is not None or k in ("k", "v")}
            records[row["t"], row["p"], row["o"]] = row
        elif "committed" in row:
            committed.setdefault((row["committed"], row["p"]), []).append(row["o"])
        elif "read" in row:
            ends[row["read"], row["p"], row["isolation"]] = row["up_to"]
        else:
            offsets[row["offsets"], row["p"]] = {k: v for k, v in row.items() if k not in ("offsets", "p")}
    return records, offsets, committed, ends


def append(cluster, mark):
    apache.program(cluster.classes, "Records", cluster.bootstrap, "append", mark)


def difference(expected, actual):
    """The first few keys at which two dicts differ."""
    keys = [k for k in sorted(expected.keys() | actual.keys(), key=str) if expected.get(k) != actual.get(k)]
    return "\n".join(f"{k}: expected {expected.get(k)}, got {actual.get(k)}" for k in keys[:8]) + (
        f"\n... {len(keys)} differences" if keys else "")


def expect_same(expected, actual, what):
    for part, before, after in zip(("records", "offsets", "committed", "ends"), expected, actual):
        if before != after:
            raise Failure(f"{what}: {part} differ\n{difference(before, after)}")


def expect_fixture(name, expected, got, skipped=()):
    """What the fixture's makers read out of it, from Apache's broker; but for the topics skipped."""
    records = {}
    with opened(f"{name}.records.jsonl") as f:
        for line in f:
            row = json.loads(line)
            if row["t"] not in skipped:
                records[row["t"], row["p"], row["o"]] = row
    ours = {k: shortened(v) for k, v in got[0].items() if k[0] not in skipped}
    text = difference({k: shortened(v) for k, v in records.items()}, ours)
    expect_true(not text, f"{name}: records\n{text}")
    for partition in expected["live"]["default"]:
        key, asked = (partition["topic"], partition["partition"]), partition["list_offsets"]
        for what in ("earliest", "latest"):
            expect_equal(got[1][key][what], asked[what]["offset"], f"{name}: {what} of {key}")


def shortened(row):
    """Fixtures keep the bytes of internal topics whole; only lengths are compared there."""
    out = {k: v for k, v in row.items() if k not in ("k_len", "k_sha256", "v_len", "v_sha256")}
    if row["t"].startswith("__"):
        out["v"] = None if row.get("v", "") is None else row.get("v_len", len(row.get("v") or "") // 2)
        out["k"] = row.get("k_len", len(row.get("k") or "") // 2)
    else:
        out.update({k: row[k] for k in ("k_len", "k_sha256", "v_len", "v_sha256") if k in row})
    return out


def expect_readable_files(cluster):
    """Apache's kafka-dump-log finds no fault in any file of the log dirs (gaps are what compaction leaves)."""
    for broker in cluster.brokers:
        for folder in broker.dirs:
            logs = sorted(f for f in folder.glob("*/*.log") if not f.parent.name.endswith("-delete"))
            if not logs:
                continue
            done = apache.java(apache.SERVER, "kafka.tools.DumpLogSegments", "--deep-iteration", "--files",
                               ",".join(map(str, logs)))
            text = apache.text_of(done)
            expect_true(done.returncode == 0, f"kafka-dump-log: {text[-2000:]}")
            faults = [w for w in ("isvalid: false", "invalid bytes", "Found ") if w in text]
            expect_true(not faults, f"kafka-dump-log says {faults} of {folder}")
            indexes = sorted(f for ext in ("index", "timeindex") for f in folder.glob(f"*/*.{ext}")
                             if f.stat().st_size and not f.parent.name.endswith("-delete"))
            if not indexes:
                continue
            done = apache.java(apache.SERVER, "kafka.tools.DumpLogSegments", "--index-sanity-check", "--files",
                               ",".join(map(str, indexes)))
            text = apache.text_of(done)
            expect_equal((done.returncode, text.count("passed sanity check")), (0, len(indexes)),
                         f"indexes of {folder}: {text[-2000:]}")


def there_and_back(name):
    with unpacked(name) as (cluster, expected):
        run(cluster, "ottla")
        expect_fixture(name, expected, read(cluster))
        back_and_forth(cluster, name)


def back_and_forth(cluster, name, check_files=True):
    """Ours runs; it and Apache's take turns on the same dirs, and each appends."""
    append(cluster, "ottla")
    got = read(cluster)
    stop(cluster)
    if check_files:
        expect_readable_files(cluster)
    run(cluster, "apache")
    expect_same(got, read(cluster), f"{name}: what Apache's broker reads from our dirs")
    append(cluster, "apache")
    got = read(cluster)
    stop(cluster)
    run(cluster, "ottla")
    expect_same(got, read(cluster), f"{name}: what we read when it came back")
    stop(cluster)


def test_plain():
    there_and_back("plain-v2")


def test_old_formats():
    there_and_back("old-formats")


def test_upgraded_formats():
    there_and_back("mixed-upgraded")


def test_transactions():
    there_and_back("txn")


def test_transactions_killed():
    there_and_back("txn-killed")


def test_compacted():
    there_and_back("compacted")


def test_timestamps():
    there_and_back("timestamps")


def test_two_dirs():
    there_and_back("multidir")


def test_groups():
    there_and_back("groups")


def test_epochs():
    there_and_back("epochs")


def test_retention():
    there_and_back("retention")


def test_crashed_and_damaged():
    """We recover what Apache's broker recovered. One log has a bad batch below its recovery point: its readers find it."""
    with unpacked("unclean") as (cluster, _), opened("unclean-recovered.expected.json") as recovered:
        run(cluster, "ottla")
        expect_fixture("unclean-recovered", json.load(recovered), read(cluster), {"u-crc-old"})
        back_and_forth(cluster, "unclean", check_files=False)


test_epochs.limit_seconds = test_crashed_and_damaged.limit_seconds = 600
