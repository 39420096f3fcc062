"""Requests in any version, made from the field tables of the golden files: a dictionary in, a frame out. What the
dictionary leaves out gets its default; what the version does not have is left out."""

import base64
import gzip
import json
import struct

from cluster import ROOT

NUMBERS = {"int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "int64": ">q", "float64": ">d"}


def load():
    tables = {}
    for line in gzip.open(ROOT / "tests/golden/kafka-protocol.jsonl.gz", "rt"):
        table = json.loads(line)
        if table.get("type") == "request":
            tables[table["name"].removesuffix("Request")] = table
    return tables


def within(versions, version):
    if versions in (None, "none"):
        return False
    first, _, last = versions.partition("-")
    if first.endswith("+"):
        return version >= int(first[:-1])
    return int(first) <= version <= int(last or first)


def uvarint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


class Encoder:
    def __init__(self, table, version):
        self.version, self.flexible = version, within(table["flexibleVersions"], version)
        self.structs = {s["name"]: s["fields"] for s in table.get("commonStructs", [])}

    def struct(self, fields, values):
        out, tagged = b"", []
        unknown = values.keys() - {self.key(f) for f in fields}
        if unknown:
            raise ValueError(f"no such fields: {unknown}")
        for field in fields:
            if not within(field["versions"], self.version):
                continue
            value = values.get(self.key(field), self.default(field))
            if within(field.get("taggedVersions"), self.version):
                if self.key(field) in values:
                    tagged.append((field["tag"], self.value(field["type"], field, value)))
            else:
                out += self.value(field["type"], field, value)
        if self.flexible:
            out += uvarint(len(tagged)) + b"".join(uvarint(t) + uvarint(len(b)) + b for t, b in sorted(tagged))
        return out

    @staticmethod
    def key(field):
        return field["name"][0].lower() + field["name"][1:]

    @staticmethod
    def default(field):
        default, kind = field.get("default"), field["type"]
        if default == "null":
            return None
        if kind in NUMBERS:
            return int(str(default or 0), 0)
        if kind == "bool":
            return str(default).lower() == "true"
        return {"string": default or "", "uuid": "AAAAAAAAAAAAAAAAAAAAAA", "bytes": b"", "records": None}.get(
            kind, [] if kind.startswith("[]") else {})

    def value(self, kind, field, value):
        if kind in NUMBERS:
            return struct.pack(NUMBERS[kind], value)
        if kind == "bool":
            return bytes([value])
        if kind == "uuid":
            return base64.urlsafe_b64decode(value + "==")
        if kind == "string":
            return self.sized(None if value is None else value.encode(), ">h")
        if kind in ("bytes", "records"):
            return self.sized(value, ">i")
        if kind.startswith("[]"):
            count = -1 if value is None else len(value)
            items = b"".join(self.value(kind[2:], field, v) for v in value or [])
            return (uvarint(count + 1) if self.flexible else struct.pack(">i", count)) + items
        return self.struct(field.get("fields") or self.structs[kind], value)

    def sized(self, data, length):
        size = -1 if data is None else len(data)
        return (uvarint(size + 1) if self.flexible else struct.pack(length, size)) + (data or b"")


def frame(tables, api, version, values, correlation=1):
    table = tables[api]
    encoder = Encoder(table, version)
    header = struct.pack(">hhi", table["apiKey"], version, correlation)
    if not (api == "ControlledShutdown" and version == 0):
        header += struct.pack(">h", 4) + b"test"
    return header + (b"\0" if encoder.flexible else b"") + encoder.struct(table["fields"], values)
