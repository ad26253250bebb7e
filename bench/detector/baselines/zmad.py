"""A robust z-score with a debouncing state machine, on a motion feature of our own.

The machine is that of a radar presence detector (r-mccarty); the feature, the rms of the motion
band over half a second, is not theirs. As published it wants 3 s of movement before it believes;
without that it is the most sensitive of the baselines.
"""

from itertools import product

import numpy as np
from scipy import ndimage, signal

from bench.detector.baselines.remembered import remembered
from cribtrace.scoring.kinds import Found, by_length

RATE_HZ = 52.0
BAND_HZ = (1.0, 20.0)
RMS_S = 0.5
BASELINE_S = 60.0
MAD_PER_SIGMA = 1.4826
LEAST_SIGMA_MG = 1e-3
LEAVE_S = 5.0

PUBLISHED = {"on": 9.0, "off": 4.0, "debounce_s": 3.0, "keep_s": 30.0}
PUBLISHED_WITHOUT = {**PUBLISHED, "debounce_s": 0.0}
GRID = [
    {"on": on, "off": off, "debounce_s": debounce_s, "keep_s": keep_s}
    for on, off, debounce_s, keep_s in product(
        (2.5, 3.5, 5.0), (1.0, 2.0), (0.1, 0.3, 1.0), (0.3, 1.0)
    )
]
GRID_WITHOUT = [
    {"on": on, "off": off, "debounce_s": 0.0, "keep_s": keep_s}
    for on, off, keep_s in product((3.5, 4.2, 5.0, 6.0, 9.0, 14.0), (1.0, 2.0), (0.1, 0.3, 1.0))
]


@remembered
def score(mg: np.ndarray) -> np.ndarray:
    """The z of each frame, float64[n], against the first minute, whose events do not count."""
    band = signal.butter(2, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    energy = np.square(signal.sosfilt(band, mg - mg[0], axis=0)).sum(axis=1)
    width = round(RMS_S * RATE_HZ)
    # The window ends at the frame it is given to.
    mean = ndimage.uniform_filter1d(energy, width, origin=(width - 1) // 2, mode="nearest")
    rms = np.sqrt(np.maximum(mean, 0))
    first = rms[: round(BASELINE_S * RATE_HZ)]
    middle = np.median(first)
    sigma = max(MAD_PER_SIGMA * float(np.median(np.abs(first - middle))), LEAST_SIGMA_MG)
    return (rms - middle) / sigma


def spans(
    z: np.ndarray, on: float, off: float, debounce_s: float, keep_s: float
) -> list[tuple[int, int, int]]:
    """(first frame, last frame at `on` or above, frame of entering PRESENT) of each presence.

    IDLE becomes PRESENT once z has been at `on` for `debounce_s`. `keep_s` after z was last there,
    PRESENT becomes IDLE once z has been below `off` for LEAVE_S, or `keep_s` if that is shorter.
    """
    debounce, keep = round(debounce_s * RATE_HZ), round(keep_s * RATE_HZ)
    leave = round(min(LEAVE_S, keep_s) * RATE_HZ)
    class_of = (z >= off).astype(np.int8) + (z >= on)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(class_of)) + 1, [len(z)]])
    found, present, first, last = [], False, 0, 0
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        level = class_of[start] if start < len(z) else 0
        if level == 2:
            if not present and end - start > debounce:
                present, first = True, start
            last = end - 1
        elif present and level == 0 and max(start, last + keep) + leave <= end:
            found.append((first, last, first + debounce))
            present = False
    return [*found, (first, last, first + debounce)] if present else found


def detect(
    mg: np.ndarray, *, on: float, off: float, debounce_s: float, keep_s: float
) -> list[Found]:
    """Presences, from when z rose to when it was last at `on`."""
    found = []
    for first, last, entered in spans(score(mg), on, off, debounce_s, keep_s):
        length_s = (last - first + 1) / RATE_HZ
        found.append(Found(first / RATE_HZ, length_s, by_length(length_s), entered / RATE_HZ))
    return found
