"""What is true of a simulated recording: one labelled interval for each thing that happened."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from cribtrace.world.diary import Diary
from cribtrace.world.movements import Movement
from cribtrace.world.sensor import Sensor

TWITCH_MAX_S = 0.5
LIMB_MOVE_MAX_S = 3.0
EDGE = 0.3
"""A movement lasts from the first to the last instant at this share of its peak."""

_SINGLE = ("twitch", "limb_move")


def kind_of(duration_s: float) -> str:
    """Kind of a single movement by its length at 30 % of its peak."""
    if duration_s <= TWITCH_MAX_S:
        return "twitch"
    return "limb_move" if duration_s <= LIMB_MOVE_MAX_S else "gross"


def labelled(
    movement: Movement,
    frame: int,
    moved_mg: np.ndarray,
    sensor: Sensor,
    quiet_mg: Sequence[float],
) -> dict[str, Any]:
    """Label a movement that shows as mg[3, n] from `frame` on, where noise is quiet_mg rms."""
    size_mg = np.abs(sensor.in_band(moved_mg))
    axis = int(size_mg.max(axis=1).argmax())
    peak_mg = float(size_mg[axis].max())
    loud = np.flatnonzero(size_mg[axis] >= EDGE * peak_mg)
    duration_s = float(loud[-1] - loud[0] + 1) / sensor.rate_hz
    return {
        "type": "event",
        "kind": movement.kind or kind_of(duration_s),
        "cause": movement.cause,
        "by": movement.by,
        "onset_s": round(float(frame + loud[0]) / sensor.rate_hz, 4),
        "duration_s": round(duration_s, 4),
        "moved_s": round(movement.length_s, 4),
        "jerks": movement.jerks,
        "rate_hz": _rounded(movement.rate_hz),
        "slope_hz_per_s": _rounded(movement.slope_hz_per_s),
        "axis": "xyz"[axis],
        "peak_mg": round(peak_mg, 4),
        "snr": round(peak_mg / quiet_mg[axis], 3),
    }


def with_groups(
    events: Sequence[dict[str, Any]], numbers: Sequence[int], diary: Diary
) -> list[dict[str, Any]]:
    """Add each event's state and group, sorted; then a line for each group; then the states.

    `numbers` holds the number of each event's group in the diary; groups of one have none here.
    """
    found: dict[int, list[dict[str, Any]]] = {}
    for number, event in zip(numbers, events, strict=True):
        found.setdefault(number, []).append(event)
    several = [members for members in found.values() if len(members) > 1]
    several.sort(key=lambda members: members[0]["onset_s"])
    for event in events:
        event["state"] = diary.state_at(event["onset_s"])
        event["group"] = None
    for number, members in enumerate(several, 1):
        for event in members:
            event["group"] = number
    lines = sorted(events, key=lambda event: event["onset_s"])
    groups = [_group(number, members) for number, members in enumerate(several, 1)]
    return [*lines, *(group for group in groups if group), *_states(diary)]


def group_kind(members: Sequence[dict[str, Any]]) -> str:
    """Host kind that these events make together, by its own arithmetic; "" if none.

    `slow_regular`: 10 or more, 2-10 s apart, their intervals' deviation at most a quarter of the
    mean. `twitch_cluster`: 3 or more twitches, at most 10 s between. `periodic_series`: 4 or
    more of 0.5-10 s, onset to onset 10-90 s (WASM 2016).
    """
    apart_s = np.diff([event["onset_s"] for event in members])
    singles = all(event["kind"] in _SINGLE for event in members)
    rest_s = [
        two["onset_s"] - one["onset_s"] - one["duration_s"]
        for one, two in itertools.pairwise(members)
    ]
    even = apart_s.std() <= 0.25 * apart_s.mean()
    if len(members) >= 10 and singles and even and _within(apart_s, 2, 10):
        return "slow_regular"
    twitches = all(event["kind"] == "twitch" for event in members)
    if len(members) >= 3 and twitches and max(rest_s) <= 10:
        return "twitch_cluster"
    long_s = [event["duration_s"] for event in members]
    if len(members) >= 4 and singles and _within(long_s, 0.5, 10) and _within(apart_s, 10, 90):
        return "periodic_series"
    return ""


def _within(values: Sequence[float] | np.ndarray, low: float, high: float) -> bool:
    return bool(np.min(values) >= low and np.max(values) <= high)


def _group(number: int, members: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    kind = group_kind(members) if all(event["by"] == "infant" for event in members) else ""
    if not kind:
        return None
    onset_s = members[0]["onset_s"]
    end_s = max(event["onset_s"] + event["duration_s"] for event in members)
    apart_s = np.diff([event["onset_s"] for event in members])
    return {
        "type": "group",
        "kind": kind,
        "cause": members[0]["cause"],
        "group": number,
        "onset_s": onset_s,
        "duration_s": round(end_s - onset_s, 4),
        "count": len(members),
        "interval_s": round(float(np.median(apart_s)), 4),
    }


def _states(diary: Diary) -> list[dict[str, Any]]:
    edges = {0.0, diary.length_s, *(start_s for start_s, _ in diary.sleep)}
    edges.update(edge for stretch in (*diary.present, *diary.awake) for edge in stretch)
    lines: list[dict[str, Any]] = []
    for start_s, end_s in itertools.pairwise(sorted(edges)):
        state = diary.state_at(start_s)
        if lines and lines[-1]["state"] == state:
            lines[-1]["duration_s"] = round(end_s - lines[-1]["onset_s"], 4)
            continue
        lines.append({"type": "state", "kind": "sleeper", "state": state,
                      "onset_s": round(start_s, 4),
                      "duration_s": round(end_s - start_s, 4)})  # fmt: skip
    return lines


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
