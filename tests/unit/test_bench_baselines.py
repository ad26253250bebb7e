"""The baselines give the check values that came with the descriptions they were written from."""

import numpy as np
import pytest

from bench.detector.baselines import actigraph, dual_threshold, openseizuredetector, zmad
from bench.detector.baselines.remembered import remembered

OSD = openseizuredetector


def waves(rate_hz, seconds, *tones, axis=2, offset_mg=1000):
    """float64[n, 3] with 1 g on z and (Hz, mg) tones on an axis."""
    at_s = np.arange(round(rate_hz * seconds)) / rate_hz
    mg = np.zeros((len(at_s), 3))
    mg[:, 2] = offset_mg
    for hz, size_mg in tones:
        mg[:, axis] += size_mg * np.sin(2 * np.pi * hz * at_s)
    return mg


def osd(*tones, **published):
    mg = waves(25, 30, *tones)
    roi, ratio = OSD.powers(np.sqrt((mg**2).sum(axis=1)))
    hit = OSD.hits(mg, 100, 57, per_axis=False)
    return (int(roi[0]), int(ratio[0])), bool(hit[0])


def test_a_feature_is_worked_out_once_for_an_array_that_nobody_can_write_to():
    worked = []

    @remembered
    def scaled(x, gain):
        worked.append(gain)
        return x * gain

    x = np.arange(3.0)
    assert scaled(x, 2)[2] == 4
    x[2] = 5
    assert scaled(x, 2)[2] == 10
    x.flags.writeable = False
    worked.clear()
    assert [scaled(x, gain)[2] for gain in (2, 3, 2, 3)] == [10, 15, 10, 15]
    assert worked == [2, 3]
    assert not scaled(x, 2).flags.writeable
    other = x + 1
    other.flags.writeable = False
    assert scaled(other, 2)[2] == 12
    assert scaled(x, 2)[2] == 10


@pytest.mark.parametrize("module", [actigraph, dual_threshold, OSD, zmad])
def test_a_grid_is_heard_alike_whether_features_are_kept_or_not(module):
    rng = np.random.default_rng(3)
    rate_hz = module.RATE_HZ
    mg = waves(rate_hz, 200) + rng.normal(0, 0.5, (round(200 * rate_hz), 3))
    for at_s in (70, 100, 140):
        first = round(at_s * rate_hz)
        mg[first : first + round(8 * rate_hz)] += waves(rate_hz, 8, (5, 80), axis=0, offset_mg=0)
    kept = mg.copy()
    kept.flags.writeable = False
    heard = [module.detect(kept, **point) for point in module.GRID]
    assert heard == [module.detect(mg, **point) for point in module.GRID]
    assert any(heard)


@pytest.mark.parametrize(
    ("tones", "powers", "hit"),
    [
        ([(5, 25)], (97, 107), False),
        ([(5, 26)], (105, 105), True),
        ([(5, 40)], (250, 100), True),
        ([(8, 40)], (0, 0), False),
    ],
)
def test_openseizuredetector_powers(tones, powers, hit):
    assert osd(*tones) == (powers, hit)


@pytest.mark.parametrize(
    ("tones", "ratio", "hit"),
    [
        ([(3, 40)], None, True),
        ([(2, 200)], None, False),
        ([(10, 200)], None, False),
        ([(5, 60), (1, 60)], 50, False),
        ([(5, 60), (1, 50)], 59, True),
    ],
)
def test_openseizuredetector_ratios(tones, ratio, hit):
    (_, found), was_hit = osd(*tones)
    assert was_hit == hit
    assert ratio is None or found == ratio


def test_openseizuredetector_states_of_a_steady_tone():
    hit = OSD.hits(waves(25, 30, (5, 26)), 100, 57, per_axis=False)
    assert OSD.states(hit.tolist()) == [0, 1, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("hits", "after"),
    [
        ("1101", [0, 1, 0, 0]),
        ("111001", [0, 1, 2, 1, 0, 0]),
        ("11101", [0, 1, 2, 1, 2]),
        ("10101", [0, 0, 0, 0, 0]),
    ],
)
def test_openseizuredetector_states(hits, after):
    assert OSD.states([bit == "1" for bit in hits]) == after


@pytest.mark.parametrize(
    ("hz", "roi_hz", "power", "floor_mg"), [(5, (3, 8), 100, 25.4), (3, (2, 4), 5000, 113)]
)
def test_openseizuredetector_smallest_amplitude(hz, roi_hz, power, floor_mg):
    def largest(size_mg):
        return OSD.powers(waves(25, 5, (hz, size_mg))[:, 2], roi_hz)[0][0]

    assert largest(0.99 * floor_mg) <= power < largest(1.01 * floor_mg)


def test_openseizuredetector_hears_sideways_motion_on_single_axes_only():
    sideways = waves(25, 30, (5, 60), axis=0)
    assert not OSD.detect(sideways, **OSD.PUBLISHED)
    (one,) = OSD.detect(sideways, **{**OSD.PUBLISHED, "per_axis": True})
    assert (one.onset_s, one.duration_s, one.told_s) == (0.0, 30.0, 15.0)


def test_openseizuredetector_needs_three_windows_for_an_alarm():
    mg = waves(25, 30)
    mg[:250] = waves(25, 10, (5, 60))
    assert not OSD.detect(mg, **OSD.PUBLISHED)
    (one,) = OSD.detect(mg, **{**OSD.PUBLISHED, "level": OSD.OK})
    assert (one.onset_s, one.duration_s, one.told_s) == (0.0, 10.0, 5.0)


@pytest.mark.parametrize(
    ("tones", "count"),
    [
        ([(0.75, 100)], 1320),
        ([(1, 100)], 1320),
        ([(1, 500)], 10320),
        ([(2, 100)], 0),
        ([(1, 70)], 0),
        ([], 0),
    ],
)
def test_actigraph_counts(tones, count):
    minutes = actigraph.counts(waves(30, 120, *tones, axis=0), 60)
    assert minutes.shape == (2, 3)
    assert minutes[1].tolist() == [count, 0, 0]


def test_actigraph_movements_are_runs_of_epochs():
    mg = waves(30, 120)
    mg[1800:2100] = waves(30, 10, (1, 500), axis=0)
    (one,) = actigraph.detect(mg, **actigraph.PUBLISHED)
    assert one.onset_s == 60
    assert 10 <= one.duration_s <= 14
    assert one.kind == "gross"
    assert one.told_s == one.end_s


def pulses(*spans):
    r = np.zeros(100 * 25)
    for onset_s, length_s in spans:
        r[round(onset_s * 25) : round((onset_s + length_s) * 25)] = 200
    return r


CHECK = pulses((5, 1), (25, 0.4), (50, 0.6), (51, 0.6), (80, 12))


def test_dual_threshold_events():
    seconds = [(a / 25, b / 25) for a, b in dual_threshold.movements(CHECK, 50, 100)]
    assert seconds == [(5.0, 5.96), (50.0, 51.56), (80.0, 91.96)]
    short = dual_threshold.movements(CHECK, 50, 100, longest_s=10)
    assert len(short) == 2


def test_dual_threshold_goes_on_between_its_thresholds():
    r = pulses((5, 1))
    r[150:175] = 70
    assert dual_threshold.movements(r, 50, 100) == [(125, 174)]
    assert dual_threshold.movements(np.where(r == 200, 90, r), 50, 100) == []


def test_dual_threshold_drops_a_spike_whose_median_is_low():
    r = pulses((5, 0.04), (5.24, 0.04), (5.48, 0.04), (5.72, 0.04))
    assert dual_threshold.movements(r, 50, 100) == []
    assert len(dual_threshold.movements(r, 50, 100, least_s=0.2)) == 1


def test_dual_threshold_takes_the_motion_and_not_gravity():
    r = dual_threshold.strength(waves(25, 20, (4, 100), axis=0))
    rms = 0.8 * 2 * np.sin(np.pi * 4 / 25) * 100 / 2**0.5 / 3**0.5
    assert np.sqrt(np.mean(r[25:] ** 2)) == pytest.approx(rms, rel=0.01)


def test_dual_threshold_in_sigma_hears_no_noise():
    rng = np.random.default_rng(1)
    mg = waves(25, 200) + rng.normal(0, 0.5, (5000, 3))
    tuned = {"lo": 1.0, "hi": 6.0, "in_sigma": True, "least_s": 0.2, "longest_s": 60.0}
    assert dual_threshold.detect(mg, **tuned) == []
    mg[2500:2550] += waves(25, 2, (4, 20), offset_mg=0)
    (one,) = dual_threshold.detect(mg, **tuned)
    assert one.onset_s == pytest.approx(100, abs=0.1)
    assert one.told_s == one.end_s + 0.5
    assert dual_threshold.detect(mg, **dual_threshold.PUBLISHED) == []


@pytest.mark.parametrize(
    ("onsets_s", "found"),
    [
        ([0, 20, 40, 60], [(0, 61, 4)]),
        ([0, 20, 40], []),
        ([0, 10, 100, 110], [(0, 111, 4)]),
        ([0, 20, 29, 60, 80, 100], [(29, 101, 4)]),
        ([0, 20, 40, 131, 150, 170], []),
    ],
)
def test_series_by_the_arithmetic_of_wasm(onsets_s, found):
    assert dual_threshold.series([(t, t + 1) for t in onsets_s]) == found


def test_what_ends_a_series_and_what_does_not():
    four = [(float(t), t + 1.0) for t in (0, 20, 40, 60)]
    assert dual_threshold.series([*four, (45.0, 45.4)]) == [(0.0, 61.0, 4)]
    assert dual_threshold.series([*four, (45.0, 56.0)]) == []


def shaken(size_mg, *spans):
    rng = np.random.default_rng(1)
    mg = waves(52, 120) + rng.normal(0, 0.3, (52 * 120, 3))
    for onset_s, length_s in spans:
        first = round(onset_s * 52)
        mg[first : first + round(length_s * 52)] += waves(52, length_s, (7, size_mg), offset_mg=0)
    return mg


def test_zmad_without_debounce_sees_a_twitch_and_with_it_none():
    mg = shaken(20, (80, 0.3))
    assert zmad.detect(mg, **zmad.PUBLISHED) == []
    (one,) = zmad.detect(mg, **zmad.PUBLISHED_WITHOUT)
    assert one.onset_s == pytest.approx(80, abs=0.1)
    assert one.told_s == one.onset_s
    assert 0.3 < one.duration_s < 1.2  # the half second of the rms


def test_zmad_debounced_tells_after_three_seconds():
    (one,) = zmad.detect(shaken(20, (80, 6)), **zmad.PUBLISHED)
    assert one.onset_s == pytest.approx(80, abs=0.1)
    assert one.told_s == pytest.approx(one.onset_s + 3)


def test_zmad_keeps_present_for_half_a_minute_as_published():
    mg = shaken(20, (70, 0.3), (90, 0.3))
    assert len(zmad.detect(mg, **zmad.PUBLISHED_WITHOUT)) == 1
    assert len(zmad.detect(mg, **{**zmad.PUBLISHED_WITHOUT, "keep_s": 5.0})) == 2


@pytest.mark.parametrize(
    ("z", "spans"),
    [
        ([0] * 10 + [20] * 10 + [0] * 300, [(10, 19, 10)]),
        ([0] * 10 + [20] * 10 + [6] * 300, [(10, 19, 10)]),  # open at the end
        ([20] * 5 + [0] * 200 + [20] * 5, [(0, 209, 0)]),  # within the time it is kept
        ([20] * 5 + [0] * 300 + [20] * 5, [(0, 4, 0), (305, 309, 305)]),
        ([20] * 5 + [6] * 300 + [0] * 100 + [20] * 5, [(0, 409, 0)]),  # not below `off` for long
    ],
)
def test_zmad_states(z, spans):
    # Kept 135 frames, then 135 below.
    assert zmad.spans(np.array(z, float), 9, 4, 0, 2.6) == spans


def test_zmad_ignores_what_moves_in_its_first_minute():
    (one,) = zmad.detect(shaken(20, (30, 5), (80, 1)), **zmad.PUBLISHED_WITHOUT)[1:]
    assert one.onset_s == pytest.approx(80, abs=0.1)


def test_the_rms_looks_back_only():
    mg = waves(52, 10)
    mg[260] += 50
    z = zmad.score(mg)
    assert np.flatnonzero(z > 9)[0] == 260
