"""The tables of an export: every column with its type, its unit and what it means.

docs/EXPORTS.md shows them; a test compares. Names are those of docs/SCHEMA.md.
A moment is seconds since 1970 as a float here, to the microsecond in a file.
"""

from cribtrace.columns import EVENT, PATTERN, STATE, Column, listed

_WHEN = """
    onset_s | real | s since the first frame of what is exported
    utc | moment | its clock time; empty where nobody knows
    utc_about | flag | whether that is about right only (docs/SCHEMA.md, clock)
    duration_s | real | s; empty where nobody knows
"""
_AT = """
    t_s | real | s since the first frame of what is exported
    utc | moment | its clock time; empty where nobody knows
    utc_about | flag | whether that is about right only (docs/SCHEMA.md, clock)
"""
_BOOT = """
    boot | whole | number of the boot that it is of
    injected | flag | whether a host played a file to the board meanwhile: no sensor felt it
"""
_COMMON = {"when": _WHEN, "nothing": "empty"}

LOG_TABLES: dict[str, tuple[Column, ...]] = {
    "events": listed(EVENT.format(**_COMMON) + _BOOT),
    "patterns": listed(PATTERN.format(**_COMMON) + _BOOT),
    "states": listed(STATE.format(**_COMMON) + _BOOT),
    "epochs": listed(
        _WHEN
        + """
    seen | whole | frames that the detector counted
    floor_mg | real | mg
    peak_mg | real | mg
    threshold | real | noise variances
    closest_s | real | s since the first frame: when it came closest to an event
    closest_strength | real | noise variances
"""
        + _BOOT
    ),
    "seconds": listed(
        _WHEN
        + """
    code | whole | as the board stores it (docs/SCHEMA.md, epoch)
    strength | real | noise variances, at least; empty where it was loud
    deviation | real | noise rms, at least; empty where it was not loud
    floor_mg | real | mg, at the end of its epoch
    threshold | real | noise variances
"""
        + _BOOT
    ),
    "gaps": listed(
        "reason | text | as in docs/SCHEMA.md, gap"
        + _WHEN
        + "frames | whole | frames that are missing; empty where nobody knows"
        + _BOOT
    ),
    "marks": listed(_AT + "text | text | as it was typed" + _BOOT),
    "notes": listed(
        "tags | text | as in docs/REPORT.md, Notes, with commas between them"
        + _AT
        + "text | text | as it was typed"
    ),
    "waveforms": listed(
        "number | whole | from 0, as in `frames`"
        + _WHEN
        + """
    frames | whole | how many are stored in a row
    rate_hz | real | Hz, frames a second by the sensor's own figure
    lsb_per_g | real | LSB/g
"""
        + _BOOT
    ),
    "frames": listed(
        """
    time | moment | clock time, UTC; seconds since 1970-01-01 where nobody knows one
    x | real | g, gravity included
    y | real | g
    z | real | g
    t_s | real | s since the first frame of what is exported
    waveform | whole | number of the waveform that it is of
"""
    ),
}
RECORDING_TABLES: dict[str, tuple[Column, ...]] = {
    "frames": LOG_TABLES["frames"],
    "waveforms": LOG_TABLES["waveforms"],
    "truth": listed(
        """
    type | text | event, group, state or what else its maker wrote
    kind | text | what it is
    onset_s | real | s since the first frame
    duration_s | real | s
    line | text | the whole line, as JSON
"""
    ),
}
