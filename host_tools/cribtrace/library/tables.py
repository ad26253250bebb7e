"""The tables of a library: every column with its type and what it means.

docs/LIBRARY.md shows them; a test compares. `device` and `night` are the names of the folders that
a table's files lie in, and columns for every reader that knows hive partitioning.
"""

from typing import NamedTuple

from cribtrace.device import records

FORMAT = 2  # of the library: another one when a column changes its meaning or goes
PARTITIONS = ("device", "night")

TEXT, WHOLE, REAL, FLAG = "string", "int64", "double", "bool"
MOMENT, LEVELS = "timestamp[ms, UTC]", "list<int16>"

COUNTED = {
    "bout": "bouts",
    "slow_regular": "slow_regular",
    "twitch_cluster": "twitch_clusters",
    "periodic_series": "periodic_series",
}
"""The host's kinds of pattern, and the columns of a night that count them."""


class Column(NamedTuple):
    """A column: `kind` is an Arrow type by name; all but the keys may be null."""

    name: str
    kind: str
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    rows = [line.strip().split(" | ") for line in text.splitlines() if line.strip()]
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)


_WHEN = """
    onset_s | double | s since the night's first frame
    utc | timestamp[ms, UTC] | its clock time; null where nobody knows
    duration_s | double | s; null where nobody knows
"""
_CONTEXT = """
    state | string | likely state at its onset
    asleep_min | double | min since likely sleep began; null where not likely asleep
    since_disturbance_s | double | s since the last disturbance was over
    last_disturbance | string | knock, footsteps, rocking or handling
    stopped_with_arousal | bool | null where nobody can tell
"""
_NIGHT_BEGINS = """
    crib | string | its name, as whoever added it said; else the device
    begins | timestamp[ms, UTC] | first frame
    ends | timestamp[ms, UTC] | last frame
    zone | string | time zone that `night` is a date of
    about | bool | these times are bracketed by their neighbours' (docs/SCHEMA.md, clock)
    hours | double | h recorded, known interruptions included
    covered_h | double | h in which a movement would have been reported
    asleep_h | double | h likely asleep, `still_h` included, `empty_h` not
    still_h | double | h without any motion that follow on likely sleep
    awake_h | double | h likely awake
    empty_h | double | h in which tilt says that nobody lay there; in no rate
    unknown_h | double | h of unknown state
    no_motion_h | double | h without motion (docs/PATTERNS.md)
"""
_NIGHT_ENDS = """
    longest_bout_s | double | s of the longest; null without one
    longest_bout_onset_s | double | s since the night's first frame
    longest_without_s | double | s of the longest covered stretch without a bout
    longest_without_onset_s | double | s since the night's first frame
    floor_mg | double | mg, median of the epochs' noise floors
    least_mg | double | mg, median of what would have been enough on one axis
    least_low_mg | double | mg, the least of it
    least_high_mg | double | mg, the most
    marks | int64 | marks made while it was recorded
    tags | string | tags of notes, with commas between them; empty without one
    board | string | folder under boards/
    sensor | string | chip
    rate_hz | double | frames a second
    full_scale_g | int64 | g, ±
    firmware | string | its version
    build | string | CRC-32 of the firmware's files, 8 hex digits
    config_crc | string | CRC-32 of the settings, 8 hex digits
    settings | string | in force at its start: name=value, sorted; null where not in the log
    ring_ms | int64 | ms, of the tap test; 0 where there was none
    resonance_mhz | int64 | mHz, of the tap test; 0 where there was none
    changed | bool | sensor, settings or firmware were not the same all night
    simulated | bool | a virtual board lived through a recording
    boots | int64 | boots that it is made of
    records | int64 | records that were read
    faults | int64 | faults of the log that were found
    digest | string | of what it was read from
    cribtrace | string | version that read it
    added | timestamp[ms, UTC] | when it came into the library
"""


def _night_columns() -> tuple[Column, ...]:
    kinds = "\n".join(
        f"{kind} | int64 | events of this kind\n"
        f"{kind}_asleep | int64 | those of them with an onset while likely asleep\n"
        f"{kind}_s | double | s of all of them together"
        for kind in records.KINDS
    )
    patterns = "\n".join(
        f"{name} | int64 | of the host\n{name}_asleep | int64 | those while likely asleep\n"
        f"{name}_s | double | s of all of them together"
        for name in COUNTED.values()
    )
    return _columns(_NIGHT_BEGINS + kinds + "\n" + patterns + _NIGHT_ENDS)


TABLES: dict[str, tuple[Column, ...]] = {
    "nights": _night_columns(),
    "events": _columns(
        "kind | string | as in docs/SCHEMA.md, event"
        + _WHEN
        + """
    peak_mg | double | mg
    jerks | int64 | count
    rate_hz | double | Hz; null for what was not regular
    regularity | double | 0 to 1
    snr | double | peak over the noise rms
    axis | string | x, y or z
    rule | string | the criterion that decided its kind
    floor_mg | double | mg, before it began
    threshold_mg | double | mg that would have been enough
    strength | double | noise variances
    threshold | double | noise variances
    margin | double | strength over threshold
    span_s | double | s at the low threshold
    energy_mg_s | double | mg s
    slow_share | double | 0 to 1, below 3 Hz
    evenness | double | 0 to 1
    tilt_mg | double | mg
    cut | bool | told before it could be seen to be over
    joined | bool | the rest of one that was cut
    vetoes | string | what speaks for another cause, with commas between them
"""
        + _CONTEXT
    ),
    "patterns": _columns(
        "kind | string | bout, slow_regular, twitch_cluster or periodic_series"
        + _WHEN
        + """
    peak_mg | double | mg, the largest among its movements
    count | int64 | movements in it
    interval_s | double | s, median from onset to onset
    interval_cv | double | their standard deviation over their mean
    of | string | what a bout is made of
    jerks | int64 | of a bout
    rate_hz | double | Hz, of a bout
    regularity | double | 0 to 1, of a bout
"""
        + _CONTEXT
    ),
    "states": _columns(
        "state | string | as in docs/SCHEMA.md, state and state by the host\n"
        "by | string | board or host" + _WHEN + "reason | string | what says so"
    ),
    "epochs": _columns(
        _WHEN
        + """
    seen | int64 | frames
    floor_mg | double | mg
    peak_mg | double | mg
    threshold | double | noise variances
    active_s | int64 | seconds that reached the threshold
    closest_s | double | s since the night's first frame: when it came closest to an event
    closest_strength | double | noise variances
    second_s | double | s, how long a second of `levels` is
    levels | list<int16> | a code a second, as in docs/SCHEMA.md, epoch
"""
    ),
    "gaps": _columns(
        "reason | string | as in docs/SCHEMA.md, gap; `injected`: a host played a file meanwhile"
        + _WHEN
        + "frames | int64 | frames that are missing; null where nobody knows"
    ),
    "marks": _columns(
        """
    t_s | double | s since the night's first frame
    utc | timestamp[ms, UTC] | its clock time; null where nobody knows
    text | string | as it was typed
"""
    ),
    "recorder": _columns(
        """
    t_s | double | s since the night's first frame
    utc | timestamp[ms, UTC] | its clock time; null where nobody knows
    what | string | as in docs/SCHEMA.md, recorder
    line | string | the whole line, as JSON
"""
    ),
}
