"""Nights under one baseline, what ends it, their weeks, and the distance from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import quantiles
from typing import Any, NamedTuple

from cribtrace.instrument import Instrument, differs
from cribtrace.trend.measures import MEASURES, Measure, counts

# All chosen. Two weeks of nights hold each weekday twice; under five nights a quartile is a night.
BASELINE_NIGHTS, BASELINE_LEAST = 14, 5
WEEK_LEAST = 3
RECENT_NIGHTS = 7


class Spread(NamedTuple):
    """Median and quartiles of `nights` values."""

    median: float
    low: float
    high: float
    nights: int


@dataclass
class Period:
    """Nights that one instrument measured in one place; `because`: what was another before.

    `nights` are those that are shown; `before` lie ahead of them, and count like them.
    """

    nights: list[dict]
    because: list[str] = field(default_factory=list)
    before: list[dict] = field(default_factory=list)

    @property
    def whole(self) -> list[dict]:
        """Every night of it, shown or not."""
        return self.before + self.nights

    @property
    def begins(self) -> date:
        """The evening of its first night."""
        return self.whole[0]["night"]

    def among(self, measure: Measure) -> list[dict]:
        """Nights with a number of this measure, that count."""
        return [row for row in self.whole if counts(row) and measure.of(row) is not None]

    def baseline(self, measure: Measure) -> Spread | None:
        """Its first nights; None while there are too few."""
        return spread(measure, self.among(measure)[:BASELINE_NIGHTS], BASELINE_LEAST)

    def recent(self, measure: Measure) -> Spread | None:
        """Its last nights, none of the baseline's among them."""
        return spread(measure, self.among(measure)[BASELINE_NIGHTS:][-RECENT_NIGHTS:], WEEK_LEAST)

    def weeks(self) -> Iterator[tuple[date, list[dict]]]:
        """The nights of each week that is shown, from its Monday; all of them, shown or not."""
        found: dict[date, list[dict]] = {}
        for row in self.whole:
            found.setdefault(row["night"] - timedelta(days=row["night"].weekday()), []).append(row)
        shown = self.nights[0]["night"]
        yield from ((monday, rows) for monday, rows in found.items() if rows[-1]["night"] >= shown)


def spread(measure: Measure, nights: Sequence[dict], least: int = WEEK_LEAST) -> Spread | None:
    """Median and quartiles of the nights that count; None of fewer than `least`."""
    found = [measure.of(row) for row in nights if counts(row)]
    values = [value for value in found if value is not None]
    if len(values) < max(least, 2):
        return None
    low, median, high = quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


def periods(nights: Sequence[dict], since: date | None = None) -> list[Period]:
    """The nights of a crib, in order, apart wherever a number may have come to mean another.

    Nights ahead of `since` are not shown, and are in their baselines all the same.
    """
    found: list[Period] = []
    for row in nights:
        before = [_instrument(period.whole[-1]) for period in found[-1:]]
        because = [what for one in before for what in differs(one, _instrument(row))]
        if because or not found:
            found.append(Period([], because))
        ahead = since is not None and row["night"] < since
        (found[-1].before if ahead else found[-1].nights).append(row)
    return [period for period in found if period.nights]


def _instrument(row: dict) -> Instrument:
    known: dict[str, Any] = {name: row.get(name) for name in Instrument._fields if name != "night"}
    return Instrument(str(row["night"]), **known)


class Compared(NamedTuple):
    """One measure of the last period: its last night, its last ones, and its first."""

    measure: Measure
    last: float | None
    recent: Spread | None
    baseline: Spread | None

    @property
    def difference(self) -> float | None:
        """Of the two medians, the baseline's taken off."""
        if self.recent is None or self.baseline is None:
            return None
        return self.recent.median - self.baseline.median


def compared(period: Period) -> list[Compared]:
    """Every measure of a period."""
    last = period.nights[-1]
    return [Compared(m, m.of(last), period.recent(m), period.baseline(m)) for m in MEASURES]
