"""Each ingredient does what its row of the table says: counts, rates, lengths, strengths.

Limits stand here as the sources have them, not as the table does.
"""

import math
from collections import Counter

import numpy as np
import pytest
from scipy import signal, stats

from cribtrace.world import ingredients, simulate
from cribtrace.world.beds import MATTRESSES
from cribtrace.world.chance import Chance, table
from cribtrace.world.figures import BY_AGE, SENSORS, TABLE, Figure
from cribtrace.world.movements import group_length_s
from cribtrace.world.plan import Ingredient, Plan

MANY = range(60)


def drawn(what: str, seed: int, **figures):
    ends = {name: Figure(*pair, "test") for name, pair in figures.items()}
    chance = Chance(np.random.RandomState([seed, 77]), table(1, "usual", "LSM6DSO", ends))
    return ingredients.ALL[what](chance)


def ones(what: str, **figures):
    return [movement for seed in MANY for _, movement in drawn(what, seed, **figures)]


def beats_s(movement) -> np.ndarray:
    return np.array([push.at_s for push in movement.pushes])


def world(*parts, hours=1.0, seed=6, **options):
    ends = options.pop("figures", {})
    figures = {name: Figure(*pair, "test") for name, pair in ends.items()}
    plan = Plan("test", hours * 3600, parts, figures=figures, **options)
    recording = simulate.recorded(plan, seed)
    return recording, [line for line in recording.truth if line["type"] == "event"]


# cause: kinds it may have, (shortest, longest) in seconds at 30 % of the peak
EXPECTED = {
    "twitch": ({"twitch", "limb_move"}, 0.1, 0.8),
    "limb_move": ({"limb_move", "twitch"}, 0.3, 3.0),
    "gross": ({"gross", "limb_move"}, 1.5, 14.0),
    "startle": ({"startle_like"}, 0.2, 1.5),
    "sleep_onset_jerk": ({"startle_like"}, 0.1, 1.0),
    "rhythmic_bout": ({"rhythmic_bout"}, 9.0, 46.0),
    "short_bout": ({"rhythmic_bout"}, 0.5, 14.0),
    "slowing_bout": ({"rhythmic_bout"}, 10.0, 92.0),
    "fast_oscillation": ({"fast_oscillation"}, 1.5, 20.0),
    "rhythmic_large": ({"rhythmic_large"}, 8.0, 140.0),
    "put_down": ({"handling"}, 0.5, 13.0),
    "hands": ({"handling"}, 0.5, 13.0),
    "bump": ({"handling"}, 0.1, 2.5),
    "footsteps": ({"environment"}, 1.0, 10.0),
    "washer": ({"environment"}, 180.0, 610.0),
    "truck": ({"environment"}, 0.8, 10.5),
    "door_slam": ({"environment"}, 0.03, 1.5),
}


@pytest.mark.parametrize("cause", EXPECTED)
def test_kind_and_length_as_they_show(cause):
    kinds, shortest_s, longest_s = EXPECTED[cause]
    if cause == "put_down":
        parts = [Ingredient(cause, at_s=(100, 200))]
    else:
        count = (3, 3) if cause in ("washer", "rhythmic_large") else (12, 12)
        parts = [Ingredient(cause, count=count)]
    found = [
        entry for seed in (1, 2) for entry in world(*parts, seed=seed, rest_s=8)[1]
        if entry["cause"] == cause
    ]  # fmt: skip
    assert len(found) == (2 if cause == "put_down" else 2 * count[0])
    assert {entry["kind"] for entry in found} <= kinds
    for entry in found:
        assert shortest_s <= entry["duration_s"] <= longest_s
    most = Counter(entry["kind"] for entry in found).most_common(1)[0]
    assert most[1] > len(found) / 2


def test_every_ingredient_has_a_maker_and_names_its_own_cause():
    for name in ingredients.ALL:
        causes = {movement.cause for _, movement in drawn(name, 1)}
        several = {
            "visit": {"footsteps", "hands", "rocking"},
            "bout_then_stir": {"bout_then_stir", "gross"},
            "twitch_burst": {"twitch"},
            "periodic_series": {"limb_move"},
        }
        assert causes == several.get(name, {name})
    by = {name: {movement.by for _, movement in drawn(name, 2)} for name in ingredients.ALL}
    assert all(by[name] == {"infant"} for name in ingredients.INFANT)
    assert all(by[name] == {"surroundings"} for name in ingredients.SURROUNDINGS)
    assert all(by[name] == {"hands"} for name in ingredients.HANDS if name != "visit")


def test_a_bout_beats_at_1_to_5_hz_with_its_spread_and_its_rate_is_that_of_its_beats():
    rates, spreads = [], []
    for bout in ones("rhythmic_bout"):
        at_s = beats_s(bout)
        assert bout.jerks == len(at_s) >= 4
        assert bout.rate_hz == pytest.approx((len(at_s) - 1) / (at_s[-1] - at_s[0]))
        assert 1 / 1.1 < np.diff(at_s).mean() ** -1 < 5.3
        rates.append(bout.rate_hz)
        spreads.append(np.diff(at_s).std() / np.diff(at_s).mean())
    assert max(rates) - min(rates) > 3
    assert max(spreads) < 0.35  # what still counts as a bout
    assert min(spreads) < 0.06 < 0.1 < max(spreads)
    # All rates alike: no end of 1-5 Hz is left out.
    assert stats.kstest(rates, "uniform", (1.1, 3.9)).pvalue > 0.01


def test_short_bouts_have_4_to_12_jerks():
    counts = Counter(bout.jerks for bout in ones("short_bout"))
    assert min(counts) == 4
    assert max(counts) == 12


def test_a_bout_shows_at_its_rate_in_the_recording():
    recording, found = world(
        Ingredient("rhythmic_bout", count=(8, 8)), figures={"bout_force_n": (2, 3)}
    )
    band = signal.butter(2, [1, 20], "bandpass", fs=recording.rate_hz, output="sos")
    mg = recording.accel * (1000 / recording.lsb_per_g)
    track = signal.sosfilt(band, mg - mg[0], axis=0)
    off = []
    for entry in found:
        first = round(entry["onset_s"] * recording.rate_hz)
        part = track[first : first + round(entry["duration_s"] * recording.rate_hz)]
        power = (np.abs(np.fft.rfft(part, 1 << 16, axis=0)) ** 2).sum(axis=1)
        frequency = np.fft.rfftfreq(1 << 16, 1 / recording.rate_hz)
        harmonics = sum(
            np.interp(k * frequency[frequency < 6], frequency, power) for k in (1, 2, 3, 4)
        )
        near = np.abs(frequency[frequency < 6] / entry["rate_hz"] - 1) < 0.25
        best = frequency[frequency < 6][near][harmonics[near].argmax()]
        off.append(abs(best / entry["rate_hz"] - 1))
    assert np.median(off) < 0.02


def test_a_slowing_bout_slows_from_3_to_1_and_has_two_phases():
    for bout in ones("slowing_bout"):
        fast, slow = bout.pushes[::2], bout.pushes[1::2]
        intervals = np.diff([push.at_s for push in fast])
        assert bout.jerks == len(fast) == len(slow)
        assert 2.0 <= 1 / intervals[0] <= 3.1
        assert 1.05 <= 1 / intervals[-1] <= 1.75
        assert bout.slope_hz_per_s * bout.length_s == pytest.approx(
            1 / intervals[-1] - 1 / intervals[0], rel=0.15
        )
        assert (np.diff(intervals) > 0).all()
        for one, two in zip(fast, slow, strict=True):
            assert two.width_s > 2 * one.width_s
            assert np.dot(one.force_n, two.force_n) < 0


def test_a_bout_stops_with_a_gross_movement_within_5_s():
    for seed in MANY:
        (_, bout), (at_s, stir) = drawn("bout_then_stir", seed)
        assert bout.kind == "rhythmic_bout"
        assert stir.cause == "gross"
        assert 0 < at_s - bout.length_s < 5


def test_fast_oscillation_is_one_line_between_5_and_12_hz():
    recording, found = world(
        Ingredient("fast_oscillation", count=(8, 8)), figures={"fast_force_n": (0.5, 0.6)}
    )
    for entry in found:
        first = round((entry["onset_s"] + 0.5) * recording.rate_hz)
        length = round((entry["duration_s"] - 1.0) * recording.rate_hz)
        part = recording.accel[first : first + length, "xyz".index(entry["axis"])].astype(float)
        power = np.abs(np.fft.rfft(signal.detrend(part) * np.hanning(length), 1 << 15)) ** 2
        peak_hz = np.argmax(power) * recording.rate_hz / (1 << 15)
        assert 5 <= entry["rate_hz"] <= 12
        assert peak_hz == pytest.approx(entry["rate_hz"], abs=0.3)


def test_large_rhythms_are_slow_strong_and_have_4_cycles():
    for movement in ones("rhythmic_large"):
        assert movement.jerks >= 4
        assert 0.45 <= movement.rate_hz <= 2.2
    large = [np.linalg.norm(p.force_n) for m in ones("rhythmic_large") for p in m.pushes]
    gross = [np.linalg.norm(p.force_n) for m in ones("gross") for p in m.pushes]
    assert np.median(large) > 2 * np.median(gross)


def test_sucking_comes_in_bursts_of_6_to_12_at_2_hz():
    for seed in MANY:
        bursts = drawn("sucking", seed)
        starts = np.array([at_s for at_s, _ in bursts])
        ends = starts + [burst.length_s for _, burst in bursts]
        assert {burst.kind for _, burst in bursts} == {"rhythmic_bout"}
        assert all(6 <= burst.jerks <= 12 for _, burst in bursts)
        assert all(1.5 <= burst.rate_hz <= 2.5 for _, burst in bursts)
        assert 5 < (starts[1:] - ends[:-1]).mean() < 17


def test_hiccups_come_every_2_to_10_s_for_minutes_and_regularly():
    lengths = []
    for seed in MANY:
        group = drawn("hiccups", seed)
        apart_s = np.diff([at_s for at_s, _ in group])
        assert 2 < apart_s.mean() < 10
        assert apart_s.std() / apart_s.mean() <= 0.2
        lengths.append(group_length_s(group))
    assert 300 < np.median(lengths) < 600


def test_twitches_of_a_burst_are_at_most_10_s_apart_and_of_a_series_10_to_90_s():
    for seed in MANY:
        burst, series = drawn("twitch_burst", seed), drawn("periodic_series", seed)
        assert len(burst) >= 3
        assert len(series) >= 4
        assert np.diff([at_s for at_s, _ in burst]).max() <= 10
        apart_s = np.diff([at_s for at_s, _ in series])
        assert 10 <= apart_s.min() <= apart_s.max() <= 90


def test_a_swelling_series_grows_and_shrinks_and_most_jolts_are_short():
    lengths = []
    for seed in MANY:
        jolts = drawn("swelling_series", seed)
        size = np.array([max(np.linalg.norm(p.force_n) for p in jolt.pushes) for _, jolt in jolts])
        third = len(size) // 3
        assert size[third:-third].mean() > 1.2 * np.r_[size[:third], size[-third:]].mean()
        apart_s = np.diff([at_s for at_s, _ in jolts])
        assert 5 <= apart_s.min() <= apart_s.max() <= 31
        lengths += [jolt.length_s for _, jolt in jolts]
    short = np.mean(np.array(lengths) <= 3.4)
    assert 0.80 < short < 0.93  # 86 %
    assert max(lengths) < 7.5


def test_a_wake_episode_lasts_minutes_and_leaves_the_sleeper_awake():
    recording, found = world(Ingredient("wake_episode", count=(2, 2)), hours=2, sleep="cycles")
    assert {entry["state"] for entry in found} == {"awake"}
    awake = [line for line in recording.truth if line.get("state") == "awake"]
    awake_s = sum(line["duration_s"] for line in awake if line["type"] == "state")
    assert 120 < awake_s < 1100
    kicks = ones("wake_episode")
    rate = [(m.jerks - 1) / beats_s(m)[-1] for m in kicks if m.jerks > 3]
    assert 1.0 < np.median(rate) < 3.0
    spread = [np.diff(beats_s(m)).std() / np.diff(beats_s(m)).mean() for m in kicks if m.jerks > 9]
    assert np.median(spread) > 0.2  # no rhythm


def test_startles_are_ten_times_the_median_twitch():
    size = {
        what: np.median([max(np.linalg.norm(p.force_n) for p in m.pushes) for m in ones(what)])
        for what in ("startle", "twitch")
    }
    assert size["startle"] > 10 * size["twitch"]


def test_hands_lean_the_mattress_for_good():
    recording, found = world(Ingredient("hands", at_s=(1000, 1000)), hours=0.5)
    mg = recording.accel * (1000 / recording.lsb_per_g)
    rate = recording.rate_hz
    before, after = mg[: round(900 * rate)].mean(axis=0), mg[round(1100 * rate) :].mean(axis=0)
    leant_deg = math.degrees(np.linalg.norm((after - before)[:2]) / 1000)
    assert 0.35 < leant_deg < 1.25
    assert found[0]["peak_mg"] > 30


@pytest.mark.parametrize(
    ("hz", "kind"), [(0.3, "handling"), (0.9, "handling"), (1.2, "rhythmic_bout")]
)
def test_rocking_is_a_sinusoid_and_its_kind_follows_1_hz(hz, kind):
    recording, found = world(
        Ingredient("rocking", at_s=(100, 100)), hours=0.2,
        figures={"rocking_rate_hz": (hz, hz), "rocking_mg": (40, 40),
                 "rocking_length_s": (100, 100)},
    )  # fmt: skip
    assert found[0]["kind"] == kind
    assert found[0]["rate_hz"] == hz
    assert found[0]["duration_s"] > 10
    rate = recording.rate_hz
    part = recording.accel[round(115 * rate) : round(185 * rate), 0] * (1000 / recording.lsb_per_g)
    power = np.abs(np.fft.rfft(signal.detrend(part) * np.hanning(len(part)), 1 << 16)) ** 2
    assert np.argmax(power) * rate / (1 << 16) == pytest.approx(hz, abs=0.02)
    assert signal.detrend(part).std() == pytest.approx(40 / math.sqrt(2), rel=0.25)


def test_patting_keeps_time_as_a_hand_does():
    for movement in ones("patting"):
        apart_s = np.diff(beats_s(movement))
        assert apart_s.std() / apart_s.mean() < 0.1
        assert movement.kind == ("rhythmic_bout" if movement.rate_hz >= 1 else "handling")
        assert movement.length_s > 10


def test_a_washer_runs_up_to_one_line_between_13_and_23_hz():
    recording, (entry,) = world(
        Ingredient("washer", at_s=(100, 100)), hours=0.4, figures={"washer_force_n": (1, 1)}
    )
    rate = recording.rate_hz
    mg = recording.accel[:, "xyz".index(entry["axis"])] * (1000 / recording.lsb_per_g)
    frequency, at_s, power = signal.spectrogram(mg, rate, nperseg=512)
    peaks = frequency[3:][power[3:].argmax(axis=0)]
    steady = peaks[(at_s > 160) & (at_s < entry["onset_s"] + entry["duration_s"] - 60)]
    assert 13 <= entry["rate_hz"] <= 23
    assert np.abs(steady - entry["rate_hz"]).max() < 0.3
    early = peaks[(at_s > 103) & (at_s < 112)]
    assert early.max() < entry["rate_hz"] - 1


def test_a_fan_may_run_all_the_time_and_under_everything_else():
    _, found = world(
        Ingredient("fan", throughout=True), Ingredient("twitch", count=(20, 20)), hours=0.5
    )
    fan = [entry for entry in found if entry["cause"] == "fan"]
    assert len(fan) == 1
    assert fan[0]["duration_s"] > 1780
    assert len(found) == 21
    assert 10 <= fan[0]["rate_hz"] <= 60


def test_a_lorry_rumbles_between_8_and_20_hz_for_3_to_10_s():
    recording, found = world(
        Ingredient("truck", count=(10, 10)), rest_s=20, figures={"truck_force_n": (4, 5)}
    )
    total = np.zeros(513)
    for entry in found:
        first = round(entry["onset_s"] * recording.rate_hz)
        part = recording.accel[first : first + 300, "xyz".index(entry["axis"])].astype(float)
        frequency, density = signal.welch(signal.detrend(part), recording.rate_hz, nfft=1024)
        total += density
    inside = (frequency > 7) & (frequency < 21)
    assert total[inside].sum() > 0.95 * total[frequency > 2].sum()
    for movement in ones("truck"):
        assert 3 <= movement.length_s <= 10


def test_steps_come_at_walking_pace_nearer_and_then_farther():
    for movement in ones("footsteps"):
        size = [np.linalg.norm(push.force_n) for push in movement.pushes]
        assert 1.5 <= movement.rate_hz <= 2.5
        assert 0.15 * len(size) <= np.argmax(size) <= 0.85 * len(size)
        assert min(size[0], size[-1]) < 0.6 * max(size)


def test_a_soother_is_a_tone_on_the_foam_that_may_purr():
    pulses = [movement.pushes[0].pulse_hz for movement in ones("soother")]
    assert 0.0 in pulses
    assert max(pulses) > 0.8
    for movement in ones("soother"):
        assert 18 <= movement.rate_hz <= 48
        assert (movement.by, movement.point) == ("surroundings", "body")


def test_rates_an_hour_are_those_of_the_file():
    """Poisson: 40 an hour over 3 h, 120 with a deviation of 11."""
    found = [
        len(world(Ingredient("twitch", per_h=40), hours=3, seed=seed)[1]) for seed in range(6)
    ]
    assert 120 - 15 < np.mean(found) < 120 + 15
    assert np.std(found) > 1


def test_usual_rates_follow_age_and_state():
    def counted(months):
        _, found = world(
            *(Ingredient(w, usual=True) for w in ("twitch", "gross", "startle")),
            hours=8, age_months=months, sleep="cycles",
        )  # fmt: skip
        return Counter((entry["cause"], entry["state"]) for entry in found)

    newborn, older = counted(0), counted(12)
    assert newborn["startle", "quiet"] > newborn["startle", "active"] > 0
    assert older["startle", "quiet"] == older["startle", "active"] == 0
    assert newborn["gross", "active"] > newborn["gross", "quiet"]
    assert sum(newborn.values()) > sum(older.values())


def test_what_happens_again_and_again_keeps_its_distance():
    _, found = world(Ingredient("door_slam", every_s=(20, 30)))
    apart_s = np.diff([entry["onset_s"] for entry in found])
    assert 110 < len(found) < 190
    assert apart_s.min() > 19
    assert apart_s.max() < 33


def test_an_ingredient_more_leaves_the_draws_of_the_others_alone():
    """Each has its own random numbers: how strong the first two twitches are does not change."""
    one = Ingredient("twitch", at_s=(100, 200))
    two = Ingredient("gross", at_s=(300, 400))
    _, alone = world(one, hours=0.2)
    _, both = world(one, two, hours=0.2)
    assert both[0]["onset_s"] == alone[0]["onset_s"]
    assert both[0]["peak_mg"] == alone[0]["peak_mg"]


def test_an_empty_crib_rings_otherwise_than_one_with_somebody_in_it():
    step = Ingredient("bump", at_s=(100, 100))
    _, (there,) = world(step, hours=0.2)
    _, (later, _) = world(step, Ingredient("put_down", at_s=(300, 300)), hours=0.2)
    assert later["state"] == "absent"
    assert there["state"] == "quiet"
    assert later["peak_mg"] != pytest.approx(there["peak_mg"], rel=0.01)


def test_every_number_has_a_source():
    """Which is a reference (they all hold a number or a name), or says that it was chosen."""
    rows = [*TABLE.items()]
    for kinds in (MATTRESSES, SENSORS):
        rows += [row for kind in kinds.values() for row in kind.items()]
    for name, (low, high, source) in rows:
        assert low <= high, name
        assert "design choice" in source or any(c.isdigit() for c in source), name
    for name, (source, ages) in BY_AGE.items():
        assert [age[0] for age in ages] == sorted(age[0] for age in ages), name
        assert all(low <= high for _, low, high in ages), name
        assert "design choice" in source or any(c.isdigit() for c in source), name


def test_figures_of_an_age_lie_between_those_of_the_ages_around_it():
    heart = [table(months, "usual", "LSM6DSO", {})["beats_per_min"] for months in (0, 1, 5, 9, 20)]
    assert heart[0][:2] == heart[1][:2] == (116, 151)
    assert heart[2][:2] == ((116 + 94) / 2, (151 + 126) / 2)
    assert heart[3][:2] == heart[4][:2] == (94, 126)
