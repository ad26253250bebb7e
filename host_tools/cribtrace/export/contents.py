"""What there is to export of a log or a recording: lines, tables, raw frames."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timezone, tzinfo
from pathlib import Path

import numpy as np

from cribtrace import analysis, anchors, boots, criteria, logfile, nights, notes, recording
from cribtrace.analysis import Night
from cribtrace.anchors import Clock
from cribtrace.boots import Boot
from cribtrace.columns import Column
from cribtrace.errors import CribtraceError
from cribtrace.export import frames
from cribtrace.export.columns import LOG_TABLES, RECORDING_TABLES
from cribtrace.export.frames import Stretch


@dataclass
class Contents:
    """All of it. `lines` are those of docs/SCHEMA.md, `tables` rows by the columns of `columns`.

    `begins_s` is the clock time of 0 s, seconds since 1970; None where nobody knows. `injected`:
    (onset_s, duration_s) of stretches in which a host played a file to the board.
    """

    header: dict
    columns: dict[str, tuple[Column, ...]]
    tables: dict[str, list[dict]]
    stretches: list[Stretch]
    begins_s: float | None
    length_s: float
    lines: list[dict] = field(default_factory=list)
    night: Night | None = None
    injected: list[tuple[float, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    whole: Stretch | None = None  # of a recording: every row, those in its gaps too

    @property
    def about(self) -> dict[str, str]:
        """What a file should say of itself, as text; the board's number is none of it."""
        told = {
            key: str(self.header[key])
            for key in ("board", "sensor", "rate_hz", "lsb_per_g", "firmware", "recording_frames")
            if key in self.header
        }
        clock = "UTC" if self.begins_s is not None else "seconds since the start"
        marked = "; ".join(f"{at_s} s, {long_s} s long" for at_s, long_s in self.injected)
        faults = f"{len(self.faults)} faults were found in the log"
        return {**told, "clock": clock, "injected": marked or "no", "faults": faults}


def of_recording(path: Path, begins_s: float | None) -> Contents:
    """A recording: all of its frames, and its truth. Raises as `recording.load`.

    `begins_s` is when its first frame was, since 1970; else as a captured recording knows it.
    """
    rec = recording.load(path)
    if begins_s is None and rec.captured and 0 < rec.captured.utc_s < frames.LAST_UTC_S:
        begins_s = rec.captured.utc_s
    stretches = frames.of_recording(rec, begins_s)
    truth = [
        {key: entry.get(key) for key in ("type", "kind", "onset_s", "duration_s")}
        | {"line": entry}
        for entry in rec.truth
    ]
    header = {
        "type": "header",
        "sensor": "recording",
        "rate_hz": rec.rate_hz,
        "lsb_per_g": rec.lsb_per_g,
        "recording_frames": len(rec.accel),
    }
    waves = [_wave(k, stretch) for k, stretch in enumerate(stretches)]
    made = Contents(
        header,
        RECORDING_TABLES,
        {"truth": truth, "waveforms": waves},
        stretches,
        begins_s,
        rec.duration_s,
        [header, *rec.truth],
        whole=frames.whole(rec, begins_s),
    )
    missing = sum(gap.rows for gap in rec.gaps)
    if missing:
        made.notes.append(
            f"{missing} frames are missing in it, in {len(rec.gaps)} gaps: nothing stands for them"
            " but in EDF+, where the frame before each gap goes on and an annotation says so"
        )
    return made


def of_log(source: Path, wanted: date | None, zone: tzinfo | None, whole: bool) -> Contents:
    """One night of a log folder or segment file, or the whole. Raises as `nights.choose`."""
    read = analysis.read_night(source)
    chosen = replace(read, zone=zone) if whole else nights.choose(read, zone, wanted)
    row = list(boots.in_a_row([s for s in logfile.read(source) if s.header]))
    times = _Times(row, anchors.clocks(row), read, _span(read, chosen))
    stretches = frames.of_boots(row, times.clocks, read.injected, times.span)
    begins_s, _ = times.utc(0.0)
    length_s = chosen.summary["hours"] * 3600
    faults = list(read.faults)
    try:
        noted = notes.within(notes.read(source), chosen, length_s)
    except CribtraceError as error:
        faults.append(f"without its notes: {error}")
        noted = []
    header, *lines = analysis.lines(chosen)
    return Contents(
        chosen.header,
        LOG_TABLES,
        {**_tables(chosen, times, stretches), "notes": [_note(one, times) for one in noted]},
        stretches,
        begins_s,
        length_s,
        [header, *({"type": "note", **asdict(one)} for one in noted), *lines],
        night=chosen,
        injected=times.injected(),
        faults=faults,
        notes=read.notes,
        sentences=nights.sentences(chosen) or ["the whole log"],
    )


def _span(read: Night, chosen: Night) -> tuple[float, float]:
    """From when to when the chosen part goes, on the log's own time line."""
    if chosen.sessions:
        return chosen.sessions[0].onset_s, chosen.sessions[-1].end_s
    return 0.0, np.inf


@dataclass
class _Times:
    """When the moments of an export were, and in which boot."""

    boots: Sequence[Boot]
    clocks: dict[int, Clock]
    read: Night
    span: tuple[float, float]

    def boot(self, t_s: float) -> Boot:
        at_s = t_s + self.span[0] + 5e-4  # lines are told to the millisecond
        return next((b for b in reversed(self.boots) if b.start_s <= at_s), self.boots[0])

    def utc(self, t_s: float) -> tuple[float | None, bool | None]:
        """Seconds since 1970 at an exported moment, and whether that is about right only."""
        boot = self.boot(t_s)
        clock = self.clocks[boot.number]
        utc_s = clock.utc_s(t_s + self.span[0] - boot.start_s)
        if utc_s is None or not 0 <= utc_s < frames.LAST_UTC_S:
            return None, None
        return utc_s, clock.about

    def told(self, t_s: float) -> dict:
        utc_s, about = self.utc(t_s)
        number = self.boot(t_s).number
        injected = number in self.read.injected
        return {"utc": utc_s, "utc_about": about, "boot": number, "injected": injected}

    def injected(self) -> list[tuple[float, float]]:
        """(onset_s, duration_s) of what a host played, within the exported part."""
        spans = [
            (max(b.start_s, self.span[0]), min(b.start_s + b.length_s, self.span[1]))
            for b in self.boots
            if b.number in self.read.injected
        ]
        return [(round(a - self.span[0], 3), round(z - a, 3)) for a, z in spans if z > a]


def _tables(night: Night, times: _Times, stretches: list[Stretch]) -> dict[str, list[dict]]:
    found = {
        "events": [
            {**e, **e.get("why", {}), **night.contexts.get(k, {})}
            for k, e in enumerate(night.events)
        ],
        "patterns": [{**line, **line.get("context", {})} for line in night.patterns],
        "states": [{"by": "board", **line} for line in night.states + night.likely],
        "epochs": [_epoch(line) for line in night.epochs],
        "seconds": [row for line in night.epochs for row in _seconds(line)],
        "gaps": night.gaps,
        "marks": night.marks,
    }
    tables = {
        name: [
            {**line, **times.told(line["onset_s" if "onset_s" in line else "t_s"])}
            for line in sorted(rows, key=_moment_s)
        ]
        for name, rows in found.items()
    }
    return {**tables, "waveforms": [_wave(k, stretch) for k, stretch in enumerate(stretches)]}


def _note(note: notes.Note, times: _Times) -> dict:
    """A row; without a time of its own it is of all of the night."""
    row = {"tags": list(note.tags), "text": note.text, "t_s": note.t_s}
    utc_s, about = (None, None) if note.t_s is None else times.utc(note.t_s)
    return {**row, "utc": utc_s, "utc_about": about}


def _moment_s(line: dict) -> float:
    return line["onset_s"] if "onset_s" in line else line["t_s"]


def _epoch(line: dict) -> dict:
    closest = line.get("closest") or {}
    strength = closest.get("strength")
    return {**line, "closest_s": closest.get("t_s"), "closest_strength": strength}


def _seconds(epoch: dict) -> Iterator[dict]:
    """One row for each second of an epoch; the last ends with it."""
    for k, code in enumerate(epoch["levels"]):
        at_s = k * epoch["second_s"]
        deviation = criteria.deviation(code)
        yield {
            "onset_s": round(epoch["onset_s"] + at_s, 3),
            "duration_s": round(min(epoch["second_s"], epoch["duration_s"] - at_s), 3),
            "code": code,
            "strength": round(criteria.second_strength(code), 2) if deviation is None else None,
            "deviation": deviation,
            "floor_mg": epoch["floor_mg"],
            "threshold": epoch["threshold"],
        }


def _wave(number: int, stretch: Stretch) -> dict:
    known = stretch.utc_s is not None
    return {
        "number": number,
        "onset_s": round(float(stretch.t_s[0]), 3),
        "utc": float(stretch.utc_s[0]) if stretch.utc_s is not None else None,
        "utc_about": stretch.about if known else None,
        "duration_s": round(len(stretch.lsb) / stretch.rate_hz, 3),
        "frames": len(stretch.lsb),
        "rate_hz": stretch.rate_hz,
        "lsb_per_g": stretch.lsb_per_g,
        "boot": stretch.boot,
        "injected": stretch.injected,
    }


def rows(contents: Contents, table: str) -> Iterator[dict]:
    """The rows of a table, by the names of its columns."""
    if table == "frames":
        yield from _frame_rows(contents.stretches)
        return
    names = [column.name for column in contents.columns[table]]
    for row in contents.tables[table]:
        yield {name: row.get(name) for name in names}


def _frame_rows(stretches: list[Stretch]) -> Iterator[dict]:
    for number, stretch in enumerate(stretches):
        for piece in stretch.pieces():
            g = np.round(piece.g, 7).tolist()  # a five-hundredth of an LSB at ±2 g
            columns = (piece.clock_s.tolist(), g, np.round(piece.t_s, 6).tolist())
            for time, (x, y, z), t_s in zip(*columns, strict=True):
                yield {"time": time, "x": x, "y": y, "z": z, "t_s": t_s, "waveform": number}


def moment(utc_s: float) -> datetime:
    """Seconds since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(utc_s, timezone.utc)
