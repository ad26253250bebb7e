"""Nights under one baseline, what ends it, their weeks, and the distance from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import quantiles
from typing import NamedTuple

from cribtrace.trend.measures import MEASURES, Measure, counts

# All chosen. Two weeks of nights hold each weekday twice; under five nights a quartile is a night.
BASELINE_NIGHTS, BASELINE_LEAST = 14, 5
WEEK_LEAST = 3
RECENT_NIGHTS = 7
SAME_RATE = 0.05  # a sensor's own oscillator is off by less, and differs from start to start
NEW_PLACE = "new-place"
_TAP = ("ring_ms", "resonance_mhz")
_OF_THE_LOG = ("when_full", "waveforms_per_hour")  # what is kept, and nothing of what is found


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
        because = list(differs(found[-1].whole[-1], row)) if found else []
        if because or not found:
            found.append(Period([], because))
        ahead = since is not None and row["night"] < since
        (found[-1].before if ahead else found[-1].nights).append(row)
    return [period for period in found if period.nights]


def differs(before: dict, row: dict) -> Iterator[str]:
    """What is another between two nights, each in words with both values."""
    for name, words in (("device", "board"), ("sensor", "sensor"), ("full_scale_g", "range, g")):
        if before[name] != row[name]:
            yield f"{words}: {before[name]} → {row[name]}"
    if abs(row["rate_hz"] - before["rate_hz"]) > SAME_RATE * before["rate_hz"]:
        yield f"frames a second: {before['rate_hz']:.0f} → {row['rate_hz']:.0f}"
    if (before["firmware"], before["build"]) != (row["firmware"], row["build"]):
        builds = [f"{one['firmware']} ({one['build']})" for one in (before, row)]
        yield f"detector, with its firmware: {' → '.join(builds)}"
    yield from _settings(before, row)
    if before["simulated"] != row["simulated"]:
        yield "simulated" if row["simulated"] else "no longer simulated"
    if NEW_PLACE in (row["tags"] or "").split(","):
        yield "a new place, by a note"
    if before["changed"] or row["changed"]:
        which = row if row["changed"] else before
        yield f"sensor, settings or firmware changed during the night of {which['night']}"


def _settings(before: dict, row: dict) -> Iterator[str]:
    if not (before["settings"] and row["settings"]):
        if before["settings"] != row["settings"]:
            yield "settings: of one of the two nights the log does not hold them"
        return
    old, new = (dict(p.split("=") for p in r["settings"].split()) for r in (before, row))
    for name in sorted(old.keys() | new.keys()):
        if name not in _OF_THE_LOG and old.get(name) != new.get(name):
            what = "tap test" if name in _TAP else "setting"
            yield f"{what}, {name}: {old.get(name, 'unknown')} → {new.get(name, 'unknown')}"


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
