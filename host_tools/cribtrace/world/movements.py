"""What a movement is made of: jerks and tones, as forces over time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cribtrace.world.chance import Chance

_SWELLS_HZ = (0.013, 0.031)
"""Slow and never in step with each other or with anything else."""


@dataclass(frozen=True)
class Jerk:
    """One push and pull: from `at_s` after the movement's start, `width_s` long, newtons[3]."""

    at_s: float
    width_s: float
    force_n: np.ndarray

    @property
    def length_s(self) -> float:
        return self.width_s

    def over(self, at_s: np.ndarray) -> np.ndarray:
        """Share of the force at seconds after the start of the jerk, peak near 1.

        A limb that starts and stops at rest leaves no net momentum, so the halves cancel.
        """
        phase = at_s / self.width_s
        inside = (phase > 0) & (phase < 1)
        return np.where(inside, 1.3 * np.sin(math.tau * phase) * np.sin(math.pi * phase), 0.0)


@dataclass(frozen=True)
class Tone:
    """A vibration of `hz`, newtons[3] (mg where it moves the crib as a whole) at its strongest.

    It grows and fades over `ramp_s`, in strength and from `from_hz` on in frequency. With
    `hump` it grows to its middle and fades from there. `uneven` is the share by which it swells
    and sinks, `pulse_hz` how often it swells from nothing.
    """

    at_s: float
    length_s: float
    hz: float
    force_n: np.ndarray
    ramp_s: float
    from_hz: float = 0.0
    phase: float = 0.0
    hump: bool = False
    uneven: float = 0.0
    pulse_hz: float = 0.0

    def over(self, at_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(frequency in Hz, share of the force) at seconds after the start of the tone."""
        ramp_s = self.length_s / 2 if self.hump else min(self.ramp_s, self.length_s / 2)
        edge_s = np.minimum(at_s, self.length_s - at_s)
        grown = np.clip(edge_s / max(ramp_s, 1e-9), 0.0, 1.0)
        hz = self.hz + (self.from_hz - self.hz) * (1 - grown) if self.from_hz else self.hz
        share = np.sin(grown * math.pi / 2) ** 2
        for swell_hz in _SWELLS_HZ:
            share = share * (1 + self.uneven / 2 * np.sin(math.tau * swell_hz * at_s + self.phase))
        if self.pulse_hz:
            share = share * (0.5 - 0.5 * np.cos(math.tau * self.pulse_hz * at_s))
        return np.broadcast_to(hz, at_s.shape), share


@dataclass(frozen=True)
class Movement:
    """What one cause does, with the kind it is whatever its length ("" leaves it to that).

    `by` says who moves: "infant", "hands" or "surroundings"; `point` where: "body", "base", or
    "crib" for the crib as a whole. `jerks` is their number as one would count them, 0 for a
    machine. `rate_hz` is the rhythm, `slope_hz_per_s` what it gains; `lean` the tilt towards x
    and y, milliradians, that lasts afterwards.
    """

    cause: str
    pushes: Sequence[Jerk | Tone]
    jerks: int
    kind: str = ""
    by: str = "infant"
    point: str = "body"
    rate_hz: float | None = None
    slope_hz_per_s: float | None = None
    lean: np.ndarray | None = None

    @property
    def length_s(self) -> float:
        """Seconds from its start to the end of its last push."""
        return max(push.at_s + push.length_s for push in self.pushes)


Group = list[tuple[float, Movement]]
"""Movements that belong together, each with its seconds after the group's start."""


def alone(movement: Movement) -> Group:
    """A group of one."""
    return [(0.0, movement)]


def group_length_s(group: Group) -> float:
    """Seconds from a group's start to its last end."""
    return max(offset_s + movement.length_s for offset_s, movement in group)


def train(chance: Chance, name: str, count: int) -> list[Jerk]:
    """Jerks at uneven intervals, turning as they go, by the figures NAME_force_n and so on."""
    force_n, turn = chance.force(f"{name}_force_n"), chance.direction()
    at_s, jerks = 0.0, []
    for _ in range(count):
        turn = turn + 0.4 * chance.direction()
        turn /= np.linalg.norm(turn)
        push_n = force_n * chance.strength() * turn
        jerks.append(Jerk(at_s, chance.value(f"{name}_width_s"), push_n))
        at_s += chance.value(f"{name}_interval_s")
    return jerks


def within(jerks: list[Jerk], length_s: float) -> list[Jerk]:
    """The first jerk, and those after it that end in time."""
    return [jerk for jerk in jerks if jerk is jerks[0] or jerk.at_s + jerk.width_s <= length_s]


def steady(chance: Chance, rate_hz: float, count: int, spread: float) -> np.ndarray:
    """Instants of `count` beats: intervals around 1 / rate_hz, `spread` as a share of it."""
    uneven = 1 + spread * np.clip(chance.rng.standard_normal(count), -2, 2)
    return np.concatenate([[0.0], np.cumsum(uneven[1:] / rate_hz)])


def beaten(
    chance: Chance, at_s: np.ndarray, width_s: float, force_n: float, turn: np.ndarray
) -> list[Jerk]:
    """Jerks at those instants, all in the direction `turn`, nearly alike."""
    return [Jerk(float(t), width_s, force_n * chance.strength() * turn) for t in at_s]


def rate_of(at_s: np.ndarray) -> float:
    """Beats a second, from the first to the last."""
    return (len(at_s) - 1) / float(at_s[-1] - at_s[0])
