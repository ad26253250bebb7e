"""Raw acceleration: what a recording holds in a row, and what of it a log has stored.

A board keeps raw frames round events alone, 256 at most for each. Between them is nothing, and
nothing is put there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cribtrace import logfile
from cribtrace.anchors import Clock
from cribtrace.boots import Boot
from cribtrace.device import records
from cribtrace.recording import Recording

_PIECE = 1 << 16  # frames
LAST_UTC_S = 4_102_444_800.0
"""2100-01-01. A clock that says later is not to be believed, and most formats end somewhere."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames in a row: int16[N, 3], raw LSB with gravity.

    `t_s` and `utc_s` are float64[N], seconds since the exported beginning and since 1970; `utc_s`
    is None where nobody knows, `about` where it is no better than a bracket.
    """

    lsb: np.ndarray
    lsb_per_g: float
    rate_hz: float
    t_s: np.ndarray
    utc_s: np.ndarray | None
    about: bool
    boot: int | None
    injected: bool

    @property
    def g(self) -> np.ndarray:
        """float64[N, 3] in g."""
        return self.lsb / self.lsb_per_g

    def pieces(self) -> Iterator["Stretch"]:
        """It in pieces: ten hours of frames as numbers of Python's take a gigabyte."""
        for at in range(0, len(self.lsb), _PIECE):
            rows = slice(at, at + _PIECE)
            utc_s = None if self.utc_s is None else self.utc_s[rows]
            yield replace(self, lsb=self.lsb[rows], t_s=self.t_s[rows], utc_s=utc_s)

    @property
    def clock_s(self) -> np.ndarray:
        """`utc_s`, and where nobody knows that `t_s`, as if the beginning were 1970."""
        return self.t_s if self.utc_s is None else self.utc_s


def of_recording(rec: Recording, begins_s: float | None) -> list[Stretch]:
    """What lies between the gaps of a recording; `begins_s` is since 1970 where anybody knows it.

    The rows that stand in a gap repeat what was before: they are no frames of a sensor's.
    """
    edges = [
        0,
        *(row for gap in rec.gaps for row in (gap.row, gap.row + gap.rows)),
        len(rec.accel),
    ]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [_rows(rec, first, end, begins_s) for first, end in spans if first < end]


def whole(rec: Recording, begins_s: float | None) -> Stretch:
    """Every row of a recording, those in its gaps too."""
    return _rows(rec, 0, len(rec.accel), begins_s)


def _rows(rec: Recording, first: int, end: int, begins_s: float | None) -> Stretch:
    t_s = np.arange(first, end) / rec.rate_hz
    utc_s = None if begins_s is None else begins_s + t_s
    return Stretch(
        rec.accel[first:end], rec.lsb_per_g, rec.rate_hz, t_s, utc_s, False, None, False
    )


def of_boots(
    boots: Sequence[Boot], clocks: dict[int, Clock], injected: Sequence[int], span: tuple
) -> list[Stretch]:
    """The waveforms of a log that begin within `span`, (from_s, until_s) on its own time line.

    Where two share frames the later one begins behind them: no frame is told twice.
    """
    out = []
    for boot in boots:
        if boot.header["mlsb_per_g"] and boot.header["rate_mhz"]:
            found = _of_boot(boot, clocks[boot.number], boot.number in injected, span)
            out += found
    return out


def _of_boot(boot: Boot, clock: Clock, injected: bool, span: tuple) -> list[Stretch]:
    rate_hz = boot.header["rate_mhz"] / 1000
    told = 0
    out = []
    waves = {r["first"]: r for r in boot.all_records() if r["type"] == records.SNIPPET}
    for first, wave in sorted(waves.items()):
        raw = logfile.frames_of(wave) - 0x8000
        skipped = max(0, told - first)
        numbers = np.arange(first + skipped, first + len(raw))
        t_s = boot.start_s + numbers / rate_hz
        if not len(numbers) or not span[0] <= t_s[0] < span[1]:
            continue
        if abs(raw).max() > 1 << 15:  # no sensor gives that: the record is not to be believed
            continue
        told = first + len(raw)
        utc_s = None
        if clock.fitted is not None:
            utc_s = clock.fitted.utc_s + (numbers - clock.fitted.frame) / clock.fitted.rate_hz
            utc_s = utc_s if utc_s[0] >= 0 and utc_s[-1] < LAST_UTC_S else None
        out.append(
            Stretch(
                raw[skipped:].astype(np.int16), boot.header["mlsb_per_g"] / 1000, rate_hz,
                t_s - span[0], utc_s, clock.about, boot.number, injected,
            )
        )  # fmt: skip
    return out
