#!/usr/bin/python3
"""What the links between libraries cannot say about includes. Prints each breach; exit status 1 if there is one.

- A pure file (common/base without its seams, every *_core, the tables and codecs named in ARCHITECTURE.md) includes no
  system header of I/O, threads or clocks, and no file that does.
- broker/api and broker/txn see of the controller only controller/shell/handle.h.
- controller never includes broker; libevent, ZooKeeper's client and librdkafka stay where they belong.
- Product code never includes tests.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = ("common", "controller", "broker", "tools")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

# Folders in which every file is pure, and single files elsewhere.
PURE_FOLDERS = ("common/config/", "common/protocol/", "common/record/", "controller/core/")
PURE_FILES = re.compile(
    r"^(common/base/(ids|status|crc32c|java_hash|random|topic_name|utf8|check)|common/zk/zk_(paths|codec\w*)|"
    r"broker/log/(append_check|producer_state|leader_epochs|retention|cleaner_plan)|"
    r"broker/replica/(partition_core|follower_core|waiters)|broker/group/(group_core|offset_table|group_records)|"
    r"broker/txn/(txn_core|txn_records))\.(h|cc)$")
IMPURE_HEADERS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "fstream", "filesystem", "chrono",
                  "ctime", "time.h", "unistd.h", "fcntl.h", "poll.h", "semaphore", "stop_token", "barrier", "latch"}
# Seams through which one could act. (clock.h and zk_client.h also hold plain types: durations, znode operations.)
SEAMS = {"common/base/executor.h", "common/io/file.h", "common/net/network.h"}


def is_pure(path):
    return path.startswith(PURE_FOLDERS) or PURE_FILES.match(path) is not None


def breaches(path, text):
    for kind, header in INCLUDE.findall(text):
        top = header.split("/")[0]
        if header.startswith("tests/"):
            yield f"includes {header}: product code knows no tests"
        if path.startswith("controller/") and top == "broker":
            yield f"includes {header}: the controller never includes the broker"
        if path.startswith(("broker/api/", "broker/txn/", "broker/group/")) and top == "controller" and \
                header != "controller/shell/handle.h":
            yield f"includes {header}: of the controller only controller/shell/handle.h is seen here"
        if (top == "event2" or header == "event.h") and not path.startswith("common/env/"):
            yield f"includes <{header}>: libevent stays in common/env"
        if top == "zookeeper" and not path.startswith("common/env/"):
            yield f"includes <{header}>: ZooKeeper's client stays in common/env"
        if top == "librdkafka" and not path.startswith("tools/"):
            yield f"includes <{header}>: librdkafka is for tools"
        if path.startswith("common/") and top in ("controller", "broker", "tools"):
            yield f"includes {header}: common includes nothing above it"
        if top == "tools" and not path.startswith("tools/"):
            yield f"includes {header}: tools are nobody's library"
        if not is_pure(path):
            continue
        if kind == "<" and (header in IMPURE_HEADERS or header.startswith(("sys/", "netinet/", "arpa/"))):
            yield f"includes <{header}>: the file is pure"
        if kind == '"' and top in PRODUCT and (header in SEAMS or header.startswith("common/env/")):
            yield f"includes {header}: the file is pure, and that is the world"


def main():
    found = 0
    files = [p for top in PRODUCT for p in sorted((ROOT / top).rglob("*")) if p.suffix in (".h", ".cc")]
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        for breach in breaches(path, file.read_text()):
            print(f"{path}: {breach}")
            found += 1
    print(f"includes: {len(files)} files, {found} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
