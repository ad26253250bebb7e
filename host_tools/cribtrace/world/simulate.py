"""A plan and a seed become a recording."""

import math
from typing import Any

import numpy as np

from cribtrace.errors import Usage
from cribtrace.recording import Recording
from cribtrace.world import diary as diaries
from cribtrace.world import quiet, truth
from cribtrace.world.chance import Chance
from cribtrace.world.diary import Diary
from cribtrace.world.mattress import RING_S, Mattress
from cribtrace.world.movements import Movement
from cribtrace.world.plan import Plan
from cribtrace.world.sensor import Sensor


def recorded(plan: Plan, seed: int) -> Recording:
    """Simulate a plan; the same plan and seed give the same recording.

    `seed` is 0..2**32-1. Raises Usage for another, CribtraceError for a plan without room for
    all of its ingredients.
    """
    if not 0 <= seed < 2**32:
        raise Usage(f"no seed {seed}: choose one from 0 to {2**32 - 1}")
    figures = plan.table()
    diary = diaries.drawn(plan, seed, Chance(np.random.RandomState([seed, 1]), figures))
    accel, lines, sensor = _World(diary, Chance(np.random.RandomState([seed, 2]), figures)).lived()
    source = (
        f"cribtrace scenario {plan.name}, seed {seed}: {plan.sensor}, mattress {plan.mattress}, "
        "simulated, no infant was recorded"
    )
    return Recording(accel, sensor.rate_hz, sensor.lsb_per_g, tuple(lines), source)


class _World:
    """What is drawn for one recording, and the time it runs through."""

    def __init__(self, diary: Diary, chance: Chance):
        self.diary, self.chance = diary, chance
        self.sensor = Sensor.drawn(chance)
        self.bed = Mattress.drawn(chance, self.sensor.rate_hz)
        self.count = round(diary.length_s * self.sensor.rate_hz)

    def lived(self) -> tuple[np.ndarray, list[dict[str, Any]], Sensor]:
        """int16[N, 3], the truth, and the sensor that saw it."""
        rng, sensor = self.chance.rng, self.sensor
        noises = [sensor.noise(rng, axis, self.count) for axis in range(3)]
        quiet_mg = [sensor.band_rms(noise) for noise in noises]
        shown = np.zeros((3, self.count))
        quiet.heartbeats(self.chance, self.bed, self.diary.present, shown)
        turned = np.zeros((2, self.count))
        lines = self._movements(shown, turned, quiet_mg)
        tilt = np.cumsum(turned, axis=1, out=turned)
        tilt += self._resting()
        shown += quiet.gravity(tilt)
        knots = np.arange(0.0, self.count / sensor.rate_hz + 2.0)
        bias = sensor.bias(self.chance, knots)
        at_s = np.arange(self.count) / sensor.rate_hz
        accel = np.empty((self.count, 3), np.int16)
        for axis, noise in enumerate(noises):
            shown[axis] *= sensor.gain[axis]
            shown[axis] += np.interp(at_s, knots, bias[axis])
            shown[axis] += noise
            accel[:, axis] = sensor.registers(shown[axis])
        return accel, lines, sensor

    def _resting(self) -> np.ndarray:
        """Tilt of a puck laid down by hand and moved by breathing, milliradians[2, N]."""
        rng, length_s = self.chance.rng, self.diary.length_s
        laid = [[math.radians(self.chance.value("mounting_deg")) * 1000] for _ in "xy"]
        every_s = self.chance.fixed("breath_spread_every_s")
        states = [self.diary.state_at(at_s) for at_s in np.arange(0, length_s + every_s, every_s)]
        towards = rng.uniform(0, math.tau)
        breath = quiet.breathing(
            self.chance, states, self.diary.present, self.count, self.sensor.rate_hz
        )
        return laid + np.outer([math.cos(towards), math.sin(towards)], breath)

    def _movements(
        self, shown: np.ndarray, turned: np.ndarray, quiet_mg: list[float]
    ) -> list[dict[str, Any]]:
        """Add every movement to mg[3, N] and to the tilt gained, milliradians[2, N]: the truth."""
        events, numbers, lies = [], [], np.zeros(2)
        for onset_s, movement, number in sorted(self.diary.entries, key=lambda entry: entry[0]):
            frame, moved_mg, turn = self._moved(onset_s, movement, lies)
            end = frame + moved_mg.shape[1]
            shown[:, frame:end] += moved_mg
            if movement.lean is not None:
                lies = movement.lean
                turned[:, frame:end] += np.diff(turn, axis=1, prepend=0.0)
                moved_mg[:2] += turn
            events.append(truth.labelled(movement, frame, moved_mg, self.sensor, quiet_mg))
            numbers.append(number)
        return truth.with_groups(events, numbers, self.diary)

    def _moved(
        self, onset_s: float, movement: Movement, lies: np.ndarray
    ) -> tuple[int, np.ndarray, np.ndarray]:
        """First frame, mg[3, n], and tilt gained so far in milliradians [2, n]."""
        rate_hz = self.sensor.rate_hz
        frame = math.ceil(onset_s * rate_hz)
        length = min(math.ceil((movement.length_s + RING_S) * rate_hz), self.count - frame)
        at_s = (frame + np.arange(length)) / rate_hz - onset_s
        laden = movement.point == "body" or self.diary.state_at(onset_s) != "absent"
        moved_mg = self.bed.moved(movement, at_s, laden)
        if movement.lean is None:
            return frame, moved_mg, np.zeros((2, 0))
        share = (1 - np.cos(math.pi * np.clip(at_s / movement.length_s, 0, 1))) / 2
        return frame, moved_mg, np.outer(movement.lean - lies, share)
