"""The tables of an export: every column with its type, its unit and what it means.

docs/EXPORTS.md shows them; a test compares. Names are those of docs/SCHEMA.md.
"""

from typing import NamedTuple

TEXT, WHOLE, REAL, FLAG, MOMENT = "text", "whole", "real", "flag", "moment"
"""Kinds. A moment is UTC: seconds since 1970 as a float here, to the microsecond in a file."""


class Column(NamedTuple):
    """A column; any but the keys may be None where nobody knows."""

    name: str
    kind: str
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    rows = [line.strip().split(" | ") for line in text.splitlines() if line.strip()]
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)


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
_CONTEXT = """
    state | text | likely state at its onset
    asleep_min | real | min since likely sleep began; empty where not likely asleep
    since_disturbance_s | real | s since the last disturbance was over
    last_disturbance | text | knock, footsteps, rocking or handling
    stopped_with_arousal | flag | empty where nobody can tell
"""

LOG_TABLES: dict[str, tuple[Column, ...]] = {
    "events": _columns(
        "kind | text | as in docs/SCHEMA.md, event"
        + _WHEN
        + """
    peak_mg | real | mg
    jerks | whole | count
    rate_hz | real | Hz; empty for what was not regular
    regularity | real | 0 to 1
    snr | real | peak over the noise rms
    axis | text | x, y or z
    rule | text | the criterion that decided its kind
    floor_mg | real | mg, before it began
    threshold_mg | real | mg that would have been enough
    strength | real | noise variances
    threshold | real | noise variances
    margin | real | strength over threshold
    span_s | real | s at the low threshold
    energy_mg_s | real | mg s
    slow_share | real | 0 to 1, below 3 Hz
    evenness | real | 0 to 1
    tilt_mg | real | mg
    cut | flag | told before it could be seen to be over
    joined | flag | the rest of one that was cut
    vetoes | text | what speaks for another cause, with commas between them
"""
        + _CONTEXT
        + _BOOT
    ),
    "patterns": _columns(
        "kind | text | bout, slow_regular, twitch_cluster or periodic_series"
        + _WHEN
        + """
    peak_mg | real | mg, the largest among its movements
    count | whole | movements in it
    interval_s | real | s, median from onset to onset
    interval_cv | real | their standard deviation over their mean
    of | text | what a bout is made of
    jerks | whole | of a bout
    rate_hz | real | Hz, of a bout
    regularity | real | 0 to 1, of a bout
"""
        + _CONTEXT
        + _BOOT
    ),
    "states": _columns(
        "state | text | as in docs/SCHEMA.md, state and state by the host\n"
        "by | text | board or host" + _WHEN + "reason | text | what says so" + _BOOT
    ),
    "epochs": _columns(
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
    "seconds": _columns(
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
    "gaps": _columns(
        "reason | text | as in docs/SCHEMA.md, gap"
        + _WHEN
        + "frames | whole | frames that are missing; empty where nobody knows"
        + _BOOT
    ),
    "marks": _columns(_AT + "text | text | as it was typed" + _BOOT),
    "notes": _columns(
        "tags | text | as in docs/REPORT.md, Notes, with commas between them"
        + _AT
        + "text | text | as it was typed"
    ),
    "waveforms": _columns(
        "number | whole | from 0, as in `frames`"
        + _WHEN
        + """
    frames | whole | how many are stored in a row
    rate_hz | real | Hz, frames a second by the sensor's own figure
    lsb_per_g | real | LSB/g
"""
        + _BOOT
    ),
    "frames": _columns(
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
    "truth": _columns(
        """
    type | text | event, group, state or what else its maker wrote
    kind | text | what it is
    onset_s | real | s since the first frame
    duration_s | real | s
    line | text | the whole line, as JSON
"""
    ),
}
