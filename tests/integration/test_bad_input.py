"""Bad input on a live cluster: each kind gets its answer or a closed connection, no broker ends, and no record is lost.

What else shows it, row by row and with more cases:
  garbage, lengths, cut frames      test_edges.test_foreign_bytes_at_the_port, ReadingStory.WhatIsNoRequestEndsItsConnectionOnly,
                                    RequestPipelineTest.WhatIsNotServedOrMalformed..., fuzz_frame, clients-probes of the conversations
  unknown keys and versions         the same; RequestPipelineTest.ApiVersionsComesThroughInAnyVersion
  lying counts                      AnyCall.ACutOrLyingBodyClosesTheConnection, fuzz_frame, test_edges.test_more_partitions_...
  bad batches                       WritingStory.WhatCannotBeWritten, golden appends of test_log, fuzz_batch, fuzz_legacy
  unknown topics, wrong leader,     FetchCall.APartitionIsRefusedAlone, Produce.EveryPartitionFailsAlone, ReadingStory.*,
  stale leader epochs               PromiseStory.OrdersOfTheDeposedAreRefused (control requests)
  invalid names                     AdminStory.WhatCannotBeATopicIsRefusedByName
  settings, ZooKeeper, log dirs,    test_edges; BrokerConfig.Refuses, TopicConfig.Refuses, Listeners.Refuse for every type and range
  two brokers with one id           test_edges.test_two_brokers_with_one_id, Registration.AnotherLiveBroker...
"""

import struct

from cluster import Cluster, expect_equal, expect_true, wait_for
from wire import Closed, Connection, Frames, array, batch, i8, i16, i32, i64, request, sized, text

PRODUCE, FETCH, OFFSETS, METADATA, LEADER_AND_ISR, STOP, UPDATE, SHUTDOWN = range(8)
VERSIONS, CREATE, DELETE, EPOCHS = 18, 19, 20, 23
CLOSED = "closed"


def produce(topic, records, partition=0, acks=1, version=7):
    return request(PRODUCE, version, i16(-1) + i16(acks) + i32(5000) +
                   array(text(topic) + array(i32(partition) + sized(records))))


def fetch(topic, offset=0, epoch=-1, partition=0):
    return request(FETCH, 10, i32(-1) + i32(0) + i32(1) + i32(1 << 20) + i8(0) + i32(0) + i32(-1) +
                   array(text(topic) + array(i32(partition) + i32(epoch) + i64(offset) + i64(-1) + i32(1 << 20))) + array())


def list_offsets(topic, epoch=-1):
    return request(OFFSETS, 4, i32(-1) + i8(0) + array(text(topic) + array(i32(0) + i32(epoch) + i64(-1))))


def end_of_epoch(topic, epoch=-1):
    return request(EPOCHS, 3, i32(-1) + array(text(topic) + array(i32(0) + i32(epoch) + i32(0))))


def create(topic):
    return request(CREATE, 2, array(text(topic) + i32(1) + i16(1) + array() + array()) + i32(5000) + i8(0))


# what, the frame, the answer's error codes in order; CLOSED: none and the end of the connection. "raw": the bytes as they are.
def rows(leader_epoch):
    big = b"x" * 1_200_000
    return [
        ("garbage", "raw", b"\xde\xad\xbe\xef" * 20, CLOSED),
        ("a web browser", "raw", b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n", CLOSED),
        ("TLS where none is spoken", "raw", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40, CLOSED),
        ("a negative length", "raw", i32(-2), CLOSED),
        ("the smallest length", "raw", i32(-2 ** 31), CLOSED),
        ("a length of 2 GiB", "raw", i32(2 ** 31 - 1) + b"abc", CLOSED),
        ("a length just over socket.request.max.bytes", "raw", i32(104857601), CLOSED),
        ("an empty frame", "raw", i32(0), CLOSED),
        ("less than a header", "raw", i32(3) + b"abc", CLOSED),
        ("an unknown key", "frame", request(999, 0, b""), CLOSED),
        ("a negative key", "frame", request(-1, 0, b""), CLOSED),
        ("a KRaft key", "frame", request(52, 0, b"\0" * 20), CLOSED),
        ("a version to come", "frame", request(METADATA, 99, array()), CLOSED),
        ("a negative version", "frame", request(METADATA, -1, array()), CLOSED),
        ("ApiVersions in a version to come", "frame", request(VERSIONS, 99, b"\0\1\2\3"), [35]),
        ("ApiVersions in a negative version", "frame", request(VERSIONS, -7, b""), [35]),
        ("more topics than bytes", "frame", request(METADATA, 1, i32(2 ** 31 - 1)), CLOSED),
        ("fewer topics than none", "frame", request(PRODUCE, 7, i16(-1) + i16(1) + i32(1000) + i32(-2)), CLOSED),
        ("fewer than none where none may be said", "frame", request(METADATA, 1, i32(-2)), [0, 0]),
        ("a string beyond the frame", "frame", request(METADATA, 1, i32(1) + i16(30000) + b"t"), CLOSED),
        ("records beyond the frame", "frame", produce("t", b"")[:-4] + i32(2 ** 31 - 1), CLOSED),
        ("a cut request", "frame", produce("t", batch(b"v"))[:-3], CLOSED),
        ("a bad checksum", "frame", produce("t", batch(b"v", bad_crc=True)), [2]),
        ("no batch at all", "frame", produce("t", b""), [87]),
        ("garbage for a batch", "frame", produce("t", b"\7" * 100), [2]),
        ("two batches", "frame", produce("t", batch(b"v") + batch(b"w")), [87]),
        ("a batch over max.message.bytes", "frame", produce("t", batch(big)), [10]),
        ("acks that do not exist", "frame", produce("t", batch(b"v"), acks=3), [21]),
        ("acks=0 to nowhere", "frame", produce("none", batch(b"v"), acks=0), CLOSED),
        ("an unknown topic", "frame", produce("none", batch(b"v")), [3]),
        ("an unknown partition", "frame", produce("t", batch(b"v"), partition=44), [3]),
        ("a negative partition", "frame", produce("t", batch(b"v"), partition=-4), [3]),
        ("reading an unknown topic", "frame", fetch("none"), [0, 3]),
        ("offsets of an unknown topic", "frame", list_offsets("none"), [3]),
        ("epochs of an unknown topic", "frame", end_of_epoch("none"), [3]),
        ("deleting an unknown topic", "frame", request(DELETE, 1, array(text("none")) + i32(5000)), [3]),
        ("reading beyond the end", "frame", fetch("t", 10 ** 12), [0, 1]),
        ("reading before the beginning", "frame", fetch("t", -9), [0, 1]),
        ("a name that is none", "frame", create("no good!"), [17]),
        ("the name ..", "frame", create(".."), [17]),
        ("no name", "frame", create(""), [17]),
        ("a name of 250", "frame", create("n" * 250), [17]),
        ("asking for a name that is none", "frame", request(METADATA, 4, array(text("no good!")) + i8(1)), [17]),
        ("an epoch to come, reading", "frame", fetch("t", 0, leader_epoch + 1), [0, 75]),
        ("an epoch to come, offsets", "frame", list_offsets("t", leader_epoch + 1), [75]),
        ("an epoch to come, epochs", "frame", end_of_epoch("t", leader_epoch + 1), [75]),
        ("orders of an old controller", "frame",
         request(LEADER_AND_ISR, 1, i32(9) + i32(0) + array() + array()), [11]),
        ("news of an old controller", "frame", request(UPDATE, 4, i32(9) + i32(0) + array() + array()), [11]),
        ("a stop by an old controller", "frame", request(STOP, 0, i32(9) + i32(0) + i8(0) + array()), [11]),
        ("orders for the process before", "frame",
         request(LEADER_AND_ISR, 2, i32(1) + i32(999) + i64(1) + array() + array()), [77]),
        ("news for the process before", "frame", request(UPDATE, 5, i32(1) + i32(999) + i64(1) + array() + array()), [77]),
        ("a stop for the process before", "frame", request(STOP, 1, i32(1) + i32(999) + i64(1) + i8(0) + array()), [77]),
    ]


TO_ANOTHER = [
    ("writing to another than the leader", produce("t", batch(b"v")), [6]),
    ("reading from another than the leader", fetch("t"), [0, 6]),
    ("offsets of another than the leader", list_offsets("t"), [6]),
    ("epochs of another than the leader", end_of_epoch("t"), [6]),
]


def codes(value):
    """The error codes of an answer in their order."""
    if isinstance(value, dict):
        return [c for k, v in value.items() for c in ([v] if k == "errorCode" else codes(v))]
    return [c for v in value for c in codes(v)] if isinstance(value, list) else []


def outcome(frames, port, how, data):
    connection = Connection(port)
    try:
        if how == "raw":
            connection.socket.sendall(data)
        else:
            connection.send(data)
        if how == "raw":
            return CLOSED if connection.closes(5) else "left open"
        answer = connection.receive()
        key, version = struct.unpack(">hh", data[:4])
        said = frames.ask("resp", key, version if key != VERSIONS or 0 <= version <= 4 else 0, answer.hex())
        return codes(said["body"])
    except (Closed, ConnectionResetError, BrokenPipeError):
        return CLOSED
    finally:
        connection.socket.close()


def test_every_kind_has_its_answer_and_nothing_is_lost():
    frames = Frames()
    with Cluster(brokers=2, settings={"auto.create.topics.enable": "false"}) as cluster:
        cluster.create_topic("t", 1, 1)
        leader = cluster.broker(cluster.leader("t"))
        other = next(b for b in cluster.brokers if b is not leader)
        controller = cluster.broker(cluster.controller(leader))
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="one\ntwo\n")
        faults = []
        for what, how, data, expected in rows(leader_epoch=0):
            port = controller.port if data[:2] in (i16(CREATE), i16(DELETE)) else leader.port
            got = outcome(frames, port, how, data)
            if got != expected:
                faults.append(f"{what}: expected {expected}, got {got}")
        for what, data, expected in TO_ANOTHER:
            got = outcome(frames, other.port, "frame", data)
            if got != expected:
                faults.append(f"{what}: expected {expected}, got {got}")
        for broker in cluster.brokers:
            expect_true(broker.running(), f"{broker.name} lives")
        cluster.tool("kafka-console-producer", "--topic", "t", "--sync", stdin="three\n")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 3,
                              "--timeout-ms", 20000)
        expect_equal(out, "one\ntwo\nthree\n", "the records")
        expect_equal(faults, [], "what was answered otherwise")
        # An epoch that has gone by: after a restart the leader leads under the next one.
        leader.stop()
        leader.start()
        cluster.await_all()
        wait_for("it leads again", lambda: cluster.leader("t", ask=leader) == leader.broker_id)
        wait_for("under a later epoch", lambda: outcome(frames, leader.port, "frame", fetch("t", 0, 0)) == [0, 74])
        expect_equal(outcome(frames, leader.port, "frame", list_offsets("t", 0)), [74], "offsets under an old epoch")
        expect_equal(outcome(frames, leader.port, "frame", end_of_epoch("t", 0)), [74], "epochs under an old epoch")
        out, _ = cluster.tool("kafka-console-consumer", "--topic", "t", "--from-beginning", "--max-messages", 3,
                              "--timeout-ms", 20000)
        expect_equal(out, "one\ntwo\nthree\n", "the records after a restart")
    frames.close()
