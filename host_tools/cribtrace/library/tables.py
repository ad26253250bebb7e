"""The tables of a library: every column with its type and what it means.

docs/LIBRARY.md shows them; a test compares. `device` and `night` are the names of the folders that
a table's files lie in, and columns for every reader that knows hive partitioning.
"""

from cribtrace import columns
from cribtrace.columns import Column
from cribtrace.device import records

FORMAT = 2  # of the library: another one when a column changes its meaning or goes
PARTITIONS = ("device", "night")

_ARROW = {
    columns.TEXT: "string",
    columns.WHOLE: "int64",
    columns.REAL: "double",
    columns.FLAG: "bool",
    columns.MOMENT: "timestamp[ms, UTC]",
    "levels": "list<int16>",
}

COUNTED = {
    "bout": "bouts",
    "slow_regular": "slow_regular",
    "twitch_cluster": "twitch_clusters",
    "periodic_series": "periodic_series",
}
"""The host's kinds of pattern, and the columns of a night that count them."""


def _columns(text: str) -> tuple[Column, ...]:
    """Their kinds are Arrow types by name; what nobody knows is null."""
    return columns.listed(text, _ARROW)


_WHEN = """
    onset_s | real | s since the night's first frame
    utc | moment | its clock time; null where nobody knows
    duration_s | real | s; null where nobody knows
"""
_COMMON = {"when": _WHEN, "nothing": "null"}
_NIGHT_BEGINS = """
    crib | text | its name, as whoever added it said; else the device
    begins | moment | first frame
    ends | moment | last frame
    zone | text | time zone that `night` is a date of
    about | flag | these times are bracketed by their neighbours' (docs/SCHEMA.md, clock)
    hours | real | h recorded, known interruptions included
    covered_h | real | h in which a movement would have been reported
    asleep_h | real | h likely asleep, `still_h` included, `empty_h` not
    still_h | real | h without any motion that follow on likely sleep
    awake_h | real | h likely awake
    empty_h | real | h in which tilt says that nobody lay there; in no rate
    unknown_h | real | h of unknown state
    no_motion_h | real | h without motion (docs/PATTERNS.md)
"""
_NIGHT_ENDS = """
    longest_bout_s | real | s of the longest; null without one
    longest_bout_onset_s | real | s since the night's first frame
    longest_without_s | real | s of the longest covered stretch without a bout
    longest_without_onset_s | real | s since the night's first frame
    floor_mg | real | mg, median of the epochs' noise floors
    least_mg | real | mg, median of what would have been enough on one axis
    least_low_mg | real | mg, the least of it
    least_high_mg | real | mg, the most
    marks | whole | marks made while it was recorded
    tags | text | tags of notes, with commas between them; empty without one
    board | text | folder under boards/
    sensor | text | chip
    rate_hz | real | frames a second
    full_scale_g | whole | g, ±
    firmware | text | its version
    build | text | CRC-32 of the firmware's files, 8 hex digits
    config_crc | text | CRC-32 of the settings, 8 hex digits
    settings | text | in force at its start: name=value, sorted; null where not in the log
    ring_ms | whole | ms, of the tap test; 0 where there was none
    resonance_mhz | whole | mHz, of the tap test; 0 where there was none
    changed | flag | sensor, settings or firmware were not the same all night
    simulated | flag | a virtual board lived through a recording
    boots | whole | boots that it is made of
    records | whole | records that were read
    faults | whole | faults of the log that were found
    digest | text | of what it was read from
    cribtrace | text | version that read it
    added | moment | when it came into the library
"""


def _night_columns() -> tuple[Column, ...]:
    kinds = "\n".join(
        f"{kind} | whole | events of this kind\n"
        f"{kind}_asleep | whole | those of them with an onset while likely asleep\n"
        f"{kind}_s | real | s of all of them together"
        for kind in records.KINDS
    )
    patterns = "\n".join(
        f"{name} | whole | of the host\n{name}_asleep | whole | those while likely asleep\n"
        f"{name}_s | real | s of all of them together"
        for name in COUNTED.values()
    )
    return _columns(_NIGHT_BEGINS + kinds + "\n" + patterns + _NIGHT_ENDS)


TABLES: dict[str, tuple[Column, ...]] = {
    "nights": _night_columns(),
    "events": _columns(columns.EVENT.format(**_COMMON)),
    "patterns": _columns(columns.PATTERN.format(**_COMMON)),
    "states": _columns(columns.STATE.format(**_COMMON)),
    "epochs": _columns(
        _WHEN
        + """
    seen | whole | frames
    floor_mg | real | mg
    peak_mg | real | mg
    threshold | real | noise variances
    active_s | whole | seconds that reached the threshold
    closest_s | real | s since the night's first frame: when it came closest to an event
    closest_strength | real | noise variances
    second_s | real | s, how long a second of `levels` is
    levels | levels | a code a second, as in docs/SCHEMA.md, epoch
"""
    ),
    "gaps": _columns(
        "reason | text | as in docs/SCHEMA.md, gap; `injected`: a host played a file meanwhile"
        + _WHEN
        + "frames | whole | frames that are missing; null where nobody knows"
    ),
    "marks": _columns(
        """
    t_s | real | s since the night's first frame
    utc | moment | its clock time; null where nobody knows
    text | text | as it was typed
"""
    ),
    "recorder": _columns(
        """
    t_s | real | s since the night's first frame
    utc | moment | its clock time; null where nobody knows
    what | text | as in docs/SCHEMA.md, recorder
    line | text | the whole line, as JSON
"""
    ),
}
