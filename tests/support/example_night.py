"""An invented night for the tests of the report. Nobody slept in it."""

from datetime import datetime, timedelta, timezone

import numpy as np

from cribtrace.analysis import Night, Snippet
from cribtrace.device import seconds
from cribtrace.interpretation import read

RATE_HZ = 104.0
LSB_PER_G = 16393.443
EPOCHS = 1200
EPOCH_S = 30.0
CUT_ONSET_S = 23040.0
CUT_S = 840.0
OVERRUN_ONSET_S = 11520.25
OVERRUN_FRAMES = 42
START = datetime(2026, 1, 2, 21, 40, 12, tzinfo=timezone.utc)
COUNTS = {"twitch": 190, "limb_move": 38, "gross": 11, "rhythmic_bout": 6, "rhythmic_large": 1,
          "startle_like": 2, "handling": 3, "environment": 2}  # fmt: skip
DURATION_S = {"twitch": (0.08, 0.5), "limb_move": (0.55, 2.9), "gross": (3.2, 9.0),
              "rhythmic_bout": (3.0, 20.0), "rhythmic_large": (8.0, 25.0),
              "startle_like": (0.3, 1.4), "handling": (2.0, 12.0),
              "environment": (2.0, 12.0)}  # fmt: skip
PEAK_MG = {"twitch": (2.0, 14.0), "limb_move": (6.0, 60.0), "gross": (40.0, 120.0),
           "rhythmic_bout": (4.0, 30.0), "rhythmic_large": (30.0, 90.0),
           "startle_like": (25.0, 90.0), "handling": (150.0, 420.0),
           "environment": (2.0, 40.0)}  # fmt: skip
RULES = {
    "twitch": "short at 30 % of its peak", "limb_move": "of middle length at 30 % of its peak",
    "gross": "long at 30 % of its peak", "rhythmic_bout": "regular jerks",
    "rhythmic_large": "large and regular, up to 2.2 Hz", "startle_like": "one strong movement",
    "handling": "stronger than an infant moves", "environment": "through the floor",
}  # fmt: skip
VETOES = {"handling": ["strength"], "environment": ["shaken"]}
THRESHOLD = 6.44
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&\'"\u202e\ud800'
GRAVITY_MG = np.array([18.0, -42.0, 998.0])


def _onsets(rng: np.random.Generator, count: int) -> np.ndarray:
    """Times of `count` events, most of them in five loose clusters, none in the power cut."""
    centres = rng.uniform(600.0, EPOCHS * EPOCH_S - 600.0, 5)
    near = rng.normal(rng.choice(centres, 4 * count), 700.0)
    anywhere = rng.uniform(60.0, EPOCHS * EPOCH_S, 2 * count)
    pool = np.concatenate([near, anywhere])
    pool = pool[(pool > 30.0) & (pool < EPOCHS * EPOCH_S - 20.0)]
    chosen = rng.choice(pool, count, replace=False)
    return np.where(chosen >= CUT_ONSET_S - 12.0, chosen + CUT_S + 12.0, chosen)


def _considered(kind: str, peak_mg: float) -> list[dict]:
    numbers = (("rocking", "slow_share", 0.51, "from", 0.75),
               ("tone", "evenness", None, "from", 0.55),
               ("shaken", "slow_share", 0.51, "below", 0.365),
               ("strength", "peak_mg", peak_mg, "from", 150))  # fmt: skip
    return [
        {"veto": veto, "of": of, "value": value, "when": when, "limit": limit,
         "applies": veto in VETOES.get(kind, [])}
        for veto, of, value, when, limit in numbers
    ]  # fmt: skip


def _event(rng: np.random.Generator, kind: str, onset_s: float, utc: bool) -> dict:
    duration_s = round(float(rng.uniform(*DURATION_S[kind])), 3)
    peak_mg = round(float(np.exp(rng.uniform(*np.log(PEAK_MG[kind])))), 2)
    shares = rng.dirichlet([1.0, 1.0, 3.0])
    by_axis = dict(zip("xyz", (shares / shares.max() * peak_mg).round(2).tolist(), strict=True))
    event = {
        "type": "event", "kind": kind, "onset_s": round(float(onset_s), 3),
        "duration_s": duration_s, "peak_mg": peak_mg, "jerks": int(1 + duration_s * 2.5),
        "rate_hz": None, "snr": round(peak_mg / 0.31, 1),
        "axis": max(by_axis, key=lambda name: by_axis[name]),
        "why": {
            "rule": RULES[kind], "floor_mg": 0.31, "threshold_mg": 0.79,
            "strength": round(THRESHOLD * (peak_mg / 1.9) ** 2, 2), "threshold": THRESHOLD,
            "margin": round((peak_mg / 1.9) ** 2, 2), "span_s": round(duration_s + 0.1, 3),
            "energy_mg_s": round(peak_mg * duration_s / 3, 2), "slow_share": 0.51,
            "evenness": 0.31, "tilt_mg": 0.4, "cut": False, "joined": False,
            "vetoes": VETOES.get(kind, []), "considered": _considered(kind, peak_mg),
        },
    }  # fmt: skip
    if utc:
        event["utc"] = (START + timedelta(seconds=event["onset_s"])).isoformat()
    return event


def _snippet(rng: np.random.Generator, event: dict) -> Snippet:
    """One second before the onset to one second after the end, six seconds at most."""
    n = int(min(6.0, event["duration_s"] + 2.0) * RATE_HZ)
    t = np.arange(n) / RATE_HZ - 1.0
    rise = np.clip(t / 0.05, 0.0, 1.0)
    fall = np.exp(-np.clip(t - event["duration_s"], 0.0, None) / 0.12)
    peaks = event["peak_mg"] * np.array([1.0 if name == event["axis"] else 0.4 for name in "xyz"])
    swing = np.sin(2 * np.pi * rng.uniform(5.0, 9.0) * t)[:, None] * peaks * (rise * fall)[:, None]
    mg = GRAVITY_MG + swing + rng.normal(0.0, 0.25, (n, 3))
    step_mg = 1000.0 / LSB_PER_G
    return Snippet(
        event["onset_s"] - 1.0, RATE_HZ, (np.round(mg / step_mg) * step_mg).astype("f4")
    )


def _epochs(rng: np.random.Generator, events: list[dict]) -> list[dict]:
    onsets = EPOCH_S * np.arange(EPOCHS)
    onsets = np.where(onsets >= CUT_ONSET_S, onsets + CUT_S, onsets)
    levels = rng.integers(70, 84, (EPOCHS, 30))
    for event in events:
        statistic = round(min(event["why"]["strength"], 200.0) ** 2 * 18**2)
        height = seconds.code(statistic, int(8 * event["peak_mg"] / 0.31 / 1.31))
        for second in range(int(event["duration_s"]) + 1):
            t_s = event["onset_s"] + second
            row = int(np.searchsorted(onsets, t_s, "right")) - 1
            column = min(29, int(t_s - onsets[row]))
            levels[row, column] = max(levels[row, column], height - 4 * second)
    return [
        {"type": "epoch", "onset_s": float(onset), "duration_s": EPOCH_S, "seen": 3120,
         "floor_mg": 0.31, "peak_mg": 0.8, "threshold": THRESHOLD, "second_s": 1.0,
         "levels": row.tolist()}
        for onset, row in zip(onsets, levels, strict=True)
    ]  # fmt: skip


def _gaps_and_states() -> tuple[list[dict], list[dict]]:
    overrun_s = round(OVERRUN_FRAMES / RATE_HZ, 3)
    gaps = [
        {"type": "gap", "onset_s": OVERRUN_ONSET_S, "duration_s": overrun_s,
         "frames": OVERRUN_FRAMES, "reason": "fifo_overrun"},
        {"type": "gap", "onset_s": CUT_ONSET_S, "duration_s": CUT_S,
         "frames": int(CUT_S * RATE_HZ), "reason": "power_cut"},
    ]  # fmt: skip
    states = [
        {"type": "state", "onset_s": onset, "duration_s": 10.0, "state": "unusable",
         "reason": "warm-up"}
        for onset in (0.0, CUT_ONSET_S + CUT_S)
    ]  # fmt: skip
    return gaps, states


def _summary(gaps: list[dict], states: list[dict]) -> dict:
    span_s = EPOCHS * EPOCH_S + CUT_S
    hidden_s = sum(entry["duration_s"] for entry in gaps + states)
    in_gaps = sum(gap["frames"] for gap in gaps)
    return {
        "type": "summary", "hours": span_s / 3600.0, "coverage": 1.0 - hidden_s / span_s,
        "counts": dict(COUNTS), "frames_produced": int(span_s * RATE_HZ),
        "frames_seen": int(span_s * RATE_HZ) - in_gaps, "frames_in_gaps": in_gaps,
        "frames_lost": 0, "records_written": 1468, "records_pulled": 1468, "wire_bytes": 412_903,
        "versions": {"cribtrace": "0.1.0", "firmware": "0.1.0", "format": "1.0"},
    }  # fmt: skip


def example_night(*, seed: int = 2, utc: bool = True) -> Night:
    """253 events in 10 h 14 min, two gaps, warm-up twice, a waveform for every event."""
    rng = np.random.default_rng(seed)
    onsets = _onsets(rng, sum(COUNTS.values()))
    kinds = [kind for kind, count in COUNTS.items() for _ in range(count)]
    events = [_event(rng, kind, at, utc) for kind, at in zip(kinds, onsets, strict=True)]
    events.sort(key=lambda event: event["onset_s"])
    gaps, states = _gaps_and_states()
    header = {
        "type": "header", "device": "example", "boot": 1, "board": "virtual",
        "sensor": "LSM6DSO", "rate_hz": RATE_HZ, "lsb_per_g": LSB_PER_G, "full_scale_g": 2,
        "firmware": "0.1.0", "config_crc": "1a2b3c4d", "format": "1.0", "recording_frames": 0,
        "source": "an invented example night",
    }  # fmt: skip
    recorder = [
        {"type": "recorder", "t_s": 0.0, "what": "boot", "cause": "power_on"},
        {"type": "recorder", "t_s": CUT_ONSET_S + CUT_S, "what": "boot", "cause": "power_on"},
        {"type": "recorder", "t_s": EPOCHS * EPOCH_S + CUT_S, "what": "stop"},
    ]
    marks = [{"type": "mark", "t_s": 15010.0, "text": "button"}]
    night = Night(
        header, events, _epochs(rng, events), gaps, states, recorder, marks,
        {i: _snippet(rng, event) for i, event in enumerate(events)}, _summary(gaps, states),
    )  # fmt: skip
    found = read([*events, *night.epochs, *gaps, *states])
    night.patterns = [line for line in found.lines if line["type"] == "event"]
    night.likely = [line for line in found.lines if line["type"] == "state"]
    night.contexts = {events.index(one.event): one.facts for one in found.contexts}
    return night


def empty(**given) -> Night:
    """A night with nothing in it but what is given."""
    return Night(**{"header": {}, **given})


def hostile_night() -> Night:
    """The example night with markup wherever a device or a file can put text."""
    night = example_night()
    night.header |= {"device": HOSTILE, "source": HOSTILE, "board": HOSTILE, HOSTILE: HOSTILE}
    night.marks = [{"t_s": 5.0, "text": HOSTILE}]
    night.recorder = [{"t_s": 6.0, "what": HOSTILE, HOSTILE: HOSTILE}]
    night.gaps.append({"onset_s": 9.0, "duration_s": 1.0, "reason": HOSTILE, "frames": HOSTILE})
    night.summary |= {HOSTILE: HOSTILE, "versions": {HOSTILE: HOSTILE}, "hours": HOSTILE}
    night.events[0] = {"kind": HOSTILE, "onset_s": 40.0, "axis": HOSTILE, "utc": HOSTILE,
                       "why": {"rule": HOSTILE, HOSTILE: HOSTILE, "margin": HOSTILE}}  # fmt: skip
    night.events[1] = {"kind": [HOSTILE], "onset_s": HOSTILE, "peak_mg": HOSTILE, "why": HOSTILE}
    return night
