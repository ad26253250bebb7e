"""OpenSeizureDetector's spectral rule, in the integer form of its app (V2 and V4 of its input).

Windows of 5 s that neither overlap nor taper. A window hits where the power between 3 and 8 Hz is
large, and is most of the power from 0.2 to 12 Hz; hits in a row raise the state.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from bench.detector.baselines.remembered import remembered
from cribtrace.scoring.kinds import Found

RATE_HZ = 25.0
WINDOW = 125
WINDOW_S = WINDOW / RATE_HZ
TOP_HZ = 12.0
OK, WARNING, ALARM = range(3)
WARN_S, ALARM_S = 5.0, 10.0

PUBLISHED = {"power": 100, "ratio": 57, "level": ALARM, "per_axis": False}
GRID = [
    {"power": power, "ratio": ratio, "level": level, "per_axis": per_axis}
    for power, ratio, level, per_axis in product(
        (0, 3, 30), (5, 20, 57), (OK, ALARM), (False, True)
    )
]


def powers(
    signal_mg: np.ndarray, roi_hz: tuple[float, float] = (3.0, 8.0)
) -> tuple[np.ndarray, np.ndarray]:
    """The app's (roiPower, ratio) of each whole window of float64[n], as int64."""
    windows = signal_mg[: len(signal_mg) // WINDOW * WINDOW].reshape(-1, WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    low, high = (int(WINDOW * hz / RATE_HZ) for hz in roi_hz)
    whole = power[:, 1 : int(WINDOW * TOP_HZ / RATE_HZ) + 1].sum(axis=1)
    part = power[:, low:high].sum(axis=1)
    spec_power = np.maximum((whole / WINDOW / 2).astype(np.int64) // 1000, 1)
    roi_power = (part / (high - low)).astype(np.int64) // 1000
    return roi_power, 10 * roi_power // spec_power


def states(hits: Sequence[bool]) -> list[int]:
    """The state after each window: OK, WARNING or ALARM."""
    state, lasted_s, after = OK, 0.0, []
    for hit in hits:
        if hit:
            lasted_s += WINDOW_S
            state = ALARM if lasted_s > ALARM_S else WARNING if lasted_s > WARN_S else OK
        elif state == ALARM:
            state, lasted_s = WARNING, WARN_S + 1
        else:
            state, lasted_s = OK, 0.0
        after.append(state)
    return after


def hits(mg: np.ndarray, power: int, ratio: int, *, per_axis: bool) -> np.ndarray:
    """bool[windows]: of the magnitude (V2), or of any axis on its own (V4)."""
    found = _powers(mg, per_axis)
    return np.any([(p > power) & (r > ratio) for p, r in found], axis=0)


@remembered
def _powers(mg: np.ndarray, per_axis: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    signals = mg.T if per_axis else [np.sqrt((mg**2).sum(axis=1))]
    return [powers(one) for one in signals]


def detect(mg: np.ndarray, *, power: int, ratio: int, level: int, per_axis: bool) -> list[Found]:
    """Hits in a row, as one rhythmic movement, if they lead to `level`; OK stands for any hit."""
    hit = hits(mg, power, ratio, per_axis=per_axis)
    state = np.array(states(hit.tolist()))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hit, [0]]).astype(int)))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        reached = np.flatnonzero(state[first:end] >= level)
        if len(reached):
            length_s = float(end - first) * WINDOW_S
            told_s = float(first + reached[0] + 1) * WINDOW_S
            found.append(Found(float(first) * WINDOW_S, length_s, "rhythmic_bout", told_s))
    return found
