"""MCAP with JSON messages: schemas that Foxglove knows where there are any, ours for the rest."""

import heapq
import json
from collections.abc import Iterator, Sequence
from typing import IO

from cribtrace import __version__
from cribtrace.columns import FLAG, MOMENT, REAL, TEXT, WHOLE, Column
from cribtrace.errors import CribtraceError, pip_line
from cribtrace.export.captions import told
from cribtrace.export.contents import Contents, rows
from cribtrace.export.text import plain

try:
    from mcap.writer import Writer
except ImportError:
    raise CribtraceError("the format mcap needs mcap: " + pip_line("cribtrace[export]")) from None

_TIME = {
    "type": "object",
    "title": "time",
    "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}},
}
_KINDS = {
    TEXT: {"type": "string"},
    WHOLE: {"type": "integer"},
    REAL: {"type": "number"},
    FLAG: {"type": "boolean"},
    MOMENT: _TIME,
}
# Foxglove knows these by their names (docs.foxglove.dev, Log and Vector3).
_LOG = {
    "timestamp": _TIME,
    "level": {"type": "integer"},
    "message": {"type": "string"},
    "name": {"type": "string"},
    "file": {"type": "string"},
    "line": {"type": "integer"},
}
_VECTOR = {axis: {"type": "number"} for axis in "xyz"}
_INFO, _WARNING = 2, 3  # levels of foxglove.Log
_OF_RAW = ("frames", "waveforms")

Message = tuple[int, int, dict]  # nanoseconds, channel, what it says


def write(file: IO[bytes], contents: Contents) -> None:
    """Write all of it, in the order of time."""
    writer = Writer(file, enable_data_crcs=True)
    writer.start(library=f"cribtrace {__version__}")
    writer.add_metadata("cribtrace", contents.about)
    lines = sorted([*_log(writer, contents), *_of_tables(writer, contents)], key=_order)
    for at_ns, channel, said in heapq.merge(lines, _acceleration(writer, contents), key=_order):
        text = json.dumps(said, separators=(",", ":"), allow_nan=False).encode()
        writer.add_message(channel, at_ns, text, at_ns)
    writer.finish()


def _order(message: Message) -> tuple[int, int]:
    return message[:2]


def _channel(writer: Writer, topic: str, schema: str, properties: dict) -> int:
    text = json.dumps({"title": schema, "type": "object", "properties": properties})
    known = writer.register_schema(schema, "jsonschema", text.encode())
    return writer.register_channel(topic, "json", known)


def _ns(utc_s: float) -> int:
    """To the microsecond: what a float still tells of today's seconds."""
    return round(utc_s * 1e6) * 1000


def _parts(at_ns: int) -> dict:
    return {"sec": at_ns // 10**9, "nsec": at_ns % 10**9}


def _when(contents: Contents, line: dict) -> int:
    """When a line is told: its own clock time, else since the beginning."""
    at_s = max(0.0, line.get("onset_s", line.get("t_s")) or 0.0)
    utc_s = line.get("utc")
    if utc_s is None:
        utc_s = at_s + (contents.begins_s or 0.0)
    return _ns(utc_s)


def _log(writer: Writer, contents: Contents) -> Iterator[Message]:
    """What a person would read of it, in Foxglove's panel of log messages."""
    channel = _channel(writer, "/log", "foxglove.Log", _LOG)
    types = {"gaps": "gap", "events": "event", "patterns": "event", "states": "state"}
    types |= {"marks": "mark", "notes": "note", "truth": "event"}
    for name in (name for name in contents.tables if name in types):
        for line in contents.tables[name]:
            by = "host" if name in ("patterns", "notes") else line.get("by", "board")
            shown = line["line"] if name == "truth" else line
            said = told({"type": types[name], **shown, "by": by})
            if said:
                at_ns = _when(contents, line)
                level = _WARNING if name == "gaps" else _INFO
                yield at_ns, channel, _entry(at_ns, level, said, by)
    for onset_s, _ in contents.injected:
        at_ns = _when(contents, {"onset_s": onset_s})
        yield at_ns, channel, _entry(at_ns, _WARNING, "INJECTED: a file was played", "host")


def _entry(at_ns: int, level: int, message: str, name: str) -> dict:
    return {
        "timestamp": _parts(at_ns), "level": level, "message": message, "name": name,
        "file": "", "line": 0,
    }  # fmt: skip


def _of_tables(writer: Writer, contents: Contents) -> Iterator[Message]:
    for name, columns in contents.columns.items():
        if name in _OF_RAW:
            continue
        properties = {c.name: {**_KINDS[c.kind], "description": c.meaning} for c in columns}
        channel = _channel(writer, f"/{name}", f"cribtrace.{name}", properties)
        for row in rows(contents, name):
            yield _when(contents, row), channel, _message(columns, row)


def _message(columns: Sequence[Column], row: dict) -> dict:
    """A row; what nobody knows is left out, as Foxglove's JSON has no type that may be null."""
    kinds = {column.name: column.kind for column in columns}
    known = {name: value for name, value in row.items() if value is not None}
    return {name: _value(kinds[name], value) for name, value in known.items()}


def _value(kind: str, value):
    if kind == MOMENT:
        return _parts(_ns(value))
    return plain(value) if kind == TEXT else value


def _acceleration(writer: Writer, contents: Contents) -> Iterator[Message]:
    """Each stored frame, in g."""
    channel = _channel(writer, "/acceleration", "foxglove.Vector3", _VECTOR)
    for piece in (piece for stretch in contents.stretches for piece in stretch.pieces()):
        begins_s = 0.0 if piece.utc_s is not None else contents.begins_s or 0.0
        for at_s, (x, y, z) in zip(piece.clock_s.tolist(), piece.g.tolist(), strict=True):
            yield _ns(at_s + begins_s), channel, {"x": x, "y": y, "z": z}
