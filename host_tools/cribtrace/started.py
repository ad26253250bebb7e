"""A person's word on when a recording began: for a night on a charger, with no clock near."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo

from cribtrace.anchors import BRACKET, Clock, iso
from cribtrace.boots import Boot
from cribtrace.errors import Usage

WITHIN_MS = 60_000  # chosen: a clock on the wall, read to the minute
LEAST_S = 600.0  # chosen: what is shorter nobody means
_FORM = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T])?([01]?\d|2[0-3]):([0-5]\d)")


def check(when: str) -> None:
    """Raise Usage unless `when` is a time of day, or a date and a time."""
    _parsed(when)


def _parsed(when: str) -> tuple[str | None, int, int]:
    found = _FORM.fullmatch(when)
    try:
        if found:
            datetime.fromisoformat(found[1] or "2000-01-01")
            return found[1], int(found[2]), int(found[3])
    except ValueError:
        pass
    raise Usage(f"{when!r} is no time of day: write 19:40, or '2026-11-20 19:40'")


def choose(
    boots: Sequence[Boot],
    clocks: Mapping[int, Clock],
    when: str,
    *,
    now: datetime,
    zone: tzinfo | None = None,
) -> tuple[int, float]:
    """(boot, seconds since 1970 of its first frame) that a person means by `when`.

    It is the newest recording of ten minutes or more whose time no clock tells, and the latest
    `when` at which it can have begun. Raises Usage where there is none, or where its neighbours
    leave no room for that time.
    """
    boot = _meant(boots, clocks)
    clock = clocks[boot.number]
    latest_s = now.timestamp() - boot.length_s
    earliest_s = None
    if clock.source == BRACKET:
        latest_s = min(latest_s, clock.latest_s or latest_s)
        earliest_s = clock.earliest_s
    slack_s = WITHIN_MS / 1000
    utc_s = latest(when, latest_s + slack_s, zone)
    if utc_s > latest_s + slack_s or (earliest_s and utc_s < earliest_s - slack_s):
        bounds = [f"before {_shown(latest_s, zone)}"]
        if earliest_s:
            bounds.insert(0, f"after {_shown(earliest_s, zone)}")
        raise Usage(
            f"the recording of boot {boot.number} cannot have begun at {when}: by its neighbours"
            f" it began {' and '.join(bounds)}"
        )
    return boot.number, utc_s


def _meant(boots: Sequence[Boot], clocks: Mapping[int, Clock]) -> Boot:
    def unknown(boot: Boot) -> bool:
        clock = clocks[boot.number]
        own = clock.source in ("host", "clock_chip") or (clock.source and not _open(clock))
        return not own and boot.length_s >= LEAST_S

    known = [index for index, boot in enumerate(boots) if unknown(boot)]
    if not known:
        raise Usage("every recording here has a clock of its own: leave --started away")
    index = known[-1]
    while index > 0 and boots[index].away_s is not None and unknown(boots[index - 1]):
        index -= 1  # a restart in its midst: the person means its beginning
    return boots[index]


def _open(clock: Clock) -> bool:
    return clock.about or clock.source == "person"


def latest(when: str, latest_s: float, zone: tzinfo | None = None) -> float:
    """Seconds since 1970 that `when` means; of a time of day the last one up to `latest_s`."""
    day, hour, minute = _parsed(when)
    if day:
        return _utc_s(datetime.fromisoformat(day), hour, minute, zone)
    last = datetime.fromtimestamp(latest_s, timezone.utc).astimezone(zone)
    today = datetime(last.year, last.month, last.day)
    utc_s = _utc_s(today, hour, minute, zone)
    if utc_s > latest_s:
        utc_s = _utc_s(today - timedelta(days=1), hour, minute, zone)
    return utc_s


def _utc_s(day: datetime, hour: int, minute: int, zone: tzinfo | None) -> float:
    naive = day.replace(hour=hour, minute=minute)
    return (naive.replace(tzinfo=zone) if zone else naive).timestamp()


def _shown(utc_s: float, zone: tzinfo | None) -> str:
    moment = datetime.fromtimestamp(utc_s, timezone.utc).astimezone(zone)
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def told(boot: int, utc_s: float) -> dict:
    """The line that says what was understood."""
    return {"type": "anchor", "boot": boot, "utc": iso(utc_s), "source": "person"}
