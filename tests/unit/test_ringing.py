"""What a board knows of its crib: the ring comes off each duration, a kept floor is begun with."""

import numpy as np
import pytest

from cribtrace import replay
from cribtrace.device import config, detector, kernels, settings
from cribtrace.recording import Recording

RATE_HZ, LSB_PER_G = 104.0, 16393.443
LSB_PER_MG = LSB_PER_G / 1000
TICK_S = (1 << config.tick_shift(104_000)) / RATE_HZ


def noise(seconds, rms_mg=0.4, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal((0, 0, 1000), rms_mg, (int(seconds * RATE_HZ), 3))


def shaken(seconds):
    """A regular shake of 6 Hz in the middle of half a minute."""
    mg = noise(40)
    n = np.arange(round(seconds * RATE_HZ))
    mg[2080 + n, 0] += 12 * np.sin(2 * np.pi * 6 * n / RATE_HZ)
    return Recording(np.rint(mg * LSB_PER_MG).astype(np.int16), RATE_HZ, LSB_PER_G)


def only(recording, **changes):
    (event,) = replay.replay(recording, "cpython", changes)
    return event


@pytest.mark.parametrize("ring_ms", [100, 300])
def test_the_ring_comes_off_the_duration_and_nothing_else(ring_ms):
    plain, corrected = only(shaken(0.6)), only(shaken(0.6), ring_ms=ring_ms)
    assert plain["duration_s"] - corrected["duration_s"] == pytest.approx(ring_ms / 1000, abs=0.01)
    for same in ("onset_s", "peak_mg", "jerks"):
        assert corrected[same] == plain[same]
    for same in ("span_s", "energy_mg_s", "evenness", "strength"):
        assert corrected["why"][same] == plain["why"][same]


def test_what_is_shorter_than_the_ring_lasts_one_tick():
    assert only(shaken(0.3), ring_ms=2000)["duration_s"] == pytest.approx(TICK_S, abs=0.001)


def test_the_kind_follows_the_corrected_duration():
    long_s = settings.DEFAULTS["twitch_ms"] / 1000 + 0.2
    assert only(shaken(long_s))["kind"] == "limb_move"
    assert only(shaken(long_s), ring_ms=400)["kind"] == "twitch"


def gains_after(seconds, kept=None, rms_mg=0.4):
    det = detector.Detector(settings.DEFAULTS, 104_000, round(LSB_PER_G * 1000))
    if kept:
        det.seed(kept)
    warm = det.warm
    raw = np.rint(noise(seconds, rms_mg) * LSB_PER_MG).astype("<i2").tobytes()
    for at in range(0, len(raw), 6 * 64):
        piece = raw[at : at + 6 * 64]
        det.step(piece, len(piece) // 6)
    return [det.state[kernels.GAIN + axis] for axis in range(3)], warm, det


@pytest.mark.parametrize("off", [0.5, 1, 2])
def test_a_kept_floor_is_right_after_half_the_warm_up_even_where_it_was_wrong(off):
    settled, whole, _ = gains_after(300)
    half_s = settings.DEFAULTS["warm_up_ms"] / 2000
    found, half, det = gains_after(half_s + 0.1, [round(gain * off) for gain in settled])
    assert half == whole // 2
    assert det.warm == 0
    assert found == pytest.approx(settled, rel=0.25)


def test_a_kept_floor_never_falls_below_the_floor_under_the_floor():
    det = gains_after(0, [1 << 29] * 3)[2]
    gains = [det.state[kernels.GAIN + axis] for axis in range(3)]
    assert gains == [det.cfg[kernels.GAIN_MOST]] * 3
