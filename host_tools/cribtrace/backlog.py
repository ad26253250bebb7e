"""What a board's log holds from a moment on, for `tail --since`: read while it records."""

from collections.abc import Callable, Iterator

from cribtrace import configuration, log_records, logfile
from cribtrace.asides import Asides
from cribtrace.client import Client
from cribtrace.conversation import Refused
from cribtrace.device import records
from cribtrace.frame_clock import FrameClock
from cribtrace.heard import Decoded, Item, Note

ToJson = Callable[[dict, dict], dict | None]


def read(
    client: Client, header: dict, asides: Asides, to_json: ToJson
) -> Iterator[tuple[int | None, Item]]:
    """Yield (number of the record, the record), oldest first, from `asides.since_s` on.

    `header` and `asides.clock` are of the running boot; earlier ones have the clocks that their
    own anchors tell. The number is None of what is no record of this boot. Raises NoDevice.
    """
    clocks = {header["boot"]: asides.clock}
    since_s = asides.since_s or 0.0
    try:
        segments = _fetched(client, clocks, since_s)
    except Refused as error:
        yield None, Note(f"the log cannot be read: {error}")
        return
    without: set[int] = set()
    for segment in segments:
        of = segment.header or {}
        clock = clocks.get(of.get("boot", -1))
        if clock is None or clock.utc_s(0.0) is None:
            without.add(of.get("boot", 0))
            continue
        here = of["boot"] == header["boot"]
        for record, line in _lines(segment, header, to_json):
            at_s = clock.utc_s(line.get("onset_s", line.get("t_s", 0.0)))
            if at_s is not None and at_s >= since_s:
                stamped = clock.stamped(line)
                if here:
                    yield record["seq"], Decoded(stamped)
                else:
                    yield None, Decoded(stamped, of["boot"], clock)
    for boot in sorted(without):
        yield None, Note(f"nobody knows when boot {boot} was: what it logged is left out here")


def _fetched(
    client: Client, clocks: dict[int, FrameClock], since_s: float
) -> list[logfile.Segment]:
    """The segments that may reach behind `since_s`, oldest first."""
    client.flush()
    found: list[logfile.Segment] = []
    listed = [segment for segment in client.list() if segment.stream == records.FACTS]
    for one in reversed(listed):
        content = b"".join(client.read(one.number, 0, one.size_bytes))
        segment = logfile.parse(content, f"segment {one.number}")
        if not segment.header or not segment.records:
            continue
        found.insert(0, segment)
        _learn(segment, clocks)
        clock = clocks.setdefault(segment.header["boot"], FrameClock())
        clock.of(segment.header)
        began = segment.records[0]["frame"] * 1000 / (segment.header["rate_mhz"] or 1)
        began_s = clock.utc_s(began)
        if began_s is not None and began_s < since_s:
            break
    return found


def _learn(segment: logfile.Segment, clocks: dict[int, FrameClock]) -> None:
    """Take the anchors in it, of whichever boot; segments come newest first."""
    for record in reversed(segment.records):
        if record["type"] == records.ANCHOR and record["source"] < len(log_records.SOURCES):
            clocks.setdefault(record["boot"], FrameClock()).set(
                record["frame"], record["utc_s"] + record["utc_ms"] / 1000,
                within_s=record["within_ms"] / 1000, earlier=True,
                source=log_records.SOURCES[record["source"]],
            )  # fmt: skip


def _lines(
    segment: logfile.Segment, running: dict, to_json: ToJson
) -> Iterator[tuple[dict, dict]]:
    header = dict(segment.header or {})
    if header["config_crc"] == running["config_crc"]:
        header["settings"] = running["settings"]
    for record in segment.records:
        if record["type"] == records.CONFIG:
            header["settings"] = configuration.told(record) or None
        line = to_json(record, header)
        if line:
            yield record, line
