"""How long it was from one movement to the next."""

from bisect import bisect_right
from itertools import pairwise

from cribtrace.report.content import Content
from cribtrace.report.parts import row, table
from cribtrace.tally import interval, kind_of, overlap_s
from cribtrace.wording import DISTURBANCES

# Chosen, in even steps of a logarithm but for 90 s; 2, 10 and 90 s are limits of docs/PATTERNS.md.
EDGES_S = (0.5, 1, 2, 5, 10, 20, 45, 90, 180, 600)
NAMES = (
    "under 0.5 s",
    *(f"{a:g} to {b:g} s" for a, b in pairwise(EDGES_S[:-1])),
    "3 to 10 min",
    "over 10 min",
)


def between_onsets(told: Content) -> list[float]:
    """Seconds from each movement's onset to the next one's, where all between them was covered."""
    moved = [event for event in told.night.events if kind_of(event) not in DISTURBANCES]
    onsets = sorted(span[0] for span in map(interval, moved) if span)
    hidden = (*told.counts.hidden, *told.empty)
    return [b - a for a, b in pairwise(onsets) if not overlap_s(hidden, a, b)]


def counted(intervals: list[float]) -> list[int]:
    """How many fall between each two of EDGES_S, and beyond them on either side."""
    found = [0] * len(NAMES)
    for one in intervals:
        found[bisect_right(EDGES_S, one)] += 1
    return found


def interval_rows(told: Content) -> list[tuple[str, str, str]]:
    """The distribution as text; empty where there is none."""
    found = counted(between_onsets(told))
    whole = sum(found)
    return [
        (name, str(count), f"{100 * count / whole:.0f} %")
        for name, count in zip(NAMES, found, strict=True)
        if whole
    ]


def intervals_table(told: Content) -> str:
    """The distribution, drawn and in numbers."""
    found = counted(between_onsets(told))
    most, whole = max(found), sum(found)
    if not whole:
        return '<p class="note">Fewer than two movements in one covered stretch.</p>'
    rows = [
        row(name, _bar(count / most), str(count), f"{100 * count / whole:.0f} %")
        for name, count in zip(NAMES, found, strict=True)
    ]
    head = ("From onset to onset", '<span class="sr">Drawn</span>', "Count", "Share")
    return table("intervals", f"{whole} intervals within covered time", head, rows)


def _bar(share: float) -> str:
    drawn = f'<rect class="k0" width="{100 * share:.2f}%" height="100%"/>'
    return f'<svg class="bar" aria-hidden="true">{drawn}</svg>'
