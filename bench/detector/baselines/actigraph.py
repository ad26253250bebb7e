"""ActiGraph's activity counts (Neishabouri 2022), and epochs with counts as movements.

The counts say how much, not what: a run of epochs that reach a number of counts is a movement
here. `gain` magnifies the input, which lowers the counts' dead band of about 70 mg with it.
"""

from itertools import product

import numpy as np
from scipy import signal

from bench.detector.baselines.remembered import remembered
from cribtrace.scoring.kinds import Found, by_length

RATE_HZ = 30.0
COUNTED_HZ = 10.0
# Neishabouri et al. 2022, "Quantification of acceleration as activity counts in ActiGraph
# wearable": the band of 0.29-1.63 Hz, the scale and the dead band.
_B = (
    -0.009341062898525, -0.025470289659360, -0.004235264826105, 0.044152415456420,
    0.036493718347760, -0.011893961934740, -0.022917390623150, -0.006788163862310, 0,
)  # fmt: skip
_A = (
    1, -3.63367395910957, 5.03689812757486, -3.09612247819666, 0.50620507633883,
    0.32421701566682, -0.15685485875559, 0.0194913020589, 0,
)  # fmt: skip
_SCALE = (3 / 4096) / (2.6 / 256) * 237.5
_DEAD, _MOST = 4, 128

PUBLISHED = {"gain": 1, "epoch_s": 1, "least": 1}
GRID = [
    {"gain": gain, "epoch_s": epoch_s, "least": least}
    for gain, epoch_s, least in product((30, 100, 300, 1000), (1, 5, 10), (1, 10, 100))
]


def counts(mg: np.ndarray, epoch_s: float, gain: float = 1) -> np.ndarray:
    """Counts of each axis in each whole epoch: float64[epochs, 3]."""
    y = _tenths(mg, gain)
    epoch = round(epoch_s * COUNTED_HZ)
    return y[: len(y) // epoch * epoch].reshape(-1, epoch, 3).sum(axis=1)


@remembered
def _tenths(mg: np.ndarray, gain: float) -> np.ndarray:
    """Counts of each axis in each tenth of a second: float64[n, 3]."""
    x = np.round(mg / 1000 * gain, 3)
    start = signal.lfilter_zi(_B, _A)[:, None] * x[0]
    y = np.abs(signal.lfilter(_B, _A, x, axis=0, zi=start)[0] * _SCALE)
    y = np.floor(np.minimum(np.where(y < _DEAD, 0, y), _MOST))
    every = round(RATE_HZ / COUNTED_HZ)
    return np.floor(y[: len(y) // every * every].reshape(-1, every, 3).mean(axis=1))


def detect(mg: np.ndarray, *, gain: float, epoch_s: float, least: float) -> list[Found]:
    """Runs of epochs whose counts, as a vector over the axes, are `least` or more."""
    moving = np.linalg.norm(counts(mg, epoch_s, gain), axis=1) >= least
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving, [0]]).astype(int))) * epoch_s
    return [
        Found(float(first), float(end - first), by_length(float(end - first)), float(end))
        for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]
