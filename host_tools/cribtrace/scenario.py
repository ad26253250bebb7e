"""Simulated recordings with labelled truth: `generate("night", seed=1)`.

A plausible infant on a plausible mattress, not a measured one: nothing found in a simulated
recording is a figure of sensitivity.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cribtrace import mattress, movements
from cribtrace.errors import Usage
from cribtrace.mattress import LSB_PER_G, RATE_HZ, RING_S, Mattress
from cribtrace.movements import CAUSES, Movement, draw, draw_count, figure
from cribtrace.recording import Recording

TWITCH_MAX_S = 0.5
LIMB_MOVE_MAX_S = 3.0
EDGE = 0.3
"""A movement lasts from the first to the last instant at this share of its peak."""

_TEN_MINUTES = {
    "twitch": 4,
    "limb_move": 4,
    "gross": 3,
    "startle": 2,
    "rhythmic_bout": 2,
    "hands": 2,
    "rocking": 1,
    "footsteps": 2,
}
_TRIES = 300

Group = Sequence[tuple[float, Movement]]
"""Movements that belong together, each with its seconds after the group's start."""


def names() -> tuple[str, ...]:
    """List the scenarios there are."""
    return tuple(_PLANS)


def generate(name: str, seed: int) -> Recording:
    """Simulate scenario `name`; the same name and seed give the same recording.

    `seed` is 0..2**32-1. Each truth has kind, cause, onset_s, duration_s, jerks, rate_hz (of
    what is rhythmic, else None), axis (the strongest), peak_mg and snr: the largest |x| of the
    movement alone on that axis after a 1-20 Hz second-order Butterworth, and that over the rms
    of the axis' sensor noise after the same filter. Raises Usage for another name or seed.
    """
    if name not in _PLANS:
        raise Usage(f"no scenario {name!r}: choose one of {', '.join(_PLANS)}")
    if not 0 <= seed < 2**32:
        raise Usage(f"no seed {seed}: choose one from 0 to {2**32 - 1}")
    diary = _PLANS[name](np.random.RandomState([seed, 1]))
    accel, truth = _recorded(diary, np.random.RandomState([seed, 2]))
    source = f"cribtrace scenario {name}, seed {seed}: simulated, no infant was recorded"
    return Recording(accel, RATE_HZ, LSB_PER_G, truth, source)


def kind_of(duration_s: float) -> str:
    """Kind of a single movement by its length at 30 % of its peak."""
    if duration_s <= TWITCH_MAX_S:
        return "twitch"
    return "limb_move" if duration_s <= LIMB_MOVE_MAX_S else "gross"


@dataclass
class _Diary:
    """Who moves when, over `length_s`: `asleep` from the first second on, or once put down.

    `sleep` holds the starts of stretches of sleep and whether each is active.
    """

    length_s: float
    apart_s: float
    sleep: list[tuple[float, bool]] = field(default_factory=lambda: [(0.0, False)])
    occupied_from_s: float = 0.0
    entries: list[tuple[float, Movement]] = field(default_factory=list)
    taken: list[tuple[float, float]] = field(default_factory=list)

    def active_at(self, at_s: float) -> bool:
        """Whether sleep is active then."""
        return [active for start_s, active in self.sleep if start_s <= at_s][-1]

    def hours(self, active: bool) -> float:
        """Hours of active, or of quiet, sleep."""
        ends = [start_s for start_s, _ in self.sleep[1:]] + [self.length_s]
        stretches = zip(self.sleep, ends, strict=True)
        return sum(end - start for (start, kind), end in stretches if kind == active) / 3600

    def put(self, at_s: float, group: Group) -> None:
        """Enter a group at a time of its own."""
        self.entries += [(at_s + offset_s, movement) for offset_s, movement in group]
        self.taken.append((at_s, at_s + _length_s(group)))

    def fit(self, rng: np.random.RandomState, group: Group, active: bool | None = None) -> None:
        """Enter a group where nothing else is, in active or quiet sleep or in either (None)."""
        length_s = _length_s(group)
        for _ in range(_TRIES):
            start = rng.uniform(self.occupied_from_s, self.length_s - length_s - self.apart_s)
            end = start + length_s
            if active in (None, self.active_at(start)) and not any(
                start < b + self.apart_s and end > a - self.apart_s for a, b in self.taken
            ):
                self.put(start, group)
                return


def _length_s(group: Group) -> float:
    return max(offset_s + movement.length_s for offset_s, movement in group)


def _alone(movement: Movement) -> Group:
    return [(0.0, movement)]


def _spaced(rng: np.random.RandomState, count: int, interval: str, cause: str) -> Group:
    """`count` movements of a cause, their onsets apart by the figure `interval`."""
    at_s, group = 0.0, []
    for _ in range(count):
        group.append((at_s, CAUSES[cause](rng)))
        at_s += draw(rng, interval)
    return group


def _visit(rng: np.random.RandomState) -> Group:
    """Somebody comes, turns the infant, rocks the crib and goes."""
    at_s, group = 0.0, []
    for cause in ("footsteps", "hands", "rocking", "footsteps"):
        movement = CAUSES[cause](rng)
        group.append((at_s, movement))
        at_s += movement.length_s + figure("apart_s")
    return group


def _night(rng: np.random.RandomState) -> _Diary:
    return _asleep(rng, length_s=36000.0, bouts=2, walkers=5)


def _nap(rng: np.random.RandomState) -> _Diary:
    return _asleep(rng, length_s=3600.0, bouts=1, walkers=1)


def _asleep(rng: np.random.RandomState, length_s: float, bouts: int, walkers: int) -> _Diary:
    """Put down, then sleep in cycles, with one visit and one periodic series."""
    diary = _Diary(length_s, figure("apart_s"), sleep=_cycles(rng, length_s))
    put_down, at_s = movements.hands(rng), draw(rng, "settling_s")
    diary.put(at_s, _alone(put_down))
    diary.occupied_from_s = at_s + put_down.length_s
    diary.fit(rng, _visit(rng))
    series = _spaced(rng, draw_count(rng, "series_moves"), "series_interval_s", "limb_move")
    diary.fit(rng, series, active=False)
    for cause, count in (("rhythmic_bout", bouts), ("footsteps", walkers)):
        for _ in range(count):
            diary.fit(rng, _alone(CAUSES[cause](rng)))
    for active, state in ((True, "active"), (False, "quiet")):
        _restless(rng, diary, active, state)
    return diary


def _cycles(rng: np.random.RandomState, length_s: float) -> list[tuple[float, bool]]:
    """Sleep that begins active, as it does until 2-3 months of age (PMC4773630)."""
    at_s, sleep = 0.0, []
    while at_s < length_s:
        cycle_s = draw(rng, "cycle_s")
        sleep += [(at_s, True), (at_s + cycle_s * draw(rng, "active_share"), False)]
        at_s += cycle_s
    return [(start_s, active) for start_s, active in sleep if start_s < length_s]


def _restless(rng: np.random.RandomState, diary: _Diary, active: bool, state: str) -> None:
    hours = diary.hours(active)
    for _ in range(rng.poisson(figure(f"bursts_{state}_per_h") * hours)):
        count = draw_count(rng, "burst_twitches")
        diary.fit(rng, _spaced(rng, count, "burst_interval_s", "twitch"), active)
    for plural, cause in (
        ("gross", "gross"),
        ("startles", "startle"),
        ("limb_moves", "limb_move"),
        ("twitches", "twitch"),
    ):
        for _ in range(rng.poisson(figure(f"{plural}_{state}_per_h") * hours)):
            diary.fit(rng, _alone(CAUSES[cause](rng)), active)


def _ten_minutes(rng: np.random.RandomState) -> _Diary:
    """Every cause a few times, in any order, with the same rest after each."""
    diary = _Diary(600.0, figure("apart_tests_s"))
    causes = [cause for cause, count in _TEN_MINUTES.items() for _ in range(count)]
    drawn = [CAUSES[causes[i]](rng) for i in rng.permutation(len(causes))]
    at_s = draw(rng, "settling_s")
    moving_s = sum(movement.length_s for movement in drawn)
    rest_s = max((diary.length_s - at_s - moving_s) / len(drawn), diary.apart_s)
    for movement in drawn:
        diary.put(at_s, _alone(movement))
        at_s += movement.length_s + rest_s
    return diary


def _still(rng: np.random.RandomState) -> _Diary:
    del rng
    return _Diary(600.0, 0.0)


_PLANS: dict[str, Callable[[np.random.RandomState], _Diary]] = {
    "night": _night,
    "nap": _nap,
    "ten_minutes": _ten_minutes,
    "still": _still,
}


def _recorded(
    diary: _Diary, rng: np.random.RandomState
) -> tuple[np.ndarray, tuple[dict[str, Any], ...]]:
    """int16[N, 3] and the truth."""
    count = round(diary.length_s * RATE_HZ)
    bed, shown = Mattress.drawn(rng), np.zeros((3, count))
    noises = [mattress.noise(rng, count) for _ in range(3)]
    quiet_mg = [mattress.band_rms(noise) for noise in noises]
    present = round(diary.occupied_from_s * RATE_HZ)
    mattress.heartbeats(rng, bed, present, shown)
    turned = np.zeros((2, count))
    truth, lies = [], np.zeros(2)
    for onset_s, movement in sorted(diary.entries, key=lambda entry: entry[0]):
        frame, moved_mg, turn, lies = _moved(bed, onset_s, movement, lies, count)
        end = frame + moved_mg.shape[1]
        shown[:, frame:end] += moved_mg
        turned[:, frame:end] += np.diff(turn, axis=1, prepend=0.0)
        moved_mg[:2] += turn
        truth.append(_labelled(movement, frame, moved_mg, quiet_mg))
    tilt = np.cumsum(turned, axis=1)
    tilt += [[math.radians(draw(rng, "mounting_deg")) * 1000] for _ in "xy"]
    every_s = figure("breath_spread_every_s")
    active = [diary.active_at(at_s) for at_s in np.arange(0, diary.length_s + every_s, every_s)]
    towards = rng.uniform(0, math.tau)
    breath = mattress.breathing(rng, np.array(active), present, count)
    tilt += np.outer([math.cos(towards), math.sin(towards)], breath)
    shown += mattress.gravity(tilt)
    shown += mattress.bias(rng, count)
    accel = np.empty((count, 3), np.int16)
    for axis, noise in enumerate(noises):
        accel[:, axis] = mattress.registers(shown[axis] + noise)
    return accel, tuple(sorted(truth, key=lambda entry: entry["onset_s"]))


def _moved(
    bed: Mattress, onset_s: float, movement: Movement, lies: np.ndarray, count: int
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """First frame, mg[3, n], tilt gained so far in milliradians [2, n], and how it lies now."""
    frame = math.ceil(onset_s * RATE_HZ)
    length = min(math.ceil((movement.length_s + RING_S) * RATE_HZ), count - frame)
    at_s = (frame + np.arange(length)) / RATE_HZ - onset_s
    force_n = np.zeros((3, length))
    for jerk in movement.jerks:
        force_n += np.outer(jerk.force_n, mattress.jerk(at_s - jerk.at_s, jerk.width_s))
    moved_mg = bed.shaken(force_n, movement.point)
    if movement.lean is None:
        return frame, moved_mg, np.zeros((2, length)), lies
    share = (1 - np.cos(math.pi * np.clip(at_s / movement.length_s, 0, 1))) / 2
    return frame, moved_mg, np.outer(movement.lean - lies, share), movement.lean


def _labelled(
    movement: Movement, frame: int, moved_mg: np.ndarray, quiet_mg: Sequence[float]
) -> dict[str, Any]:
    """Label a movement that shows as mg[3, n] from `frame` on."""
    size_mg = np.abs(mattress.in_band(moved_mg))
    axis = int(size_mg.max(axis=1).argmax())
    peak_mg = float(size_mg[axis].max())
    loud = np.flatnonzero(size_mg[axis] >= EDGE * peak_mg)
    duration_s = float(loud[-1] - loud[0] + 1) / RATE_HZ
    return {
        "kind": movement.kind or kind_of(duration_s),
        "cause": movement.cause,
        "onset_s": round(float(frame + loud[0]) / RATE_HZ, 4),
        "duration_s": round(duration_s, 4),
        "jerks": len(movement.jerks),
        "rate_hz": None if movement.rate_hz is None else round(movement.rate_hz, 4),
        "axis": "xyz"[axis],
        "peak_mg": round(peak_mg, 4),
        "snr": round(peak_mg / quiet_mg[axis], 3),
    }
