"""The dual threshold of periodic leg movement scoring (MATPLM, RestEaze), and its series.

A movement begins above `hi` and ends before the first half second below `lo`. Thresholds are
those of RestEaze's active branch, in g, or, tuned, multiples of the noise over its median: the
shape of MATPLM's adaptive form, whose own numbers are microvolts.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy import ndimage

from bench.detector.baselines.remembered import remembered
from cribtrace.scoring.kinds import Found, by_length

RATE_HZ = 25.0
QUIET_S = 0.5
MEDIAN_S = 0.5
BASELINE_S = 60.0
MAD_PER_SIGMA = 1.4826
LEAST_SIGMA_MG = 1e-3
CANDIDATE_MAX_S = 10.0
SERIES_S = (10.0, 90.0)
SERIES_MIN = 4

PUBLISHED = {"lo": 50.0, "hi": 100.0, "in_sigma": False, "least_s": 0.5, "longest_s": 10.0}
GRID = [
    {"lo": lo, "hi": hi, "in_sigma": True, "least_s": least_s, "longest_s": longest_s}
    for lo, hi, least_s, longest_s in product(
        (0.5, 1.0, 2.0), (3.5, 4.5, 6.0), (0.0, 0.2), (CANDIDATE_MAX_S, 60.0)
    )
]


@remembered
def strength(mg: np.ndarray) -> np.ndarray:
    """Rms over the axes of what their short high-pass leaves: float64[n], in mg.

    RestEaze takes 0.2 a[n] + 0.8 a[n-1] for gravity.
    """
    before = np.vstack([mg[:1], mg[:-1]])
    gravity = 0.2 * mg + 0.8 * before
    return np.sqrt(((mg - gravity) ** 2).mean(axis=1))


def movements(
    r: np.ndarray, lo: float, hi: float, least_s: float = 0.5, longest_s: float = np.inf
) -> list[tuple[int, int]]:
    """(first, last frame) of each movement that lasts over `least_s`, up to `longest_s`."""
    quiet = _quiet_runs(r < lo)
    middle = _middle(r)
    above, found, at = np.flatnonzero(r > hi), [], 0
    while (k := int(np.searchsorted(above, at))) < len(above):
        first = int(above[k])
        after = int(np.searchsorted(quiet, first))
        end = int(quiet[after]) if after < len(quiet) else len(r)
        length = end - 1 - first
        long_enough = least_s * RATE_HZ < length <= longest_s * RATE_HZ
        # Half a second somewhere in it whose median is above lo: not a mere spike.
        if long_enough and (least_s < MEDIAN_S or (middle[first:end] > lo).any()):
            found.append((first, end - 1))
        at = end
    return found


def series(
    spans_s: Sequence[tuple[float, float]],
) -> list[tuple[float, float, int]]:
    """(onset, end, movements) of each series over (onset, end) in seconds, by WASM's arithmetic.

    Four or more candidates, 10 to 90 s from onset to onset. A shorter or longer interval ends a
    series, and so does a movement over 10 s; one under half a second is none at all.
    """
    runs: list[list[tuple[float, float]]] = [[]]
    for onset_s, end_s in sorted(spans_s):
        length_s = end_s - onset_s
        if length_s < QUIET_S:
            continue
        if length_s > CANDIDATE_MAX_S:
            runs.append([])
            continue
        run = runs[-1]
        if run and not SERIES_S[0] <= onset_s - run[-1][0] <= SERIES_S[1]:
            runs.append([])
        runs[-1].append((onset_s, end_s))
    return [(run[0][0], run[-1][1], len(run)) for run in runs if len(run) >= SERIES_MIN]


def detect(
    mg: np.ndarray, *, lo: float, hi: float, in_sigma: bool, least_s: float, longest_s: float
) -> list[Found]:
    """Movements with thresholds in mg, or `in_sigma`: over the first minute's median."""
    r = strength(mg)
    if in_sigma:
        first = r[: round(BASELINE_S * RATE_HZ)]
        middle = float(np.median(first))
        sigma = max(MAD_PER_SIGMA * float(np.median(np.abs(first - middle))), LEAST_SIGMA_MG)
        lo, hi = middle + lo * sigma, middle + hi * sigma
    found = []
    for start, last in movements(r, lo, hi, least_s, longest_s):
        length_s = (last - start + 1) / RATE_HZ
        told_s = (last + 1) / RATE_HZ + QUIET_S
        found.append(Found(start / RATE_HZ, length_s, by_length(length_s), told_s))
    return found


@remembered
def _middle(r: np.ndarray) -> np.ndarray:
    """The median of MEDIAN_S around each frame."""
    return ndimage.median_filter(r, round(MEDIAN_S * RATE_HZ), mode="nearest")


def _quiet_runs(quiet: np.ndarray) -> np.ndarray:
    """First frame of each run of QUIET_S or longer."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]]).astype(int)))
    starts, ends = edges[::2], edges[1::2]
    return starts[ends - starts >= QUIET_S * RATE_HZ]
