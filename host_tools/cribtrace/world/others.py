"""What others do: hands at the crib, and what happens in the house around it."""

import math

import numpy as np

from cribtrace.world.chance import Chance
from cribtrace.world.movements import (
    Group,
    Jerk,
    Movement,
    Tone,
    alone,
    beaten,
    group_length_s,
    rate_of,
    steady,
    train,
    within,
)

_TREMOR_LINES = 14
"""Sinusoids that make a lorry: enough to look like noise, few enough to be fast."""


def put_down(chance: Chance) -> Group:
    """Draw hands that lay the infant down: strong, and the mattress leans afterwards."""
    return alone(_hands(chance, "put_down"))


def pick_up(chance: Chance) -> Group:
    """Draw hands that take the infant away."""
    return alone(_hands(chance, "pick_up"))


def hands(chance: Chance) -> Group:
    """Draw hands that turn the infant."""
    return alone(_hands(chance, "hands"))


def bump(chance: Chance) -> Group:
    """Draw a knock against the frame."""
    jerks = train(chance, "bump", chance.count("bump_knocks"))
    return alone(Movement("bump", jerks, len(jerks), "handling", by="hands", point="base"))


def rocking(chance: Chance) -> Group:
    """Draw somebody rocking the crib sideways; 1 Hz and faster cannot be told from a bout."""
    hz, length_s = chance.value("rocking_rate_hz"), chance.value("rocking_length_s")
    length_s = max(length_s, 10.5 + 3 / hz)
    moved_mg = chance.force("rocking_mg") * np.array([1.0, 0.1, 0.05])
    tone = Tone(0.0, length_s, hz, moved_mg, ramp_s=1.5 / hz, uneven=0.15)
    kind = "handling" if hz < 1 else "rhythmic_bout"
    cycles = round(hz * length_s)
    return alone(Movement("rocking", [tone], cycles, kind, "hands", "crib", rate_hz=hz))


def patting(chance: Chance) -> Group:
    """Draw a hand that pats; at these rates it cannot be told from a bout."""
    rate_hz, length_s = chance.value("patting_rate_hz"), chance.value("patting_length_s")
    count = math.ceil(rate_hz * length_s)
    at_s = steady(chance, rate_hz, count, chance.value("hand_spread"))
    force_n, turn = chance.force("patting_force_n"), np.array([0.1, 0.3, -0.95])
    jerks = beaten(chance, at_s, chance.value("patting_width_s"), force_n, turn)
    rate_hz = rate_of(at_s)
    kind = "handling" if rate_hz < 1 else "rhythmic_bout"
    return alone(Movement("patting", jerks, count, kind, by="hands", rate_hz=rate_hz))


def visit(chance: Chance) -> Group:
    """Draw somebody who comes, turns the infant, rocks the crib and goes."""
    at_s, group = 0.0, []
    for draw in (footsteps, hands, rocking, footsteps):
        part = draw(chance)
        group += [(at_s + offset_s, movement) for offset_s, movement in part]
        at_s += group_length_s(part) + chance.fixed("apart_s")
    return group


def footsteps(chance: Chance) -> Group:
    """Draw somebody walking past: steps through the floor that come nearer and go."""
    rate_hz, count = chance.value("step_rate_hz"), chance.count("step_count")
    at_s = steady(chance, rate_hz, count, chance.value("step_spread"))
    nearness = np.sin(math.pi * (np.arange(count) + 0.7) / (count + 0.4))
    force_n, turn = chance.force("step_force_n"), np.array([0.2, 0.2, 1.0])
    steps = beaten(chance, at_s, chance.value("step_width_s"), force_n, turn)
    jerks = [
        Jerk(step.at_s, step.width_s, step.force_n * near)
        for step, near in zip(steps, nearness, strict=True)
    ]
    return alone(_around("footsteps", jerks, count, rate_of(at_s)))


def washer(chance: Chance) -> Group:
    """Draw a spin cycle: it runs up through the mattress's resonance, and down again."""
    hz = chance.value("washer_hz")
    tone = Tone(
        0.0, chance.value("washer_length_s"), hz, _shaken(chance, "washer_force_n"),
        ramp_s=chance.value("washer_ramp_s"), from_hz=3.0, uneven=0.2,
        phase=chance.rng.uniform(0, math.tau),
    )  # fmt: skip
    return alone(_around("washer", [tone], 0, hz))


def fan(chance: Chance) -> Group:
    """Draw a fan that switches itself on and off."""
    hz = chance.value("fan_hz")
    tone = Tone(
        0.0, chance.value("fan_length_s"), hz, _shaken(chance, "fan_force_n"),
        ramp_s=chance.value("fan_ramp_s"), from_hz=hz / 2, uneven=0.1,
        phase=chance.rng.uniform(0, math.tau),
    )  # fmt: skip
    return alone(_around("fan", [tone], 0, hz))


def truck(chance: Chance) -> Group:
    """Draw a lorry that passes: a rumble between the ends of truck_hz."""
    length_s, force_n = chance.value("truck_length_s"), _shaken(chance, "truck_force_n")
    tones = [
        Tone(0.0, length_s, chance.value("truck_hz"), force_n / math.sqrt(_TREMOR_LINES),
             ramp_s=0.0, phase=chance.rng.uniform(0, math.tau), hump=True)
        for _ in range(_TREMOR_LINES)
    ]  # fmt: skip
    return alone(_around("truck", tones, 0, None))


def door_slam(chance: Chance) -> Group:
    """Draw a door that falls shut, and may bounce."""
    jerks = train(chance, "door", chance.count("door_knocks"))
    return alone(_around("door_slam", jerks, len(jerks), None))


def soother(chance: Chance) -> Group:
    """Draw a vibrating pillow or pad that lies beside the infant."""
    hz, pulse_hz = chance.value("soother_hz"), chance.value("soother_pulse_hz")
    tone = Tone(
        0.0, chance.value("soother_length_s"), hz,
        chance.force("soother_force_n") * chance.direction(),
        ramp_s=chance.value("soother_ramp_s"), from_hz=hz / 2, uneven=0.05,
        phase=chance.rng.uniform(0, math.tau), pulse_hz=pulse_hz if pulse_hz > 0.3 else 0.0,
    )  # fmt: skip
    return alone(Movement("soother", [tone], 0, "environment", by="surroundings", rate_hz=hz))


def _hands(chance: Chance, cause: str) -> Movement:
    jerks = within(train(chance, "handling", 30), chance.value("handling_length_s"))
    lean = chance.lean("handling_tilt_deg")
    return Movement(cause, jerks, len(jerks), "handling", by="hands", lean=lean)


def _around(
    cause: str, pushes: list[Jerk] | list[Tone], jerks: int, rate_hz: float | None
) -> Movement:
    return Movement(cause, pushes, jerks, "environment", "surroundings", "base", rate_hz)


def _shaken(chance: Chance, name: str) -> np.ndarray:
    return chance.force(name) * chance.direction()
