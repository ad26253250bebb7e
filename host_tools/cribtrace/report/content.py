"""What every format of the report says, in figures and sentences, before it becomes a format."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from cribtrace import notes as notes_of
from cribtrace import profile
from cribtrace.analysis import Night
from cribtrace.night_summary import NightSummary, spread, summarize
from cribtrace.notes import Note
from cribtrace.occupancy import empty_spans
from cribtrace.pattern_wording import COUNTED_PATTERNS, POORER_SENSORS
from cribtrace.report.shapes import named
from cribtrace.tally import Span, Tally, for_everyone, later, tally
from cribtrace.wording import (
    DISTURBANCES,
    KINDS,
    MISSING,
    headline,
    length,
    rounded_down,
    since_start,
)

_SPANS = 3  # of an empty crib's, named one by one: chosen


@dataclass(frozen=True)
class Content:
    """One night as all formats have it: without the kinds that are the developer's alone.

    `previous` are other nights, `weeks` the infant's age where a profile tells it, `unlisted` how
    many events were left out, `empty` when tilt says that nobody lay there.
    """

    night: Night
    counts: Tally
    summary: NightSummary
    previous: tuple[NightSummary, ...]
    notes: tuple[Note, ...]
    weeks: int | None
    unlisted: int
    empty: tuple[Span, ...]


def content(
    night: Night,
    previous: Sequence[NightSummary] = (),
    notes: Sequence[Note] = (),
    born: date | None = None,
) -> Content:
    """Gather a night. Every field of it may be missing or None."""
    listed = for_everyone(night)
    counts = tally(listed)
    day = night.of or (counts.start.date() if counts.start else None)
    return Content(
        night=listed,
        counts=counts,
        summary=replace(summarize(listed, counts), tags=notes_of.tags_of(notes, night.of)),
        previous=tuple(previous),
        notes=tuple(notes_of.within(notes, night, counts.span_s)),
        weeks=profile.weeks(born, day),
        unlisted=len(night.events) - len(listed.events),
        empty=empty_spans(listed, counts.span_s),
    )


def said(told: Content) -> str:
    """The night in one sentence that is made of numbers only."""
    counts, asleep_s = told.counts, told.summary.asleep_s if told.night.likely else None
    return headline(counts.counts, counts.covered_s, counts.span_s, asleep_s)


def clock(told: Content, onset_s: float | None, digits: int = 0) -> str:
    """A moment as a clock showed it, where the log has one, ~ if about; else since the start."""
    if told.counts.start is None or onset_s is None:
        return since_start(onset_s, digits)
    then = later(told.counts.start, onset_s, told.night.zone)
    return f"{'~' * told.counts.about}{then:%H:%M:%S}"


@dataclass(frozen=True)
class Fact:
    """One of the night's largest figures, and what is said beside it."""

    name: str
    value: str
    beside: str


def facts(told: Content) -> list[Fact]:
    """The largest figures; what is left out of the rates is one of them where there is any."""
    summary, counts = told.summary, told.counts
    coverage = None if counts.coverage is None else 100 * counts.coverage
    moved = counts.movements
    still = f"{length(summary.still_s)} of it without motion" if summary.still_s else ""
    per_hour = moved * 3600 / summary.rated_s if summary.covered_enough else None
    rate = "" if per_hour is None else f"{per_hour:.1f} per covered hour"
    found = [
        Fact("Recorded", length(summary.recorded_s), f"{summary.recorded_s / 3600:.2f} h"),
        Fact("Covered", length(summary.covered_s), f"{rounded_down(coverage, 1)} %"),
        Fact("Likely asleep", _slept(told), still),
        Fact("Movements", str(moved), rate),
        _longest("Longest bout", summary.longest_bout_s, summary.longest_bout_onset_s, told),
        _longest(
            "Longest without a bout",
            summary.longest_without_s,
            summary.longest_without_onset_s,
            told,
        ),
    ]
    if summary.smallest_mg:
        beside = "that this sensor could have shown"
        found.append(Fact("Smallest movement", f"{summary.smallest_mg[0]:.2f} mg", beside))
    if summary.empty_s:
        found.append(Fact("Empty by tilt", length(summary.empty_s), "left out of every rate"))
    return found


def _slept(told: Content) -> str:
    if told.summary.asleep_s:
        return length(told.summary.asleep_s)
    return "none" if told.night.likely else MISSING


def _longest(name: str, lasted_s: float | None, onset_s: float | None, told: Content) -> Fact:
    if lasted_s is None:
        return Fact(name, "none", "")
    at = "at" if told.counts.start else "since start"
    return Fact(name, length(lasted_s), f"{at} {clock(told, onset_s)}")


@dataclass(frozen=True)
class CountRow:
    """A kind's count with its rates; of the previous nights (median, least, most) each."""

    kind: str
    name: str
    meaning: str
    count: int
    asleep: int
    lasted_s: float
    per_covered_hour: float | None
    per_sleep_hour: float | None
    before_covered: tuple[float, float, float] | None
    before_sleep: tuple[float, float, float] | None


def _row(told: Content, kind: str, name: str, meaning: str) -> CountRow:
    summary, found = told.summary, told.summary.counts[kind]
    return CountRow(
        kind, name, meaning, found.count, found.asleep, found.lasted_s,
        summary.per_covered_hour(kind), summary.per_sleep_hour(kind),
        spread([one.per_covered_hour(kind) for one in told.previous]),
        spread([one.per_sleep_hour(kind) for one in told.previous]),
    )  # fmt: skip


def kind_rows(told: Content, *, disturbances: bool) -> list[CountRow]:
    """Every kind of movement, or every kind of disturbance, whether any was there or not."""
    kinds = [kind for kind in told.counts.counts if (kind in DISTURBANCES) == disturbances]
    return [
        _row(told, kind, named(kind), KINDS[kind].meaning if kind in KINDS else "")
        for kind in kinds
    ]


def pattern_rows(told: Content) -> list[CountRow]:
    """Bouts, trains, clusters and series."""
    return [_row(told, kind, name, meaning) for kind, (name, meaning) in COUNTED_PATTERNS.items()]


def range_told(found: tuple[float, float, float] | None) -> str:
    """What the previous nights had: median, and range in brackets; empty where none had any."""
    return f"{found[0]:.1f} ({found[1]:.1f}–{found[2]:.1f})" if found else ""


def remarks(told: Content) -> list[str]:
    """What a reader must know of the figures, in sentences."""
    found = [_too_short(told), _suppressed(told), _left_out(told), *smallest(told), _before(told)]
    about = told.counts.start is not None and told.counts.about
    found.append("A time with ~ before it is about right only." if about else "")
    return [sentence for sentence in found if sentence]


def _too_short(told: Content) -> str:
    if told.summary.covered_enough:
        return ""
    return (
        f"Rates per covered hour are not given: {length(told.summary.rated_s)} covered, less than"
        " the 2 h that such a rate takes."
    )


def _suppressed(told: Content) -> str:
    if told.summary.slept_enough:
        return ""
    asleep = length(told.summary.asleep_s) if told.summary.asleep_s else "no time"
    return (
        f"Rates per hour of likely sleep are not given: {asleep} of likely sleep, less than the"
        " 2 h that such a rate takes."
    )


def _left_out(told: Content) -> str:
    if not told.empty:
        return ""
    spans = [f"{clock(told, a)} to {clock(told, b)}" for a, b in told.empty]
    more = f", and {len(spans) - _SPANS} more" if len(spans) > _SPANS else ""
    named = ", ".join(spans[:_SPANS]) + more
    return f"Tilt says that the crib was empty ({named}); this time is left out of every rate."


def smallest(told: Content) -> list[str]:
    """What this sensor could have shown, and what lies below it."""
    found = told.summary.smallest_mg
    if found is None:
        return []
    middle, least, most = found
    sensor = told.summary.sensor or "this sensor"
    said = (
        f"The smallest movement this sensor could have shown: {middle:.2f} mg at the mattress"
        f" ({least:.2f} to {most:.2f} in the course of the night). Movements of face and fingers"
        " lie below that"
    )
    return [said + (f", and with an {sensor} most twitches too." if _poor(sensor) else ".")]


def _poor(sensor: str) -> bool:
    return sensor.upper().startswith(POORER_SENSORS)


def _before(told: Content) -> str:
    count = len(told.previous)
    if not count:
        return ""
    nights = "1 previous night" if count == 1 else f"{count} previous nights"
    return f"{nights}: the median of the same rate, and in brackets its range."
