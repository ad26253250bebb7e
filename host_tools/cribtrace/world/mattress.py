"""What lies between a body and the puck: foam, mattress and base, on three coupled axes.

Forces in newtons go in, acceleration in mg comes out, as float64[3, N] by axis: x and y along
the mattress, z up.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import signal

from cribtrace.csv_frames import STANDARD_GRAVITY
from cribtrace.world.chance import Chance
from cribtrace.world.movements import Jerk, Movement, Tone

RING_S = 4.5
"""After this long what rings slowest in the table (0.5 s to 1/e) is down to one part in 5000."""

_MG = 1000 / STANDARD_GRAVITY
_KNOTS_HZ = 8.0
"""How often a tone's strength and frequency are worked out; straight lines between."""


@dataclass(frozen=True)
class Mattress:
    """Two masses on each of three axes: the infant on foam, the mattress and its base on legs.

    `foam_hz` and `base_hz` are each mode's frequency with the other mass held still, along the
    three stiff ways, which are the rows of the rotation `ways`. `coupling` is the 3 x 3 share of
    each axis' motion that the puck shows on each of its own. `rate_hz` is the sensor's.
    """

    infant_kg: float
    base_kg: float
    bedding_kg: float
    foam_hz: tuple[float, ...]
    base_hz: tuple[float, ...]
    foam_damping: float
    base_damping: float
    ways: np.ndarray
    coupling: np.ndarray
    rate_hz: float

    @classmethod
    def drawn(cls, chance: Chance, rate_hz: float) -> "Mattress":
        """Draw a mattress of the figures' kind."""
        # Static sag s under gravity g gives a mode at sqrt(g / s) / 2 pi.
        foam_hz = math.sqrt(STANDARD_GRAVITY / chance.value("foam_sag_mm") * 1e3) / math.tau
        base_hz = chance.value("base_hz")
        sideways = [math.sqrt(chance.value("sideways_stiffness")) for _ in "xy"]
        coupling = np.eye(3)
        for row, column in zip(*np.nonzero(~np.eye(3, dtype=bool)), strict=True):
            coupling[row, column] = chance.value("coupling")
        return cls(
            infant_kg=chance.value("infant_kg"),
            base_kg=chance.value("base_kg"),
            bedding_kg=chance.value("bedding_kg"),
            foam_hz=tuple(foam_hz * k for k in (*sideways, 1.0)),
            base_hz=tuple(base_hz * k for k in (*sideways, 1.0)),
            foam_damping=chance.value("foam_damping"),
            base_damping=chance.value("base_damping"),
            ways=_turned([chance.value("skew_deg") for _ in "xyz"]),
            coupling=coupling,
            rate_hz=rate_hz,
        )

    def transfer(self, way: int, point: str, laden: bool) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator in s, from newtons at "body" or "base" to m/s2 at the base."""
        return _transfer(*self._masses(way, laden), point)

    def shaken(self, force_n: np.ndarray, point: str, laden: bool = True) -> np.ndarray:
        """Give what the puck shows, mg[3, N], for newtons[3, N] at `point`, from rest."""
        along = self.ways @ force_n
        moved = [
            signal.lfilter(*_discrete(*self._masses(way, laden), point, self.rate_hz), along[way])
            for way in range(3)
        ]
        return self.coupling @ self.ways.T @ np.array(moved) * _MG

    def hummed(self, tone: Tone, at_s: np.ndarray, point: str, laden: bool) -> np.ndarray:
        """Give mg[3, N] for a tone, at seconds after its start, one frame apart.

        The steady state at each instant: a tone changes slowly against the ringing. Sampled as
        it is, a tone above half the rate comes out folded, as it does from a sensor.
        """
        knots_s = np.arange(0.0, at_s[-1] - at_s[0] + 2 / _KNOTS_HZ, 1 / _KNOTS_HZ) + at_s[0]
        hz, share = tone.over(knots_s)
        turns = np.cumsum(np.interp(at_s, knots_s, hz)) * (math.tau / self.rate_hz) + tone.phase
        if point == "crib":
            share = np.interp(at_s, knots_s, share)
            return np.outer(tone.force_n, share * np.sin(turns))
        s, moved = 2j * np.pi * hz, []
        for way, force_n in enumerate(self.ways @ tone.force_n):
            above, below = self.transfer(way, point, laden)
            gain = np.polyval(above, s) / np.polyval(below, s)
            size = np.interp(at_s, knots_s, share * np.abs(gain) * force_n)
            late = np.interp(at_s, knots_s, np.unwrap(np.angle(gain)))
            moved.append(size * np.sin(turns + late))
        return self.coupling @ self.ways.T @ np.array(moved) * _MG

    def moved(self, movement: Movement, at_s: np.ndarray, laden: bool) -> np.ndarray:
        """Give mg[3, N] for a movement, at seconds after its start, one frame apart."""
        force_n, shown_mg = np.zeros((3, len(at_s))), np.zeros((3, len(at_s)))
        jerky = False
        for push in movement.pushes:
            first, last = np.searchsorted(at_s, [push.at_s, push.at_s + push.length_s])
            inside = at_s[first:last] - push.at_s
            if isinstance(push, Jerk):
                force_n[:, first:last] += np.outer(push.force_n, push.over(inside))
                jerky = True
            elif len(inside):
                shown_mg[:, first:last] += self.hummed(push, inside, movement.point, laden)
        return shown_mg + self.shaken(force_n, movement.point, laden) if jerky else shown_mg

    def _masses(self, way: int, laden: bool) -> tuple[float, ...]:
        """m, c, k of what lies on the foam, then of the base; the foam's are the infant's."""
        w1, w2 = math.tau * self.foam_hz[way], math.tau * self.base_hz[way]
        m1, m2 = self.infant_kg, self.base_kg
        upper = (m1 if laden else self.bedding_kg, 2 * self.foam_damping * w1 * m1, w1 * w1 * m1)
        return (*upper, m2, 2 * self.base_damping * w2 * m2, w2 * w2 * m2)


@functools.lru_cache(maxsize=64)
def _transfer(
    m1: float, c1: float, k1: float, m2: float, c2: float, k2: float, point: str
) -> tuple[np.ndarray, np.ndarray]:
    """Solve the two masses, infant or bedding (1) on base (2), for the acceleration of the base.

    With m, c, k and the outer force F of each, in Laplace's terms:
        (m1 s2 + c1 s + k1) x1 = (c1 s + k1) x2 + F1
        (m2 s2 + (c1 + c2) s + k1 + k2) x2 = (c1 s + k1) x1 + F2
    solved for s2 x2.
    """
    upper, link = np.array([m1, c1, k1]), np.array([c1, k1])
    below = np.polysub(np.polymul(upper, [m2, c1 + c2, k1 + k2]), np.polymul(link, link))
    return np.polymul([1, 0, 0], link if point == "body" else upper), below


@functools.lru_cache(maxsize=64)
def _discrete(
    m1: float, c1: float, k1: float, m2: float, c2: float, k2: float, point: str, rate_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Digital filter (b, a), exact for forces that run straight between frames."""
    transfer = _transfer(m1, c1, k1, m2, c2, k2, point)
    discrete: Any = signal.cont2discrete(transfer, 1 / rate_hz, "foh")
    return np.squeeze(discrete[0]), discrete[1]


def _turned(degrees: list[float]) -> np.ndarray:
    """Rotation by those angles about x, then y, then z."""
    turned = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[one, one] = step[two, two] = math.cos(angle)
        step[one, two], step[two, one] = -math.sin(angle), math.sin(angle)
        turned = step @ turned
    return turned
