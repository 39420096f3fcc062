"""Kafka's protocol by hand, for tests that send what no client would: frames, their answers as JSON, record batches."""

import json
import select
import socket
import struct
import subprocess
import time

from cluster import BIN


class Closed(Exception):
    """The broker closed the connection."""


class Frames:
    """The helper that turns frames into JSON."""

    def __init__(self):
        self.process = subprocess.Popen([BIN / "frame_json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)

    def send(self, frame):
        self.socket.sendall(len(frame).to_bytes(4, "big") + frame)

    def receive(self):
        return self.exactly(int.from_bytes(self.exactly(4), "big"))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise Closed
            data += piece
        return data

    def closes(self, seconds):
        """True when the broker closes it; what it says before is passed over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                try:
                    if not self.socket.recv(65536):
                        return True
                except OSError:
                    return True
        return False


def i8(n): return struct.pack(">b", n)
def i16(n): return struct.pack(">h", n)
def i32(n): return struct.pack(">i", n)
def i64(n): return struct.pack(">q", n)
def text(s): return i16(len(s)) + s.encode()
def array(*items): return i32(len(items)) + b"".join(items)
def sized(data): return i32(len(data)) + data


def request(key, version, body, correlation=1):
    """With request header 1: versions that are not flexible."""
    return i16(key) + i16(version) + i32(correlation) + text("test") + body


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def batch(*values, bad_crc=False, time=1_700_000_000_000):
    """One v2 batch without keys."""
    now = time
    records = b""
    for i, value in enumerate(values):
        record = i8(0) + varint(0) + varint(i) + varint(-1) + varint(len(value)) + value + varint(0)
        records += varint(len(record)) + record
    body = i16(0) + i32(len(values) - 1) + i64(now) + i64(now) + i64(-1) + i16(-1) + i32(-1) + i32(len(values)) + records
    crc = crc32c(body) ^ bad_crc
    return i64(0) + i32(len(body) + 9) + i32(-1) + i8(2) + struct.pack(">I", crc) + body
