"""Real recordings: false events on real noise, the rate of real rhythmic motion.

Nobody labelled a movement of an infant in any of them: no figure here is one of sensitivity. They
are other people's, lie beside the checkout, and are left out where they are not.
"""

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from bench.detector.heard import Heard
from bench.detector.methods import Method, Parameters
from cribtrace import recording
from cribtrace.recording import Recording
from cribtrace.scoring.kinds import DISTURBANCES, Found
from cribtrace.scoring.match import COVERED_FROM_S

NOISE = ("mpu6050-ambient", "muse-under-mattress-adult")
RHYTHM = (
    "shaker-1hz-lg-watch-r-urbane",
    "shaker-1hz-nexus-4",
    "shaker-2hz-lg-watch-r-urbane",
    "shaker-2hz-nexus-4",
)


JOINED_EVERY_S = {"mpu6050-ambient": 11.75}
JOIN_S = (-0.5, 0.75)
"""Its blocks were cross-faded for 0.25 s, which adds up to 1.4 g there: what touches that, within
half a second, is the conversion's and no event."""
LEAD_S = 60.0
LEAD_RMS_LSB = 8.0
"""A shaker shakes from the first frame on: half a mg of noise around its median goes before it."""


def present(folder: Path) -> tuple[dict[str, Heard], list[str]]:
    """The recordings that are there, by name, and the names of those that are not."""
    paths = {name: folder / f"{name}.npz" for name in (*NOISE, *RHYTHM)}
    loaded = {name: recording.load(p) for name, p in paths.items() if p.is_file()}
    here = {name: Heard(_led(r) if name in RHYTHM else r) for name, r in loaded.items()}
    return here, [name for name in paths if name not in here]


def measured(method: Method, parameters: Parameters, heard: dict[str, Heard]) -> dict[str, dict]:
    """Of each recording: false events, or the rate that was told and its error."""
    answer = {}
    for name, one in heard.items():
        found = method.found(one, parameters)
        answer[name] = _noise(name, one, found) if name in NOISE else _rhythm(one, found)
    return answer


def _led(shaken: Recording) -> Recording:
    rng = np.random.RandomState(1)
    rest = rng.standard_normal((round(LEAD_S * shaken.rate_hz), 3)) * LEAD_RMS_LSB
    rest = np.rint(rest + np.median(shaken.accel, axis=0)).astype(np.int16)
    return replace(shaken, accel=np.vstack([rest, shaken.accel]))


def _noise(name: str, heard: Heard, found: list[Found]) -> dict:
    length_s = heard.recording.duration_s
    every_s = JOINED_EVERY_S.get(name, length_s)
    joins_s = [at for at in np.arange(every_s, length_s, every_s) if at >= COVERED_FROM_S]
    seconds = length_s - COVERED_FROM_S - len(joins_s) * (JOIN_S[1] - JOIN_S[0])
    late = [
        f
        for f in found
        if f.onset_s >= COVERED_FROM_S
        and f.kind not in DISTURBANCES
        and not any(f.onset_s <= at + JOIN_S[1] and f.end_s >= at + JOIN_S[0] for at in joins_s)
    ]
    per_hour = round(len(late) * 3600 / seconds, 2)
    return {"seconds": round(seconds, 1), "events": len(late), "per_hour": per_hour}


def _rhythm(heard: Heard, found: list[Found]) -> dict:
    true_hz = heard.recording.truth[0]["rate_hz"]
    told = [f.rate_hz for f in found if f.rate_hz]
    if not told:
        return {"true_hz": true_hz, "events": len(found), "told_hz": None, "error": None}
    told_hz = median(told)
    error = round(abs(told_hz / true_hz - 1), 4)
    return {"true_hz": true_hz, "events": len(found), "told_hz": round(told_hz, 4), "error": error}
