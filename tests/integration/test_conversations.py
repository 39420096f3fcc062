"""Recorded conversations of client libraries with Apache Kafka 3.9.1, their requests put to our broker in the same order.
Every answer must decode in the version asked for and say what Kafka's said, field by field and in the same order, but for
ids, addresses and times; what may differ stands in ALLOWED with its reason. APIs that are not served yet close the
connection: they are counted by name, and the topics they would have changed are compared no further."""

import base64
import collections
import concurrent.futures
import gzip
import json
import os
import re
import time

from cluster import ROOT, Cluster, Failure, expect_true
from wire import Closed, Connection, Frames

CONVERSATIONS = os.environ.get("OTTLA_CONVERSATIONS_DIR") or ROOT / "tests/golden/conversations"
# What the recorded broker was told, see the recordings' own description.
SETTINGS = {"num.partitions": 3, "replica.lag.time.max.ms": 3000, "auto.leader.rebalance.enable": "false",
            "offsets.topic.num.partitions": 4, "transaction.state.log.num.partitions": 4}

# Values of a run. They must be of the same kind: both null, empty, negative, zero, or none of these.
FREE = {"topicId", "host", "port", "clusterId", "sessionId", "producerId", "logAppendTimeMs"}
# Topics whose contents are no longer the same: an API that is not served would have changed them.
DIVERGED = {"highWatermark", "lastStableOffset", "logStartOffset", "abortedTransactions", "baseOffset", "offset",
            "endOffset", "timestamp", "records", "errorCode", "leaderEpoch", "configs", "partitions", "recordErrors",
            "errorMessage", "logAppendTimeMs"}
NAMES = ("name", "topicName", "resourceName", "topic", "partitionIndex", "index", "partition", "apiKey", "nodeId", "brokerId")

# (API, what the client did, what differs, reason): differences that are meant.
ALLOWED = [
    ("InitProducerId", r"", r".*, we 35|producerEpoch.*, we -1|producerId", "transactional ids have no coordinator yet"),
    ("Produce", r"unknown transaction", r"errorCode: Kafka 19, we 48", "no coordinator to ask about a transaction"),
    ("InitProducerId", r"", r"errorCode: Kafka 14, we 0|producerEpoch: Kafka -1, we 0", "ours had a block of ids sooner"),
]
CHANGE_TOPICS = {"AddPartitionsToTxn", "DeleteRecords", "AlterConfigs", "IncrementalAlterConfigs"}
TRANSIENT = {3, 5, 6, 14, 15, 72, 100}  # said by a broker whose controller is not done; a client asks again, and so do we
HASHED = {"Metadata", "Produce", "CreateTopics", "DescribeConfigs"}  # Kafka lists topics, partitions or settings in the order of a hash map
PATIENCE = 8.0  # seconds of asking again


def kind(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return (value > 0) - (value < 0)
    return "empty" if value in ("", [], {}, "AAAAAAAAAAAAAAAAAAAAAA") else "something"


def named(items):
    """A list of structs by what names them, when something does."""
    for key in NAMES:
        if items and all(isinstance(i, dict) and i.get(key) is not None and not isinstance(i[key], dict) for i in items):
            by_name = {str(i[key]): i for i in items}
            return by_name if len(by_name) == len(items) else None
    return None


def differences(path, theirs, ours, skip, skipped=frozenset(), ordered=True):
    """Lines `path: Kafka this, we that`. `skip(struct)` names the fields not compared in a struct of theirs and below."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        skipped = skipped | skip(theirs)
        for key in sorted(theirs.keys() | ours.keys()):
            if key in skipped:
                continue
            if key not in theirs or key not in ours:
                yield f"{path}.{key}: only {'Kafka' if key in theirs else 'we'} said it"
            elif key in FREE:
                if kind(theirs[key]) != kind(ours[key]):
                    yield f"{path}.{key}: Kafka {theirs[key]!r}, we {ours[key]!r}"
            else:
                yield from differences(f"{path}.{key}", theirs[key], ours[key], skip, skipped, ordered)
    elif isinstance(theirs, list) and isinstance(ours, list):
        by_name = named(theirs), named(ours)
        if by_name[0] is not None and by_name[1] is not None:
            yield from differences(path, *by_name, skip, skipped, ordered)
            if ordered and list(by_name[0]) != list(by_name[1]) and by_name[0].keys() == by_name[1].keys():
                yield f"{path} order: Kafka {list(by_name[0])!r}, we {list(by_name[1])!r}"
        elif len(theirs) != len(ours):
            yield f"{path}: Kafka {len(theirs)} elements, we {len(ours)}"
        else:
            for i, pair in enumerate(zip(theirs, ours)):
                yield from differences(f"{path}[{i}]", *pair, skip, skipped, ordered)
    elif theirs != ours:
        yield f"{path}: Kafka {theirs!r}, we {ours!r}"


def codes(value):
    """All error codes of an answer, with where they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "errorCode":
                yield inner
            else:
                yield from codes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from codes(inner)


class Replay:
    """One file. `changed` maps recorded topic ids and session ids to ours, as bytes."""

    def __init__(self, path, port, frames):
        self.port, self.frames = port, frames
        self.lines = [json.loads(line) for line in gzip.open(path, "rt")]
        self.connections, self.pending, self.changed = {}, {}, {}
        self.same, self.unserved, self.faults, self.allowed, self.text = 0, collections.Counter(), [], collections.Counter(), ""
        self.not_compared = collections.Counter()
        self.topics, self.diverged, self.ready, self.ids = set(), set(), set(), {}
        self.answers = {(f["conn"], f["correlation_id"]): f for f in self.lines if f.get("dir") == "resp"}
        self.own = self.named_in_requests()
        self.busy = {}  # conn -> requests to other connections were made since its last one
        self.side = None

    def named_in_requests(self):
        """Topics that this file's client named before it was told of them: its own, not those of other files."""
        own, told = set(), set()
        for frame in self.lines:
            if "hex" not in frame or frame.get("truncated") or "version_not_in_3_9" in frame:
                continue
            if frame["dir"] == "resp" and frame["api_name"] == "Metadata":
                body = self.frames.ask("resp", 3, frame["api_version"], frame["hex"]).get("body", {})
                told |= {t["name"] for t in body.get("topics", [])}
            elif frame["dir"] == "req":
                body = self.frames.ask("req", frame["hex"]).get("body", {})
                topics = [*(body.get("topics") or []), *(body.get("topicData") or []), *(body.get("topicNames") or [])]
                own |= {t if isinstance(t, str) else t.get("name") or t.get("topic") for t in topics} - told
        return own

    def run(self):
        for frame in self.lines:
            if frame.get("event") == "mark":
                self.text = frame["text"]
            elif frame.get("event") == "close":
                self.on_close(frame)
            if "hex" not in frame or "broker-" in frame["from"] and "broker-" in frame["to"]:
                continue
            if frame.get("truncated") and frame["dir"] == "req":
                self.diverge(bytes.fromhex(frame["hex"]))
                continue
            try:
                if frame["dir"] == "req":
                    self.send(frame)
                else:
                    self.receive(frame)
            except (Closed, OSError) as error:
                self.on_closed(frame, error)

    def on_close(self, event):
        connection = self.connections.pop(event["conn"], None)
        if connection is None:
            return
        if event["by"].startswith("broker-") and not connection.closes(3):
            self.faults.append(f"{self.text}: Kafka closed the connection, we did not")
        connection.socket.close()

    def send(self, frame):
        key = frame["conn"], frame["correlation_id"]
        if frame["api_name"] == "Produce" and not self.will_be_refused(key):
            self.await_topics(frame)
        connection = self.connections.get(frame["conn"])
        if connection is None:
            connection = self.connections[frame["conn"]] = Connection(self.port)
        connection.send(self.ours(frame))
        for other in self.busy:
            self.busy[other] = True
        self.busy[frame["conn"]] = False
        if key in self.answers:
            self.pending[key] = frame

    def ours(self, frame):
        data = bytes.fromhex(frame["hex"])
        for theirs, ours in self.changed.items():
            data = data.replace(theirs, ours)
        return data

    def will_be_refused(self, key):
        answer = self.answers.get(key)
        if answer is None or answer.get("truncated"):
            return False
        said = self.frames.ask("resp", answer["api_key"], answer["api_version"], answer["hex"])
        return "body" in said and any(c not in (0, -1) for c in codes(said["body"]))

    def await_topics(self, frame):
        """Until every partition of the topics written to has a leader; the recorded client was slower than we are."""
        request = self.frames.ask("req", frame["hex"])
        names = [t["name"] for t in request.get("body", {}).get("topicData", [])]
        end = time.monotonic() + PATIENCE
        for name in names:
            while name not in self.ready and time.monotonic() < end:
                if self.led(name):
                    self.ready.add(name)
                else:
                    time.sleep(0.02)
            self.ready.add(name)  # asked long enough: it may be meant to be unknown

    def led(self, name):
        if self.side is None:
            self.side = Connection(self.port)
        text = name.encode()
        self.side.send(b"\0\3\0\4\0\0\0\1\0\6replay" + b"\0\0\0\1" + len(text).to_bytes(2, "big") + text + b"\0")
        topic = self.frames.ask("resp", 3, 4, self.side.receive().hex())["body"]["topics"][0]
        return topic["errorCode"] == 0 and all(p["errorCode"] == 0 for p in topic["partitions"])

    def on_closed(self, frame, error):
        connection = self.connections.pop(frame["conn"], None)
        if connection is not None:
            connection.socket.close()
        request = self.pending.get((frame["conn"], frame["correlation_id"]))
        if request is not None and request["api_name"] in CHANGE_TOPICS:
            self.diverge(bytes.fromhex(request["hex"]))
        for key in [k for k in self.pending if k[0] == frame["conn"]]:
            del self.pending[key]
        if isinstance(error, (Closed, BrokenPipeError, ConnectionResetError)):
            if frame["dir"] == "resp":
                self.unserved[f"{frame['api_name']} v{frame['api_version']}"] += 1
        else:
            self.faults.append(f"{self.text}: {frame['api_name']} v{frame['api_version']}: {error!r}")

    def diverge(self, data):
        """The topics named in the bytes of a request that did not do what it did to Kafka."""
        found = {t for t in self.topics if t.encode() in data}
        self.diverged |= found or {t for t, i in self.ids.items() if i in data}

    def receive(self, frame):
        key, version = frame["api_key"], frame["api_version"]
        request = self.pending.pop((frame["conn"], frame["correlation_id"]), None)
        if request is None or frame["conn"] not in self.connections:
            return  # its request was cut in the recording, or the connection is gone
        self.pending[frame["conn"], frame["correlation_id"]] = request
        data = self.receive_answer(frame)
        quiet = not self.busy.get(frame["conn"])
        if frame.get("truncated"):
            del self.pending[frame["conn"], frame["correlation_id"]]
            self.learn_session(frame, data)
            return
        theirs = self.frames.ask("resp", key, version, frame["hex"])
        end = time.monotonic() + PATIENCE
        while True:
            ours = self.frames.ask("resp", key, version, data.hex())
            where = f"{self.text}: {frame['api_name']} v{version}"
            if "error" in ours or ours["left"] != 0:
                self.faults.append(f"{where}: our answer: {ours}")
                break
            found = list(self.compare(frame["api_name"], version, theirs["body"], ours["body"], quiet))
            if not found or not self.too_early(theirs["body"], ours["body"]) or time.monotonic() > end:
                self.learn(theirs["body"], ours["body"])
                self.judge(frame["api_name"], where, found)
                break
            time.sleep(0.05)
            self.connections[frame["conn"]].send(self.ours(request))
            data = self.receive_answer(frame)
        self.pending.pop((frame["conn"], frame["correlation_id"]), None)

    def too_early(self, theirs, ours):
        """Ours speaks of an election or creation that is under way, theirs does not. Nothing was done by such a request."""
        said = set(codes(ours))
        return bool(said & TRANSIENT - set(codes(theirs)))

    def judge(self, api, where, found):
        wrong = []
        for line in found:
            reason = next((r for a, place, text, r in ALLOWED
                           if a == api and re.search(place, where) and re.search(text, line)), None)
            if reason is None:
                wrong.append(where + line)
            else:
                self.allowed[reason] += 1
        self.faults += wrong
        self.same += not found

    def receive_answer(self, frame):
        """Answers that the recording lacks are passed over, one to a later request than this is a fault."""
        while True:
            data = self.connections[frame["conn"]].receive()
            correlation = int.from_bytes(data[:4], "big", signed=True)
            if correlation == frame["correlation_id"]:
                return data
            if (frame["conn"], correlation) in self.pending:
                self.faults.append(f"{self.text}: {frame['api_name']}: answers in another order")

    def learn_session(self, frame, data):
        """Of a fetch that the recording cut only the session id is of use: behind header, throttle time and error."""
        if frame["api_name"] == "Fetch" and frame["api_version"] >= 7:
            at = 11 if frame["api_version"] >= 12 else 10
            theirs = bytes.fromhex(frame["hex"])[at:at + 4]
            if theirs != b"\0\0\0\0":
                self.changed[theirs] = data[at:at + 4]

    def learn(self, theirs, ours):
        """Names of topics, and ids that later requests name."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for name, value in theirs.items():
                other = ours.get(name)
                if name == "sessionId" and value and other:
                    self.changed[value.to_bytes(4, "big")] = other.to_bytes(4, "big")
                elif name == "topicId" and kind(value) == "something" and kind(other) == "something":
                    self.changed[uuid_bytes(value)] = uuid_bytes(other)
                    if theirs.get("name"):
                        self.ids[theirs["name"]] = uuid_bytes(value)
                else:
                    self.learn(value, other)
            if ("partitions" in theirs or "topicId" in theirs) and theirs.get("name"):
                self.topics.add(theirs["name"])
        elif isinstance(theirs, list) and isinstance(ours, list):
            by_name = named(theirs), named(ours)
            pairs = zip(theirs, ours) if None in by_name else ((v, by_name[1].get(k)) for k, v in by_name[0].items())
            for pair in pairs:
                self.learn(*pair)

    def topic_of(self, struct):
        name = struct.get("name") or struct.get("topicName") or struct.get("resourceName") or struct.get("topic")
        if name is None and kind(struct.get("topicId")) == "something":
            mine = uuid_bytes(struct["topicId"])
            name = next((n for n, i in self.ids.items() if mine in (i, self.changed.get(i))), None)
        return name

    def without_diverged(self, fetched):
        """A session tells of changes only, and those of other contents are others."""
        kept = [r for r in fetched["responses"] if self.topic_of(r) not in self.diverged]
        self.not_compared["Fetch"] += len(fetched["responses"]) - len(kept)
        return dict(fetched, responses=kept)

    def compare(self, api, version, theirs, ours, quiet):
        if api == "ApiVersions":  # what we do not serve yet, we do not offer
            offered = {k["apiKey"] for k in ours["apiKeys"]}
            theirs = dict(theirs, apiKeys=[k for k in theirs["apiKeys"] if k["apiKey"] in offered])
        if api == "Metadata":  # a list of all topics has those of other files
            theirs, ours = (dict(a, topics=[t for t in a["topics"] if t["name"] is None or t["name"] in self.own])
                            for a in (theirs, ours))
        if api == "Fetch":
            theirs, ours = self.without_diverged(theirs), self.without_diverged(ours)
            if version < 4 and 35 in codes(ours):
                self.not_compared["Fetch below v4, no conversion yet"] += 1
                return []
        skipped = {"throttleTimeMs"} if api != "Fetch" and theirs.get("throttleTimeMs") else set()

        def skip(struct):
            out = frozenset(skipped)
            if api == "Fetch" and not quiet:
                out |= {"records", "highWatermark", "lastStableOffset"}
            if self.topic_of(struct) in self.diverged:
                self.not_compared[api] += 1
                out |= DIVERGED
            return out
        return differences("", theirs, ours, skip, ordered=api not in HASHED)


def uuid_bytes(text):
    return base64.urlsafe_b64decode(text + "==")


def replay(port, path):
    frames = Frames()
    run = Replay(path, port, frames)
    try:
        run.run()
    finally:
        frames.close()
        for connection in [*run.connections.values(), run.side]:
            if connection is not None:
                connection.socket.close()
    return run


def test_client_conversations():
    paths = sorted(p.path for p in os.scandir(CONVERSATIONS) if p.name.startswith("clients-"))
    faults, unserved, allowed, not_compared, alike = [], collections.Counter(), collections.Counter(), collections.Counter(), 0
    with Cluster(brokers=1, settings=SETTINGS) as cluster:
        port = cluster.broker(1).port
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for path, run in zip(paths, pool.map(lambda p: replay(port, p), paths)):
                name = os.path.basename(path).removesuffix(".jsonl.gz")
                print(f"     {name}: {run.same} answers alike, {len(run.faults)} not, {sum(run.unserved.values())} closed")
                faults += [f"{name}: {f}" for f in run.faults]
                for total, part in ((unserved, run.unserved), (allowed, run.allowed), (not_compared, run.not_compared)):
                    total.update(part)
                alike += run.same
        expect_true(cluster.broker(1).running(), "the broker lives")
    print("     closed without an answer: " + ", ".join(f"{k} ({v})" for k, v in sorted(unserved.items())))
    print("     allowed: " + ", ".join(f"{k} ({v})" for k, v in sorted(allowed.items())))
    print("     topics that an API not served would have changed, not compared: "
          + ", ".join(f"{k} ({v})" for k, v in sorted(not_compared.items())))
    if faults:
        raise Failure("\n".join(faults[:400]))
    expect_true(alike > 1000, f"{alike} answers said what Kafka's did")
