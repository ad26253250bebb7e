"""The mattress moves as its two masses must; the sensor is of its class. Measured from outside.

What a test expects is worked out here by another road: step by step, from eigenvalues, from
spectra of what comes out.
"""

import math

import numpy as np
import pytest
from scipy import integrate, linalg, signal

from cribtrace.world import quiet, simulate
from cribtrace.world.beds import MATTRESSES
from cribtrace.world.chance import Chance, table
from cribtrace.world.figures import SENSORS, Figure
from cribtrace.world.mattress import Mattress
from cribtrace.world.movements import Jerk, Movement, Tone
from cribtrace.world.plan import Ingredient, Plan
from cribtrace.world.sensor import Sensor

RATE = 104.0


def fixed(**values) -> dict[str, Figure]:
    ends = {k: v if isinstance(v, tuple) else (v, v) for k, v in values.items()}
    return {name: Figure(*pair, "test") for name, pair in ends.items()}


def bed(mattress="usual", seed=0, **values) -> Mattress:
    figures = table(1, mattress, "LSM6DSO", fixed(**values))
    return Mattress.drawn(Chance(np.random.RandomState(seed), figures), RATE)


def plain(**changes) -> Mattress:
    """No skew, no coupling, the same on each axis."""
    values = {"skew_deg": 0, "coupling": 0, "sideways_stiffness": 1, **changes}
    return bed(**values)


def recorded(*ingredients, hours=0.5, figures=None, **options):
    plan = Plan("test", hours * 3600, ingredients, figures=fixed(**(figures or {})), **options)
    return simulate.recorded(plan, options.pop("seed", 5))


def in_mg(recording) -> np.ndarray:
    return recording.accel * (1000 / recording.lsb_per_g)


@pytest.mark.parametrize("point", ["body", "base"])
@pytest.mark.parametrize("laden", [True, False])
def test_two_masses_move_as_their_equations_say(point, laden):
    """Against a step-by-step solution of the same two masses, on one axis."""
    one = plain(infant_kg=4, foam_sag_mm=9.94, base_hz=10, foam_damping=0.2, base_damping=0.1)
    foam_hz = one.foam_hz[2]
    assert foam_hz == pytest.approx(5.0, abs=0.01)
    w1, w2, m2 = math.tau * foam_hz, math.tau * 10.0, 8.0
    m1 = 4.0 if laden else 0.5
    pull = np.interp(np.arange(208), [0, 10, 14, 22, 30], [0, 0, 1.0, -0.5, 0])

    def accelerations(t, state):
        x1, x2, v1, v2 = state
        force = np.interp(t * RATE, np.arange(208), pull)
        f1, f2 = (force, 0) if point == "body" else (0, force)
        foam = 4.0 * w1 * w1 * (x2 - x1) + 2 * 0.2 * w1 * 4.0 * (v2 - v1)
        floor = -m2 * w2 * w2 * x2 - 2 * 0.1 * w2 * m2 * v2
        return (foam + f1) / m1, (floor - foam + f2) / m2

    def motion(t, state):
        return (state[2], state[3], *accelerations(t, state))

    at_s = np.arange(208) / RATE
    solved = integrate.solve_ivp(
        motion, (0, 2), [0, 0, 0, 0], t_eval=at_s, max_step=1 / 416, rtol=1e-8, atol=1e-12
    )
    expected = [
        accelerations(t, state)[1] / 9.80665e-3 for t, state in zip(at_s, solved.y.T, strict=True)
    ]
    force_n = np.zeros((3, 208))
    force_n[2] = pull
    shown = one.shaken(force_n, point, laden)
    assert np.abs(expected).max() > 5
    assert shown[2] == pytest.approx(expected, abs=0.01 * np.abs(expected).max())
    assert not shown[:2].any()


def modes_hz(foam_hz: float, base_hz: float, infant_kg: float) -> np.ndarray:
    k1 = infant_kg * (math.tau * foam_hz) ** 2
    k2 = 8.0 * (math.tau * base_hz) ** 2
    return (
        np.sqrt(linalg.eigvalsh([[k1, -k1], [-k1, k1 + k2]], np.diag([infant_kg, 8]))) / math.tau
    )


@pytest.mark.parametrize("mattress", MATTRESSES)
def test_each_mattress_rings_at_a_mode_of_its_masses_and_as_long_as_its_damping_lets_it(mattress):
    """Ring-down after a knock: frequency against eigenvalues, decay against complex poles."""
    one = bed(mattress, 3, skew_deg=0, coupling=0)
    knock = np.zeros((3, 1040))
    knock[2, 1:4] = [1, 2, 1]
    ring = one.shaken(knock, "body")[2]
    spectrum = np.abs(np.fft.rfft(ring[8:], 1 << 14))
    peak_hz = np.argmax(spectrum) * RATE / (1 << 14)
    expected = modes_hz(one.foam_hz[2], one.base_hz[2], one.infant_kg)
    assert min(abs(peak_hz / expected - 1)) < 0.10
    assert 3.0 < expected[0] < 7.0 < expected[1] < 19
    w1, w2 = math.tau * one.foam_hz[2], math.tau * one.base_hz[2]
    m1, m2, c1 = one.infant_kg, 8.0, 2 * one.foam_damping * w1 * one.infant_kg
    c2, k1, k2 = 2 * one.base_damping * w2 * m2, m1 * w1 * w1, m2 * w2 * w2
    motion = np.block([
        [np.zeros((2, 2)), np.eye(2)],
        [np.array([[-k1 / m1, k1 / m1], [k1 / m2, -(k1 + k2) / m2]]),
         np.array([[-c1 / m1, c1 / m1], [c1 / m2, -(c1 + c2) / m2]])],
    ])  # fmt: skip
    slowest = -np.linalg.eigvals(motion).real.max()
    envelope = np.abs(signal.hilbert(ring))
    late = slice(round(0.8 * RATE), round(1.6 * RATE))
    decay = -np.polyfit(np.arange(1040)[late] / RATE, np.log(envelope[late]), 1)[0]
    assert decay == pytest.approx(slowest, rel=0.25)


def test_the_mattresses_ring_in_the_stated_range_and_apart():
    found = {}
    for name in MATTRESSES:
        drawn = [bed(name, seed) for seed in range(8)]
        foam = [one.foam_hz[2] for one in drawn]
        found[name] = np.mean(foam)
        assert min(foam) >= 3.5
        assert max(one.base_hz[2] for one in drawn) <= 15
    assert max(found.values()) - min(found.values()) > 2.5


def test_a_skewed_base_turns_motion_and_conserves_it():
    """Stiff ways turned against the puck show a push along z on x and y too, by reciprocity."""
    one = bed("skewed", 2, coupling=0)
    assert one.ways @ one.ways.T == pytest.approx(np.eye(3), abs=1e-12)
    shown = []
    for axis in range(3):
        push = np.zeros((3, 300))
        push[axis, 5] = 1.0
        shown.append(one.shaken(push, "base"))
    # Maxwell and Betti: what a push on y shows on x is what a push on x shows on y.
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert shown[i][j] == pytest.approx(shown[j][i], abs=1e-12)
        assert np.abs(shown[i][j]).max() > 1e-3 * np.abs(shown[i][i]).max()


def test_a_puck_that_rocks_shows_other_axes():
    one = plain()
    force_n = np.zeros((3, 200))
    force_n[0, 5] = 1.0
    coupling = np.array([[1, 0, 0], [0.1, 1, 0], [-0.2, 0, 1]])
    rocks = Mattress(**{**vars(one), "coupling": coupling})
    shown = rocks.shaken(force_n, "body")
    assert shown[1] == pytest.approx(0.1 * shown[0])
    assert shown[2] == pytest.approx(-0.2 * shown[0])
    assert np.abs(shown[0]).max() > 1


@pytest.mark.parametrize("hz", [2.0, 5.5, 11.0, 18.0, 30.0])
def test_a_tone_settles_where_the_same_force_sample_by_sample_does(hz):
    """Steady state by gain and phase against the force, filtered: the same masses twice."""
    one = bed(seed=4)
    at_s = np.arange(0, 20, 1 / RATE)
    tone = Tone(0.0, 20.0, hz, np.array([0.5, -0.2, 1.0]), ramp_s=2.0)
    fast = one.hummed(tone, at_s, "base", True)[:, 1000:1500]
    # The filter takes a force to run straight between frames: at 16 times the rate it does.
    often = Mattress(**{**vars(one), "rate_hz": 16 * RATE})
    wave = np.sin(math.tau * hz * (np.arange(20 * 16 * RATE) / (16 * RATE) + 1 / RATE))
    slow = often.shaken(np.outer(tone.force_n, wave), "base")[:, ::16][:, 1000:1500]
    assert fast.std(axis=1) == pytest.approx(slow.std(axis=1), rel=0.01)
    for axis in range(3):
        assert np.corrcoef(fast[axis], slow[axis])[0, 1] > 0.99


def test_a_tone_above_half_the_rate_comes_out_folded():
    one = plain()
    at_s = np.arange(0, 20, 1 / RATE)
    hum = one.hummed(Tone(0.0, 20.0, 60.0, np.ones(3), 1.0), at_s, "base", True)[2]
    frequency, density = signal.welch(hum, RATE, nperseg=1024)
    assert frequency[density.argmax()] == pytest.approx(RATE - 60, abs=0.2)


def test_pushes_add_up():
    one = bed(seed=1)
    at_s = np.arange(0, 6, 1 / RATE)
    parts = [
        Jerk(0.5, 0.2, np.array([1.0, 0, 0.5])),
        Jerk(0.6, 0.3, np.array([0, 1.0, -0.5])),
        Tone(1.0, 3.0, 7.0, np.array([0, 0, 0.3]), 0.5),
    ]
    whole = one.moved(Movement("x", parts, 3), at_s, True)
    single = [one.moved(Movement("x", [part], 1), at_s, True) for part in parts]
    assert whole == pytest.approx(sum(single), abs=1e-9)
    assert min(np.abs(part).max() for part in single) > 0.5


def test_a_jerk_leaves_no_momentum():
    at_s = np.linspace(0, 0.2, 2001)
    force = Jerk(0.0, 0.2, np.ones(3)).over(at_s)
    assert abs(force.sum()) < 1e-6 * np.abs(force).sum()
    assert 0.9 < force.max() < 1.1


def test_a_tilted_puck_still_measures_one_g():
    pulled = quiet.gravity(np.array([[0.0, 50.0, -35.0], [0.0, 0.0, 35.0]]))
    assert np.linalg.norm(pulled, axis=0) == pytest.approx([1000] * 3, abs=0.01)
    assert pulled[:2].tolist() == [[0, 50, -35], [0, 0, 35]]


@pytest.mark.parametrize(
    ("sensor", "densities"),
    [
        ("LSM6DSO", (70, 70, 70)),
        ("ICM-42688-P", (65, 65, 70)),
        ("BMI270", (160, 160, 160)),
        ("MPU-6050", (400, 400, 400)),
    ],
)
def test_each_sensor_is_as_noisy_as_its_class(sensor, densities):
    """Noise density from the recording of an empty crib, where only the sensor is left."""
    recording = recorded(sensor=sensor, empty=True, figures={"gain_error": 0})
    _, density = signal.welch(in_mg(recording), recording.rate_hz, nperseg=1024, axis=0)
    measured = np.sqrt(density[20:-20].mean(axis=0)) * 1000
    # Rounding to words adds a little where noise is small: 0.061 mg / sqrt(12) over the band.
    assert measured == pytest.approx(densities, rel=0.02)
    # White: the lower half of the band as strong as the upper.
    assert density[20:200].mean() == pytest.approx(density[300:490].mean(), rel=0.03)
    assert np.abs(np.corrcoef(np.diff(in_mg(recording), axis=0).T) - np.eye(3)).max() < 0.02


def test_every_sensor_has_a_scale_and_a_rate_that_the_virtual_board_can_run_at():
    from cribtrace import sensors

    for sensor in SENSORS:
        recording = recorded(sensor=sensor, hours=0.02)
        assert recording.lsb_per_g == (1 / 0.061e-3 if sensor == "LSM6DSO" else 16384.0)
        assert sensors.named(sensors.DEFAULT).rate_for(recording.rate_hz)[0] == 104
        assert sensor in recording.source


def test_the_true_rate_is_off_by_up_to_3_percent_and_a_tone_shows_it():
    """A fan of exactly 20 Hz turns 20 / rate times a frame, whatever the sensor is called."""
    rates = []
    for seed in range(12):
        plan = Plan("test", 120.0, (Ingredient("fan", throughout=True),),
                    figures=fixed(fan_hz=20, fan_force_n=2.0))  # fmt: skip
        recording = simulate.recorded(plan, seed)
        frames = in_mg(recording)[1000:9000]
        spectrum = np.abs(np.fft.rfft(signal.detrend(frames, axis=0), 1 << 18, axis=0)).sum(axis=1)
        per_frame = np.argmax(spectrum) / (1 << 18)
        assert 20 / per_frame == pytest.approx(recording.rate_hz, rel=2e-4)
        rates.append(recording.rate_hz / 104 - 1)
    assert max(np.abs(rates)) <= 0.03
    assert max(rates) - min(rates) > 0.03


def test_the_offset_drifts_with_the_room_by_its_coefficient():
    """Cooling by 3 K over hours, 0.5 mg a kelvin: the mean of the last minute tells."""
    figures = {
        "bias_mg": 7, "bias_mg_per_k": 0.5, "cooling_k": 3, "heating_k": 0, "gain_error": 0,
        "mounting_deg": 0,
    }  # fmt: skip
    recording = recorded(empty=True, hours=6, figures=figures)
    minute = round(60 * recording.rate_hz)
    first, last = in_mg(recording)[:minute].mean(axis=0), in_mg(recording)[-minute:].mean(axis=0)
    assert first - [0, 0, 1000] == pytest.approx([7, 7, 7], abs=0.05)
    # After 6 h of a 2 h time constant 95 % of it is through.
    assert last - first == pytest.approx([-0.5 * 3 * (1 - math.exp(-3))] * 3, abs=0.05)


def test_a_gain_error_scales_gravity():
    recording = recorded(empty=True, hours=0.02, figures={"gain_error": 0.008, "bias_mg": 0})
    assert in_mg(recording)[:, 2].mean() == pytest.approx(1008, abs=1.0)


def test_words_are_whole_steps_and_clip_at_2_g_without_wrapping():
    sensor = Sensor.drawn(Chance(np.random.RandomState(1), table(1, "usual", "LSM6DSO", {})))
    words = sensor.registers(np.array([2100.0, -2100.0, 0.0304, 0.0306, 1000.0]))
    assert words.tolist() == [32767, -32768, 0, 1, 16393]
    bumps = recorded(
        Ingredient("bump", count=(5, 5)), hours=0.1, figures={"bump_force_n": (300, 300)}
    )
    assert bumps.accel.max() == 32767
    clipped = bumps.truth[0]
    assert clipped["peak_mg"] > 1000  # the truth knows what the words could not hold


def test_breathing_tilts_the_puck_at_its_rate_and_only_while_somebody_lies_there():
    figures = {
        "breaths_quiet_per_min": 36, "breaths_active_per_min": 36, "breath_tilt_ug": 400,
        "breath_spread_quiet": 0.01, "breath_spread_active": 0.01,
        "beat_force_n": 1e-6, "handling_tilt_deg": 0.001,
    }  # fmt: skip
    recording = recorded(
        Ingredient("put_down", at_s=(600, 600)), hours=0.5, figures=figures, rest_s=3
    )
    rate = recording.rate_hz
    sideways = in_mg(recording)[:, :2]
    tones = []
    for part in (sideways[: round(590 * rate)], sideways[round(640 * rate) :]):
        frequency, density = signal.welch(part, rate, nperseg=round(rate * 120), axis=0)
        near = (frequency > 0.55) & (frequency < 0.65)
        tones.append(math.sqrt(2 * density[near].sum() * frequency[1] / 2))
        if part is not sideways:
            peak_hz = frequency[10:400][density[10:400].sum(axis=1).argmax()]
    assert tones[1] == pytest.approx(0.4 / math.sqrt(2), rel=0.25)
    assert tones[0] < 0.15 * tones[1]
    assert peak_hz == pytest.approx(0.6, abs=0.02)


def test_the_heart_shows_from_4_to_12_hz_and_mostly_along_y():
    recording = recorded(hours=0.25, figures={"beat_force_n": 0.1, "coupling": 0, "skew_deg": 0})
    frequency, density = signal.welch(in_mg(recording), recording.rate_hz, nperseg=1024, axis=0)
    extra = density - 0.070**2
    heart = (frequency > 4) & (frequency < 12)
    high = (frequency > 25) & (frequency < 45)
    assert extra[heart].max(axis=0).argmax() == 1
    assert extra[heart, 1].mean() > 30 * abs(extra[high, 1].mean())
    assert extra[heart, 1].mean() > 0.5 * 0.070**2
