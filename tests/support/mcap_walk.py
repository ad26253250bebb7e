"""A reader of MCAP files written from the specification at mcap.dev/spec alone.

It shares no code with the package that writes them, but for the decompression of a chunk. `read`
checks all that a reader may rely on: order, offsets, counts and every CRC.
"""

import struct
import zlib
from itertools import groupby
from typing import NamedTuple

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX = range(1, 9)
STATISTICS, METADATA, METADATA_INDEX, SUMMARY_OFFSET, DATA_END = range(0x0B, 0x10)
IN_SUMMARY = {SCHEMA, CHANNEL, CHUNK_INDEX, STATISTICS, METADATA_INDEX}


class Record(NamedTuple):
    """One record: its opcode, what it holds, and its offset and size with both."""

    opcode: int
    content: bytes
    at: int
    size: int


class Channel(NamedTuple):
    """One channel, with the schema of its messages."""

    topic: str
    encoding: str
    schema: str
    schema_encoding: str
    schema_text: bytes


class Found(NamedTuple):
    """What a file holds: messages as (channel, log time in ns, bytes), in the file's order."""

    messages: list[tuple[Channel, int, bytes]]
    metadata: dict[str, dict[str, str]]
    library: str


class Fields:
    """Reads one field after another."""

    def __init__(self, content: bytes) -> None:
        self.left = content

    def number(self, form: str) -> int:
        size = struct.calcsize("<" + form)
        (value,) = struct.unpack("<" + form, self.take(size))
        return value

    def take(self, size: int) -> bytes:
        assert size <= len(self.left), "a field is longer than its record"
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def text(self) -> str:
        return self.take(self.number("I")).decode("utf-8")

    def texts(self) -> dict[str, str]:
        inner, out = Fields(self.take(self.number("I"))), {}
        while inner.left:
            key = inner.text()
            assert key not in out
            out[key] = inner.text()
        return out

    def pairs(self, form: str) -> list[tuple[int, int]]:
        return list(struct.iter_unpack("<" + form, self.take(self.number("I"))))


def records(raw: bytes, begin: int, end: int) -> list[Record]:
    """The records that fill raw[begin:end], each with its offset in `raw`."""
    found, at = [], begin
    while at < end:
        opcode, length = struct.unpack_from("<BQ", raw, at)
        assert at + 9 + length <= end, "a record is longer than the file"
        found.append(Record(opcode, raw[at + 9 : at + 9 + length], at, 9 + length))
        at += 9 + length
    return found


class _Walk:
    def __init__(self, raw: bytes) -> None:
        assert raw.startswith(MAGIC) and raw.endswith(MAGIC)
        self.raw = raw
        self.schemas: dict[int, tuple[str, str, bytes]] = {}
        self.channels: dict[int, Channel] = {}
        self.copies: dict[tuple[int, int], bytes] = {}  # what was said of a schema or a channel
        self.found = Found([], {}, "")
        self.counts: dict[int, int] = {}
        self.places: dict[int, list[tuple[int, int, str]]] = {CHUNK: [], METADATA: []}

    def defined(self, record: Record) -> None:
        fields = Fields(record.content)
        number = fields.number("H")
        assert self.copies.setdefault((record.opcode, number), record.content) == record.content
        if record.opcode == SCHEMA:
            assert number
            name, encoding = fields.text(), fields.text()
            self.schemas[number] = name, encoding, fields.take(fields.number("I"))
        else:
            schema = self.schemas[fields.number("H")]
            topic, encoding = fields.text(), fields.text()
            self.channels[number] = Channel(topic, encoding, *schema)

    def message(self, record: Record) -> tuple[int, int]:
        fields = Fields(record.content)
        number, _ = fields.number("H"), fields.number("I")
        log_ns, _ = fields.number("Q"), fields.number("Q")
        self.found.messages.append((self.channels[number], log_ns, fields.left))
        self.counts[number] = self.counts.get(number, 0) + 1
        return number, log_ns

    def chunk(self, chunk: Record, following: list[Record]) -> None:
        """A chunk and the indexes that follow it."""
        fields = Fields(chunk.content)
        first_ns, last_ns, size, crc = (fields.number(form) for form in "QQQI")
        compression, packed = fields.text(), fields.take(fields.number("Q"))
        inside = unpacked(compression, packed, size)
        assert (len(inside), zlib.crc32(inside)) == (size, crc) and crc
        told: dict[int, list[tuple[int, int]]] = {}
        for record in records(inside, 0, size):
            if record.opcode == MESSAGE:
                number, log_ns = self.message(record)
                told.setdefault(number, []).append((log_ns, record.at))
            else:
                self.defined(record)
        times = [log_ns for pairs in told.values() for log_ns, _ in pairs]
        assert (min(times, default=0), max(times, default=0)) == (first_ns, last_ns)
        indexed = {}
        for index in following:
            inner = Fields(index.content)
            number = inner.number("H")
            indexed[number] = inner.pairs("QQ")
        assert {number: pairs for number, pairs in indexed.items() if pairs} == told
        self.places[CHUNK].append((chunk.at, chunk.size, compression))

    def data(self, section: list[Record]) -> None:
        assert section[0].opcode == HEADER and section[-1].opcode == DATA_END
        fields = Fields(section[0].content)
        assert fields.text() == ""  # the profile: none
        self.found = self.found._replace(library=fields.text())
        for k, record in enumerate(section[1:-1], 1):
            if record.opcode == CHUNK:
                after = section[k + 1 :]
                count = next(n for n, r in enumerate(after) if r.opcode != MESSAGE_INDEX)
                self.chunk(record, after[:count])
            elif record.opcode == METADATA:
                fields = Fields(record.content)
                name = fields.text()
                self.found.metadata[name] = fields.texts()
                self.places[METADATA].append((record.at, record.size, name))
            else:  # where there is an index, messages are in chunks alone
                assert record.opcode == MESSAGE_INDEX, record.opcode
        crc = Fields(section[-1].content).number("I")
        assert crc == zlib.crc32(self.raw[: section[-1].at])

    def summary(self, section: list[Record]) -> None:
        groups = [(op, list(group)) for op, group in groupby(section, lambda r: r.opcode)]
        by = {op: group for op, group in groups if op != SUMMARY_OFFSET}
        assert by.keys() <= IN_SUMMARY and len({op for op, _ in groups}) == len(groups)
        before = dict(self.copies)
        for record in [*by[SCHEMA], *by[CHANNEL]]:
            self.defined(record)
        assert self.copies == before and len(by[SCHEMA] + by[CHANNEL]) == len(before)
        places = []
        for record in by[CHUNK_INDEX]:
            fields = Fields(record.content)
            _, _, at, size = (fields.number("Q") for _ in range(4))
            fields.pairs("HQ"), fields.number("Q")
            places.append((at, size, fields.text()))
        assert places == self.places[CHUNK]
        places = [Fields(record.content) for record in by[METADATA_INDEX]]
        told = [(one.number("Q"), one.number("Q"), one.text()) for one in places]
        assert told == self.places[METADATA]
        self.statistics(by[STATISTICS])
        offsets = [
            Fields(r.content) for op, group in groups if op == SUMMARY_OFFSET for r in group
        ]
        told = {(one.number("B"), one.number("Q"), one.number("Q")) for one in offsets}
        told = {place for place in told if place[2]}  # a writer may tell of groups of none
        assert told == {(op, group[0].at, sum(r.size for r in group)) for op, group in by.items()}

    def statistics(self, group: list[Record]) -> None:
        (record,) = group
        fields = Fields(record.content)
        times = [log_ns for _, log_ns, _ in self.found.messages]
        told = [fields.number(form) for form in "QHIIIIQQ"]
        assert told == [
            len(times), len(self.schemas), len(self.channels), 0, len(self.found.metadata),
            len(self.places[CHUNK]), min(times), max(times),
        ]  # fmt: skip
        assert dict(fields.pairs("HQ")) == self.counts


def unpacked(compression: str, packed: bytes, size: int) -> bytes:
    if compression == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    assert compression == ""
    return packed


def read(raw: bytes) -> Found:
    """All that a file holds. Raises AssertionError for anything that the specification forbids."""
    walk = _Walk(raw)
    found = records(raw, len(MAGIC), len(raw) - len(MAGIC))
    assert found[-1].opcode == FOOTER and len(found[-1].content) == 20
    summary_at, offsets_at, crc = struct.unpack("<QQI", found[-1].content)
    assert crc == zlib.crc32(raw[summary_at : found[-1].at + 9 + 16])
    (end,) = (k for k, record in enumerate(found) if record.opcode == DATA_END)
    walk.data(found[: end + 1])
    section = found[end + 1 : -1]
    assert section[0].at == summary_at
    assert next(r.at for r in section if r.opcode == SUMMARY_OFFSET) == offsets_at
    walk.summary(section)
    return walk.found
