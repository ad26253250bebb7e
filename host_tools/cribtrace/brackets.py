"""Between which times a boot without an anchor began: those of its neighbours that have one."""

from collections.abc import Mapping, Sequence

from cribtrace.boots import Boot
from cribtrace.injected_boots import from_a_file

Ends = Mapping[int, tuple[float, float] | None]
"""By a boot's number when it began at the latest and ended at the earliest, seconds since 1970."""


def bounds(boots: Sequence[Boot], index: int, ends: Ends) -> tuple[float | None, float | None]:
    """(earliest, latest) beginning of a boot, None where one end is open; one time if it is known.

    A file is played at any speed, so how long that took is never known.
    """
    earliest_s, follows = _after(boots, index, ends)
    latest_s, precedes = _before(boots, index, ends)
    exact = earliest_s if follows else latest_s if precedes else None
    return (earliest_s, latest_s) if exact is None else (exact, exact)


def _after(boots: Sequence[Boot], index: int, ends: Ends) -> tuple[float | None, bool]:
    """(earliest start by the boots before, whether nothing unknown lies between)."""
    past_s, exact = 0.0, True
    for k in range(index - 1, -1, -1):
        away_s, played = boots[k + 1].away_s, from_a_file(boots[k])
        past_s += away_s or 0.0
        exact &= away_s is not None and boots[k].number + 1 == boots[k + 1].number and not played
        if known := ends.get(boots[k].number):
            return known[1] + past_s, exact
        past_s += 0.0 if played else boots[k].length_s
    return None, False


def _before(boots: Sequence[Boot], index: int, ends: Ends) -> tuple[float | None, bool]:
    """(latest start by the boots behind, whether nothing unknown lies between)."""
    ahead_s, exact = 0.0, True
    for k in range(index + 1, len(boots)):
        away_s, played = boots[k].away_s, from_a_file(boots[k - 1])
        ahead_s += (0.0 if played else boots[k - 1].length_s) + (away_s or 0.0)
        exact &= away_s is not None and boots[k - 1].number + 1 == boots[k].number and not played
        if known := ends.get(boots[k].number):
            return known[0] - ahead_s, exact and not from_a_file(boots[k])
    return None, False
