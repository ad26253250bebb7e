"""The line from frames to UTC through the anchors of one boot, and how far it is to be trusted."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cribtrace.log_records import SOURCES

PERSON = SOURCES[-1]
RATE_FAULT_PPM = 50_000  # 5 %; only of a chip without a trim a data sheet allows more
# What an LSM6DSO's own trim leaves open; sensors.rate_ppm has the others'.
TRIM_PPM = 1_500
TOLD = ("drift_ppm", "drift_within_ppm", "residual_ms")


@dataclass(frozen=True)
class Anchor:
    """Frame `frame` was due at `utc_s`, give or take `within_s`."""

    frame: int
    utc_s: float
    within_s: float
    source: str


def of_best_source(anchors: Iterable[Anchor]) -> list[Anchor]:
    """Those of the source that is to be trusted most, by frame; of a person's the last told.

    `anchors` in the order in which they were told: a person's next word corrects the one before.
    So does what is told next of the same frame: frames stand still while there is no sensor.
    """
    by_source: dict[str, list[Anchor]] = {}
    for anchor in anchors:
        by_source.setdefault(anchor.source, []).append(anchor)
    best = next((by_source[s] for s in SOURCES if s in by_source), [])
    if best and best[0].source == PERSON:
        return best[-1:]
    by_frame = {anchor.frame: anchor for anchor in best}
    return [by_frame[frame] for frame in sorted(by_frame)]


@dataclass(frozen=True)
class Line:
    """UTC over frames: through (`frame`, `utc_s`) with `rate_hz`.

    `drift_ppm` is how much faster frames came than the header says, at most `drift_within_ppm`
    off; `residual_ms` the rms distance of three or more anchors from the line. None: too few.
    """

    frame: float
    utc_s: float
    rate_hz: float
    within_s: float
    drift_ppm: float | None = None
    drift_within_ppm: float | None = None
    residual_ms: float | None = None
    oddly: bool = False  # simulated time ran at another speed than any sensor's

    def at(self, frame: float) -> float:
        """Seconds since 1970 at a frame."""
        return self.utc_s + (frame - self.frame) / self.rate_hz

    def told(self) -> dict:
        """Drift, to the digits that are known, and residual; a simulated speed is no drift."""
        within = None if self.oddly else self.drift_within_ppm
        digits = min(1, 1 - math.floor(math.log10(within))) if within else 1
        drift = rounded(None if self.oddly else self.drift_ppm, digits)
        told = (drift, rounded(within, digits), rounded(self.residual_ms, 2))
        return dict(zip(TOLD, told, strict=True))


def rounded(value: float | None, digits: int) -> float | None:
    """A number that may be missing, whole where it has no digits behind the point."""
    if value is None:
        return None
    return round(value, digits) if digits > 0 else int(round(value, digits))


def fit(
    anchors: Sequence[Anchor],
    rate_hz: float,
    *,
    simulated: bool = False,
    stated_within_ppm: float = TRIM_PPM,
) -> Line:
    """The line through the anchors, one a frame, of a boot whose header says `rate_hz`.

    Its slope is the anchors' own where they tell it better than the header does, which may be off
    by `stated_within_ppm`: a chip without a trim has its rate from the host's clock. `simulated`
    time may run at any speed: beyond a sensor's it is no drift, and the last anchor holds.
    """
    # The next frame falls anywhere in the period that has begun.
    off_s = [anchor.within_s + 1 / rate_hz for anchor in anchors]
    weights = [off**-2 for off in off_s]
    total = sum(weights)
    frame = sum(w * a.frame for w, a in zip(weights, anchors, strict=True)) / total
    # Relative to the first: seconds since 1970 squared would leave no digits.
    first_s = anchors[0].utc_s
    utc_s = sum(w * (a.utc_s - first_s) for w, a in zip(weights, anchors, strict=True)) / total
    spread = sum(w * (a.frame - frame) ** 2 for w, a in zip(weights, anchors, strict=True))
    within_s = min(off_s)
    if len(anchors) < 2:
        return Line(frame, first_s + utc_s, rate_hz, within_s)
    slope = (
        sum(
            w * (a.frame - frame) * (a.utc_s - first_s - utc_s)
            for w, a in zip(weights, anchors, strict=True)
        )
        / spread
    )
    line = Line(frame, first_s + utc_s, 1 / slope if slope > 0 else rate_hz, within_s)
    judged = _judged(line, anchors, off_s, rate_hz, simulated=simulated)
    known = judged.drift_within_ppm is not None and judged.drift_within_ppm <= stated_within_ppm
    return judged if known or judged.oddly else replace(judged, rate_hz=rate_hz)


def _judged(
    line: Line, anchors: Sequence[Anchor], off_s: list[float], rate_hz: float, *, simulated: bool
) -> Line:
    """The line with its drift and residual; the last anchor's where simulated time ran oddly."""
    span_s = (max(a.frame for a in anchors) - min(a.frame for a in anchors)) / rate_hz
    drift_ppm = (line.rate_hz / rate_hz - 1) * 1e6
    drift_within_ppm = (off_s[0] + off_s[-1]) / span_s * 1e6
    residual_ms = None
    if len(anchors) > 2:
        squares = [(a.utc_s - line.at(a.frame)) ** 2 for a in anchors]
        residual_ms = math.sqrt(sum(squares) / len(squares)) * 1000
    oddly = simulated and abs(drift_ppm) > RATE_FAULT_PPM
    if oddly:
        line = Line(anchors[-1].frame, anchors[-1].utc_s, rate_hz, line.within_s)
        off = max(abs(a.utc_s - line.at(a.frame)) for a in anchors)
        line = replace(line, within_s=max(off, line.within_s))
    return replace(
        line, drift_ppm=drift_ppm, drift_within_ppm=drift_within_ppm, residual_ms=residual_ms,
        oddly=oddly,
    )  # fmt: skip
