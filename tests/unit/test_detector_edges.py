"""The detector where one thing ends and another begins."""

import numpy as np
import pytest

from cribtrace.device import config, detector, kernels, measures, records
from cribtrace.device import settings as schema
from tests.support.detecting import (
    MLSB_PER_G,
    begin,
    feed,
    jolts,
    kinds,
    noise,
    run,
    shake,
    told,
)


def bits(found, veto):
    return [bool(event["vetoes"] & veto) for event in found]


def test_more_movements_than_a_run_holds_are_still_told_one_by_one():
    onsets_s = 20 + np.cumsum([1.7, 1.9, 1.6, 1.85, 1.65, 1.95, 1.7, 1.9, 2.1, 1.6, 1.9, 1.75])
    accel = jolts(noise(60), onsets_s, 9)
    shake(accel, onsets_s[7], 0.8, 12, axis=2, hz=4.5)
    found, _ = run(accel)
    assert len(found) == 12
    assert kinds(found)[8] == "twitch"
    assert not any(bits(found, measures.CUT))
    assert not any(bits(found, measures.JOINED))


@pytest.mark.parametrize("every_s", [0.9, 1.0, 1.1])
def test_a_bout_of_more_jerks_than_a_run_holds_goes_on_as_one(every_s):
    found, _ = run(jolts(noise(60), 20 + np.arange(20) * every_s, 12, ring_s=0.05))
    assert kinds(found) == ["rhythmic_bout"] * 3
    assert bits(found, measures.CUT) == [True, True, False]
    assert bits(found, measures.JOINED) == [False, True, True]


def test_what_was_over_when_the_frames_ended_is_not_cut():
    det = begin()
    found = feed(det, shake(noise(21.2), 20, 0.2, 12))
    found += told(det, det.finish())
    assert kinds(found) == ["twitch"]
    assert bits(found, measures.CUT) == [False]
    det = begin()
    feed(det, shake(noise(21), 20, 1, 12))
    assert bits(told(det, det.finish()), measures.CUT) == [True]


def test_one_sample_at_the_end_of_the_range_is_clipping():
    accel = noise(40)
    accel[20 * 104, 1] = 32767
    found, _ = run(accel)
    assert bits(found, measures.CLIPPING) == [True]


def test_clipping_belongs_to_the_movement_that_clipped():
    accel = np.clip(shake(noise(60), 20, 0.1, 2500), -32768, 32767)
    found, _ = run(shake(accel, 22.5, 0.25, 30))
    assert bits(found, measures.CLIPPING) == [True, False]


@pytest.mark.parametrize("mg", [6, 8])
def test_rocking_is_told_where_a_movement_ends_it(mg):
    rocked = shake(noise(80), 20, 26, mg, hz=0.3)
    found, _ = run(shake(rocked, 40, 0.2, 12, axis=1))
    (rocking,) = (event for event in found if event["span"] > 10 * 104)
    assert kinds([rocking]) == ["handling"]
    assert rocking["vetoes"] & measures.ROCKING
    assert rocking["start"] / 104 == pytest.approx(21, abs=1.1)
    assert (rocking["start"] + rocking["span"]) / 104 == pytest.approx(40, abs=1.1)


def test_rocking_is_told_where_the_frames_end():
    det = begin()
    accel = shake(noise(38), 20, 18, 6, hz=0.3)
    assert "handling" not in kinds(feed(det, accel))
    (rocking,) = told(det, det.finish())
    assert kinds([rocking]) == ["handling"]
    assert rocking["span"] / 104 == pytest.approx(17, abs=1)


def test_a_gap_leaves_the_floor_where_it_was_however_long_it_settles():
    det = begin(settle_ms=10000)
    feed(det, noise(60))
    det.skip(100)
    feed(det, noise(5, seed=2))
    assert det.warm
    assert det.state[kernels.STEP] > 6


def test_without_events_the_seconds_and_epochs_are_the_same():
    accel = shake(shake(noise(90), 20, 0.3, 12), 50, 3, 9, 1)
    shake(accel, 60, 20, 6, hz=0.3)
    with_events, one = run(accel)
    without, other = run(accel, tell_events=0)
    assert len(with_events) == 3
    assert without == []
    assert one.state == other.state
    assert one.seconds.epoch == other.seconds.epoch
    assert one.seconds.track == other.seconds.track


@pytest.mark.parametrize("rate_hz", [52, 104, 208])
def test_a_waveform_begins_half_a_second_before(rate_hz):
    for onset_s in np.arange(20, 20.7, 0.05):
        det = begin(rate_hz * 1000)
        accel = noise(30, rate_hz=rate_hz)
        shake(accel, onset_s, 0.3, 30, axis=2, hz=8, rate_hz=rate_hz)
        found = ()
        at = 0
        while not (found or det.waveforms.due()):
            found = feed(det, accel[at : at + 8])
            at += 8
        run = found[0]["run"] if found else det.waveforms.run
        first, *_, gain = det.waveforms.code(run, bytearray(2400), 0)[0]
        assert 0.5 <= (run - first) / rate_hz < 1.2
        assert gain


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate_hz", [40, 52, 104])
def test_a_burst_closes_no_more_movements_than_there_is_room_for(rate_hz, seed):
    shortest = {name: least for name, _, least, _, _ in schema.SCHEMA if name.endswith("_ms")}
    changes = {**shortest, "longest_ms": 1000, "limb_ms": 100, "low_16": 55, "high_16": 60}
    rng = np.random.default_rng(seed)
    accel = noise(120, seed, rate_hz=rate_hz)
    accel *= rng.choice([1, 2, 4], len(accel))[:, None]
    det = detector.Detector({**schema.DEFAULTS, **changes}, rate_hz * 1000, MLSB_PER_G)
    assert len(feed(det, accel, (config.BURST,))) > 50


def test_each_kind_has_a_budget_of_waveforms_that_an_hour_fills_again():
    waveforms = begin(waveforms_per_hour=3).waveforms
    twitch, gross = records.KINDS.index("twitch"), records.KINDS.index("gross")
    assert [waveforms.afford(twitch) for _ in range(5)] == [True, True, True, False, False]
    assert waveforms.afford(gross)
    for _ in range(40):
        waveforms.earn()
    assert [waveforms.afford(twitch) for _ in range(2)] == [True, False]
    for _ in range(1000):
        waveforms.earn()
    assert sum(waveforms.afford(twitch) for _ in range(9)) == 3
    assert not begin(waveforms_per_hour=0).waveforms.afford(gross)
