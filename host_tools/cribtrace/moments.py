"""Which moment of a night somebody means: seconds, or a time of day."""

import re
from datetime import datetime, timedelta, tzinfo

from cribtrace.analysis import Night
from cribtrace.errors import Usage
from cribtrace.in_order import end_s
from cribtrace.tally import utc_of
from cribtrace.wording import since_start

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")
_DAY_S = 86400


def moment_s(night: Night, when: str) -> float:
    """Seconds since the start of the night that `when` means.

    `when` is seconds, or h:mm or h:mm:ss: a clock time of its zone where the log has an anchor,
    else time since the start. One without a fraction means that whole second: an event that begins
    within it, where none covers its first moment. Raises Usage for anything else, and for what
    lies outside the night.
    """
    found = _first_moment_s(night, when)
    within = [event["onset_s"] for event in night.events if touches(event, found, found + 1)]
    return found if "." in when else max(found, min(within, default=found))


def _first_moment_s(night: Night, when: str) -> float:
    ends_s = _ends_s(night)
    clock = _CLOCK.fullmatch(when)
    if clock is None:
        try:
            found = float(when)
        except ValueError:
            found = -1.0
        if not found >= 0:
            raise Usage(f"{when!r} is no moment: write 03:12, 03:12:30, or seconds such as 1042.3")
        told = f"{since_start(ends_s)} long"
    else:
        past_s = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3] or 0)
        found, told = past_s, f"{since_start(ends_s)} long"
        if pairs := anchored(night):
            if past_s >= _DAY_S:
                raise Usage(
                    f"{when} is no clock time, which this recording has: write 00:00 to 23:59,"
                    f" or {past_s:.0f} for seconds since the start"
                )
            found, told = _by_clock(pairs, past_s, ends_s, night.zone)
    if found >= ends_s:
        raise Usage(f"{when} is not in this recording, which is {told}")
    return found


def _ends_s(night: Night) -> float:
    lines = (*night.epochs, *night.gaps, *night.states)
    known = [end_s(line) for line in lines if line["duration_s"] is not None]
    return max([*known, (night.summary.get("hours") or 0.0) * 3600])


def anchored(night: Night) -> list[tuple[float, datetime]]:
    """(seconds since the start, clock time) of every line that has both, in their order."""
    lines = (*night.epochs, *night.events, *night.states)
    pairs = [(line["onset_s"], utc) for line in lines if (utc := utc_of(line))]
    return sorted(pairs, key=lambda pair: pair[0])


def _by_clock(
    pairs: list[tuple[float, datetime]], past_s: float, ends_s: float, zone: tzinfo | None
) -> tuple[float, str]:
    """The first moment from the start on that a local clock showed this, and from when to when."""
    start = pairs[0][1] - timedelta(seconds=pairs[0][0])
    last = pairs[-1][1] + timedelta(seconds=ends_s - pairs[-1][0])
    told = f"from {start.astimezone(zone):%H:%M:%S} to {last.astimezone(zone):%H:%M:%S}"
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    wanted = _there(midnight + timedelta(seconds=past_s), zone)
    # Up to a second early: the log's first frame is rarely at a whole one.
    if wanted < start - timedelta(seconds=1):
        wanted = _there(midnight + timedelta(days=1, seconds=past_s), zone)
    before = [pair for pair in pairs if pair[1] <= wanted] or pairs[:1]
    onset_s, clock = before[-1]
    return max(0.0, onset_s + (wanted - clock).total_seconds()), told


def _there(naive: datetime, zone: tzinfo | None) -> datetime:
    return naive.replace(tzinfo=zone) if zone else naive.astimezone()


def touches(line: dict, from_s: float, until_s: float) -> bool:
    """Whether any of it lies between the two moments, seconds since the start."""
    return line["onset_s"] < max(until_s, from_s + 0.001) and end_s(line) > from_s
