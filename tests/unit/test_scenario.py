"""A simulated recording is the same for the same seed, and its truth is that of its signal.

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

from cribtrace import scenario
from cribtrace.errors import Usage
from cribtrace.recording import save
from cribtrace.sensors import SENSORS
from cribtrace.world import simulate
from cribtrace.world.plan import find

KINDS = {
    "twitch", "limb_move", "gross", "rhythmic_bout", "rhythmic_large", "startle_like",
    "fast_oscillation", "handling", "environment",
}  # fmt: skip
FIELDS = [
    "type", "kind", "cause", "by", "onset_s", "duration_s", "moved_s", "jerks", "rate_hz",
    "slope_hz_per_s", "axis", "peak_mg", "snr", "state", "group",
]  # fmt: skip
FIRST_FOUR = ("night", "nap", "ten_minutes", "still")


@pytest.fixture(scope="module")
def night():
    return scenario.generate("night", 1)


@pytest.fixture(scope="module")
def ten_minutes():
    return scenario.generate("ten_minutes", 1)


def events(recording) -> list[dict]:
    return [entry for entry in recording.truth if entry["type"] == "event"]


def in_mg(recording) -> np.ndarray:
    return recording.accel * (1000 / recording.lsb_per_g)


def in_band(recording) -> np.ndarray:
    """The three axes after the band of DESIGN's SNR, mg[N, 3]; the filter starts settled."""
    band = signal.butter(2, [1.0, 20.0], "bandpass", fs=recording.rate_hz, output="sos")
    mg = in_mg(recording)
    return np.asarray(signal.sosfilt(band, mg - mg[0], axis=0))


def span(truth, rate_hz, before_s=0.0, after_s=0.0) -> slice:
    start, end = truth["onset_s"] - before_s, truth["onset_s"] + truth["duration_s"] + after_s
    return slice(max(round(start * rate_hz), 0), round(end * rate_hz))


def test_the_first_four_are_still_there_and_all_have_a_description():
    assert set(scenario.names()) >= set(FIRST_FOUR)
    assert "benchmark" not in scenario.names()
    for _, about in scenario.described():
        assert about.endswith(".")
        assert len(about) < 100


@pytest.mark.parametrize("name", ["nap", "ten_minutes", "still", "everything"])
def test_the_same_seed_gives_the_same_recording_and_another_another(name):
    one, two, other = (scenario.generate(name, seed) for seed in (7, 7, 8))
    assert np.array_equal(one.accel, two.accel)
    assert one.truth == two.truth
    assert one.accel.shape != other.accel.shape or not np.array_equal(one.accel, other.accel)
    assert one.truth != other.truth or name == "still"


@pytest.mark.parametrize(("name", "seed"), [("nosuch", 1), ("night", -1), ("night", 2**32)])
def test_what_cannot_be_simulated_is_a_usage_error(name, seed):
    with pytest.raises(Usage, match="choose one"):
        scenario.generate(name, seed)


def test_the_night_has_its_length_and_a_rate_the_sensor_can_run_at(night):
    assert night.accel.shape == (3_744_000, 3)
    assert night.accel.dtype == np.int16
    assert SENSORS["lsm6dso"].rate_for(night.rate_hz) == (104, -1)
    assert night.lsb_per_g == pytest.approx(16393.44, abs=0.01)
    assert "simulated" in night.source
    for name in FIRST_FOUR[1:]:
        assert scenario.generate(name, 1).rate_hz == 104.0
    assert len(scenario.generate("still", 1).accel) == 62_400


def test_a_night_takes_seconds(tmp_path):
    start = time.monotonic()
    save(tmp_path / "night.npz", scenario.generate("night", 2))
    # About 1.5 s on two cores: room for a machine that is slow or busy.
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_night_holds_every_cause_in_plausible_numbers(seed):
    truth = events(scenario.generate("night", seed))
    causes = Counter(entry["cause"] for entry in truth)
    assert 150 <= len(truth) <= 400
    assert set(causes) == {
        "put_down", "hands", "rocking", "footsteps", "twitch", "limb_move", "gross", "startle",
        "rhythmic_bout",
    }  # fmt: skip
    assert causes["twitch"] > causes["gross"] > causes["startle"] > 0
    assert causes["rocking"] == causes["hands"] == causes["put_down"] == 1
    assert causes["rhythmic_bout"] == 2
    # Put down first of all, once the board has warmed up.
    assert truth[0]["cause"] == "put_down"
    assert 30 < truth[0]["onset_s"] < 60


@pytest.mark.parametrize("seed", range(1, 5))
def test_ten_minutes_hold_each_kind_well_apart(seed):
    truth = events(scenario.generate("ten_minutes", seed))
    kinds = Counter(entry["kind"] for entry in truth)
    assert set(kinds) == KINDS - {"rhythmic_large", "fast_oscillation"}
    assert min(kinds.values()) >= 2
    for one, two in itertools.pairwise(truth):
        assert two["onset_s"] - one["onset_s"] - one["duration_s"] > 9
    assert truth[0]["onset_s"] > 30


@pytest.mark.parametrize("name", scenario.names())
def test_truth_is_complete_sorted_and_inside(name):
    recording = scenario.generate(name, 3)
    found = events(recording)
    assert [entry["onset_s"] for entry in found] == sorted(entry["onset_s"] for entry in found)
    for entry in found:
        assert list(entry) == FIELDS
        assert entry["kind"] in KINDS
        assert entry["by"] in ("infant", "hands", "surroundings")
        assert entry["axis"] in ("x", "y", "z")
        assert entry["peak_mg"] > 0
        assert entry["snr"] > 0
        assert entry["onset_s"] >= 0
        assert entry["duration_s"] > 0
        assert entry["moved_s"] > 0
        assert entry["onset_s"] + entry["duration_s"] < recording.duration_s
        assert entry["state"] in ("active", "quiet", "awake", "absent")
    numbers = {entry["group"] for entry in found} - {None}
    for line in recording.truth[len(found) :]:
        assert line["type"] in ("group", "state")
        if line["type"] == "group":
            assert line["kind"] in ("twitch_cluster", "periodic_series", "slow_regular")
            assert line["group"] in numbers


def test_states_cover_the_recording_without_a_hole():
    recording = scenario.generate("waking", 2)
    states = [entry for entry in recording.truth if entry["type"] == "state"]
    assert {entry["state"] for entry in states} == {"absent", "awake", "active", "quiet"}
    assert states[0]["state"] == states[-1]["state"] == "absent"
    ends = [0.0] + [entry["onset_s"] + entry["duration_s"] for entry in states]
    assert [entry["onset_s"] for entry in states] == pytest.approx(ends[:-1], abs=1e-3)
    assert ends[-1] == pytest.approx(7200, abs=0.01)
    for entry in events(recording):
        inside = [s for s in states if s["onset_s"] <= entry["onset_s"]][-1]
        assert entry["state"] == inside["state"]


def test_kinds_follow_the_length_at_30_percent(night):
    for entry in events(night):
        length_s = entry["duration_s"]
        by_length = "twitch" if length_s <= 0.5 else "limb_move" if length_s <= 3.0 else "gross"
        if entry["cause"] in ("twitch", "limb_move", "gross"):
            assert entry["kind"] == by_length
    assert scenario.kind_of(0.5) == "twitch"
    assert scenario.kind_of(3.0) == "limb_move"
    assert scenario.kind_of(3.01) == "gross"


def test_a_group_line_says_what_its_members_say():
    recording = scenario.generate("series", 4)
    groups = [entry for entry in recording.truth if entry["type"] == "group"]
    assert {group["kind"] for group in groups} == {
        "twitch_cluster", "periodic_series", "slow_regular",
    }  # fmt: skip
    for group in groups:
        members = [entry for entry in events(recording) if entry["group"] == group["group"]]
        onset_s = [entry["onset_s"] for entry in members]
        apart_s = np.diff(onset_s)
        assert group["count"] == len(members)
        assert group["onset_s"] == onset_s[0]
        assert group["interval_s"] == pytest.approx(np.median(apart_s), abs=1e-3)
        if group["kind"] == "periodic_series":
            assert len(members) >= 4
            assert 10 <= apart_s.min() <= apart_s.max() <= 90
            assert all(0.5 < entry["duration_s"] <= 10 for entry in members)
        if group["kind"] == "slow_regular":
            assert len(members) >= 10
            assert 2 <= apart_s.min() <= apart_s.max() <= 10
            assert apart_s.std() / apart_s.mean() <= 0.25
        if group["kind"] == "twitch_cluster":
            assert {entry["kind"] for entry in members} == {"twitch"}


def test_every_peak_is_where_the_truth_says(ten_minutes):
    track, noise_mg = in_band(ten_minutes), 0.33
    for entry in events(ten_minutes):
        around = np.abs(track[span(entry, 104.0, 2.0, 2.0)])
        inside = np.abs(track[span(entry, 104.0, 0.05, 0.05)])
        axis = "xyz".index(entry["axis"])
        tolerance = 4.5 * noise_mg + 0.01 * entry["peak_mg"]
        assert inside[:, axis].max() == around[:, axis].max()
        assert inside[:, axis].max() == pytest.approx(entry["peak_mg"], abs=tolerance)
        assert inside.max() == pytest.approx(inside[:, axis].max(), abs=tolerance)


@pytest.fixture(scope="module")
def clean():
    """`everything`, as a sensor without noise, error or drift would have it: the clean signal."""
    import dataclasses

    from cribtrace.world.figures import Figure

    names = [f"noise_{axis}_ug_rthz" for axis in "xyz"] + ["gain_error", "beat_force_n"]
    changed = {name: Figure(1e-9, 1e-9, "test") for name in names}
    plan = find("everything")
    return simulate.recorded(dataclasses.replace(plan, figures=changed), 11)


def test_onset_and_length_at_30_percent_are_those_of_the_clean_signal(clean):
    """Measured in the samples: the first and the last instant at 30 % of the truth's peak."""
    track, rate, checked = in_band(clean), clean.rate_hz, Counter()
    for entry in events(clean):
        if entry["peak_mg"] < 2:
            continue  # a word is 0.06 mg
        around = span(entry, rate, 2.0, 1.0)
        axis = np.abs(track[around, "xyz".index(entry["axis"])])
        assert axis.max() == pytest.approx(entry["peak_mg"], rel=0.02, abs=0.1)
        loud = np.flatnonzero(axis >= 0.3 * entry["peak_mg"]) + around.start
        # At the edge itself a word more or less may decide on one swing of the ringing.
        surely = np.flatnonzero(axis >= 0.3 * entry["peak_mg"] + 0.2) + around.start
        maybe = np.flatnonzero(axis >= 0.3 * entry["peak_mg"] - 0.2) + around.start
        assert maybe[0] - 1 <= entry["onset_s"] * rate <= surely[0] + 1
        end = (entry["onset_s"] + entry["duration_s"]) * rate
        assert surely[-1] <= end <= maybe[-1] + 2
        checked[entry["cause"]] += len(loud) > 0
    assert len(checked) >= 20
    assert sum(checked.values()) > 70


@pytest.mark.parametrize(("name", "sensor"), [("mixture", "LSM6DSO"), ("mixture", "MPU-6050")])
def test_snr_is_the_peak_over_the_noise_of_that_axis(name, sensor):
    """Noise as theory has it: density times the root of the filter's noise bandwidth."""
    import dataclasses

    plan = dataclasses.replace(find(name), sensor=sensor)
    recording = simulate.recorded(plan, 3)
    band = signal.butter(2, [1.0, 20.0], "bandpass", fs=recording.rate_hz, output="sos")
    frequency, gain = signal.sosfreqz(band, worN=1 << 14, fs=recording.rate_hz)
    bandwidth_hz = np.sum(np.abs(gain) ** 2) * frequency[1]
    density = {"LSM6DSO": 0.070, "MPU-6050": 0.400}[sensor]
    assert math.sqrt(bandwidth_hz) == pytest.approx(4.5, abs=0.1)
    for entry in events(recording):
        noise_mg = entry["peak_mg"] / entry["snr"]
        assert noise_mg == pytest.approx(density * math.sqrt(bandwidth_hz), rel=0.02)


def test_only_handling_may_clip(night):
    """And frames without it stay far from the ends of the range."""
    quiet = np.ones(len(night.accel), bool)
    for entry in events(night):
        if entry["kind"] == "handling":
            quiet[span(entry, 104.0, 1, 5)] = False
    assert np.abs(night.accel[quiet].astype(int)).max() < 20000


def test_active_sleep_holds_the_bursts_and_most_gross_movements(night):
    causes = ("gross", "twitch", "startle")
    active = {
        cause: [entry["state"] == "active" for entry in events(night) if entry["cause"] == cause]
        for cause in causes
    }
    share = {cause: np.mean(found) for cause, found in active.items()}
    hours = Counter()
    for entry in night.truth:
        if entry["type"] == "state":
            hours[entry["state"]] += entry["duration_s"] / 3600
    assert 3.5 < hours["active"] < 6.5
    assert 3.5 < hours["quiet"] < 6.5
    assert share["gross"] > 0.6
    assert share["twitch"] > 0.7
    assert share["startle"] < 0.5


def test_gravity_is_one_g_and_turns_when_the_infant_does(night):
    minutes = in_mg(night).reshape(-1, 104 * 60, 3).mean(axis=1)
    assert (np.abs(np.linalg.norm(minutes, axis=1) - 1000) < 45).all()
    turned = np.ptp(minutes[:, :2], axis=0)
    assert (turned > 3).all()
    assert (turned < 60).all()
