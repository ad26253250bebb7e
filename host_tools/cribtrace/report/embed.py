"""What the page's script draws from: one compact JSON text, safe inside an HTML page."""

import base64
import json
from datetime import datetime, tzinfo
from functools import cache

import numpy as np

from cribtrace import criteria
from cribtrace.analysis import Night, Snippet
from cribtrace.pattern_wording import made_of
from cribtrace.report.content import Content
from cribtrace.report.shapes import named
from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION
from cribtrace.tally import interval, kind_of, later
from cribtrace.wording import DISTURBANCES, number

# All waveforms of a page together: 8 bytes of base64 for each point of three axes.
POINTS_IN_PAGE = 450_000
POINTS_MOST, POINTS_LEAST = 1024, 64
# A wrong clock or a damaged length must not make the page allocate without end.
LONGEST_SPAN_S = 14 * 24 * 3600.0


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def thinned(mg: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """At most `most` rows of float[n, 3], and how many rows each pair of them stands for.

    Each run of rows becomes two, its extremes per axis in the order they came.
    """
    if len(mg) <= most:
        return mg, 1
    run = -(-len(mg) // (most // 2))
    padded = np.concatenate([mg, np.repeat(mg[-1:], -len(mg) % run, axis=0)])
    runs = padded.reshape(-1, run, mg.shape[1])
    ends = np.sort(np.stack([runs.argmin(axis=1), runs.argmax(axis=1)], axis=1), axis=1)
    return np.take_along_axis(runs, ends, axis=1).reshape(-1, mg.shape[1]), run


def waveform(snippet: Snippet, onset_s: float, most: int, lsb_mg: float) -> dict | None:
    """One snippet as integers: from, dt (s), step (mg), n, drawn-from n, base64 int16 LE x, y, z.

    `from` counts from the event's onset. Each axis is drawn about its own median, which takes
    gravity away. The step is one LSB, or more where 16 bits would not hold the swing.
    """
    mg = np.asarray(snippet.mg, dtype=np.float64)
    start, rate_hz = number(float(snippet.onset_s)), number(float(snippet.rate_hz))
    if mg.ndim != 2 or mg.shape[1:] != (3,) or not len(mg) or not np.isfinite(mg).all():
        return None
    if start is None or not rate_hz or rate_hz <= 0:
        return None
    swing, run = thinned(mg - np.median(mg, axis=0), most)
    step = max(lsb_mg, float(np.abs(swing).max()) / 32767)
    steps = np.rint(swing / step).astype("<i2")
    return {
        "from": round(start - onset_s, 4),
        "dt": (run / 2 if run > 1 else 1) / rate_hz,
        "step": step,
        "n": len(steps),
        "of": len(mg),
        "rate": rate_hz,
        "xyz": [_text(np.ascontiguousarray(steps[:, axis]).tobytes()) for axis in range(3)],
    }


def _waveforms(night: Night) -> dict[int, dict]:
    most = POINTS_IN_PAGE // max(1, len(night.snippets))
    most = max(POINTS_LEAST, min(POINTS_MOST, most))
    lsb_per_g = number(night.header.get("lsb_per_g"))
    lsb_mg = 1000.0 / lsb_per_g if lsb_per_g and lsb_per_g > 0 else 0.01
    drawn = {}
    for index, snippet in sorted(night.snippets.items()):
        known = 0 <= index < len(night.events)
        onset = number(night.events[index].get("onset_s")) if known else None
        found = waveform(snippet, onset, most, lsb_mg) if onset is not None else None
        if found is not None:
            drawn[index] = found
    return drawn


@cache
def motions() -> list[float]:
    """What motion each of a second's 256 codes stands for, as a multiple of the noise's."""
    return [round(criteria.second_strength(code) ** 0.5, 2) for code in range(256)]


@cache
def least_reaching(threshold: float) -> int:
    """The lowest code of a second that reached this strength; `criteria.reached` is the rule."""
    return next(code for code in range(256) if criteria.reached(code, threshold))


def _levels(epoch: dict) -> list | None:
    """An epoch's onset, its seconds' codes, and the lowest code that reached its threshold."""
    levels, span = epoch.get("levels"), interval(epoch)
    if not isinstance(levels, (list, tuple)) or not levels or span is None:
        return None
    found = [number(level) for level in levels]
    codes = [int(code) for code in found if code is not None and 0 <= code <= 255]
    if len(codes) < len(levels):
        return None
    threshold = number(epoch.get("threshold")) or 0.0
    in_force = threshold if threshold > 0 else criteria.DEFAULT_STRENGTH
    return [span[0], _text(bytes(codes)), least_reaching(in_force)]


def _hidden(night: Night) -> list[list]:
    unusable = [state for state in night.states if state.get("state") == "unusable"]
    spans = [
        (interval(entry), str(entry.get("reason") or "")) for entry in (*night.gaps, *unusable)
    ]
    return [[span[0], span[1], why] for span, why in spans if span is not None]


def _offsets(start: datetime | None, span_s: float, zone: tzinfo | None) -> list[list[float]]:
    """[from, seconds ahead of UTC] whenever the zone's clocks are set, to the minute."""
    out: list[list[float]] = []
    for minute in range(int(span_s // 60) + 1 if start else 0):
        ahead = later(start, 60.0 * minute, zone).utcoffset() if start else None
        ahead_s = ahead.total_seconds() if ahead else 0.0
        if not out or out[-1][1] != ahead_s:
            out.append([60.0 * minute, ahead_s])
    return out


def _stretches(night: Night) -> list[list]:
    """[from, to, code of the state] of each likely state that says something."""
    codes = {ASLEEP: 0, AWAKE: 1, NO_MOTION: 2}
    spans = [(interval(line), codes.get(str(line.get("state")))) for line in night.likely]
    return [[*span, code] for span, code in spans if span is not None and code is not None]


def _patterns(night: Night) -> list[list]:
    """[from, to, 1 for a bout, what it is] of each pattern."""
    spans = [(interval(pattern), pattern) for pattern in night.patterns]
    return [
        [*span, int(pattern["kind"] == "bout"), made_of(pattern)]
        for span, pattern in spans
        if span is not None
    ]


def embedded(told: Content) -> str:
    """The night as JSON for the script element of the page; `<` and `&` never occur in it."""
    night, counts = told.night, told.counts
    kinds = list(counts.counts)
    spans = [(interval(event), kind_of(event)) for event in night.events]
    content = {
        "span": min(counts.span_s, LONGEST_SPAN_S),
        "start": counts.start.timestamp() if counts.start else None,
        "about": counts.about,
        "offsets": _offsets(counts.start, min(counts.span_s, LONGEST_SPAN_S), night.zone),
        "kinds": kinds,
        "names": [named(kind) for kind in kinds],
        "motion": motions(),
        "events": [[*span, kinds.index(kind)] if span else None for span, kind in spans],
        "levels": [found for found in map(_levels, night.epochs) if found is not None],
        "hidden": _hidden(night),
        "marks": [
            [t_s, str(mark.get("text") or "")]
            for mark in night.marks
            if (t_s := number(mark.get("t_s"))) is not None
        ],
        "notes": [
            [note.t_s, ": ".join(filter(None, (note.told, note.text)))]
            for note in told.notes
            if note.t_s is not None
        ],
        "states": _stretches(night),
        "patterns": _patterns(night),
        "empty": [list(span) for span in told.empty],
        "disturbing": [kinds.index(kind) for kind in DISTURBANCES if kind in kinds],
        "waveforms": _waveforms(night),
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
