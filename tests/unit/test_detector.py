"""The detector under CPython; tests/device shows that the board's gives the same."""

import random
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from cribtrace import analysis, boots, facts, log_records, recording, replay
from cribtrace.device import config, kernels, measures, records
from cribtrace.device import settings as schema
from tests.support import golden
from tests.support.detecting import (
    LSB_PER_MG,
    MLSB_PER_G,
    RATE_MHZ,
    SCALE,
    begin,
    feed,
    jolts,
    kinds,
    noise,
    run,
    shake,
    told,
)

# -- what is found, and what is not --


def test_noise_alone_gives_no_event():
    found, det = run(noise(1800))
    assert found == []
    assert det.seen == det.index == 1800 * 104


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("rate_hz", [52, 104, 208])
def test_a_single_twitch_of_seven_times_the_noise_is_seen(axis, rate_hz):
    accel = noise(40, rms_mg=0.3, rate_hz=rate_hz)
    shake(accel, 20, 0.2, 2.1, axis, rate_hz=rate_hz)
    found, _ = run(accel, rate_mhz=rate_hz * 1000)
    assert [event["axis"] for event in found] == [axis]
    assert found[0]["onset"] / rate_hz == pytest.approx(20, abs=0.1)


def test_motion_shared_between_axes_is_seen_where_each_alone_is_not():
    alone = shake(noise(60, seed=3), 30, 0.25, 0.4, 0)
    assert run(alone)[0] == []
    together = shake(shake(alone, 30, 0.25, 0.4, 1), 30, 0.25, 0.4, 2)
    assert len(run(together)[0]) == 1


@pytest.mark.parametrize(
    ("seconds", "kind"), [(0.25, "twitch"), (0.4, "twitch"), (0.65, "limb_move"),
                          (2.6, "limb_move")]
)  # fmt: skip
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_duration_at_30_percent_of_the_peak_decides_between_single_movements(seconds, kind, axis):
    found, _ = run(shake(noise(40), 20, seconds, 12, axis, hz=4.5))
    assert kinds(found) == [kind]
    assert found[0]["duration"] / 104 == pytest.approx(seconds, abs=0.09)
    assert found[0]["onset"] / 104 == pytest.approx(20, abs=0.05)


def uneven(accel, onset_s, seconds, mg, seed=5):
    """Add movement without rhythm: slow pushes of every size at uneven instants."""
    rng = np.random.default_rng(seed)
    at = onset_s
    while at < onset_s + seconds:
        size = mg * rng.uniform(0.4, 1)
        shake(accel, at, rng.uniform(0.25, 0.5), size, rng.integers(3), hz=rng.uniform(2.5, 4.5))
        at += rng.uniform(0.2, 0.45)
    return accel


def test_long_uneven_movement_is_gross_whatever_its_strength():
    for mg in (6, 40):
        found, _ = run(uneven(noise(60), 20, 8, mg))
        assert kinds(found) == ["gross"]


@pytest.mark.parametrize("hz", [1.2, 2.0, 3.0, 4.0])
def test_regular_jerks_are_one_bout_with_its_rate(hz):
    onsets = [20 + k / hz for k in range(round(12 * hz))]
    found, _ = run(jolts(noise(60), onsets, 12))
    assert kinds(found) == ["rhythmic_bout"]
    line = facts.json_line(
        {"type": records.EVENT, **found[0]}, {"rate_mhz": RATE_MHZ, "mlsb_per_g": MLSB_PER_G}
    )
    assert line["rate_hz"] == pytest.approx(hz, rel=0.02)
    assert line["regularity"] > 0.4
    assert found[0]["jerks"] == pytest.approx(len(onsets), abs=1)


def test_three_jerks_make_no_bout_and_uneven_ones_neither():
    assert "rhythmic_bout" not in kinds(run(jolts(noise(40), [20, 20.5, 21], 12))[0])
    rng = np.random.default_rng(2)
    onsets = 20 + np.cumsum(rng.uniform(0.25, 1.4, 14))
    assert "rhythmic_bout" not in kinds(run(jolts(noise(60), onsets, 12))[0])


def test_a_strong_single_movement_is_startle_like():
    found, _ = run(jolts(noise(40), [20], 60, hz=4.5, ring_s=0.3))
    assert kinds(found) == ["startle_like"]


def test_what_comes_through_the_floor_is_environment():
    """Above the mattress's resonance: a door, a lorry, steps."""
    assert kinds(run(jolts(noise(40), [20], 20, hz=15, ring_s=0.1))[0]) == ["environment"]
    steps = jolts(noise(40), [20 + k / 2 for k in range(9)], 6, hz=14, ring_s=0.1)
    found, _ = run(steps)
    assert kinds(found) == ["environment"]
    assert found[0]["vetoes"] & measures.STEPS


def test_a_steady_hum_is_environment_and_a_slower_one_a_fast_oscillation():
    hum, _ = run(shake(noise(60), 20, 20, 6, hz=15))
    assert set(kinds(hum)) == {"environment"}
    shiver, _ = run(shake(noise(60), 20, 6, 4, hz=8.3))
    assert kinds(shiver) == ["fast_oscillation"]


@pytest.mark.parametrize(("hz", "kind"), [(0.3, "handling"), (0.7, "handling"),
                                          (1.3, "rhythmic_bout")])  # fmt: skip
def test_rocking_is_handling_below_one_hertz(hz, kind):
    found, _ = run(shake(noise(80), 20, 25, 25, hz=hz))
    assert set(kinds(found)) == {kind}
    assert all(event["vetoes"] & measures.ROCKING for event in found)


def test_hands_are_known_by_their_strength_or_by_the_lean_they_leave():
    strong = uneven(noise(60), 20, 6, 500)
    assert kinds(run(strong)[0]) == ["handling"]
    leaning = uneven(noise(60), 20, 6, 90)
    assert kinds(run(leaning)[0]) == ["gross"]
    leaning[24 * 104 :, 0] += 12 * LSB_PER_MG
    found, _ = run(leaning)
    assert kinds(found) == ["handling"]
    assert found[0]["tilt_x"] / LSB_PER_MG == pytest.approx(12, abs=1.5)


def test_a_veto_annotates_and_leaves_the_movement():
    """Rolling over leaves a lean and stays the infant's."""
    accel = uneven(noise(60), 20, 6, 20)
    accel[24 * 104 :, 0] += 6 * LSB_PER_MG
    found, _ = run(accel)
    assert kinds(found) == ["gross"]
    assert found[0]["vetoes"] & measures.TILT


# -- what is measured --


def test_peak_is_in_the_units_of_the_recording():
    # Under a bell, so that the high-pass has no step to ring on; one tick's sampling takes 2 %.
    accel = noise(40, rms_mg=0.01)
    n = np.arange(20 * 104, 30 * 104)
    bell = np.sin(np.pi * (n - n[0]) / len(n))
    accel[n, 0] += np.rint(bell * np.sin(2 * np.pi * 6 * n / 104) * 10 * LSB_PER_MG)
    found, _ = run(accel)
    gain = abs(band_gain(6))
    assert SCALE.mg(8 * found[0]["peak"]) == pytest.approx(10 * gain, rel=0.03)


def band_gain(hz, rate_hz=104):
    """The motion band's gain at a frequency, from the two difference equations of the kernel."""
    z = np.exp(-2j * np.pi * hz / rate_hz)
    return (1 - z) / (1 - (1 - 1 / 16) * z) * 0.625 / (1 - 0.375 * z)


def test_movements_less_than_half_a_second_apart_are_one():
    both = shake(shake(noise(40), 20, 0.3, 12), 20.6, 0.3, 12)
    assert len(run(both)[0]) == 1
    apart = shake(shake(noise(40), 20, 0.3, 12), 21.2, 0.3, 12)
    assert kinds(run(apart)[0]) == ["twitch", "twitch"]


@pytest.mark.parametrize("hz", [1.0, 2.0, 2.5])
def test_jerks_are_counted(hz):
    count = 6
    accel = noise(60)
    for k in range(count):
        shake(accel, 20 + k / hz, 0.15, 20)
    assert sum(event["jerks"] for event in run(accel)[0]) == pytest.approx(count, abs=1)


def test_floor_follows_the_noise_and_not_the_events():
    quiet = run(noise(300))[1].movements.noise()
    events = noise(300)
    for second in range(15, 295, 5):
        shake(events, second, 1.0, 40)
    assert run(events)[1].movements.noise() < 1.25 * quiet
    louder = np.concatenate([noise(60), noise(480, seed=2, rms_mg=0.9)])
    assert run(louder)[1].movements.noise() == pytest.approx(3 * quiet, rel=0.1)
    calmer = np.concatenate([noise(60, rms_mg=0.9), noise(480, seed=2)])
    assert run(calmer)[1].movements.noise() == pytest.approx(quiet, rel=0.1)


def test_each_axis_has_its_own_floor():
    accel = noise(300)
    accel[:, 1] = noise(300, seed=9, rms_mg=1.2)[:, 1]
    gains = run(accel)[1].state[kernels.GAIN : kernels.GAIN + 3]
    assert gains[0] == pytest.approx(gains[2], rel=0.1)
    assert gains[0] == pytest.approx(4 * gains[1], rel=0.1)


def test_floor_is_never_below_its_least():
    _, det = run(np.zeros((60 * 104, 3)))
    least_q4 = schema.DEFAULTS["floor_min_ug"] / 1000 * LSB_PER_MG * 16
    assert det.movements.noise() >= least_q4 - 1


def test_floor_is_the_noise_that_the_host_reports():
    _, det = run(noise(900, rms_mg=0.5))
    rms_mg = SCALE.noise_mg(det.state[kernels.GAIN]) * facts.BAND_PER_SHARP
    band = signal.butter(2, (1, 20), "bandpass", fs=104, output="sos")
    left = signal.sosfilt(band, noise(900, rms_mg=0.5)[:, 0]).std() / LSB_PER_MG
    assert rms_mg == pytest.approx(left, rel=0.03)


def test_an_event_that_does_not_end_is_cut_and_its_rest_is_of_the_same_kind():
    found, _ = run(uneven(noise(120), 20, 70, 12))
    assert set(kinds(found)) == {"gross"}
    cut = [bool(event["vetoes"] & measures.CUT) for event in found]
    rest = [bool(event["vetoes"] & measures.JOINED) for event in found]
    assert cut == [True, True, False]
    assert rest == [False, True, True]
    longest = config.frames(schema.DEFAULTS["longest_ms"], RATE_MHZ)
    assert found[0]["span"] <= longest


def test_clipping_is_told():
    found, _ = run(np.clip(shake(noise(40), 20, 1, 2500), -32768, 32767))
    assert [bool(event["vetoes"] & measures.CLIPPING) for event in found] == [True]


# -- how frames arrive, gaps, ends --


def test_a_gap_ends_what_is_under_way_and_moves_the_frame_index():
    det = begin()
    feed(det, shake(noise(20), 18, 2, 12, hz=4.5))
    assert det.active
    assert kinds(told(det, det.finish())) == ["limb_move"]
    det.skip(1000)
    assert (det.index, det.seen, det.in_gaps) == (20 * 104 + 1000, 20 * 104, 1000)
    assert not det.active
    assert det.warm == config.frames(schema.DEFAULTS["settle_ms"], RATE_MHZ)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 64), min_size=1, max_size=400))
def test_how_frames_arrive_does_not_matter(sizes):
    accel = shake(shake(noise(60), 20, 0.3, 12), 30, 4, 9, 1)
    whole, one = run(accel)
    cut, other = run(accel, bursts=sizes)
    assert cut == whole != []
    assert one.state == other.state
    assert one.seconds.epoch == other.seconds.epoch
    assert one.seconds.track == other.seconds.track


def test_golden_events():
    assert golden.as_text(replay.replay(recording.load(golden.RECORDING), "cpython")) == (
        golden.EVENTS.read_text()
    )


def test_a_rate_the_filters_are_not_made_for_is_refused():
    for rate_mhz in (12_500, 833_000):
        with pytest.raises(ValueError, match="rate"):
            config.kernel_words(schema.DEFAULTS, rate_mhz, MLSB_PER_G, 6, 0, 1)


def test_a_detector_that_follows_another_counts_on_and_keeps_its_floors():
    _, old = run(noise(60, rms_mg=0.6))
    old.skip(100)
    new = begin(hold_ms=300, before=old)
    assert (new.index, new.seen, new.in_gaps) == (60 * 104 + 100, 60 * 104, 100)
    assert new.warm > 0
    assert new.movements.noise() == old.movements.noise()


def test_of_what_the_one_before_had_seen_nothing_is_left_but_its_floors():
    _, old = run(shake(noise(60, rms_mg=0.6), 59.5, 0.5, 20))
    fresh = begin(hold_ms=300)
    for axis in range(3):
        fresh.state[kernels.GAIN + axis] = old.state[kernels.GAIN + axis]
    fresh.begin(old.index)
    motion = shake(noise(60, seed=2, rms_mg=0.6), 30, 0.3, 20)
    new = begin(hold_ms=300, before=old)
    assert feed(new, motion) == feed(fresh, motion) != []


# -- seconds and epochs --


def epochs(accel):
    """(first, frames, seen, ..., track) of each epoch, the last one cut short."""
    det = begin()
    raw = accel.astype("<i2").tobytes()
    found = []
    for at in range(0, len(raw), 6 * 64):
        det.step(raw[at : at + 6 * 64], len(raw[at : at + 6 * 64]) // 6)
        if det.seconds.due:
            found.append(taken(det.seconds))
    det.seconds.seal()
    return [*found, taken(det.seconds)], det


def taken(seconds):
    seconds.due = False
    return dict(
        zip(("first", *log_records.NAMES[records.EPOCH]), seconds.epoch, strict=True),
        track=bytes(seconds.track[: seconds.count]),
    )


def test_epochs_are_thirty_seconds_and_leave_no_frame_out():
    found, det = epochs(noise(100))
    assert [(one["first"], one["frames"]) for one in found] == [
        (0, 3120), (3120, 3120), (6240, 3120), (9360, 1040),
    ]  # fmt: skip
    assert [one["seen"] for one in found] == [3120, 3120, 3120, 1040]
    assert [len(one["track"]) for one in found] == [30, 30, 30, 10]
    assert det.seconds.epoch_from == det.index


@pytest.mark.parametrize("second", [14.5, 29.9, 30.0, 30.1, 59.95, 65.3])
def test_every_second_has_the_code_of_its_largest_movement(second):
    found, _ = epochs(shake(noise(66), second, 0.05, 400, hz=10))
    track = b"".join(one["track"] for one in found)
    loudest = max(range(len(track)), key=lambda i: track[i])
    assert loudest in (int(second), int(second + 0.2))


def test_the_closest_miss_of_an_epoch_is_the_faint_movement_that_made_no_event():
    found, _ = epochs(shake(noise(60), 42, 0.2, 0.6))
    assert found[1]["miss_at"] / 104 == pytest.approx(42.15, abs=0.15)
    threshold = begin().cfg[kernels.HIGH]
    assert begin().cfg[kernels.LOW] < found[1]["miss"] < threshold
    assert log_records.MISSES[found[1]["missing"]].startswith("passed the low")
    assert found[0]["miss"] < found[1]["miss"]


# -- kernels --


@given(st.integers(0, 2**21))
def test_level_is_monotonic_and_within_an_eighth(v):
    level = kernels.level(v)
    assert kernels.level(v + 1) in (level, level + 1)
    least = level if level < 16 else (8 + level % 8) << (level // 8 - 1)
    assert least <= v <= max(least, least * 9 // 8)


@given(st.integers(0, 2**30 - 1), st.integers(0, 2**30 - 1))
def test_long_division_divides(a, b):
    assert kernels.divide(a, b) == (a // b if b else 0)


def test_correlate_is_one_for_what_repeats_and_nothing_for_its_opposite():
    rng = random.Random(4)
    beat = [rng.randint(1, 255) for _ in range(20)]
    values = bytes(beat * 10)
    assert kernels.correlate(values, 200, 20) == 256
    opposite = bytes([(v if i // 20 % 2 else 256 - v) for i, v in enumerate(beat * 10)])
    assert kernels.correlate(opposite, 200, 20) == 0


@given(st.lists(st.tuples(*[st.integers(0, 65535)] * 3), min_size=2, max_size=256))
def test_coded_frames_come_back(frames):
    ring = array("H", [v for frame in frames for v in frame] + [0] * (3 * 512 - 3 * len(frames)))
    out = bytearray(9 * 256)
    end = kernels.code_frames(ring, 511, 0, len(frames), out, 0)
    assert end <= 9 * (len(frames) - 1)
    first = dict(zip(("x", "y", "z"), frames[0], strict=True))
    boot = boots.Boot({"mlsb_per_g": 1_000_000, "rate_mhz": 1000}, [], 0.0)
    wave = analysis._snippet({"rest": out[:end], "first": 0, **first}, boot)
    np.testing.assert_allclose(wave.mg / 1.0, np.array(frames) - 32768.0)


def test_a_waveform_holds_the_raw_frames_from_before_the_onset():
    det = begin()
    accel = shake(noise(30), 20, 0.4, 100).astype("<i2")
    for at in range(0, len(accel), 64):
        burst = accel[at : at + 64]
        if det.step(burst.tobytes(), len(burst)):
            break
    (event,) = told(det, 1)
    payload = bytearray(2400)
    head, end = det.waveforms.code(event["run"], payload, 0)
    first, n, x, y, z = head[:5]
    coded = {"rest": payload[:end], "first": first, "frames": n, "x": x, "y": y, "z": z}
    boot = boots.Boot({"mlsb_per_g": MLSB_PER_G, "rate_mhz": RATE_MHZ}, [], 0.0)
    wave = analysis._snippet(coded, boot)
    expected = accel[first : first + n] / LSB_PER_MG
    assert len(wave.mg) == n
    np.testing.assert_allclose(wave.mg, expected, rtol=1e-5, atol=1e-3)
    before = event["run"] - first
    assert config.frames(schema.DEFAULTS["pre_ms"], RATE_MHZ) <= before < 52 + 32
    # Two words tell the stretch before the run that came to nothing: there was none.
    assert all(head[7:]), "the filters' state at its first frame"


@pytest.mark.parametrize("stop", [-1, 0, 3, 40])
def test_a_stretch_over_the_ring_is_the_same_frame_by_frame(stop):
    """The detector's own calls never cross the ring's end, so that its tests cannot show it."""
    rng = np.random.default_rng(7)
    accel = rng.integers(-1, 2, (96, 3)) + 12000
    accel[8:20] += 20 * (np.arange(12)[:, None] // 3 % 2)
    raw = accel.astype("<i2").tobytes()
    left = []
    for most in (96, 1):
        det = begin()
        det.begin(kernels.RING - 33)
        config.prime(raw, det.cfg, det.state)
        det.state[kernels.STOP], det.state[kernels.STILL] = stop, 1
        took = 0
        while took < 96 and det.state[kernels.STILL] != stop:
            more = min(most, 96 - took)
            took += kernels.scan(0, more, raw, det.cfg, det.state, det.ring, det.env, det.sums)
        left.append((took, det.state, det.ring, det.env, det.sums))
    assert left[0] == left[1]
    assert (left[0][0] == 96) == (stop == -1)
