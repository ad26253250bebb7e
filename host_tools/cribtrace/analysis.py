"""One night out of the board's facts: boots in a row, what was covered, how many of each kind."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from cribtrace import __version__, facts, logfile
from cribtrace.device import records


@dataclass
class Snippet:
    """Waveform around one event: float32[n, 3] in mg, gravity included."""

    onset_s: float
    rate_hz: float
    mg: np.ndarray


@dataclass
class Night:
    """One recording, as JSON-line dicts by type; snippets are keyed by index into events."""

    header: dict
    events: list[dict] = field(default_factory=list)
    epochs: list[dict] = field(default_factory=list)
    gaps: list[dict] = field(default_factory=list)
    states: list[dict] = field(default_factory=list)
    recorder: list[dict] = field(default_factory=list)
    marks: list[dict] = field(default_factory=list)
    snippets: dict[int, Snippet] = field(default_factory=dict)
    summary: dict = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # what could not be read


@dataclass
class _Boot:
    header: dict
    records: list[dict]
    start_s: float  # since the first boot's first frame

    @property
    def frames(self) -> int:
        """Frame index at which this boot's log ends."""
        return max(record["frame"] for record in self.records)

    def last(self, *types: int) -> dict | None:
        """The last record of one of these types."""
        return next((r for r in reversed(self.records) if r["type"] in types), None)

    def seen(self) -> int:
        """Frames the detector's own counter had reached; from the epochs where none tells."""
        told = self.last(records.STOP, records.RECORDER)
        epochs = [r for r in self.records if r["type"] == records.EPOCH]
        return max(told["seen"] if told else 0, sum(r["seen"] for r in epochs))


def read_night(source: Path) -> Night:
    """The night in a log folder or segment file. Raises CribtraceError as `logfile.read`."""
    segments = [s for s in logfile.read(source) if s.header]
    night = Night(facts.header_line(segments[0].header or {}))
    night.faults = [fault for s in segments for fault in s.faults]
    boots = list(_boots(segments))
    for boot in boots:
        _collect(night, boot)
    _trim(night, boots[0])
    night.summary = _summary(night, boots)
    return night


def _boots(segments: list[logfile.Segment]) -> Iterator[_Boot]:
    """Boots in a row on one time line; an interruption of unknown length takes none of it."""
    start_s = 0.0
    for _, group in groupby(segments, key=lambda s: s.header and s.header["boot"]):
        of_boot = list(group)
        found = [record for segment in of_boot for record in segment.records]
        header = next((s.header for s in of_boot if s.header["rate_mhz"]), of_boot[0].header)
        away = [r for r in found if r["type"] == records.GAP and r["first"] == r["frame"] == 0]
        if away and away[0]["duration_ms"] != records.UNKNOWN:
            start_s += away[0]["duration_ms"] / 1000
        if found and header:
            boot = _Boot(header, found, round(start_s, 3))
            yield boot
            start_s += facts.Scale(header).seconds(boot.frames)


_LISTS = {
    "event": "events",
    "epoch": "epochs",
    "gap": "gaps",
    "state": "states",
    "mark": "marks",
    "recorder": "recorder",
}


def _collect(night: Night, boot: _Boot) -> None:
    waves = {r["start"]: r for r in boot.records if r["type"] == records.SNIPPET}
    for record in boot.records:
        line = facts.json_line(record, boot.header)
        if line is None:
            continue
        when = "onset_s" if "onset_s" in line else "t_s"
        line[when] = round(line[when] + boot.start_s, 3)
        if line["type"] == "gap" and line["frames"] is None and line["duration_s"] is not None:
            line["onset_s"] = round(line["onset_s"] - line["duration_s"], 3)
            line["frames"] = round(line["duration_s"] * boot.header["rate_mhz"] / 1000)
        getattr(night, _LISTS[line["type"]]).append(line)
        if line["type"] == "event":
            wave = waves.get(record["start"])
            if wave:
                night.snippets[len(night.events) - 1] = _snippet(wave, boot)


def _snippet(record: dict, boot: _Boot) -> Snippet:
    """Undo `kernels.code_frames`: zig-zag differences, 7 bits a byte, low bits first."""
    deltas, value, shift = [], 0, 0
    for byte in record["rest"]:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            deltas.append(-(value + 1 >> 1) if value & 1 else value >> 1)
            value = shift = 0
    frames = len(deltas) // 3
    raw = np.empty((frames + 1, 3), dtype=np.int32)
    raw[0] = record["x"], record["y"], record["z"]
    raw[1:] = np.asarray(deltas[: 3 * frames], dtype=np.int32).reshape(frames, 3)
    lsb = raw.cumsum(axis=0) - 0x8000
    mg = (lsb * (1e6 / boot.header["mlsb_per_g"])).astype(np.float32)
    onset_s = round(boot.start_s + facts.Scale(boot.header).seconds(record["first"]), 3)
    return Snippet(onset_s, boot.header["rate_mhz"] / 1000, mg)


def _trim(night: Night, boot: _Boot) -> None:
    """Leave out what a virtual board recorded after its recording had ended."""
    frames = boot.header["recording_frames"]
    if not frames:
        return
    end_s = facts.Scale(boot.header).seconds(frames)
    kept = [i for i, event in enumerate(night.events) if event["onset_s"] < end_s]
    night.snippets = {n: night.snippets[i] for n, i in enumerate(kept) if i in night.snippets}
    night.events = [night.events[i] for i in kept]
    for name in ("epochs", "gaps", "states"):
        kept_lines = [line for line in getattr(night, name) if line["onset_s"] < end_s]
        setattr(night, name, kept_lines)


def _covered(night: Night, length_s: float) -> float:
    """Share of the recording in which a movement would have been reported, 0 to 1."""
    if not length_s:
        return 0.0
    unseen = sum(min(g["duration_s"] or 0.0, length_s) for g in night.gaps + night.states)
    return round(max(0.0, 1 - unseen / length_s), 5)


def _summary(night: Night, boots: list[_Boot]) -> dict:
    last = boots[-1]
    length_s = last.start_s + facts.Scale(last.header).seconds(last.frames)
    if last.header["recording_frames"]:
        length_s = min(length_s, facts.Scale(last.header).seconds(last.header["recording_frames"]))
    kinds = [event["kind"] for event in night.events]
    stops = [boot.last(records.STOP) for boot in boots]
    return {
        "type": "summary",
        "hours": round(length_s / 3600, 4),
        "coverage": _covered(night, length_s),
        "counts": {kind: kinds.count(kind) for kind in records.KINDS},
        "frames_produced": None,
        "frames_seen": sum(boot.seen() for boot in boots),
        "frames_in_gaps": sum(gap["frames"] or 0 for gap in night.gaps),
        "frames_lost": None,
        # A STOP record counts those before it; without one nobody has told how many there were.
        "records_written": sum(s["records"] + 1 for s in stops if s) if all(stops) else None,
        "records_pulled": sum(len(boot.records) for boot in boots),
        "wire_bytes": None,
        "versions": {
            "cribtrace": __version__,
            "firmware": night.header["firmware"],
            "format": night.header["format"],
        },
    }


def lines(night: Night) -> Iterator[dict]:
    """The night as JSON lines: header first, then everything in its order, summary last."""
    yield night.header
    timed = [line for name in _LISTS.values() for line in getattr(night, name)]
    yield from sorted(timed, key=lambda line: line.get("onset_s", line.get("t_s")))
    yield night.summary
