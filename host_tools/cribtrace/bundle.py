"""A night as an archive that may be handed on with a bug report: docs/EXPORTS.md, Bundle."""

import json
import platform
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cribtrace import __version__, boots, log_records, logfile, notes, redaction
from cribtrace.analysis import Night
from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError, Usage
from cribtrace.redaction import Redaction

FIRST_S = 946_756_800
"""2000-01-01 20:00 UTC: the first clock time of a log whose times are shifted."""
_NOTE_KEYS = ("type", "tags", "text", "t_s", "utc", "of")
_DATED = ("utc", "of")
_FOLDER = "bundle"
_DATE = (1980, 1, 1, 0, 0, 0)  # of every file in it: when it was made is nobody's business
_README = """A night of Cribtrace, redacted. Unpack it, then

    cribtrace decode bundle
    cribtrace report bundle --whole

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
    kept = _segments(found, {boot.number for boot in chosen})
    first_s = redaction.first_anchor_s(kept) if shift else None
    shift_s = 0 if first_s is None else FIRST_S - first_s
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
    bundle.about = _about(told, written.count(None) + len(found) - len(kept), shift)
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


def _segments(found: list[logfile.Segment], numbers: set[int]) -> list[logfile.Segment]:
    """Segments of these boots, and between them those that have lost their header."""
    at = [k for k, s in enumerate(found) if s.header and s.header["boot"] in numbers]
    if not at:
        raise Usage("nothing of that night is in this log")
    part = found[at[0] : at[-1] + 1]
    return [s for s in part if not s.header or s.header["boot"] in numbers]


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
    files = {"README.txt": _README.encode(), "about.json": about, **bundle.files}
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, raw in files.items():
            info = zipfile.ZipInfo(f"{_FOLDER}/{name}", _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, raw)
