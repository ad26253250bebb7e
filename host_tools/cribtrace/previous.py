"""Other nights to put beside one: of its own log, of others, of reports as JSON, of a library."""

import importlib.util
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from pathlib import Path

from cribtrace import analysis, nights, notes
from cribtrace.analysis import Night
from cribtrace.errors import CribtraceError
from cribtrace.instrument import since
from cribtrace.night_summary import NightSummary, of_night
from cribtrace.notes import Note


def in_log(night: Night, zone: tzinfo | None, noted: Sequence[Note] = ()) -> list[NightSummary]:
    """Every night in a log that `analysis.read_night` gave; its whole where nobody knows when."""
    days = {one.of for one in nights.sessions(night, zone) if one.kind == nights.NIGHT}
    wanted: Sequence[date | None] = sorted(days) or [None]
    return [
        replace(of_night(nights.choose(night, zone, day)), tags=notes.tags_of(noted, day))
        for day in wanted
    ]


def read(path: Path, zone: tzinfo | None) -> list[NightSummary]:
    """The nights in a pulled log, or the one of a report as JSON.

    Raises CribtraceError for what is neither.
    """
    if path.suffix != ".json":
        return in_log(analysis.read_night(path), zone, notes.read(path))
    try:
        return [NightSummary.of_plain(json.loads(path.read_text(encoding="utf-8"))["summary"])]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CribtraceError(
            f"{path} is no report of a night: make one with `cribtrace report --format json`"
        ) from None


def in_library(folder: Path | None, device: str | None) -> list[NightSummary]:
    """The nights of a board that a library keeps; none where there is none.

    Without pyarrow none of this user's own library; of one that is named it raises CribtraceError
    then, and each that cannot be read.
    """
    from cribtrace.library import reading, summaries  # noqa: PLC0415 - platformdirs, pyarrow
    from cribtrace.library.store import Library  # noqa: PLC0415

    if device is None or (folder is None and importlib.util.find_spec("pyarrow") is None):
        return []
    return [summaries.summary_of(row) for row in reading.nights(Library(folder), device=device)]


def comparable(one: NightSummary, others: Iterable[NightSummary]) -> list[NightSummary]:
    """The nights before it by the same board, by evening, since anything last was another.

    By the rule that ends a baseline in a trend (`instrument.differs`); of each night the first.
    """
    found: dict[tuple, NightSummary] = {}
    for other in others:
        earlier = one.of is None or other.of is None or other.of < one.of
        if other.device == one.device and earlier and _which(other) != _which(one):
            found.setdefault(_which(other), other)
    before = sorted(found.values(), key=lambda night: night.of or night.begins or "")
    count = since(one.instrument, (night.instrument for night in before))
    return before[len(before) - count :]


def _which(night: NightSummary) -> tuple:
    """What is the same of one night, wherever it is kept: clocks are told more or less finely."""
    return (night.of,) if night.of else (None, night.begins)
