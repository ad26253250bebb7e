"""What detectors are compared in: two halves apart from each other, pinned down by hashes."""

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from bench.detector import noise
from cribtrace.world import benchmark
from cribtrace.world.chance import Chance
from cribtrace.world.figures import SENSORS, Figure
from cribtrace.world.mattress import Mattress
from cribtrace.world.sensor import Sensor
from tests.support import benchmark_hashes

STORED = json.loads(benchmark_hashes.STORED.read_text())
RETIRED_MATTRESSES = {"lively", "dull", "skewed", "bouncy", "sagging", "hard"}
RETIRED_SEEDS = {k + half for k in (*range(1, 46), *range(101, 107)) for half in (2000, 3000)}


def test_the_halves_share_no_mattress_and_no_seed():
    train, test = benchmark.half("train"), benchmark.half("test")
    assert not {e.mattress for e in train} & {e.mattress for e in test}
    assert not {e.seed for e in train} & {e.seed for e in test}
    assert Counter(e.scenario for e in train) == Counter(e.scenario for e in test)
    every = benchmark.entries()
    assert len({e.name for e in every}) == len({(e.half, e.seed) for e in every}) == len(every)


def bed(entry):
    """The mattress as `simulate` draws it for an entry."""
    chance = Chance(np.random.RandomState([entry.seed, 2]), entry.plan().table())
    return Mattress.drawn(chance, Sensor.drawn(chance).rate_hz)


def test_no_two_recordings_share_a_coupling():
    every = (*benchmark.entries(), *benchmark.further())
    couplings = {bed(entry).coupling.tobytes() for entry in every}
    assert len(couplings) == len(every)


def test_what_there_is_to_train_on_reaches_to_the_ends_of_the_set():
    """Its own mattress for each seed: no two alike, and soft, stiff, ringing and dead ones."""
    beds = [bed(entry) for entry in benchmark.further()]
    foam_hz = [one.foam_hz[2] for one in beds]
    assert min(foam_hz) < 3.8 and max(foam_hz) > 6.7
    assert min(one.base_hz[2] for one in beds) < 7.5 and max(one.base_hz[2] for one in beds) > 14.4
    assert min(one.base_damping for one in beds) < 0.04
    assert max(one.base_damping for one in beds) > 0.16
    assert len({e.seed for e in benchmark.further()}) == len(beds) >= 130
    assert not {e.seed for e in benchmark.further()} & {e.seed for e in benchmark.entries()}


def test_the_test_half_has_had_no_say_in_a_default():
    """Nothing of the half that was looked at, nor of the noise that a threshold was chosen on."""
    test, further = benchmark.half("test"), benchmark.further()
    used = len(SENSORS) * len(noise.MATTRESSES)
    seen = {*range(noise.FIRST_SEED, noise.FIRST_SEED + used)}
    assert not {e.mattress for e in test} & {*RETIRED_MATTRESSES, *noise.MATTRESSES}
    assert not {e.mattress for e in test} & {e.mattress for e in further}
    assert not {e.seed for e in test} & (RETIRED_SEEDS | seen | {e.seed for e in further})


def test_the_halves_are_of_one_shape():
    """Row by row: the scenario, the sensor, and which recordings lie on the same mattress."""
    train, test = benchmark.half("train"), benchmark.half("test")
    assert [(e.scenario, e.sensor) for e in train] == [(e.scenario, e.sensor) for e in test]
    assert len({(a.mattress, b.mattress) for a, b in zip(train, test, strict=True)}) == 3


def test_each_half_holds_every_disturbance_and_ten_hours_of_nothing_for_each_sensor():
    for half in benchmark.HALVES:
        entries = benchmark.half(half)
        empty = [e for e in entries if e.scenario == "empty"]
        assert {e.sensor for e in empty} == set(SENSORS)
        assert all(e.plan().duration_s == 36000 and e.plan().empty for e in empty)
        for cause in ("washer", "fan", "footsteps", "truck", "door_slam", "soother", "rocking",
                      "patting", "handling"):  # fmt: skip
            hours = sum(e.plan().duration_s for e in entries if e.scenario == cause) / 3600
            assert hours >= 2


def test_the_definitions_are_the_recorded_ones():
    """Changed on purpose? `python -m tests.support.benchmark_hashes`, and say so in the log."""
    assert benchmark_hashes.definitions() == STORED["definitions"]
    assert set(STORED["samples"]) == {entry.name for entry in benchmark.entries()}


def test_a_recording_is_the_recorded_one():
    """One of each half; all of them in the campaign. The same machine code rounds alike."""
    for half in benchmark.HALVES:
        entry = next(e for e in benchmark.half(half) if e.scenario == "mixture")
        assert benchmark.samples_sha256(entry.recorded()) == STORED["samples"][entry.name]


@pytest.mark.campaign
def test_every_recording_is_the_recorded_one():
    for entry in benchmark.entries():
        assert benchmark.samples_sha256(entry.recorded()) == STORED["samples"][entry.name]


def test_the_definition_notices_a_figure_a_seed_an_ingredient_and_a_mattress(monkeypatch):
    entry = next(e for e in benchmark.entries() if e.scenario == "nap")
    before = benchmark.definition_sha256(entry)
    for change in ({"seed": 1}, {"mattress": "dull"}, {"sensor": "BMI270"}, {"scenario": "night"}):
        assert benchmark.definition_sha256(dataclasses.replace(entry, **change)) != before
    own = entry.plan()
    assert benchmark.definition_sha256(entry) == before
    for changed in (
        dataclasses.replace(own, ingredients=own.ingredients[1:]),
        dataclasses.replace(own, rest_s=4.0),
        dataclasses.replace(own, figures={"limb_width_s": Figure(0.2, 0.3, "test")}),
    ):
        monkeypatch.setattr(benchmark.Entry, "plan", lambda self, changed=changed: changed)
        assert benchmark.definition_sha256(entry) != before


def test_the_hash_of_samples_notices_one_bit_and_one_word_of_truth():
    entry = next(e for e in benchmark.half("train") if e.scenario == "mixture")
    recording = entry.recorded()
    before = benchmark.samples_sha256(recording)
    accel = recording.accel.copy()
    accel[-1, 2] ^= 1
    assert benchmark.samples_sha256(dataclasses.replace(recording, accel=accel)) != before
    truth = ({**recording.truth[0], "kind": "gross?"}, *recording.truth[1:])
    assert benchmark.samples_sha256(dataclasses.replace(recording, truth=truth)) != before
    assert np.array_equal(entry.recorded().accel, recording.accel)
