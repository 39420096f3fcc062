"""The same requests in every version to Apache's broker and to ours, alone in clusters of one: the same answers, field by
field, but for ids, addresses and times. What may differ stands in ALLOWED with its reason."""

import contextlib
import re

import apache
import schema
from cluster import Cluster, Failure, expect_true, wait_for
from test_conversations import HASHED, differences
from wire import Closed, Connection, Frames, batch

SETTINGS = {"auto.create.topics.enable": "false", "num.partitions": 2, "auto.leader.rebalance.enable": "false",
            "log.cleaner.dedupe.buffer.size": 2097152, "delete.topic.enable": "true", "zookeeper.session.timeout.ms": 9000}
TIME = 1700000000000
MALFORMED = "a request that Kafka's code stumbles over"
ALLOWED = [  # api, what was asked, what differs, reason
    ("Fetch", "isolation level|zstd", "records: Kafka None, we ''", "null records make librdkafka and sarama stumble"),
    ("Fetch", "zstd", "records: Kafka 'A", "another version of the compressor"),
    ("DescribeConfigs", "synonyms", r"(zookeeper\.connect|log\.dirs|listeners)\b.*value", "addresses"),
    ("Metadata", "by neither", "", MALFORMED),
    ("CreatePartitions", "'name': ''", "", MALFORMED),
    ("DeleteTopics", "by neither", "", MALFORMED),
    ("CreateTopics", "'brokerIds': \\[\\]|all together", r"Kafka 0, we 39|No replicas|\.j\.|topics\[15\]", "a partition without replicas: " + MALFORMED),
    ("CreateTopics", "'brokerIds': \\[1, 1\\]|all together", "ArrayBuffer", "words of Scala's collections"),
]


class Side:
    """One of the two clusters, on one connection at a time."""

    def __init__(self, cluster, frames, tables):
        self.cluster, self.port, self.frames, self.tables = cluster, cluster.broker(1).port, frames, tables
        self.ids, self.connection, self.session = {}, None, 0

    def ask(self, api, version, values):
        if self.connection is None:
            self.connection = Connection(self.port)
        data = schema.frame(self.tables, api, version, self.filled(values))
        try:
            self.connection.send(data)
            answer = self.connection.receive()
        except (Closed, OSError) as error:
            self.connection.socket.close()
            self.connection = None
            return {"closed": type(error).__name__ == "timeout"}
        said = self.frames.ask("resp", self.tables[api]["apiKey"], version, answer.hex())
        if "error" in said or said["left"]:
            return {"undecodable": said}
        return said["body"]

    def filled(self, value):
        """`ID:name` becomes the id of that topic here, `SESSION` the fetch session."""
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if isinstance(value, str) and value.startswith("ID:"):
            return self.ids[value[3:]]
        return self.session if value == "SESSION" else value

    def learn(self):
        for topic in self.ask("Metadata", 12, {"topics": None})["topics"]:
            self.ids[topic["name"]] = topic["topicId"]

    def settle(self, topics):
        def led():
            said = self.ask("Metadata", 12, {"topics": [{"name": t} for t in topics]})["topics"]
            return all(t["errorCode"] == 0 and all(p["errorCode"] == 0 for p in t["partitions"]) for t in said)
        wait_for("the topics have leaders", led)


def versions(tables, api):
    first, _, last = tables[api]["validVersions"].partition("-")
    return range(int(first), int(last or first) + 1)


def topics_of(api, version, *wanted):
    """[(name, partitions)...] as this version of Fetch names topics."""
    return [{"topicId": f"ID:{n}" if n != "none" else "Zm9vYmFyYmF6cXV4Zm9vYg", "partitions": p} if version >= 13 else
            {"topic": n, "partitions": p} for n, p in wanted]


def own(partition=0, offset=0, size=1 << 20, version=17, **more):
    return {"partition": partition, "fetchOffset": offset, "partitionMaxBytes": size,
            **{k: v for k, v in more.items() if version >= {"currentLeaderEpoch": 9, "lastFetchedEpoch": 12}.get(k, 0)}}


def fetches(version):
    """(what, request) in the order in which they are asked; sessions live across them."""
    def one(what, *wanted, **more):
        request = {"maxBytes": 1 << 20, "minBytes": 1, "maxWaitMs": 0, "topics": topics_of("Fetch", version, *wanted), **more}
        if "replicaId" in request and version >= 15:
            request["replicaState"] = {"replicaId": request.pop("replicaId")}
        return what, request
    yield one("from the start", ("t", [own()]))
    yield one("a middle offset", ("t", [own(0, 1)]))
    yield one("the end", ("t", [own(0, 4)]))
    yield one("beyond the end", ("t", [own(0, 5)]))
    yield one("before the start", ("t", [own(0, -1)]))
    yield one("a topic that is empty", ("empty", [own()]))
    yield one("no such partition", ("t", [own(7)]))
    yield one("no such topic", ("none", [own()]))
    yield one("an old epoch", ("t", [own(0, 0, currentLeaderEpoch=-3, version=version)]))
    yield one("the epoch", ("t", [own(0, 0, currentLeaderEpoch=0, version=version)]))
    yield one("an epoch to come", ("t", [own(0, 0, currentLeaderEpoch=9, version=version)]))
    yield one("last fetched under it", ("t", [own(0, 1, lastFetchedEpoch=0, version=version)]))
    yield one("last fetched under one to come", ("t", [own(0, 1, lastFetchedEpoch=4, version=version)]))
    yield one("last fetched beyond the end", ("t", [own(0, 9, lastFetchedEpoch=0, version=version)]))
    yield one("read committed", ("t", [own()]), isolationLevel=1)
    yield one("read committed at the end", ("t", [own(0, 4)]), isolationLevel=1)
    yield one("read committed, unknown", ("t", [own(7)]), isolationLevel=1)
    yield one("read committed, out of range", ("t", [own(0, 99)]), isolationLevel=1)
    yield one("an isolation level that is none", ("t", [own(), own(1)]), isolationLevel=7)
    yield one("little of everything", ("t", [own(0, 0, 1), own(1, 0, 1)]), maxBytes=1)
    yield one("nothing of the second", ("t", [own(0, 0, 1 << 20), own(1, 0, 10)]))
    yield one("no bytes at all", ("t", [own(0, 0, 0), own(1, 0, 0)]), maxBytes=0)
    yield one("a debugging consumer", ("t", [own()]), replicaId=-2)
    yield one("a follower that is none", ("t", [own()]), replicaId=77)
    yield one("the same, of the epoch", ("t", [own(0, 0, currentLeaderEpoch=0, version=version)]), replicaId=77)
    yield one("a follower and an unknown topic", ("none", [own()]), ("t", [own(8)]), replicaId=77)
    yield one("known and unknown", ("none", [own(1)]), ("t", [own(9), own(1)]), ("u", [own()]), ("t", [own(0)]))
    yield one("twice", ("t", [own(0, 0), own(1), own(0, 3)]), ("t", [own(0, 99)]))
    yield one("a topic in zstd", ("z", [own()]))
    yield one("a topic in zstd, nothing to read", ("z", [own(0, 1)]))
    yield one("nothing")
    yield one("a wait for nothing", ("t", [own(0, 4)]), maxWaitMs=50)
    yield one("a rack", ("t", [own()]), rackId="r1")
    if version >= 7:
        yield one("a session", ("t", [own(0, 4), own(1)]), ("u", [own()]), sessionEpoch=0)
        yield one("its next", sessionId="SESSION", sessionEpoch=1)
        yield one("more", ("t", [own(0, 2)]), sessionId="SESSION", sessionEpoch=2)
        yield one("an old number", sessionId="SESSION", sessionEpoch=2)
        yield one("less", sessionId="SESSION", sessionEpoch=3,
                  forgottenTopicsData=topics_of("Fetch", version, ("t", [0])))
        yield one("an error in it", ("u", [own(0, 99)]), sessionId="SESSION", sessionEpoch=4)
        yield one("the error again", sessionId="SESSION", sessionEpoch=5)
        yield one("no more error", ("u", [own(0, 1)]), sessionId="SESSION", sessionEpoch=6)
        yield one("nothing new", ("u", [own(0, 1)]), ("t", [own(1, 2)]), sessionId="SESSION", sessionEpoch=7)
        yield one("nothing new again", sessionId="SESSION", sessionEpoch=8)
        yield one("all forgotten", sessionId="SESSION", sessionEpoch=9,
                  forgottenTopicsData=topics_of("Fetch", version, ("t", [0, 1]), ("u", [0])))
        yield one("it has ended", sessionId="SESSION", sessionEpoch=10)
        yield one("an empty session", sessionEpoch=0)
        yield one("that grows", ("t", [own(0, 2)]), sessionId="SESSION", sessionEpoch=1)
        yield one("its end", ("t", [own(0, 3)]), sessionId="SESSION", sessionEpoch=-1)
        yield one("after its end", sessionId="SESSION", sessionEpoch=2)


def others(version, api):
    """(what, request) of the small APIs."""
    if api == "ListOffsets":
        def one(what, *partitions, topic="t", **more):
            parts = [{"partitionIndex": p, "timestamp": t, "currentLeaderEpoch": e, "maxNumOffsets": 3} for p, t, e in partitions]
            return what, {"replicaId": -1, "topics": [{"name": topic, "partitions": [
                {k: v for k, v in p.items() if k != "maxNumOffsets" or version == 0} for p in parts]}], **more}
        for stamp in (-1, -2, -3, -4, -5, -6, 0, TIME, TIME + 1, TIME + 10 ** 9):
            yield one(f"time {stamp}", (0, stamp, -1))
            yield one(f"time {stamp}, empty", (0, stamp, -1), topic="empty")
        yield one("no such", (7, -1, -1))
        yield one("no such topic", (0, -1, -1), topic="none")
        yield one("twice", (0, -1, -1), (1, -2, -1), (0, -2, -1))
        yield one("epochs", (0, -1, 0), (1, -1, 5))
        yield one("committed", (0, -1, -1), isolationLevel=1)
        yield one("debugging", (0, -1, -1), replicaId=-2)
        yield one("a follower", (0, -1, -1), replicaId=5)
        yield one("no such isolation", (0, -1, -1), isolationLevel=5)
    if api == "OffsetForLeaderEpoch":
        for current in (-1, 0, 3):
            for epoch in (-1, 0, 1, 9):
                for replica in (-1, -2, 4):
                    yield f"{current} {epoch} {replica}", {"replicaId": replica, "topics": [{"topic": "t", "partitions": [
                        {"partition": 0, "currentLeaderEpoch": current, "leaderEpoch": epoch},
                        {"partition": 6, "leaderEpoch": epoch}]}, {"topic": "none", "partitions": [{"partition": 0}]}]}
    if api == "Metadata":
        yield "all", {"topics": None if version else []}
        named = [{"name": n} for n in ("t", "none", "no good!", "t", "")]
        yield "some", {"topics": named, "allowAutoTopicCreation": True}
        yield "operations", {"topics": [{"name": "t"}], "includeTopicAuthorizedOperations": True,
                             "includeClusterAuthorizedOperations": True}
        if version:
            yield "none", {"topics": []}
        if version >= 10:
            yield "by id", {"topics": [{"topicId": "ID:t", "name": None}]}
            yield "by an unknown id", {"topics": [{"topicId": "Zm9vYmFyYmF6cXV4Zm9vYg", "name": None}]}
            yield "by id and name", {"topics": [{"topicId": "ID:t", "name": "u"}, {"name": "empty"}, {"topicId": "ID:t"}]}
            yield "by neither", {"topics": [{"name": None}]}
    if api == "DescribeCluster":
        for kind in (1, 2, 0, 3, -1):
            yield f"endpoints {kind}", {"endpointType": kind, "includeClusterAuthorizedOperations": kind == 1}
        yield "without operations", {}
    if api == "ApiVersions":
        for name, number in (("a", "1"), ("", "1"), ("a", ""), ("-a", "1"), ("a b", "1"), ("a.b-c", "1.0-x"), ("a", "1."), ("é", "1")):
            yield f"{name!r} {number!r}", {"clientSoftwareName": name, "clientSoftwareVersion": number}
    if api == "InitProducerId":
        yield "new", {"transactionalId": None, "transactionTimeoutMs": 1000}
        for number, epoch in ((5, -1), (-1, 5), (5, 5)):
            yield f"{number} {epoch}", {"transactionalId": None, "producerId": number, "producerEpoch": epoch}
        yield "an empty id", {"transactionalId": "", "transactionTimeoutMs": 1000}
    if api == "ControlledShutdown":
        for broker, epoch in ((9, -1), (9, 5), (1, 3)):
            if broker == 1 and version < 2:
                continue  # has no epoch and would be obeyed
            yield f"{broker} {epoch}", {"brokerId": broker, "brokerEpoch": epoch}
    if api in ("LeaderAndIsr", "UpdateMetadata", "StopReplica"):
        yield "an old controller", {"controllerId": 9, "controllerEpoch": 0, "brokerEpoch": -1}
        if version >= {"LeaderAndIsr": 2, "UpdateMetadata": 5, "StopReplica": 1}[api]:  # below, it would be obeyed
            yield "an old process", {"controllerId": 1, "controllerEpoch": 999, "brokerEpoch": 1}
    if api == "AlterPartition":
        yield "an old process", {"brokerId": 1, "brokerEpoch": 1, "topics": []}
        yield "no such broker", {"brokerId": 9, "brokerEpoch": 1, "topics": []}
    if api == "AllocateProducerIds":
        yield "an old process", {"brokerId": 1, "brokerEpoch": 1}
        yield "no such broker", {"brokerId": 9, "brokerEpoch": 1}
    if api == "DescribeConfigs":
        def about(*resources, **more):
            return {"resources": [{"resourceType": k, "resourceName": n, "configurationKeys": keys}
                                  for k, n, keys in resources], **more}
        yield "a topic", about((2, "z", None))
        yield "with synonyms", about((2, "z", None), (4, "1", None), includeSynonyms=True)
        yield "a few keys", about((2, "t", ["retention.ms", "no.such"]), (4, "1", ["num.partitions"]))
        yield "no keys", about((2, "t", []))
        yield "what is not there", about((2, "none", None), (2, "no good!", None), (2, "", None), (4, "9", None), (4, "x", None))
        yield "the default", about((4, "", None))
        yield "other kinds", about((0, "x", None), (1, "x", None), (3, "x", None), (8, "1", None), (16, "x", None), (99, "x", None))
        yield "twice", about((2, "t", ["retention.ms"]), (2, "t", ["segment.ms"]))
    if api == "CreateTopics":
        def new(name, partitions=1, factor=1, assignments=(), configs=()):
            return {"name": name, "numPartitions": partitions, "replicationFactor": factor,
                    "assignments": [{"partitionIndex": p, "brokerIds": b} for p, b in assignments],
                    "configs": [{"name": k, "value": v} for k, v in configs]}
        rows = [new("t"), new("fine"), new("no good!"), new(".."), new(""), new("n" * 250), new("a", 0), new("b", -2), new("c", 1, 0),
                new("d", 1, 3), new("e", 1, -2), new("f", -1, -1, [(0, [1])]), new("g", -1, -1, [(0, [1, 1])]),
                new("h", -1, -1, [(1, [1])]), new("i", -1, -1, [(0, [9])]), new("j", -1, -1, [(0, [])]), new("k", 1, 1, [(0, [1])]),
                new("l", 1, 1, (), [("retention.ms", "x")]), new("m", 1, 1, (), [("no.such", "1")]),
                new("o", 1, 1, (), [("retention.ms", None)]), new("p", 1, 1, (), [("cleanup.policy", "compact,delete")]),
                new("q", 1, 1, (), [("min.insync.replicas", "0")]), new("twice"), new("twice"), new("u"), new("s", 1, -1),
                new("__consumer_offsets"), new("T.t"), new("v", -1, 1)]
        for row in rows:
            yield f"{row}", {"topics": [row], "timeoutMs": 5000, "validateOnly": True} if version else None
        if version:
            yield "all together", {"topics": rows, "timeoutMs": 5000, "validateOnly": True}
            yield "none", {"topics": [], "timeoutMs": 5000}
        yield "made", {"topics": [new(f"made-{version}", 2, 1, (), [("retention.ms", "5000")])], "timeoutMs": 15000}
        yield "made again", {"topics": [new(f"made-{version}", 2, 1)], "timeoutMs": 15000}
    if api == "CreatePartitions":
        def more_of(name, count, assignments=None):
            return {"name": name, "count": count, "assignments": None if assignments is None else [{"brokerIds": b} for b in assignments]}
        for row in (more_of("t", 3), more_of("t", 2), more_of("t", 1), more_of("t", 0), more_of("t", -1), more_of("none", 3),
                    more_of("t", 3, [[1]]), more_of("t", 3, [[9]]), more_of("t", 3, [[1], [1]]), more_of("t", 3, []), more_of("t", 3, [[]]),
                    more_of("t", 3, [[1, 1]]), more_of("", 2), more_of("no good!", 2)):
            yield f"{row}", {"topics": [row], "timeoutMs": 5000, "validateOnly": True}
        yield "twice", {"topics": [more_of("t", 3), more_of("t", 4)], "timeoutMs": 5000, "validateOnly": True}
        yield "done", {"topics": [more_of("grows", 2 + version)], "timeoutMs": 15000}
    if api == "DeleteTopics":
        names = ["none", "no good!", ""]
        for row in names:
            yield row, {"topics": [{"name": row}], "timeoutMs": 5000} if version >= 6 else {"topicNames": [row], "timeoutMs": 5000}
        if version >= 6:
            yield "by id", {"topics": [{"name": None, "topicId": "Zm9vYmFyYmF6cXV4Zm9vYg"}], "timeoutMs": 5000}
            yield "by both", {"topics": [{"name": "t", "topicId": "ID:t"}], "timeoutMs": 5000}
            yield "by neither", {"topics": [{"name": None}], "timeoutMs": 5000}
        made = f"made-{min(version, 7)}"
        yield "gone", {"topics": [{"name": made}], "timeoutMs": 15000} if version >= 6 else {"topicNames": [made], "timeoutMs": 15000}
    if api == "Produce":
        def write(topic, partition, records, acks=1):
            return {"acks": acks, "timeoutMs": 5000, "transactionalId": None,
                    "topicData": [{"name": topic, "partitionData": [{"index": partition, "records": records}]}]}
        good = batch(b"v", time=TIME)
        yield "good", write("w", 0, good)
        yield "good, all", write("w", 0, good, -1)
        yield "no such", write("w", 5, good)
        yield "no such topic", write("none", 0, good)
        yield "acks 2", write("w", 0, good, 2)
        yield "checksum", write("w", 0, batch(b"v", bad_crc=True, time=TIME))
        yield "nothing", write("w", 0, b"")
        yield "half", write("w", 0, good[:60])
        yield "two", write("w", 0, good + good)
        yield "too large", write("w", 0, batch(b"x" * 5000, time=TIME))
        yield "no key", write("compact", 0, good)
        yield "internal", write("__consumer_offsets", 0, good)


def compare(api, version, what, answers):
    theirs, ours = answers
    if api == "ApiVersions" and "apiKeys" in theirs:
        offered = {k["apiKey"] for k in ours.get("apiKeys", [])}
        theirs = dict(theirs, apiKeys=[k for k in theirs["apiKeys"] if k["apiKey"] in offered])
    skip = {"throttleTimeMs", "documentation"}
    for line in differences("", theirs, ours, lambda _: frozenset(skip), ordered=api not in HASHED):
        if not any(a == api and re.search(w, what) and re.search(d, line) for a, w, d, _ in ALLOWED):
            yield f"{api} v{version} {what}{line}"


def prepare(side):
    new = lambda name, partitions, **configs: {"name": name, "numPartitions": partitions, "replicationFactor": 1, "configs": [
        {"name": k.replace("_", "."), "value": v} for k, v in configs.items()]}
    topics = [new("t", 2), new("u", 1), new("empty", 1), new("z", 1, compression_type="zstd"), new("grows", 1),
              new("w", 1, max_message_bytes="3000"), new("compact", 1, cleanup_policy="compact")]
    said = side.ask("CreateTopics", 7, {"topics": topics, "timeoutMs": 20000})
    expect_true(all(t["errorCode"] == 0 for t in said["topics"]), said)
    side.settle([t["name"] for t in topics])
    side.learn()
    wait_for("producer ids", lambda: side.ask("InitProducerId", 4, {"transactionalId": None})["errorCode"] == 0)
    for topic, partition, values in (("t", 0, [b"a", b"b"]), ("t", 0, [b"c"]), ("t", 0, [b"d"]), ("t", 1, [b"e", b"f"]),
                                     ("u", 0, [b"g"]), ("z", 0, [b"h"])):
        said = side.ask("Produce", 9, {"acks": -1, "timeoutMs": 5000, "topicData": [
            {"name": topic, "partitionData": [{"index": partition, "records": batch(*values, time=TIME)}]}]})
        expect_true(said["responses"][0]["partitionResponses"][0]["errorCode"] == 0, said)


APIS = ["ApiVersions", "Metadata", "Fetch", "ListOffsets", "OffsetForLeaderEpoch", "DescribeCluster", "InitProducerId", "LeaderAndIsr", "UpdateMetadata", "StopReplica", "AlterPartition", "AllocateProducerIds", "DescribeConfigs", "Produce",
        "CreatePartitions", "CreateTopics", "DeleteTopics", "ControlledShutdown"]
FIRST = {"Fetch": 4, "Produce": 3}  # below, old formats: not converted yet


def test_every_version():
    frames, tables = Frames(), schema.load()
    faults, asked = [], 0
    with contextlib.ExitStack() as stack:
        sides = []
        for program in ("apache", "ottla"):  # the second takes its ports when the first has its own
            cluster = stack.enter_context(Cluster(1, SETTINGS, start=False))
            apache.use(cluster.broker(1), program)
            cluster.broker(1).start()
            cluster.await_all(90)
            sides.append(Side(cluster, frames, tables))
            prepare(sides[-1])
        for api in APIS:
            for version in versions(tables, api):
                if version < FIRST.get(api, 0):
                    continue
                for what, request in fetches(version) if api == "Fetch" else others(version, api):
                    if request is None:
                        continue
                    answers = [side.ask(api, version, request) for side in sides]
                    if api == "Fetch":
                        for side, answer in zip(sides, answers):
                            side.session = answer.get("sessionId") or side.session
                    asked += 1
                    faults += compare(api, version, what, answers)
    frames.close()
    print(f"     {asked} requests, {len(faults)} differences")
    if faults:
        raise Failure("\n".join(faults[:300]))


test_every_version.limit_seconds = 900
