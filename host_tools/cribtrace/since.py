"""The moment that a person means by `--since`."""

import re
from datetime import datetime, timedelta

from cribtrace.errors import Usage

_UNITS_S = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")


def utc_s(text: str, now: datetime) -> float:
    """Seconds since 1970 of `10m`, `2h`, `21:30` (the last one) or `2026-11-20 21:30`.

    `now` carries the time zone that the others are in. Raises Usage.
    """
    ago = re.fullmatch(r"(\d{1,6}(?:\.\d+)?) ?(s|min|m|h|d)", text)
    if ago:
        return now.timestamp() - float(ago[1]) * _UNITS_S[ago[2]]
    clock = re.fullmatch(r"(\d{1,2}):(\d\d)", text)
    if clock and int(clock[1]) < 24 and int(clock[2]) < 60:
        then = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return (then if then <= now else then - timedelta(days=1)).timestamp()
    for form in _FORMS:
        try:
            # A local time without a zone: the one in force on that day.
            return datetime.strptime(text, form).astimezone().timestamp()
        except ValueError:
            continue
    raise Usage(f"--since {text!r}: give 10m, 2h, 21:30 or 2026-11-20 21:30")
