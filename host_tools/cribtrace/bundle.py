"""A night as an archive that may be handed on with a bug report: docs/EXPORTS.md, Bundle."""

import json
import platform
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cribtrace import __version__, boots, log_records, logfile, notes, redaction
from cribtrace.analysis import Night
from cribtrace.atomic import replacing
from cribtrace.device import records
from cribtrace.errors import CribtraceError, Usage
from cribtrace.redaction import Redaction
from cribtrace.scale import Scale
from cribtrace.wording import length

FIRST_S = 946_756_800
"""2000-01-01 20:00 UTC: when a night begins whose times are shifted."""
_NOON_S = FIRST_S - 8 * 3600  # the same of one that would otherwise be cut at the next noon
_EDGE_S = 120.0  # chosen: what a movement, an epoch or a waveform may be written behind its moment
_NOTE_KEYS = ("type", "tags", "text", "t_s", "utc", "of")
_DATED = ("utc", "of")
_FOLDER = "bundle"
_DATE = (1980, 1, 1, 0, 0, 0)  # of every file in it: when it was made is nobody's business
_README = """A night of Cribtrace, redacted. Unpack it, then

    cribtrace decode bundle
    cribtrace report bundle{zone}

about.json says what was taken out and what was left in.
"""
STILL_THERE = (
    "movements, their times since the start, and raw waveforms round them",
    "settings, faults, board, sensor and firmware version",
)


@dataclass
class Bundle:
    """What goes into the archive: files by name, and what a reader is told of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def make(
    source: Path,
    night: Night,
    *,
    marks: bool = False,
    with_notes: bool = False,
    shift: bool = False,
) -> Bundle:
    """Collect the boots of a night that `nights.choose` gave, or of the whole log.

    Raises CribtraceError where anything would be handed on that must not be.
    """
    found = [s for s in logfile.read(source) if s.header or s.records]
    row = list(boots.in_a_row([s for s in found if s.header]))
    chosen = _boots(row, night)
    kept = _segments(found, chosen, night)
    begins = _begins(night)
    shift_s = _first_s(night) - int(begins[0]) if shift and begins else 0
    paths = {path.name: path for path in logfile.segment_paths(source)}
    contents = [paths[segment.name].read_bytes() for segment in kept]
    written = [redaction.redacted(raw, Redaction(marks, shift_s)) for raw in contents]
    bundle = Bundle()
    for name, raw in zip(_names(kept), written, strict=True):
        if raw is not None:
            bundle.files[name] = raw
    if with_notes:
        bundle.files[notes.FILE] = _notes(source, chosen[0], night, shift)
    told = {"marks": marks, "notes": with_notes, "dates": not shift}
    bundle.about = {
        **_about(told, written.count(None) + len(found) - len(kept), shift),
        "span": _span(kept, chosen, begins, shift_s),
    }
    _check(bundle, contents)
    return bundle


def _boots(row: list[boots.Boot], night: Night) -> list[boots.Boot]:
    """Those that any of the night's sessions touches; all where it has none."""
    if not night.sessions:
        return row
    spans = [(session.onset_s, session.end_s) for session in night.sessions]
    return [
        boot
        for boot in row
        if any(boot.start_s < end_s and boot.start_s + boot.length_s > at for at, end_s in spans)
    ]


def _segments(
    found: list[logfile.Segment], chosen: list[boots.Boot], night: Night
) -> list[logfile.Segment]:
    """What of these boots overlaps the night, and what tells their settings and their clock.

    Between those that overlap, segments that have lost their header too: nobody knows of when.
    """
    starts = {boot.number: boot.start_s for boot in chosen}
    of_boots = [s for s in found if s.header and s.header["boot"] in starts]
    spans = [(one.onset_s, one.end_s) for one in night.sessions]
    inside = [
        s
        for s in of_boots
        if not spans
        or any(a < until_s + _EDGE_S and b >= from_s
               for a, b in [_seconds(s, starts)] for from_s, until_s in spans)
    ]  # fmt: skip
    if not inside:
        raise Usage("nothing of that night is in this log")
    first, last = found.index(inside[0]), found.index(inside[-1])
    lost = [s for s in found[first : last + 1] if not s.header]
    needed = [s for number in starts for s in _needed(of_boots, inside, number)]
    names = {s.name for s in (*inside, *lost, *needed)}
    return [s for s in found if s.name in names]


def _seconds(segment: logfile.Segment, starts: dict[int, float]) -> tuple[float, float]:
    """Its first and last record on the log's time line."""
    assert segment.header
    start_s, scale = starts[segment.header["boot"]], Scale(segment.header)
    frames = [record["frame"] for record in segment.records] or [0]
    return start_s + scale.seconds(min(frames)), start_s + scale.seconds(max(frames))


def _needed(
    of_boots: list[logfile.Segment], inside: list[logfile.Segment], number: int
) -> Iterator[logfile.Segment]:
    """Of a boot's segments the nearest that tell settings or a clock time, where no other does."""
    of_boot = [s for s in of_boots if s.header and s.header["boot"] == number]
    held = [k for k, s in enumerate(of_boot) if s in inside]
    if not held:
        return
    for kind in (records.CONFIG, records.ANCHOR):
        telling = [k for k, s in enumerate(of_boot) if any(r["type"] == kind for r in s.records)]
        before = [k for k in telling if k <= held[0]]
        if before or (telling and not set(telling) & set(held)):
            yield of_boot[before[-1] if before else telling[0]]


def _begins(night: Night) -> tuple[float, float] | None:
    """Of the night's first moment, or of the first boot whose time is known: s since 1970, t_s."""
    if night.sessions:
        return night.sessions[0].begins.timestamp(), night.sessions[0].onset_s
    for line in night.clocks:
        utc = line.get("utc") or line.get("utc_about")
        if utc:
            begun = datetime.fromisoformat(utc.replace("Z", "+00:00"))
            return begun.timestamp(), line["onset_s"]
    return None


def _first_s(night: Night) -> int:
    lasts_s = night.sessions[-1].end_s - night.sessions[0].onset_s if night.sessions else 0.0
    return FIRST_S if lasts_s <= 16 * 3600 else _NOON_S


def _span(
    kept: list[logfile.Segment],
    chosen: list[boots.Boot],
    begins: tuple[float, float] | None,
    shift_s: int,
) -> str:
    """From when to when the archive's segments are; what lies between may be left out."""
    starts = {boot.number: boot.start_s for boot in chosen}
    spans = [_seconds(segment, starts) for segment in kept if segment.header]
    ends = min(first for first, _ in spans), max(last for _, last in spans)
    told = f"{length(ends[1] - ends[0])} in {len(kept)} segments"
    if begins is None:
        return told
    from_s, at_s = begins
    first, last = (
        datetime.fromtimestamp(from_s + shift_s + end_s - at_s, timezone.utc) for end_s in ends
    )
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {told}"


def _names(kept: list[logfile.Segment]) -> list[str]:
    """The board's own names for segments; any others may say whose they are."""
    names = [segment.name for segment in kept]
    if all(re.fullmatch(r"\d{8}\.crib", name) for name in names):
        return names
    return [f"{number:08d}.crib" for number in range(1, len(names) + 1)]


def _notes(source: Path, first: boots.Boot, night: Night, shift: bool) -> bytes:
    """Notes of this night on the bundle's own time line, without dates where those are shifted."""
    path = (source if source.is_dir() else source.parent) / notes.FILE
    if not path.exists():
        return b""
    moved_s = first.start_s - (first.away_s or 0.0)
    of = night.of.isoformat() if night.of else None
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        if of and note.get("of") not in (None, of):
            continue
        keys = [key for key in _NOTE_KEYS if key in note and not (shift and key in _DATED)]
        kept = {key: note[key] for key in keys}
        if isinstance(kept.get("t_s"), (int, float)):
            kept["t_s"] = round(kept["t_s"] - moved_s, 3)
        lines.append(json.dumps(kept, ensure_ascii=False))
    return "".join(line + "\n" for line in lines).encode()


def _about(told: dict[str, bool], left_out: int, shift: bool) -> dict[str, Any]:
    texts = {
        "marks": "marks",
        "notes": "notes beside the log",
        "dates": "dates and times of day",
    }
    held = [texts[key] for key, still in told.items() if still]
    gone = [texts[key] for key, still in told.items() if not still]
    return {
        "type": "bundle",
        "cribtrace": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "redacted": ["the board's number", "names of files, boards of your own", *gone],
        "still_there": [*STILL_THERE, *held],
        "shifted": shift,
        "segments_left_out": left_out,
    }


def _check(bundle: Bundle, contents: list[bytes]) -> None:
    """Raise where the number of a board of these segments stands in any file."""
    headers = [log_records.find_header(raw)[1] for raw in contents]
    devices = {header["device"] for header in headers if header} - {redaction.DEVICE}
    for name, raw in bundle.files.items():
        for form in redaction.leaks(raw, devices):
            raise CribtraceError(
                f"{name} would hold the board's number ({form}): nothing was written; take"
                " it out of the notes or marks, or leave them out"
            )


def write(path: Path, bundle: Bundle) -> None:
    """Write the archive; it is there when it is whole, and says nothing of when or by whom."""
    about = json.dumps(bundle.about, indent=1, ensure_ascii=False).encode()
    zone = " --zone UTC" if bundle.about["shifted"] else ""
    files = {
        "README.txt": _README.format(zone=zone).encode(),
        "about.json": about,
        **bundle.files,
    }
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, raw in files.items():
            info = zipfile.ZipInfo(f"{_FOLDER}/{name}", _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, raw)
