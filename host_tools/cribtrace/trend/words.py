"""What a trend says in words, whatever it is shown in."""

from collections.abc import Sequence
from datetime import date

from cribtrace import profile
from cribtrace.library.reading import LEAST_H
from cribtrace.trend.measures import COVERED_LEAST, Measure, counts
from cribtrace.trend.periods import (
    BASELINE_LEAST,
    BASELINE_NIGHTS,
    RECENT_NIGHTS,
    WEEK_LEAST,
    Period,
    Spread,
)
from cribtrace.wording import MISSING, fixed

SIMULATED = (
    "Simulated: virtual boards lived through recordings; no real one measured these nights."
)


def headline(crib: str, found: Sequence[Period]) -> str:
    """How many nights there are, from when to when, and how much of them was covered."""
    nights = [row for period in found for row in period.nights]
    covered = sum(row["covered_h"] for row in nights)
    asleep = sum(row["asleep_h"] for row in nights)
    thin = sum(not counts(row) for row in nights)
    apart = f"; {thin} with less than {COVERED_LEAST:.0%} covered are in no median" if thin else ""
    return (
        f"{of(len(nights), 'night', 'nights')} of {crib}, {nights[0]['night']} to"
        f" {nights[-1]['night']}: {covered:.1f} hours covered, {asleep:.1f} likely asleep, under"
        f" {of(len(found), 'baseline', 'baselines')}{apart}.{_ahead(found[0])}"
    )


def _ahead(first: Period) -> str:
    if not first.before:
        return ""
    count = of(len(first.before), "night", "nights")
    return f" The first one began on {first.begins}, {count} ahead of these."


def growth(found: Sequence[Period], born: date | None) -> str:
    """What changes these numbers though nothing else did."""
    first, last = found[0].begins, found[-1].nights[-1]["night"]
    ages = [profile.weeks(born, day) for day in (first, last)]
    told = f" (from {ages[0]} to {ages[1]} weeks of age)" if None not in ages else ""
    return (
        f"Growth lies in every difference here: {(last - first).days} days{told} change weight,"
        " strength and what a body does at night, and a heavier body moves a mattress differently."
        " The numbers cannot tell that from anything else."
    )


def method() -> str:
    """How the numbers were made."""
    return (
        f"A rate is left out below {LEAST_H:.0f} h of its hours. A baseline is the first"
        f" {BASELINE_NIGHTS} nights (at least {BASELINE_LEAST}) since the last change of board,"
        " sensor, place, tap test, settings or firmware; the nights before a change cannot be"
        f" compared with those behind it. Beside it stand the last {RECENT_NIGHTS} nights since."
        f" A week has a median from {WEEK_LEAST} nights on. Spread is from the lower to the upper"
        " quartile."
    )


def age(born: date | None, day: date) -> str:
    """Age in weeks, or a dash."""
    weeks = profile.weeks(born, day)
    return MISSING if weeks is None else f"{weeks} wk"


def told(found: Spread | None, digits: int) -> str:
    """A median with its spread."""
    if found is None:
        return MISSING
    low, high = fixed(found.low, digits), fixed(found.high, digits)
    return f"{fixed(found.median, digits)} ({low} to {high})"


def signed(value: float | None, digits: int) -> str:
    """A difference, with its sign."""
    if value is None:
        return MISSING
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else fixed(0.0, digits)


def named(measure: Measure) -> str:
    """A measure with its unit."""
    return f"{measure.title}, {measure.unit}"


def broken(period: Period) -> str:
    """What began with a period."""
    return f"{period.nights[0]['night']}: {'; '.join(period.because)}"


def of(count: int, one: str, many: str) -> str:
    """A number of things, in words that agree with it."""
    return f"{count} {one if count == 1 else many}"
