"""Columns of tables, and those that an export and the library have in common.

A line of text is a column: `name | kind | meaning`. In the common ones stand `{when}` for the
columns that say when it was, and `{nothing}` for what a value is called that nobody knows.
"""

from collections.abc import Mapping
from typing import NamedTuple

TEXT, WHOLE, REAL, FLAG, MOMENT = "text", "whole", "real", "flag", "moment"
"""Kinds. A moment is UTC."""


class Column(NamedTuple):
    """A column; any but the keys may be None where nobody knows."""

    name: str
    kind: str
    meaning: str


def listed(text: str, kinds: Mapping[str, str] | None = None) -> tuple[Column, ...]:
    """The columns that a text lists; `kinds` gives their kinds other names."""
    rows = [line.strip().split(" | ") for line in text.splitlines() if line.strip()]
    named = kinds or {}
    return tuple(Column(name, named.get(kind, kind), meaning) for name, kind, meaning in rows)


_CONTEXT = """
    state | text | likely state at its onset
    asleep_min | real | min since likely sleep began; {nothing} where not likely asleep
    since_disturbance_s | real | s since the last disturbance was over
    last_disturbance | text | knock, footsteps, rocking or handling
    stopped_with_arousal | flag | {nothing} where nobody can tell
"""
EVENT = (
    """
    kind | text | as in docs/SCHEMA.md, event
    {when}
    peak_mg | real | mg
    jerks | whole | count
    rate_hz | real | Hz; {nothing} for what was not regular
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
)
PATTERN = (
    """
    kind | text | bout, slow_regular, twitch_cluster or periodic_series
    {when}
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
)
STATE = """
    state | text | as in docs/SCHEMA.md, state and state by the host
    by | text | board or host
    {when}
    reason | text | what says so
"""
