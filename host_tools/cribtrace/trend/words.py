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
    apart = ""
    if thin:
        be = "is" if thin == 1 else "are"
        apart = f"; {thin} with less than {COVERED_LEAST:.0%} covered {be} in no median"
    return (
        f"{of(len(nights), 'night', 'nights')} of {crib},"
        f" {span(nights[0]['night'], nights[-1]['night'])}: {covered:.1f} hours covered,"
        f" {asleep:.1f} likely asleep, under {of(len(found), 'baseline', 'baselines')}{apart}."
        f"{_ahead(found[0])}"
    )


def span(first: date, last: date) -> str:
    """From an evening to another, or the one."""
    return str(first) if first == last else f"{first} to {last}"


def _ahead(first: Period) -> str:
    if not first.before:
        return ""
    count = of(len(first.before), "night", "nights")
    return f" The first one began on {first.begins}, {count} ahead of these."


def growth(found: Sequence[Period], born: date | None) -> str:
    """What changes these numbers though nothing else did; empty of one night alone."""
    first, last = found[0].begins, found[-1].nights[-1]["night"]
    if first == last:
        return ""
    days = (last - first).days
    young, old = (profile.weeks(born, day) for day in (first, last))
    told = ""
    if young is not None and old is not None:
        weeks = of(old, "week", "weeks")
        told = f" (at an age of {weeks})" if young == old else f" (from {young} to {weeks} of age)"
    return (
        f"Growth lies in every difference here: {of(days, 'day', 'days')}{told}"
        f" {'changes' if days == 1 else 'change'} weight,"
        " strength and what a body does at night, and a heavier body moves a mattress differently."
        " The numbers cannot tell that from anything else."
    )


def missing(last: Period) -> str:
    """What the last period wants before there is a baseline, and something to hold against it."""
    have = sum(counts(row) for row in last.whole)
    wanted = (
        (BASELINE_LEAST, "a baseline"),
        (BASELINE_NIGHTS + WEEK_LEAST, "last nights beside it"),
    )
    told = [f"{of(least - have, 'more night makes', 'more nights make')} {what}"
            for least, what in wanted if have < least]  # fmt: skip
    if not told:
        return ""
    are = of(have, "night counts", "nights count")
    return f"Since {last.begins} {are}: {', '.join(told)}."


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
