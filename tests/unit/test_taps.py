"""Taps on simulated mattresses, whose modes are known. Nobody has tapped a real one yet."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from scipy import signal

from cribtrace import taps
from cribtrace.world.beds import MATTRESSES
from cribtrace.world.chance import Chance, table
from cribtrace.world.mattress import Mattress
from cribtrace.world.movements import Jerk

RATE_HZ = 104.0
NOISE_MG = 0.6  # rms of an axis up to half the rate: twice that of the band of an LSM6DSO
PRE_S = 0.5


class Tapped(NamedTuple):
    """Three taps on one mattress: waveforms, widths of the pushes, frequencies to be found."""

    waves: list[np.ndarray]
    widths_s: list[float]
    strong_hz: list[float]


def strength_of(pole: complex, residue: complex, width_s: float) -> float:
    """Area under the ring of one mode after a push of that width, the hand gone from it."""
    at_s = np.linspace(0, width_s, 400)
    push = Jerk(0.0, width_s, np.ones(3)).over(at_s) * np.exp(-1j * pole.imag * at_s)
    drive = abs(np.mean(push)) * width_s
    return 2 * abs(residue) * drive * math.exp(pole.real * 0.05) / -pole.real


def strong_modes(bed: Mattress, point: str, laden: bool, force_n, width_s: float) -> list[float]:
    """Frequencies, Hz, of the mode that rings strongest and of those at half its strength."""
    modes = []
    for way in range(3):
        residues, poles, _ = signal.residue(*bed.transfer(way, point, laden))
        shown = abs((bed.ways @ force_n)[way]) * np.linalg.norm(
            (bed.coupling @ bed.ways.T)[:, way]
        )
        for residue, pole in zip(residues, poles, strict=True):
            hz = pole.imag / math.tau
            if taps.RESONANCE_HZ[0] < hz < taps.RESONANCE_HZ[1]:
                modes.append((shown * strength_of(pole, residue, width_s), hz))
    return [hz for strength, hz in modes if strength >= max(modes)[0] / 2]


def tapped(seed: int, kind: str, point: str = "base", laden: bool = False) -> Tapped:
    """20 to 60 N, 0.03 to 0.1 s, mostly downwards: the same hand three times."""
    rng = np.random.RandomState([seed, 7])
    bed = Mattress.drawn(Chance(rng, table(6, kind, "LSM6DSO", {})), RATE_HZ)
    waves, widths, strong = [], [], []
    width_s = rng.uniform(0.035, 0.085)
    for _ in range(3):
        towards = rng.standard_normal(3) * [0.1, 0.1, 0.0] - [0, 0, 1]
        force_n = towards / np.linalg.norm(towards) * rng.uniform(20, 60)
        width = width_s * rng.uniform(0.85, 1.15)
        at_s = np.arange(256) / RATE_HZ - PRE_S - rng.uniform(0, 1 / RATE_HZ)
        push = np.outer(force_n, Jerk(0.0, width, force_n).over(at_s))
        mg = bed.shaken(push, point, laden).T + np.array([0, 0, 1000])
        waves.append(mg + rng.standard_normal(mg.shape) * NOISE_MG)
        widths.append(width)
        strong += strong_modes(bed, point, laden, force_n, width)
    return Tapped(waves, widths, strong)


def duration_s(mg: np.ndarray) -> float:
    """At 30 % of the peak, as the board has it: largest of the axes, 1-20 Hz."""
    band = signal.butter(2, (1, 20), "bandpass", fs=RATE_HZ, output="sos")
    height = np.abs(signal.sosfilt(band, mg - [0, 0, 1000], axis=0)).max(axis=1)
    high = np.nonzero(height >= 0.3 * height.max())[0]
    return (high[-1] - high[0] + 1) / RATE_HZ


def errors(kind, point, laden, count=6):
    """Resonance off the nearest strong mode, as a share; durations less ring and push, s."""
    off, left = [], []
    for seed in range(count):
        case = tapped(seed, kind, point, laden)
        try:
            found = taps.agreed([taps.tap(wave, RATE_HZ) for wave in case.waves])
        except taps.BadTap:
            continue
        off.append(min(abs(found.resonance_hz / hz - 1) for hz in case.strong_hz))
        for wave, width_s in zip(case.waves, case.widths_s, strict=True):
            left.append(duration_s(wave) - found.ring_s - width_s)
    return np.array(off), np.array(left)


# An empty crib, struck on its base and on its foam; one with a weight on it, struck beside that.
@pytest.mark.parametrize("kind", MATTRESSES)
@pytest.mark.parametrize(
    ("point", "laden", "within"),
    [("base", False, 0.04), ("body", False, 0.04), ("base", True, 0.1)],
)
def test_the_resonance_is_a_strong_mode_of_the_mattress(kind, point, laden, within):
    off, _ = errors(kind, point, laden)
    assert len(off) >= 5  # of six; the others disagree, and are refused
    assert max(off) < within


@pytest.mark.parametrize("kind", MATTRESSES)
@pytest.mark.parametrize("point", ["base", "body"])
def test_what_the_ring_leaves_of_a_duration_is_the_push(kind, point):
    _, left = errors(kind, point, laden=False)
    assert min(left) > -0.17 and max(left) < 0.06
    assert abs(np.median(left)) < 0.09


def ringing(hz, to_1_of_e_s, peak_mg=300.0, seconds=2.4, noise_mg=0.3):
    """One mode and nothing else, from half a second on."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ - PRE_S
    one = np.where(at_s >= 0, np.exp(-at_s / to_1_of_e_s) * np.sin(math.tau * hz * at_s), 0.0)
    mg = np.outer(one, [0.3, 0.1, 1.0]) * peak_mg + [20, 0, 1000]
    return mg + np.random.default_rng(2).normal(0, noise_mg, mg.shape)


@pytest.mark.parametrize("hz", [3.5, 6.0, 9.0, 14.0])
@pytest.mark.parametrize("to_1_of_e_s", [0.15, 0.25, 0.4])
def test_one_mode_is_measured_as_it_is(hz, to_1_of_e_s):
    found = taps.tap(ringing(hz, to_1_of_e_s), RATE_HZ)
    assert found.resonance_hz == pytest.approx(hz, rel=0.05)
    assert found.ring_s == pytest.approx(-math.log(taps.EDGE_SHARE) * to_1_of_e_s, abs=0.06)


def test_a_weak_tap_is_refused():
    taps.tap(ringing(8, 0.2, peak_mg=30), RATE_HZ)
    with pytest.raises(taps.BadTap, match=r"too weak.*tap harder"):
        taps.tap(ringing(8, 0.2, peak_mg=5), RATE_HZ)


def test_what_goes_on_is_no_tap():
    with pytest.raises(taps.BadTap, match="did not die away"):
        taps.tap(ringing(8, 5.0), RATE_HZ)


def test_taps_that_disagree_are_refused_by_what_they_disagree_in():
    alike = [taps.tap(ringing(8, 0.2, peak_mg=peak), RATE_HZ) for peak in (100, 300, 900)]
    found = taps.agreed(alike)
    assert found.peak_mg == alike[1].peak_mg
    assert found.spread["peak_mg"] > 1
    other_hz = taps.tap(ringing(11, 0.2), RATE_HZ)
    with pytest.raises(taps.BadTap, match="disagree by more than 20%: resonance in Hz"):
        taps.agreed([*alike[:2], other_hz])
    other_ring = taps.tap(ringing(8, 0.4), RATE_HZ)
    with pytest.raises(taps.BadTap, match="disagree by more than 20%: ring time in s"):
        taps.agreed([*alike[:2], other_ring])
