"""A detector under CPython, fed with motion made by hand."""

from itertools import cycle

import numpy as np

from cribtrace import log_records
from cribtrace.device import config, detector, records
from cribtrace.device import settings as schema
from cribtrace.scale import Scale

RATE_MHZ = 104_000
MLSB_PER_G = 16_393_443
LSB_PER_MG = MLSB_PER_G / 1e6
SCALE = Scale({"rate_mhz": RATE_MHZ, "mlsb_per_g": MLSB_PER_G})


def begin(rate_mhz=RATE_MHZ, before=None, **changes):
    settings = {**schema.DEFAULTS, **changes}
    return detector.Detector(settings, rate_mhz, MLSB_PER_G, before=before)


def feed(det, accel, bursts=(config.BURST,)):
    """Events, as dicts, after all frames in bursts of the given sizes, over and over."""
    raw = np.ascontiguousarray(accel, dtype="<i2").tobytes()
    found = []
    at = 0
    sizes = cycle(bursts)
    while at < len(raw):
        piece = raw[at : at + 6 * next(sizes)]
        at += len(piece)
        found += told(det, det.step(piece, len(piece) // 6))
    return found


def told(det, count):
    names = log_records.NAMES[records.EVENT]
    return [dict(zip(names, det.movements.fields(k), strict=True)) for k in range(count)]


def run(accel, bursts=(config.BURST,), rate_mhz=RATE_MHZ, **changes):
    det = begin(rate_mhz, **changes)
    return feed(det, accel, bursts), det


def kinds(found):
    return [records.KINDS[event["kind"]] for event in found]


def noise(seconds, seed=1, rms_mg=0.3, rate_hz=104):
    rng = np.random.default_rng(seed)
    mg = rng.normal((0, 0, 1000), rms_mg, (int(seconds * rate_hz), 3))
    return np.rint(mg * LSB_PER_MG)


def shake(accel, onset_s, seconds, mg, axis=0, hz=6.0, rate_hz=104):
    """Add a steady oscillation of `mg` to one axis."""
    n = round(seconds * rate_hz)
    at = round(onset_s * rate_hz)
    wave = np.sin(2 * np.pi * hz * np.arange(n) / rate_hz) * mg * LSB_PER_MG
    accel[at : at + n, axis] += np.rint(wave)
    return accel


def jolts(accel, onsets_s, mg, hz=6.0, ring_s=0.12, axis=2):
    """Add a ringing push at each onset, as a mattress passes on a jerk of the body."""
    for onset_s in onsets_s:
        t = np.arange(104) / 104
        wave = mg * LSB_PER_MG * np.sin(2 * np.pi * hz * t) * np.exp(-t / ring_s)
        at = round(onset_s * 104)
        accel[at : at + 104, axis] += np.rint(wave)
    return accel
