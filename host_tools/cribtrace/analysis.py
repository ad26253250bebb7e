"""One night out of the board's facts: boots in a row, what was covered, how many of each kind."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timezone, tzinfo
from itertools import pairwise
from pathlib import Path

import numpy as np

from cribtrace import (
    __version__,
    anchors,
    configuration,
    facts,
    injected_boots,
    instrument,
    interpretation,
    log_records,
    logfile,
    missing,
)
from cribtrace.anchors import Clock
from cribtrace.boots import Boot, in_a_row
from cribtrace.device import records
from cribtrace.instrument import Instrument
from cribtrace.scale import Scale
from cribtrace.told_seconds import FLOOR_MOST_MG, too_loud

TOO_LOUD = f"noise floor above {FLOOR_MOST_MG:.0f} mg"


@dataclass
class Snippet:
    """Waveform around one event: float32[n, 3] in mg, gravity included."""

    onset_s: float
    rate_hz: float
    mg: np.ndarray


@dataclass
class Night:
    """One recording, as JSON-line dicts by type, and what the host makes of them.

    `snippets`, `contexts` and `leans` (mg of x, y, z) are keyed by index into `events`.
    `patterns` are events and `likely` states that the host infers: docs/PATTERNS.md.
    """

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
    notes: list[str] = field(default_factory=list)  # what a reader should know of it beside
    injected: list[int] = field(default_factory=list)  # boots whose frames came from a file
    # Their lines, where a sensor gave the rest; they are in no other list then.
    played: list[dict] = field(default_factory=list)
    patterns: list[dict] = field(default_factory=list)
    likely: list[dict] = field(default_factory=list)
    contexts: dict[int, dict] = field(default_factory=dict)
    leans: dict[int, tuple[float, ...]] = field(default_factory=dict)
    clocks: list[dict] = field(default_factory=list)  # of each boot: docs/SCHEMA.md, clock
    # Which night of a log it is, and what else that holds, where somebody chose one: `nights`.
    of: date | None = None
    from_s: float = 0.0  # where it begins on the log's own time line
    sessions: list = field(default_factory=list)
    apart: list = field(default_factory=list)
    zone: tzinfo | None = timezone.utc  # to show times in; None: this machine's
    instruments: list[tuple[float, Instrument]] = field(default_factory=list)  # from when each


def read_night(source: Path) -> Night:
    """The night in a log folder or segment file. Raises CribtraceError as `logfile.read`."""
    found = logfile.read(source)
    segments = [s for s in found if s.header]
    boots = list(in_a_row(segments))
    night = of_boots(boots, anchors.clocks(boots), whole=not source.is_file())
    if len(night.injected) in (0, len(boots)):
        night.header = facts.header_line(segments[0].header or {})
    faults = [fault for s in found for fault in s.faults]
    night.faults = faults + logfile.unfinished(source) + night.faults
    if source.is_file():
        night.notes.append(
            f"{source} is one segment of a log: name the folder {source.parent} for the rest"
        )
    return night


def of_boots(
    boots: list[Boot], clocks: dict[int, Clock], *, whole: bool = True, details: bool = True
) -> Night:
    """What these boots of a log hold together. `clocks`, by boot, may rest on others beside them.

    `whole`: what is missing between them is a fault; `details`: `snippets` are wanted, and what
    the board held each event against.
    """
    sensed = injected_boots.set_aside(boots)
    night, apart = Night(facts.header_line(sensed[0].header)), Night({})
    end_s = _played(sensed)
    in_force = configuration.logged(r for boot in boots for r in boot.records)
    night.faults = [fault for boot in boots if (fault := clocks[boot.number].fault())]
    holes: list[str] = []
    for boot in boots:
        to = night if boot in sensed else apart
        to.clocks.append(injected_boots.marked(clocks[boot.number].line(), boot))
        _collect(to, boot, clocks[boot.number], end_s, in_force, details)
        holes += missing.told(missing.of_records(boot), to.gaps)
        night.faults += missing.told(missing.of_room(boot), to.gaps)
        if to is apart:
            night.gaps.append(injected_boots.meanwhile(boot))
    night.instruments = [found for boot in sensed for found in instrument.of_boot(boot)]
    holes += missing.of_waveforms(boots)
    night.played = _timed(apart)
    night.injected = [boot.number for boot in boots if injected_boots.from_a_file(boot)]
    night.notes += injected_boots.notes(night.injected)
    if whole:
        night.faults += holes
    _unread(night, boots)
    _deaf(night)
    _interpret(night, sensed, clocks)
    last_s = sensed[-1].start_s + Scale(sensed[-1].header).seconds(sensed[-1].frames)
    night.summary = _summary(night, sensed, min(end_s, last_s), boots)
    return night


def _played(boots: list[Boot]) -> float:
    """Where the recording that a virtual board played ended; infinity where nobody can tell.

    A real board plays none, and a board that was restarted may have begun anew.
    """
    frames = boots[0].header["recording_frames"]
    known = frames and len(boots) == 1
    return boots[0].start_s + Scale(boots[0].header).seconds(frames) if known else math.inf


_LISTS = {
    "event": "events",
    "epoch": "epochs",
    "gap": "gaps",
    "state": "states",
    "mark": "marks",
    "recorder": "recorder",
}


def _collect(
    night: Night, boot: Boot, clock: Clock, end_s: float, in_force: dict, details: bool
) -> None:
    kept = boot.all_records() if details else []
    waves = {r["run"]: r for r in kept if r["type"] == records.SNIPPET}
    injected = injected_boots.from_a_file(boot)
    for record, line in _lines(boot, in_force, details):
        if line is None:
            continue
        if injected:
            line["injected"] = True
        _place(line, boot, clock)
        if line["type"] != "event":
            if line.get("onset_s", 0.0) < end_s:
                getattr(night, _LISTS[line["type"]]).append(line)
            continue
        over_s = boot.start_s + Scale(boot.header).seconds(record["closed"] + 1)
        if over_s <= end_s:
            wave = waves.get(record["run"]) if boot.header["mlsb_per_g"] else None
            night.leans[len(night.events)] = _lean(record, boot)
            if wave and _shows(wave, record):
                night.snippets[len(night.events)] = _snippet(wave, boot)
            night.events.append(line)


def _lines(boot: Boot, in_force: dict, details: bool) -> Iterator[tuple[dict, dict | None]]:
    """Each record with its line, by the settings that the last record of them told of."""
    header = {**boot.header, "settings": in_force.get(boot.header["config_crc"])}
    starts = [k for k, record in enumerate(boot.records) if record["type"] == records.CONFIG]
    for first, end in pairwise([0, *starts, len(boot.records)]):
        part = boot.records[first:end]
        if first in starts:
            header["settings"] = configuration.told(boot.records[first]) or None
        yield from zip(part, facts.json_lines(part, header, considered=details), strict=True)


def _lean(event: dict, boot: Boot) -> tuple[float, ...]:
    """How far the mattress leaned when it was over, from how it lay before: x, y, z in mg."""
    scale = Scale(boot.header)
    return tuple(scale.mg(16 * event["tilt_" + axis]) for axis in records.AXES)


def _shows(wave: dict, event: dict) -> bool:
    """Whether any of the event is in the waveform: a run's holds its beginning alone."""
    return wave["first"] <= event["onset"] < wave["first"] + wave["frames"]


def _unread(night: Night, boots: list[Boot]) -> None:
    """Records of a known type in a layout that this version does not know."""
    read = [r for boot in boots for r in boot.all_records() if "number" in r]
    found = Counter((log_records.TYPE_NAMES[r["number"]], r["version"]) for r in read)
    for (name, version), count in sorted(found.items()):
        night.faults.append(
            f"{count} {name} records in layout {version}, which this cribtrace cannot read: use"
            " the version of cribtrace that fits the board's firmware"
        )


def _deaf(night: Night) -> None:
    """Epochs in which the floor had risen so far that few movements could be told from it."""
    for epoch in filter(too_loud, night.epochs):
        span = {"onset_s": epoch["onset_s"], "duration_s": epoch["duration_s"]}
        night.states.append({"type": "state", **span, "state": "unusable", "reason": TOO_LOUD})


def _interpret(night: Night, boots: list[Boot], clocks: dict[int, Clock]) -> None:
    """What the facts mean together; the board's own lines stay as they are."""
    found = interpretation.read([*night.events, *night.epochs, *night.gaps, *night.states])
    numbers = {id(event): index for index, event in enumerate(night.events)}
    night.contexts = {numbers[id(one.event)]: one.facts for one in found.contexts}
    for line in found.lines:
        boot = [boot for boot in boots if boot.start_s <= line["onset_s"]][-1]
        clocks[boot.number].stamp(line, line["onset_s"] - boot.start_s)
        (night.patterns if line["type"] == "event" else night.likely).append(line)


def _place(line: dict, boot: Boot, clock: Clock) -> None:
    """Put a line of one boot on the time line of the night."""
    when = "onset_s" if "onset_s" in line else "t_s"
    clock.stamp(line, line[when])
    line[when] = round(line[when] + boot.start_s, 3)
    if line["type"] == "gap" and line["frames"] is None and line["duration_s"] is not None:
        # Before this boot: the board was away for a known time, in which nobody counted.
        line["onset_s"] = round(line["onset_s"] - line["duration_s"], 3)
        line["frames"] = round(line["duration_s"] * boot.header["rate_mhz"] / 1000)


def _snippet(record: dict, boot: Boot) -> Snippet:
    mg = logfile.waveform_mg(record, boot.header)
    onset_s = round(boot.start_s + Scale(boot.header).seconds(record["first"]), 3)
    return Snippet(onset_s, boot.header["rate_mhz"] / 1000, mg)


def covered(night: Night, length_s: float) -> float:
    """Share of the recording in which a movement would have been reported, 0 to 1."""
    if not length_s:
        return 0.0
    blind = sorted((g["onset_s"], g["duration_s"] or 0.0) for g in night.gaps + night.states)
    unseen_s = until_s = 0.0
    for onset_s, duration_s in blind:
        end_s = min(onset_s + duration_s, length_s)
        unseen_s += max(0.0, end_s - max(onset_s, until_s))
        until_s = max(until_s, end_s)
    return round(1 - unseen_s / length_s, 5)


def _summary(night: Night, sensed: list[Boot], length_s: float, boots: list[Boot]) -> dict:
    kinds = [event["kind"] for event in night.events]
    line = {
        "type": "summary",
        "hours": round(length_s / 3600, 4),
        "coverage": covered(night, length_s),
        "counts": {kind: kinds.count(kind) for kind in records.KINDS},
        "frames_produced": None,
        "frames_seen": sum(boot.seen() for boot in sensed),
        "frames_in_gaps": sum(gap["frames"] or 0 for gap in night.gaps),
        "frames_lost": None,
        "records_written": sum(boot.written() for boot in boots),
        "records_pulled": sum(len(boot.all_records()) for boot in boots),
        "wire_bytes": None,
        "versions": {
            "cribtrace": __version__,
            "firmware": night.header["firmware"],
            "format": night.header["format"],
        },
    }
    return injected_boots.marked(line, sensed[-1])


def lines(night: Night) -> Iterator[dict]:
    """The night as JSON lines: header first, then all in its order, summary last.

    Before that what was injected into a sensor's night.
    """
    yield night.header
    yield from _timed(night)
    yield from night.played
    yield night.summary


def _timed(night: Night) -> list[dict]:
    found = [line for name in _LISTS.values() for line in getattr(night, name)]
    found += night.patterns + night.likely + night.clocks
    return sorted(found, key=lambda line: line.get("onset_s", line.get("t_s")))
