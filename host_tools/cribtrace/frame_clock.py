"""When a frame of the running boot was, by this machine's clock, as far as that is known."""

from datetime import datetime, timezone
from typing import Any

from cribtrace.anchors import ABOUT_S, iso, line_through
from cribtrace.clock_line import Anchor, Line
from cribtrace.log_records import SOURCES

HOST = SOURCES[0]


class FrameClock:
    """The line through the anchors known so far, those that count, as in `anchors`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Another boot, whose frames begin anew, or another clock to go by."""
        self._anchors: list[Anchor] = []  # in the order in which they were told
        self._header: dict = {}
        self._line: Line | None = None

    def of(self, header: dict) -> None:
        """It is the boot of this header, which says nothing while there is no sensor."""
        if header["rate_mhz"]:
            self._header, self._line = header, None

    def set(
        self, frame: int, utc_s: float, *, within_s: float = 0.0, source: str = HOST,
        earlier: bool = False,
    ) -> None:  # fmt: skip
        """Frame `frame` of the boot was at `utc_s`, give or take `within_s`.

        `earlier`: told before all that are known, of which it may be one, read once more.
        """
        told = Anchor(frame, utc_s, within_s, source)
        self._anchors.insert(0 if earlier else len(self._anchors), told)
        self._line = None

    def _fitted(self) -> Line | None:
        if self._line is None and self._anchors and self._header:
            self._line = line_through(self._anchors, self._header)
        return self._line

    @property
    def about(self) -> bool:
        """Whether its times are further off than a clock's: simulated at another speed."""
        line = self._fitted()
        return line is not None and line.oddly and line.within_s > ABOUT_S

    def utc_s(self, t_s: float) -> float | None:
        """When second `t_s` of the boot was; None where nobody has said so."""
        line = self._fitted()
        return None if line is None else line.at(t_s * self._header["rate_mhz"] / 1000)

    def stamped(self, line: dict[str, Any]) -> dict[str, Any]:
        """A JSON line with its `utc` or `utc_about`, as docs/SCHEMA.md has it."""
        moment = line.get("onset_s", line.get("t_s"))
        known = "utc" in line or "utc_about" in line
        utc_s = None if known or moment is None else self.utc_s(moment)
        key = "utc_about" if self.about else "utc"
        return line if utc_s is None else {**line, key: iso(utc_s)}


def local(utc: float | str) -> datetime:
    """A moment in the local time zone: seconds since 1970, or a JSON line's `utc`."""
    if isinstance(utc, str):
        return datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone()
    return datetime.fromtimestamp(utc, timezone.utc).astimezone()
