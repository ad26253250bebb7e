"""What a trend is of: each measure of a night, where its number is from, and when it is none."""

from collections.abc import Callable
from typing import NamedTuple

from cribtrace.library.reading import rate
from cribtrace.wording import MOVEMENTS

COVERED_LEAST = 0.8  # chosen: of a night of which less was covered nobody knows what the rest had

COVERED, ASLEEP = "per covered hour", "per hour of likely sleep"


class Measure(NamedTuple):
    """One number of a night; `of` gives None where there is none."""

    title: str
    unit: str
    digits: int
    of: Callable[[dict], float | None]


def _covered(*columns: str) -> Callable[[dict], float | None]:
    return lambda row: rate(row, sum(row[column] for column in columns), "covered_h")


def _asleep(column: str) -> Callable[[dict], float | None]:
    return lambda row: rate(row, row[column + "_asleep"], "asleep_h")


MEASURES = (
    Measure("Movements of every kind", COVERED, 1, _covered(*MOVEMENTS)),
    Measure("Twitches", COVERED, 1, _covered("twitch")),
    Measure("Limb movements", COVERED, 1, _covered("limb_move")),
    Measure("Gross movements", COVERED, 1, _covered("gross")),
    Measure("Twitches while likely asleep", ASLEEP, 1, _asleep("twitch")),
    Measure("Rhythmic bouts while likely asleep", ASLEEP, 2, _asleep("bouts")),
    Measure("Periodic series while likely asleep", ASLEEP, 2, _asleep("periodic_series")),
    Measure("Longest rhythmic bout", "seconds", 1, lambda row: row["longest_bout_s"]),
    Measure("Likely asleep", "hours", 1, lambda row: row["asleep_h"]),
    Measure("Covered", "hours", 1, lambda row: row["covered_h"]),
    Measure("Smallest movement that could be seen", "mg", 2, lambda row: row["least_mg"]),
)


def share(row: dict) -> float:
    """Covered share of a night, 0 to 1."""
    return row["covered_h"] / row["hours"] if row["hours"] else 0.0


def counts(row: dict) -> bool:
    """Whether a night is among those that medians are made of."""
    return share(row) >= COVERED_LEAST
