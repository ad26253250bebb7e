"""Other nights to put beside one: those of its own log, of other logs, of reports as JSON."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from pathlib import Path

from cribtrace import analysis, nights
from cribtrace.analysis import Night
from cribtrace.errors import CribtraceError
from cribtrace.night_summary import NightSummary, summarize
from cribtrace.tally import for_everyone, tally


def in_log(night: Night, zone: tzinfo | None) -> list[NightSummary]:
    """Every night in a log that `analysis.read_night` gave; its whole where nobody knows when."""
    days = {one.of for one in nights.sessions(night, zone) if one.kind == nights.NIGHT}
    wanted: Sequence[date | None] = sorted(days) or [None]
    return [_figures(nights.choose(night, zone, day)) for day in wanted]


def _figures(night: Night) -> NightSummary:
    listed = for_everyone(night)
    return summarize(listed, tally(listed))


def read(path: Path, zone: tzinfo | None) -> list[NightSummary]:
    """The nights in a pulled log, or the one of a report as JSON.

    Raises CribtraceError for what is neither.
    """
    if path.suffix != ".json":
        return in_log(analysis.read_night(path), zone)
    try:
        return [NightSummary.of_plain(json.loads(path.read_text(encoding="utf-8"))["summary"])]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CribtraceError(
            f"{path} is no report of a night: make one with `cribtrace report --format json`"
        ) from None


def comparable(one: NightSummary, others: Iterable[NightSummary]) -> list[NightSummary]:
    """Those before it by the same board, sensor and settings, each night once."""
    found = {}
    for other in others:
        alike = all(getattr(other, name) == getattr(one, name) for name in _ALIKE)
        earlier = one.of is None or other.of is None or other.of < one.of
        if alike and earlier and (other.of, other.begins) != (one.of, one.begins):
            found[other.of, other.begins] = other
    return list(found.values())


_ALIKE = ("device", "sensor", "config_crc", "firmware")
