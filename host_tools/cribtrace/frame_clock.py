"""When a frame of the running boot was, by this machine's clock, as far as that is known."""

from datetime import datetime, timezone
from typing import Any

from cribtrace.anchors import iso


class FrameClock:
    """One anchor, the latest: over the minute to the next, a sensor's rate error is some ms."""

    def __init__(self) -> None:
        self._anchor: tuple[float, float] | None = None  # (second of the boot, UTC)

    def set(self, frame: int, utc_s: float, rate_hz: float) -> None:
        """Frame `frame` of the boot was at `utc_s`."""
        if rate_hz:
            self._anchor = (frame / rate_hz, utc_s)

    def clear(self) -> None:
        """Another boot: its frames begin anew."""
        self._anchor = None

    def utc_s(self, t_s: float) -> float | None:
        """When second `t_s` of the boot was; None where nobody has said so."""
        return None if self._anchor is None else t_s - self._anchor[0] + self._anchor[1]

    def stamped(self, line: dict[str, Any]) -> dict[str, Any]:
        """A JSON line with its `utc`, as docs/SCHEMA.md has it."""
        moment = line.get("onset_s", line.get("t_s"))
        utc_s = None if moment is None or "utc" in line else self.utc_s(moment)
        return line if utc_s is None else {**line, "utc": iso(utc_s)}


def local(utc: float | str) -> datetime:
    """A moment in the local time zone: seconds since 1970, or a JSON line's `utc`."""
    if isinstance(utc, str):
        return datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone()
    return datetime.fromtimestamp(utc, timezone.utc).astimezone()
