"""Every number a simulated night is made of, with its source.

No measurement of an infant's movements through a crib mattress has been published. Forces are
estimates, to about a factor of ten; timing is from the papers named here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_CHOICE = "design choice"
_ESTIMATE = "design choice: two-mass estimate, 4 kg infant on foam on an 8 kg mattress and base"
_EMG = "design choice; EMG of a jerk 75-150 ms in adults (fragmentary myoclonus, 100 sleepers)"
_GROSS = "half of 22 in REM, 7 in quiet sleep, N=10 (PMID 3726227): declines with age"
_SENSOR = "LSM6DSO data sheet, DS12140"


class Figure(NamedTuple):
    """A quantity drawn between `low` and `high`, ends included; fixed where they are equal."""

    low: float
    high: float
    source: str


TABLE = {
    # The body and what it lies on.
    "infant_kg": Figure(4.0, 4.0, _ESTIMATE),
    "base_kg": Figure(8.0, 8.0, _ESTIMATE),
    "foam_sag_mm": Figure(6.0, 12.0, "design choice: 5-20 mm; cf. Gillani 2021, 7.4-36.9 mm"),
    "foam_damping": Figure(0.14, 0.22, "design choice: polyurethane foam, share of critical"),
    "base_hz": Figure(8.0, 12.0, "design choice: between sprung (7 Hz) and stiff (15 Hz)"),
    "base_damping": Figure(0.06, 0.10, "design choice: screwed wooden frame, share of critical"),
    "sideways_stiffness": Figure(0.7, 0.9, "design choice: shear and sway against compression"),
    "coupling": Figure(-0.15, 0.15, "design choice: a puck that rocks shows other axes"),
    "mounting_deg": Figure(-2.0, 2.0, "design choice: a puck laid down by hand"),
    # Quiet life.
    "breaths_per_min": Figure(28.0, 46.0, "26-52 in month 1, 18-29 after month 9 (Heimann 2013)"),
    "breath_tilt_ug": Figure(60.0, 90.0, "design choice: 10-100 ug where the puck can rock"),
    "breath_spread_active": Figure(0.18, 0.18, "design choice; irregular in active sleep"),
    "breath_spread_quiet": Figure(0.03, 0.03, "design choice; PMC4773630: regular in quiet sleep"),
    "breath_spread_every_s": Figure(5.0, 5.0, _CHOICE),
    "beats_per_min": Figure(105.0, 140.0, "94-151, N=277 (Heimann 2013)"),
    "beat_spread": Figure(0.03, 0.03, _CHOICE),
    "beat_force_n": Figure(0.02, 0.03, "design choice: low end of 0.02-0.1 N"),
    "beat_width_s": Figure(0.12, 0.12, "design choice: energy at 4-12 Hz"),
    # The sensor.
    "noise_ug_rthz": Figure(70.0, 70.0, f"{_SENSOR}, table 2: noise density, high performance"),
    "bias_mg": Figure(-20.0, 20.0, f"{_SENSOR}, table 2: zero-g level offset, typical"),
    "bias_mg_per_k": Figure(-0.1, 0.1, "design choice: 0.1 mg/K, the order of its class"),
    "cooling_k": Figure(2.0, 4.0, "design choice: a bedroom over a night"),
    "cooling_s": Figure(7200.0, 7200.0, _CHOICE),
    "heating_k": Figure(0.2, 0.5, "design choice: swing of a thermostat"),
    "heating_period_s": Figure(1500.0, 1500.0, _CHOICE),
    # Single movements: forces at the body, widths of a jerk.
    "twitch_force_n": Figure(0.12, 0.9, "design choice: hand 0.05-0.15 N, limb 0.3-2 N"),
    "twitch_width_s": Figure(0.08, 0.15, _EMG),
    "limb_force_n": Figure(0.4, 2.5, "design choice: limb jerk 0.3-2 N"),
    "limb_width_s": Figure(0.22, 0.34, "leg movement 0.23-0.33 s, N=12 (Trujillo-Priego 2017)"),
    "limb_jerks": Figure(3, 7, "design choice: 0.5-3 s in all"),
    "limb_interval_s": Figure(0.28, 0.38, _CHOICE),
    "gross_force_n": Figure(2.0, 8.0, "design choice: several limbs and the trunk"),
    "gross_width_s": Figure(0.25, 0.5, _CHOICE),
    "gross_length_s": Figure(4.5, 13.0, "mean 9-11 s, most 5-10 s (PMID 3726227)"),
    "gross_interval_s": Figure(0.25, 0.55, _CHOICE),
    "startle_force_n": Figure(4.0, 8.0, "design choice: 2-8 N; ten times the median twitch"),
    "startle_width_s": Figure(0.16, 0.26, _CHOICE),
    "startle_jerks": Figure(2, 3, "design choice: Moro, 0.3-1 s in all"),
    "startle_interval_s": Figure(0.2, 0.3, _CHOICE),
    "bout_force_n": Figure(0.4, 1.5, "design choice: 10-100 times breathing"),
    "bout_width_s": Figure(0.12, 0.18, "design choice: jerk 0.04-0.3 s"),
    "bout_rate_hz": Figure(1.3, 3.8, "1-5 Hz in neonatal sleep; counted reliably up to 3-4 Hz"),
    "bout_length_s": Figure(13.0, 30.0, "design choice: seconds in clusters, minutes in all"),
    "jerk_spread": Figure(0.15, 0.15, "design choice: among the jerks of a movement"),
    "rhythm_spread": Figure(0.06, 0.06, "design choice: intervals of a bout, share of the mean"),
    # What others do to the crib: hands at the mattress, steps on the floor.
    "handling_force_n": Figure(20.0, 70.0, "design choice: above 1000 times breathing"),
    "handling_width_s": Figure(0.2, 0.5, _CHOICE),
    "handling_length_s": Figure(4.0, 10.0, _CHOICE),
    "handling_interval_s": Figure(0.4, 0.9, _CHOICE),
    "handling_tilt_deg": Figure(0.4, 1.2, "design choice: an infant's weight on one side"),
    "rocking_force_n": Figure(30.0, 60.0, _CHOICE),
    "rocking_rate_hz": Figure(0.5, 0.85, "design choice: 0.2-1.5 Hz; 1 Hz and more is a bout"),
    "rocking_length_s": Figure(20.0, 40.0, _CHOICE),
    "step_force_n": Figure(0.1, 0.6, "design choice: what reaches the crib through the floor"),
    "step_width_s": Figure(0.06, 0.10, _CHOICE),
    "step_rate_hz": Figure(1.6, 2.4, "design choice: walking"),
    "step_count": Figure(7, 14, _CHOICE),
    "posture_deg": Figure(0.05, 0.30, "design choice: lasting tilt after a gross movement"),
    # How a night is put together.
    "cycle_s": Figure(2820.0, 3000.0, "47 min at term, 50 at 8 months (Pediatrics 1969;43:65)"),
    "active_share": Figure(0.42, 0.52, "1:1 at term, 1:2 at 8 months (Pediatrics 1969;43:65)"),
    "burst_twitches": Figure(3, 7, "design choice; bursts in active sleep (PMC8513809)"),
    "burst_interval_s": Figure(2.0, 8.0, "mostly under 10 s apart (PMC8513809)"),
    "bursts_active_per_h": Figure(5, 5, _CHOICE),
    "bursts_quiet_per_h": Figure(0, 0, _CHOICE),
    "twitches_active_per_h": Figure(8, 8, _CHOICE),
    "twitches_quiet_per_h": Figure(3, 3, "design choice; also in quiet sleep (Sokoloff 2021)"),
    "limb_moves_active_per_h": Figure(6, 6, _CHOICE),
    "limb_moves_quiet_per_h": Figure(2, 2, _CHOICE),
    "gross_active_per_h": Figure(11, 11, _GROSS),
    "gross_quiet_per_h": Figure(3.5, 3.5, _GROSS),
    "startles_active_per_h": Figure(0.3, 0.3, "design choice; 1.9/h on day 2 (PMID 2264411)"),
    "startles_quiet_per_h": Figure(1.2, 1.2, "design choice; 10.6/h on day 2 (PMID 2264411)"),
    "series_moves": Figure(6, 9, "4 or more (WASM 2016, Ferri)"),
    "series_interval_s": Figure(20.0, 40.0, "typical; 10-90 s onset to onset (WASM 2016, Ferri)"),
    "apart_s": Figure(3.0, 3.0, "design choice: rest between movements, longer than any ringing"),
    "apart_tests_s": Figure(10.0, 10.0, "design choice: rest between those of `ten_minutes`"),
    "settling_s": Figure(40.0, 45.0, "design choice: longer than the board's warm-up of 30 s"),
}


@dataclass(frozen=True)
class Jerk:
    """One push and pull: from `at_s` after the movement's start, `width_s` long, newtons[3]."""

    at_s: float
    width_s: float
    force_n: np.ndarray


@dataclass(frozen=True)
class Movement:
    """Jerks of one cause, with the kind they are whatever their length ("" leaves it to that).

    `point` is where they act, "body" or "base"; `rate_hz` the rhythm they were drawn with;
    `lean` the tilt towards x and y, milliradians, that lasts after them.
    """

    cause: str
    jerks: tuple[Jerk, ...]
    kind: str = ""
    point: str = "body"
    rate_hz: float | None = None
    lean: np.ndarray | None = None

    @property
    def length_s(self) -> float:
        """Seconds from the first jerk's start to the last one's end."""
        return self.jerks[-1].at_s + self.jerks[-1].width_s


def figure(name: str) -> float:
    """Look up a fixed figure."""
    low, high, _ = TABLE[name]
    if low != high:
        raise ValueError(f"{name} is a range: draw from it")
    return low


def draw(rng: np.random.RandomState, name: str) -> float:
    """Draw a value of a figure, each as likely as any other."""
    low, high, _ = TABLE[name]
    return float(rng.uniform(low, high))


def draw_count(rng: np.random.RandomState, name: str) -> int:
    """Draw a whole number of a figure."""
    low, high, _ = TABLE[name]
    return int(rng.randint(int(low), int(high) + 1))


def draw_force(rng: np.random.RandomState, name: str) -> float:
    """Draw a value of a figure, each ratio as likely as any other: small ones are common."""
    low, high, _ = TABLE[name]
    return float(low * (high / low) ** rng.uniform())


def twitch(rng: np.random.RandomState) -> Movement:
    """Draw one short jerk."""
    force_n = draw_force(rng, "twitch_force_n") * _direction(rng)
    return Movement("twitch", (Jerk(0.0, draw(rng, "twitch_width_s"), force_n),))


def limb_move(rng: np.random.RandomState) -> Movement:
    """Draw a few jerks of one limb."""
    count = draw_count(rng, "limb_jerks")
    return Movement("limb_move", _train(rng, "limb", count))


def gross(rng: np.random.RandomState) -> Movement:
    """Draw many jerks of limbs and trunk, after which the infant lies a little differently."""
    length_s, jerks = draw(rng, "gross_length_s"), _train(rng, "gross", 60)
    jerks = tuple(jerk for jerk in jerks if jerk.at_s + jerk.width_s <= length_s)
    return Movement("gross", jerks, lean=_lean(rng, "posture_deg"))


def startle(rng: np.random.RandomState) -> Movement:
    """Draw two or three strong jerks at once."""
    jerks = _train(rng, "startle", draw_count(rng, "startle_jerks"))
    return Movement("startle", jerks, kind="startle_like")


def rhythmic_bout(rng: np.random.RandomState) -> Movement:
    """Draw regular jerks of one limb, 1 Hz and above, longer than 10 s."""
    rate_hz = draw(rng, "bout_rate_hz")
    count = int(draw(rng, "bout_length_s") * rate_hz)
    width_s = draw(rng, "bout_width_s")
    jerks = _beat(rng, "bout", width_s=width_s, rate_hz=rate_hz, count=count, turn=_direction(rng))
    return Movement("rhythmic_bout", jerks, kind="rhythmic_bout", rate_hz=rate_hz)


def hands(rng: np.random.RandomState) -> Movement:
    """Draw hands that put the infant down or turn it: strong, and the mattress leans after."""
    length_s, jerks = draw(rng, "handling_length_s"), _train(rng, "handling", 30)
    jerks = tuple(jerk for jerk in jerks if jerk.at_s + jerk.width_s <= length_s)
    return Movement("hands", jerks, kind="handling", lean=_lean(rng, "handling_tilt_deg"))


def rocking(rng: np.random.RandomState) -> Movement:
    """Draw somebody rocking the crib, sideways and below 1 Hz."""
    rate_hz = draw(rng, "rocking_rate_hz")
    count = int(draw(rng, "rocking_length_s") * rate_hz)
    turn = np.array([1.0, 0.1, 0.05])
    jerks = _beat(rng, "rocking", width_s=1 / rate_hz, rate_hz=rate_hz, count=count, turn=turn)
    return Movement("rocking", jerks, kind="handling", point="base", rate_hz=rate_hz)


def footsteps(rng: np.random.RandomState) -> Movement:
    """Draw somebody walking past: steps through the floor that come nearer and go."""
    rate_hz, count = draw(rng, "step_rate_hz"), draw_count(rng, "step_count")
    nearness = np.sin(math.pi * (np.arange(count) + 0.7) / (count + 0.4))
    width_s, turn = draw(rng, "step_width_s"), np.array([0.2, 0.2, 1.0])
    steps = _beat(rng, "step", width_s=width_s, rate_hz=rate_hz, count=count, turn=turn)
    jerks = tuple(
        Jerk(step.at_s, step.width_s, step.force_n * near)
        for step, near in zip(steps, nearness, strict=True)
    )
    return Movement("footsteps", jerks, kind="environment", point="base", rate_hz=rate_hz)


CAUSES: dict[str, Callable[[np.random.RandomState], Movement]] = {
    "twitch": twitch,
    "limb_move": limb_move,
    "gross": gross,
    "startle": startle,
    "rhythmic_bout": rhythmic_bout,
    "hands": hands,
    "rocking": rocking,
    "footsteps": footsteps,
}


def _direction(rng: np.random.RandomState) -> np.ndarray:
    """Draw a unit vector, more often up and down than along the mattress."""
    vector = rng.standard_normal(3) * [0.6, 0.6, 1.0]
    return vector / np.linalg.norm(vector)


def _lean(rng: np.random.RandomState, name: str) -> np.ndarray:
    angle, towards = draw(rng, name), rng.uniform(0, math.tau)
    return math.radians(angle) * 1000 * np.array([math.cos(towards), math.sin(towards)])


def _strength(rng: np.random.RandomState) -> float:
    """Force of one jerk, as a share of its movement's."""
    return float(np.clip(1 + figure("jerk_spread") * rng.standard_normal(), 0.7, 1.3))


def _train(rng: np.random.RandomState, name: str, count: int) -> tuple[Jerk, ...]:
    """Jerks at uneven intervals, turning as they go."""
    force_n, turn, at_s, jerks = draw_force(rng, f"{name}_force_n"), _direction(rng), 0.0, []
    for _ in range(count):
        turn = turn + 0.4 * _direction(rng)
        turn /= np.linalg.norm(turn)
        push_n = force_n * _strength(rng) * turn
        jerks.append(Jerk(at_s, draw(rng, f"{name}_width_s"), push_n))
        at_s += draw(rng, f"{name}_interval_s")
    return tuple(jerks)


def _beat(
    rng: np.random.RandomState,
    name: str,
    *,
    width_s: float,
    rate_hz: float,
    count: int,
    turn: np.ndarray,
) -> tuple[Jerk, ...]:
    """Jerks at the nearly even intervals of `rate_hz`, all in the direction `turn`."""
    force_n = draw_force(rng, f"{name}_force_n")
    uneven = figure("rhythm_spread") * np.clip(rng.standard_normal(count), -2, 2)
    at_s = (np.arange(count) + uneven - uneven[0]) / rate_hz
    return tuple(Jerk(float(t), width_s, force_n * _strength(rng) * turn) for t in at_s)
