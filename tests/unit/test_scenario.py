"""A simulated night is the same for the same seed, and moves as its physics says.

What a test expects is worked out here, by another road than the generator's: the recording is
filtered and measured.
"""

import itertools
import math
import time
from collections import Counter

import numpy as np
import pytest
from scipy import signal

from cribtrace import movements, scenario
from cribtrace.errors import Usage
from cribtrace.movements import TABLE
from cribtrace.recording import save, supported_rate

KINDS = {
    "twitch",
    "limb_move",
    "gross",
    "rhythmic_bout",
    "startle_like",
    "handling",
    "environment",
}
FIELDS = ["kind", "cause", "onset_s", "duration_s", "jerks", "rate_hz", "axis", "peak_mg", "snr"]
BAND = signal.butter(2, [1.0, 20.0], "bandpass", fs=104.0, output="sos")


@pytest.fixture(scope="module")
def night():
    return scenario.generate("night", 1)


@pytest.fixture(scope="module")
def ten_minutes():
    return scenario.generate("ten_minutes", 1)


@pytest.fixture(scope="module")
def still():
    return scenario.generate("still", 1)


def in_mg(recording) -> np.ndarray:
    return recording.accel * (1000 / recording.lsb_per_g)


def in_band(recording) -> np.ndarray:
    """The three axes after the band of DESIGN's SNR, mg[N, 3]; the filter starts settled."""
    mg = in_mg(recording)
    return np.asarray(signal.sosfilt(BAND, mg - mg[0], axis=0))


def span(truth, rate_hz, before_s=0.0, after_s=0.0) -> slice:
    start, end = truth["onset_s"] - before_s, truth["onset_s"] + truth["duration_s"] + after_s
    return slice(round(start * rate_hz), round(end * rate_hz))


def test_the_names():
    assert set(scenario.names()) >= {"night", "nap", "ten_minutes", "still"}


@pytest.mark.parametrize("name", ["nap", "ten_minutes", "still"])
def test_the_same_seed_gives_the_same_recording_and_another_another(name):
    one, two, other = (scenario.generate(name, seed) for seed in (7, 7, 8))
    assert np.array_equal(one.accel, two.accel)
    assert one.truth == two.truth
    assert not np.array_equal(one.accel, other.accel)
    assert one.truth != other.truth or name == "still"


@pytest.mark.parametrize(("name", "seed"), [("nosuch", 1), ("night", -1), ("night", 2**32)])
def test_what_cannot_be_simulated_is_a_usage_error(name, seed):
    with pytest.raises(Usage, match="choose one"):
        scenario.generate(name, seed)


def test_the_night_has_its_length_and_a_rate_the_sensor_can_run_at(night):
    assert night.accel.shape == (3_744_000, 3)
    assert night.accel.dtype == np.int16
    assert night.rate_hz == 104.0
    assert supported_rate(night.rate_hz) == (104, -1)
    assert night.lsb_per_g == pytest.approx(16393.44, abs=0.01)
    assert "simulated" in night.source
    assert len(scenario.generate("still", 1).accel) == 62_400


def test_a_night_takes_seconds(tmp_path):
    start = time.monotonic()
    save(tmp_path / "night.npz", scenario.generate("night", 2))
    # About 1 s on two cores: room for a machine that is slow or busy.
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_night_holds_every_cause_in_plausible_numbers(seed):
    truth = scenario.generate("night", seed).truth
    causes = Counter(entry["cause"] for entry in truth)
    assert 150 <= len(truth) <= 400
    assert set(causes) == set(movements.CAUSES)
    assert causes["twitch"] > causes["gross"] > causes["startle"] > 0
    assert causes["rocking"] == 1
    assert 1 <= causes["rhythmic_bout"] <= 2
    # Put down first of all, once the board has warmed up; turned at the visit.
    assert truth[0]["cause"] == "hands"
    assert 30 < truth[0]["onset_s"] < 60
    assert causes["hands"] == 2


@pytest.mark.parametrize("seed", range(1, 5))
def test_ten_minutes_hold_each_kind_well_apart(seed):
    truth = scenario.generate("ten_minutes", seed).truth
    kinds = Counter(entry["kind"] for entry in truth)
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 2
    for one, two in itertools.pairwise(truth):
        assert two["onset_s"] - one["onset_s"] - one["duration_s"] > 9
    assert truth[0]["onset_s"] > 30


@pytest.mark.parametrize("name", ["night", "nap", "ten_minutes"])
def test_truth_is_complete_sorted_inside_and_apart(name):
    recording = scenario.generate(name, 3)
    assert recording.truth
    for entry in recording.truth:
        assert list(entry) == FIELDS
        assert entry["kind"] in KINDS
        assert entry["axis"] in ("x", "y", "z")
        assert entry["jerks"] >= 1
        assert entry["peak_mg"] > 0
        assert entry["snr"] > 0
        assert entry["onset_s"] >= 0
        assert entry["duration_s"] > 0
        assert entry["onset_s"] + entry["duration_s"] < recording.duration_s
    for one, two in itertools.pairwise(recording.truth):
        assert two["onset_s"] - one["onset_s"] - one["duration_s"] > 1


def test_kinds_follow_the_length_at_30_percent(night):
    rule = ("twitch", "limb_move", "gross")
    for entry in night.truth:
        length_s = entry["duration_s"]
        by_length = rule[0] if length_s <= 0.5 else rule[1] if length_s <= 3.0 else rule[2]
        if entry["cause"] in rule:
            assert entry["kind"] == by_length
        else:
            assert entry["kind"] not in rule
    assert {entry["kind"] for entry in night.truth if entry["cause"] in rule} == set(rule)
    assert scenario.kind_of(0.5) == "twitch"
    assert scenario.kind_of(3.0) == "limb_move"
    assert scenario.kind_of(3.01) == "gross"


def test_rhythm_makes_the_kind(night):
    for entry in night.truth:
        assert (entry["rate_hz"] is not None) == (
            entry["cause"] in ("rhythmic_bout", "rocking", "footsteps")
        )
        if entry["cause"] == "rhythmic_bout":
            assert 1 <= entry["rate_hz"] <= 4
        if entry["cause"] == "rocking":
            assert entry["kind"] == "handling"
            assert entry["rate_hz"] < 1
        if entry["cause"] in ("rhythmic_bout", "rocking"):
            assert entry["duration_s"] >= 10
            expected = entry["rate_hz"] * entry["duration_s"]
            assert entry["jerks"] == pytest.approx(expected, rel=0.15)


def test_a_bout_repeats_at_its_rate(ten_minutes):
    track = in_band(ten_minutes)
    for entry in ten_minutes.truth:
        if entry["kind"] != "rhythmic_bout":
            continue
        bout = track[span(entry, 104.0), "xyz".index(entry["axis"])]
        strength = signal.sosfiltfilt(
            signal.butter(2, 8, fs=104.0, output="sos"), np.abs(bout - bout.mean())
        )
        strength -= strength.mean()
        likeness = np.correlate(strength, strength, "full")[len(strength) - 1 :]
        lags = np.arange(len(likeness)) / 104.0
        near = (lags > 0.6 / entry["rate_hz"]) & (lags < 1.5 / entry["rate_hz"])
        found_hz = 1 / lags[near][likeness[near].argmax()]
        assert found_hz == pytest.approx(entry["rate_hz"], rel=0.1)


def test_the_night_has_a_periodic_series_and_bursts(night):
    """Four or more limb moves 10-90 s apart with nothing between; twitches within 10 s."""
    truth = night.truth
    run = longest = 0
    for one, two in itertools.pairwise(truth):
        steady = one["cause"] == two["cause"] == "limb_move"
        run = run + 1 if steady and 10 <= two["onset_s"] - one["onset_s"] <= 90 else 0
        longest = max(longest, run)
    assert longest >= 5
    close = sum(
        one["cause"] == two["cause"] == "twitch" and two["onset_s"] - one["onset_s"] <= 10
        for one, two in itertools.pairwise(truth)
    )
    assert close > 40


def test_the_sensor_is_as_noisy_as_its_class(still):
    """70 ug/rtHz over the 20.4 Hz noise bandwidth of the filter, quantisation, and the heart."""
    frequency, gain = signal.sosfreqz(BAND, worN=1 << 14, fs=104.0)
    bandwidth_hz = np.sum(np.abs(gain) ** 2) * frequency[1]
    expected_mg = 0.070 * math.sqrt(bandwidth_hz)
    measured_mg = in_band(still)[1000:].std(axis=0)
    assert 0.29 < expected_mg < 0.34
    assert (measured_mg > expected_mg * 0.99).all()
    assert (measured_mg < expected_mg * 1.15).all()
    # Above the band, where neither heart nor breath reaches, the density itself.
    frequency, density = signal.welch(in_mg(still), 104.0, nperseg=1024, axis=0)
    above = density[(frequency > 30) & (frequency < 50)].mean(axis=0)
    assert np.sqrt(above) == pytest.approx([0.070] * 3, rel=0.03)


def test_breathing_shows_as_tilt_and_the_heart_between_4_and_12_hz(still):
    frequency, density = signal.welch(in_mg(still), 104.0, nperseg=104 * 60, axis=0)
    flat = 0.070**2
    breath = (frequency > 0.4) & (frequency < 0.85)
    sideways = density[:, :2].sum(axis=1)
    peak_hz = frequency[breath][sideways[breath].argmax()]
    assert 28 / 60 * 0.95 < peak_hz < 46 / 60 * 1.05
    assert sideways[breath].max() > 3 * 2 * flat
    power = 2 * sum(sideways[breath] - 2 * flat) * frequency[1]
    assert 0.05 < math.sqrt(power) < 0.1
    # Nothing of it up and down: a tilt turns gravity sideways.
    assert density[breath, 2].max() < 3 * flat
    frequency, density = signal.welch(in_mg(still), 104.0, nperseg=512, axis=0)
    heart = (frequency > 4) & (frequency < 12)
    # Its recoil goes from head to foot, which is y.
    assert density[heart].max(axis=0).argmax() == 1
    assert density[heart, 1].max() > 1.7 * flat
    assert density[frequency > 20].max() < 1.4 * flat


def test_gravity_is_one_g_and_turns_when_the_infant_does(night):
    minutes = in_mg(night).reshape(-1, 104 * 60, 3).mean(axis=1)
    size_mg = np.linalg.norm(minutes, axis=1)
    assert (np.abs(size_mg - 1000) < 40).all()
    assert minutes[:, 2].min() > 950
    turned = np.ptp(minutes[:, :2], axis=0)
    assert (turned > 3).all()
    assert (turned < 60).all()


def test_active_sleep_holds_the_bursts_and_most_gross_movements():
    diary = scenario._PLANS["night"](np.random.RandomState(4))
    for_cause = {
        cause: [diary.active_at(at_s) for at_s, moved in diary.entries if moved.cause == cause]
        for cause in ("gross", "twitch", "startle")
    }
    share = {cause: sum(active) / len(active) for cause, active in for_cause.items()}
    assert 3.5 < diary.hours(True) < diary.hours(False) < 6.5
    assert share["gross"] > 0.6
    assert share["twitch"] > 0.7
    assert share["startle"] < 0.5


def test_every_peak_is_where_the_truth_says(ten_minutes):
    track, noise_mg = in_band(ten_minutes), 0.33
    for entry in ten_minutes.truth:
        around = np.abs(track[span(entry, 104.0, 2.0, 2.0)])
        inside = np.abs(track[span(entry, 104.0, 0.05, 0.05)])
        axis = "xyz".index(entry["axis"])
        assert inside[:, axis].max() == around[:, axis].max()
        assert inside[:, axis].max() == pytest.approx(entry["peak_mg"], abs=4.5 * noise_mg)
        assert inside.max() == pytest.approx(inside[:, axis].max(), abs=4.5 * noise_mg)


def test_length_at_30_percent_is_that_of_the_signal(night):
    """Of the loud ones, where noise does not blur 30 %: measured in the recording itself."""
    track, checked = in_band(night), 0
    for entry in night.truth:
        if entry["snr"] < 60:
            continue
        size_mg = np.abs(track[:, "xyz".index(entry["axis"])])
        edge_mg, inside = 0.3 * entry["peak_mg"], span(entry, 104.0)
        margin_mg = 5 * 0.33
        assert size_mg[inside.start] > edge_mg - margin_mg
        assert size_mg[inside.stop - 1] > edge_mg - margin_mg
        assert size_mg[inside.start - 200 : inside.start].max() < edge_mg + margin_mg
        assert size_mg[inside.stop : inside.stop + 200].max() < edge_mg + margin_mg
        checked += 1
    assert checked > 40


def test_snr_is_the_peak_over_the_noise_of_that_axis(night):
    """Noise: as measured where nobody is yet, before the infant is put down."""
    empty = in_band(night)[104:3900].std(axis=0)
    for entry in night.truth:
        noise_mg = entry["peak_mg"] / entry["snr"]
        assert noise_mg == pytest.approx(empty["xyz".index(entry["axis"])], rel=0.05)


def test_only_handling_may_clip(night):
    """And frames without it stay far from the ends of the range."""
    quiet = np.ones(len(night.accel), bool)
    for entry in night.truth:
        if entry["kind"] == "handling":
            quiet[span(entry, 104.0, 1, 5)] = False
    assert np.abs(night.accel[quiet].astype(int)).max() < 20000


def test_the_table_is_sane_and_every_number_has_a_source():
    """Which is a reference (they all hold a number), or says that it was chosen."""
    for name, (low, high, source) in TABLE.items():
        assert low <= high, name
        assert "design choice" in source or any(c.isdigit() for c in source), name


def test_the_night_rings_at_a_mode_of_the_mattress(night):
    """The spectrum of startles and twitches, in the recording, peaks inside 3.5-15 Hz."""
    mg, total = in_mg(night), np.zeros(1025)
    for entry in night.truth:
        if entry["cause"] == "startle":
            start = round((entry["onset_s"] + entry["duration_s"]) * 104.0)
            ring = mg[start : start + 104, 2]
            ring = signal.detrend(ring) * np.hanning(208)[104:]
            total = total + np.abs(np.fft.rfft(ring, 2048)) ** 2
    frequency = np.fft.rfftfreq(2048, 1 / 104.0)
    peak_hz = frequency[np.argmax(total)]
    assert 3.0 < peak_hz < 15.0
    assert total[(frequency > 3) & (frequency < 15)].sum() > 0.8 * total[frequency > 0.5].sum()
