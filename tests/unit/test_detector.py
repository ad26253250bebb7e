"""The detector under CPython; tests/device shows that the board's gives the same."""

import random
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cribtrace import facts, recording, replay
from cribtrace.device import config, detector, kernels
from cribtrace.device import settings as schema
from tests.support import golden

RATE_MHZ = 104_000
MLSB_PER_G = 16_393_443
LSB_PER_MG = MLSB_PER_G / 1e6


def run(accel, bursts=None, rate_mhz=RATE_MHZ):
    """Events, as dicts, and the detector, after all frames in bursts of the given sizes."""
    det = detector.Detector(schema.DEFAULTS, rate_mhz, MLSB_PER_G)
    names = replay.records.LAYOUTS[replay.records.EVENT][1]
    raw = np.ascontiguousarray(accel, dtype="<i2").tobytes()
    found = []
    at = 0
    sizes = iter(bursts or [])
    while at < len(raw):
        piece = raw[at : at + 6 * next(sizes, config.BURST)]
        at += len(piece)
        for k in range(det.step(piece, len(piece) // 6)):
            found.append(dict(zip(names, det.event_fields(k), strict=True)))
    return found, det


def noise(seconds, seed=1, rms_mg=0.3, rate_hz=104):
    rng = np.random.default_rng(seed)
    mg = rng.normal((0, 0, 1000), rms_mg, (int(seconds * rate_hz), 3))
    return np.rint(mg * LSB_PER_MG)


def shake(accel, onset_s, seconds, mg, axis=0, hz=6.0, rate_hz=104):
    """Add a steady oscillation of `mg` to one axis."""
    n = round(seconds * rate_hz)
    at = round(onset_s * rate_hz)
    wave = np.sin(2 * np.pi * hz * np.arange(n) / rate_hz) * mg * LSB_PER_MG
    accel[at : at + n, axis] += np.rint(wave)
    return accel


def test_noise_alone_gives_no_event():
    found, det = run(noise(1800))
    assert found == []
    assert det.seen == det.index == 1800 * 104


@pytest.mark.parametrize(
    ("seconds", "kind"), [(0.25, 0), (0.45, 0), (0.6, 1), (2.8, 1), (3.3, 2), (12, 2)]
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_duration_at_30_percent_of_the_peak_decides_the_kind(seconds, kind, axis):
    found, _ = run(shake(noise(40), 20, seconds, 12, axis))
    assert [(e["kind"], e["axis"]) for e in found] == [(kind, axis)]
    assert found[0]["duration"] / 104 == pytest.approx(seconds, abs=0.06)
    assert found[0]["onset"] / 104 == pytest.approx(20, abs=0.05)


def band_gain(hz, rate_hz=104):
    """The motion band's gain at a frequency, from the two difference equations of the kernel."""
    z = np.exp(-2j * np.pi * hz / rate_hz)
    return abs((1 - z) / (1 - (1 - 1 / 16) * z) * 0.625 / (1 - 0.375 * z))


def test_peak_is_in_the_units_of_the_recording():
    # 90 degrees into the wave, so that the high-pass has no step to ring on.
    accel = noise(40, rms_mg=0.01)
    n = np.arange(20 * 104, 30 * 104)
    envelope = np.sin(np.pi * (n - n[0]) / len(n))
    accel[n, 0] += np.rint(envelope * np.sin(2 * np.pi * 6 * n / 104) * 10 * LSB_PER_MG)
    found, _ = run(accel)
    scale = facts.Scale({"rate_mhz": RATE_MHZ, "mlsb_per_g": MLSB_PER_G})
    assert scale.mg(found[0]["peak_x"]) == pytest.approx(10 * band_gain(6), rel=0.03)


def test_movements_less_than_half_a_second_apart_are_one():
    both = shake(shake(noise(40), 20, 0.3, 12), 20.7, 0.3, 12)
    assert len(run(both)[0]) == 1
    apart = shake(shake(noise(40), 20, 0.3, 12), 20.95, 0.3, 12)
    assert len(run(apart)[0]) == 2


@pytest.mark.parametrize("hz", [1.0, 2.0, 2.5])
def test_jerks_are_counted(hz):
    accel = noise(60)
    count = 6
    for k in range(count):
        shake(accel, 20 + k / hz, 0.15, 20)
    found, _ = run(accel)
    # Slower than 2 a second they are movements of their own.
    assert sum(e["jerks"] for e in found) == count


def test_floor_follows_the_noise_and_not_the_events():
    quiet = run(noise(300))[1].floor
    events = noise(300)
    for second in range(15, 295, 5):
        shake(events, second, 1.0, 40)
    assert run(events)[1].floor < 1.25 * quiet
    # Noise that grows threefold is one long event at first, and the floor slow: about 6 minutes.
    louder = np.concatenate([noise(60), noise(480, seed=2, rms_mg=0.9)])
    assert run(louder)[1].floor == pytest.approx(3 * quiet, rel=0.1)
    calmer = np.concatenate([noise(60, rms_mg=0.9), noise(240, seed=2)])
    assert run(calmer)[1].floor == pytest.approx(quiet, rel=0.1)


def test_floor_comes_down_again_after_a_handling_at_the_start():
    quiet = run(noise(300))[1].floor
    handled = shake(noise(300), 0, 20, 300)
    assert run(handled)[1].floor < 1.5 * quiet


def test_floor_is_the_median_that_the_host_turns_into_rms():
    _, det = run(noise(900, rms_mg=0.5))
    rms_mg = det.floor / 16 / LSB_PER_MG / facts.MEDIAN_PER_RMS
    # The motion band leaves 0.672 of white noise at 104 Hz.
    assert rms_mg == pytest.approx(0.5 * 0.672, rel=0.05)


def test_an_event_that_does_not_end_is_cut():
    found, _ = run(shake(noise(200), 20, 140, 12))
    assert [e["flags"] & 1 for e in found] == [1, 1, 1, 1, 0]
    longest = config.frames(schema.DEFAULTS["longest_ms"], RATE_MHZ)
    # The last loud frame is within a half wave of the cut.
    assert longest - 9 <= found[0]["span"] <= longest


def test_clipping_is_flagged():
    found, _ = run(np.clip(shake(noise(40), 20, 1, 2500), -32768, 32767))
    assert [e["flags"] & 2 for e in found] == [2]


def test_a_gap_ends_an_open_event_and_moves_the_frame_index():
    det = detector.Detector(schema.DEFAULTS, RATE_MHZ, MLSB_PER_G)
    accel = shake(noise(20), 18, 2, 12).astype("<i2")
    for at in range(0, len(accel), 64):
        det.step(accel[at : at + 64].tobytes(), len(accel[at : at + 64]))
    assert det.state[kernels.ACTIVE]
    det.skip(1000)
    assert (det.index, det.seen, det.in_gaps) == (20 * 104 + 1000, 20 * 104, 1000)
    assert not det.state[kernels.ACTIVE]
    assert det.state[kernels.WARM] == 104


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 64), min_size=1, max_size=400))
def test_how_frames_arrive_does_not_matter(sizes):
    accel = shake(shake(noise(60), 20, 0.3, 12), 30, 4, 9, 1)
    whole, _ = run(accel)
    cut, _ = run(accel, bursts=sizes)
    assert cut == whole != []


def test_golden_events():
    assert golden.as_text(replay.replay(recording.load(golden.RECORDING), "cpython")) == (
        golden.EVENTS.read_text()
    )


def test_snippet_holds_the_raw_frames_from_before_the_onset():
    det = detector.Detector(schema.DEFAULTS, RATE_MHZ, MLSB_PER_G)
    accel = shake(noise(30), 20, 0.4, 300).astype("<i2")
    for at in range(0, len(accel), 64):
        burst = accel[at : at + 64]
        if det.step(burst.tobytes(), len(burst)):
            break
    payload = bytearray(2400)
    first, n, x, y, z, end = det.snippet(det.started(0), payload, 0)
    coded = {"rest": payload[:end], "first": first, "frames": n, "x": x, "y": y, "z": z}
    from cribtrace import analysis

    boot = analysis._Boot({"mlsb_per_g": MLSB_PER_G, "rate_mhz": RATE_MHZ}, [], 0.0)
    wave = analysis._snippet(coded, boot)
    expected = accel[first : first + n] / LSB_PER_MG
    assert len(wave.mg) == n
    np.testing.assert_allclose(wave.mg, expected, rtol=1e-5, atol=1e-3)
    assert first == det.started(0) - 52
    assert end < 4 * n


class Word(int):
    """An integer that refuses to leave +-2**30, where the board's small integers end."""

    def _kept(self, value):
        if not -(2**30) <= value < 2**30:
            raise OverflowError(value)
        return Word(value)

    def __add__(self, other):
        return self._kept(int(self) + int(other))

    def __sub__(self, other):
        return self._kept(int(self) - int(other))

    def __rsub__(self, other):
        return self._kept(int(other) - int(self))

    def __mul__(self, other):
        return self._kept(int(self) * int(other))

    def __lshift__(self, other):
        return self._kept(int(self) << int(other))

    def __rshift__(self, other):
        assert 0 <= int(other) < 31
        return Word(int(self) >> int(other))

    def __or__(self, other):
        return self._kept(int(self) | int(other))

    def __xor__(self, other):
        return self._kept(int(self) ^ int(other))

    __radd__, __rmul__, __ror__, __rxor__ = __add__, __mul__, __or__, __xor__


class Words(list):
    """A pointer's view of unsigned 32-bit memory: in bounds, never negative."""

    def __getitem__(self, index):
        assert 0 <= index < len(self), index
        return Word(list.__getitem__(self, index))

    def __setitem__(self, index, value):
        assert 0 <= index < len(self), index
        assert 0 <= value < 2**30, value
        list.__setitem__(self, index, int(value))


def extremes(n, seed):
    """Frames at the ends of the range: square waves of every period, steps, random extremes."""
    rng = random.Random(seed)
    out = np.empty((n, 3), dtype="<i2")
    for axis in range(3):
        at = 0
        while at < n:
            length = rng.randint(1, 400)
            half = rng.choice([1, 2, 3, 5, 9, 25, 80])
            wave = np.where(np.arange(length) // half % 2, -32768, 32767)
            if rng.random() < 0.2:
                wave = np.array([rng.choice([-32768, 32767, 0]) for _ in range(length)])
            if rng.random() < 0.2:
                wave = np.zeros(length)
            out[at : at + length, axis] = wave[: n - at]
            at += length
    return out


def at_the_ends(column):
    """Every setting at the least or the most that it may be."""
    ends = {row[0]: row[column] for row in schema.SCHEMA}
    for low, high in schema.BELOW:
        ends[low] = min(ends[low], ends[high] - 1)
    return schema.check(ends, schema.DEFAULTS)


RANGES = [schema.DEFAULTS, at_the_ends(2), at_the_ends(3)]


@pytest.mark.parametrize("values", RANGES, ids=["defaults", "least", "most"])
@pytest.mark.parametrize("rate_mhz", [52_000, 104_000, 208_000])
def test_no_intermediate_leaves_the_small_integers_at_the_worst_inputs(rate_mhz, values):
    cfg = config.kernel_words(values, rate_mhz, MLSB_PER_G, 6, 0, 1)
    cfg[kernels.WARM_UP] = 50
    cfg[kernels.LONGEST] = 700
    state = Words([0] * kernels.ST_WORDS)
    state[kernels.WARM] = 50
    out = Words([0] * (kernels.OUT_EVENTS * kernels.OUT_WORDS))
    raw = extremes(6400, rate_mhz).tobytes()
    closed = 0
    for index in range(0, 6400, 64):
        burst = Words(raw[index * 6 : index * 6 + 384])
        kernels.scan(burst, 64, Word(index), Words(cfg), state, out)
        closed += state[kernels.CLOSED]
    assert closed > 3 or values is RANGES[2]


def test_the_overflow_proof_notices_an_overflow():
    with pytest.raises(OverflowError):
        Word(2**20) * 2**11
    with pytest.raises(AssertionError):
        Words([0])[0] = -1


def test_a_rate_the_filters_are_not_made_for_is_refused():
    for rate_mhz in (12_500, 833_000):
        with pytest.raises(ValueError, match="rate"):
            config.kernel_words(schema.DEFAULTS, rate_mhz, MLSB_PER_G, 6, 0, 1)


@given(st.integers(0, 2**21))
def test_level_is_monotonic_and_within_an_eighth(v):
    level = kernels.level(v)
    assert kernels.level(v + 1) in (level, level + 1)
    least = level if level < 16 else (8 + level % 8) << (level // 8 - 1)
    assert least <= v <= max(least, least * 9 // 8)


@given(st.lists(st.tuples(*[st.integers(0, 65535)] * 3), min_size=2, max_size=256))
def test_coded_frames_come_back(frames):
    ring = array("H", [v for frame in frames for v in frame] + [0] * (3 * 512 - 3 * len(frames)))
    out = bytearray(9 * 256)
    end = kernels.code_frames(ring, 511, 0, len(frames), out, 0)
    assert end <= 9 * (len(frames) - 1)
    from cribtrace import analysis

    first = dict(zip(("x", "y", "z"), frames[0], strict=True))
    boot = analysis._Boot({"mlsb_per_g": 1_000_000, "rate_mhz": 1000}, [], 0.0)
    wave = analysis._snippet({"rest": out[:end], "first": 0, **first}, boot)
    np.testing.assert_allclose(wave.mg / 1.0, np.array(frames) - 32768.0)


def epochs(accel, cut=None):
    """(first, frames, seen, peak, levels) of each epoch, the last one cut short."""
    det = detector.Detector(schema.DEFAULTS, RATE_MHZ, MLSB_PER_G)
    track = bytearray(64)
    raw = accel.astype("<i2").tobytes()
    found = []
    for at in range(0, len(raw), 6 * 64):
        det.step(raw[at : at + 6 * 64], len(raw[at : at + 6 * 64]) // 6)
        while det.epoch_due():
            found.append((*det.take_epoch(track), bytes(track)))
    found.append((*det.take_epoch(track), bytes(track)))
    return [(f[0], f[1], f[2], f[4], f[6][: f[5]]) for f in found], det


def test_epochs_are_thirty_seconds_and_leave_no_frame_out():
    found, det = epochs(noise(100))
    assert [(first, frames) for first, frames, *_ in found] == [
        (0, 3120), (3120, 3120), (6240, 3120), (9360, 1040),
    ]  # fmt: skip
    assert [seen for _, _, seen, *_ in found] == [3120, 3120, 3120, 1040]
    assert [len(levels) for *_, levels in found] == [30, 30, 30, 10]
    assert det.epoch_from == det.index


@pytest.mark.parametrize("second", [14.5, 29.9, 30.0, 30.1, 59.95, 65.3])
def test_every_second_has_the_level_of_its_largest_movement(second):
    found, _ = epochs(shake(noise(66), second, 0.05, 400, hz=20))
    levels = b"".join(levels for *_, levels in found)
    loudest = max(range(len(levels)), key=lambda i: levels[i])
    assert loudest in (int(second), int(second + 0.06))
    assert levels[loudest] == max(kernels.level(peak) for *_, peak, _ in found)


def test_a_detector_that_follows_another_counts_on_and_knows_nothing_of_it():
    _, old = run(np.zeros((3000, 3)) + 7)
    old.skip(100)
    new = detector.Detector({**schema.DEFAULTS, "hold_ms": 300}, RATE_MHZ, MLSB_PER_G)
    new.follow(old)
    assert (new.index, new.seen, new.in_gaps) == (3100, 3000, 100)
    assert new.state[kernels.WARM] == new.cfg[kernels.WARM_UP] > 0
    new.step(b"\1\0" * 30, 10)
    first, n, *_ = new.snippet(new.index - 5, bytearray(2400), 0)
    assert (first, n) == (3100, 10)
    assert new.take_epoch(bytearray(64))[:3] == (3100, 10, 10)
