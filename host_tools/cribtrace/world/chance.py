"""Drawing from the table: every random number of the world comes through here.

From a numpy RandomState, whose stream is the same in every release of numpy; a Generator's is
not.
"""

import math
from collections.abc import Mapping

import numpy as np

from cribtrace.world.beds import MATTRESSES
from cribtrace.world.figures import BY_AGE, SENSORS, TABLE, Figure


class Chance:
    """A stream of random numbers and the figures they are drawn for."""

    def __init__(self, rng: np.random.RandomState, figures: Mapping[str, Figure]):
        self.rng = rng
        self.figures = figures

    def changed(self, figures: Mapping[str, Figure]) -> "Chance":
        """Give the same stream with some figures replaced."""
        return Chance(self.rng, {**self.figures, **figures}) if figures else self

    def fixed(self, name: str) -> float:
        """Look up a figure that is no range."""
        low, high, _ = self.figures[name]
        if low != high:
            raise ValueError(f"{name} is a range: draw from it")
        return low

    def value(self, name: str) -> float:
        """Draw a value, each as likely as any other."""
        low, high, _ = self.figures[name]
        return float(self.rng.uniform(low, high))

    def count(self, name: str) -> int:
        """Draw a whole number, each as likely as any other."""
        low, high, _ = self.figures[name]
        return int(self.rng.randint(int(low), int(high) + 1))

    def force(self, name: str) -> float:
        """Draw a value, each ratio as likely as any other: small forces are common."""
        low, high, _ = self.figures[name]
        return float(low * (high / low) ** self.rng.uniform())

    def strength(self) -> float:
        """Draw the force of one jerk, as a share of its movement's."""
        return float(np.clip(1 + self.fixed("jerk_spread") * self.rng.standard_normal(), 0.7, 1.3))

    def direction(self) -> np.ndarray:
        """Draw a unit vector, more often up and down than along the mattress."""
        vector = self.rng.standard_normal(3) * [0.6, 0.6, 1.0]
        return vector / np.linalg.norm(vector)

    def lean(self, name: str) -> np.ndarray:
        """Draw a tilt towards x and y, milliradians, from a figure in degrees."""
        angle, towards = self.value(name), self.rng.uniform(0, math.tau)
        return math.radians(angle) * 1000 * np.array([math.cos(towards), math.sin(towards)])


def at_age(months: float) -> dict[str, Figure]:
    """Figures of an infant of that age: BY_AGE, straight lines between its ages."""
    return {name: _between(months, ages, source) for name, (source, ages) in BY_AGE.items()}


def _between(months: float, ages: tuple[tuple[float, float, float], ...], source: str) -> Figure:
    before = max((age for age in ages if age[0] <= months), default=ages[0])
    after = min((age for age in ages if age[0] >= months), default=ages[-1])
    share = 0.0 if after[0] == before[0] else (months - before[0]) / (after[0] - before[0])
    low, high = (before[i] + share * (after[i] - before[i]) for i in (1, 2))
    return Figure(low, high, source)


def table(
    months: float, mattress: str, sensor: str, changed: Mapping[str, Figure]
) -> dict[str, Figure]:
    """The whole table for an age, a mattress of MATTRESSES and a sensor of SENSORS.

    `changed` holds figures that a scenario states itself; they win. Raises KeyError for a name
    that is in neither list.
    """
    return {**TABLE, **at_age(months), **MATTRESSES[mattress], **SENSORS[sensor], **changed}
