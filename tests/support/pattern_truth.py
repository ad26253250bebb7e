"""Simulated truth as if a detector had found all of it, and how much the host makes of it.

The figures in docs/PATTERNS.md are from here: `python -m tests.support.pattern_truth`.
"""

import functools
from collections import Counter

from cribtrace import scenario
from cribtrace.criteria import DEFAULT_STRENGTH
from cribtrace.interpretation import Interpreter

SCENARIOS = ("series", "bouts", "waking")
SEEDS = (901, 902, 903, 904, 905)  # chosen; none of the benchmark's
GROUPS = ("periodic_series", "slow_regular", "twitch_cluster")
AGREE = 0.8  # chosen: share of members in common, by onset
TONES = ("washer", "fan", "soother")
LOUD, SOFT = 140, 70  # codes of seconds: far over the threshold, and under it


def detected(event: dict) -> dict:
    """A truth line as the board would tell it."""
    vetoes = ["tone"] if event["cause"] in TONES else []
    vetoes += ["steps"] if event["cause"] == "footsteps" else []
    vetoes += ["rocking"] if event["cause"] == "rocking" else []
    keys = ("type", "kind", "onset_s", "duration_s", "peak_mg", "jerks", "rate_hz", "snr", "axis")
    return {**{key: event[key] for key in keys}, "regularity": None, "why": {"vetoes": vetoes}}


def epochs(events: list[dict], length_s: int) -> list[dict]:
    """An epoch for every 30 s, in which the seconds of these events are active."""
    levels = [SOFT] * length_s
    for event in events:
        first, last = int(event["onset_s"]), int(event["onset_s"] + event["duration_s"])
        levels[first : last + 1] = [LOUD] * len(levels[first : last + 1])
    return [epoch(at, levels[at : at + 30]) for at in range(0, length_s, 30)]


def epoch(onset_s: float, levels: list[int]) -> dict:
    """An epoch line under the default settings."""
    return {"type": "epoch", "onset_s": float(onset_s), "duration_s": float(len(levels)),
            "seen": 104 * len(levels), "floor_mg": 0.12, "peak_mg": 20.0,
            "threshold": DEFAULT_STRENGTH, "second_s": 1.0, "levels": levels}  # fmt: skip


def told(events: list[dict], length_s: int) -> list[dict]:
    """Events and epochs in the order in which a board tells of them."""
    lines = [*events, *epochs(events, length_s)]
    return sorted(lines, key=lambda line: line["onset_s"] + line["duration_s"])


@functools.cache
def lived(name: str, seed: int) -> tuple[tuple[dict, ...], tuple[dict, ...]]:
    """The truth of a scenario, and what the host finds in its events."""
    recording = scenario.generate(name, seed)
    truth = recording.truth
    events = [detected(line) for line in truth if line["type"] == "event"]
    reader = Interpreter()
    lines = []
    for line in told(events, int(len(recording.accel) / recording.rate_hz)):
        lines += reader.feed(line).lines
    return tuple(truth), tuple(lines + reader.finish().lines)


def members(truth: tuple[dict, ...], group: dict) -> set[float]:
    return {line["onset_s"] for line in truth
            if line["type"] == "event" and line["group"] == group["group"]}  # fmt: skip


def alike(one: set[float], two: set[float]) -> bool:
    return len(one & two) >= AGREE * len(one | two)


def groups_found(kind: str) -> dict[str, int]:
    """True groups, those found again, and groups that are told but not true."""
    counts = Counter(true=0, found=0, other=0)
    for name in SCENARIOS:
        for seed in SEEDS:
            truth, lines = lived(name, seed)
            true = [members(truth, one) for one in truth
                    if one["type"] == "group" and one["kind"] == kind]  # fmt: skip
            own = [set(one["members"]) for one in lines if one.get("kind") == kind]
            counts["true"] += len(true)
            counts["found"] += sum(any(alike(one, two) for two in own) for one in true)
            counts["other"] += sum(not any(alike(one, two) for two in true) for one in own)
    return dict(counts)


def minutes(name: str) -> dict[str, dict[str, float]]:
    """For each true state the minutes that are called each likely state, over all seeds."""
    table: dict[str, Counter] = {}
    for seed in SEEDS:
        truth, lines = lived(name, seed)
        called = [one for one in lines if one["type"] == "state"]
        for stretch in (one for one in truth if one["type"] == "state"):
            true = {"active": "asleep", "quiet": "asleep"}.get(stretch["state"], stretch["state"])
            end_s = stretch["onset_s"] + stretch["duration_s"]
            for one in called:
                until_s = min(end_s, one["onset_s"] + one["duration_s"])
                common_s = until_s - max(one["onset_s"], stretch["onset_s"])
                table.setdefault(true, Counter())[one["state"]] += max(0.0, common_s) / 60
    return {true: dict(row) for true, row in table.items()}


if __name__ == "__main__":
    for kind in GROUPS:
        print(kind, groups_found(kind))
    for name in SCENARIOS:
        for true, row in minutes(name).items():
            print(name, true, {state: round(value) for state, value in sorted(row.items())})
