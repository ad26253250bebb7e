"""The mattress moves as its two masses must; the sensor's words hold what they can.

What a test expects is worked out here by another road: step by step, and from eigenvalues.
"""

import math

import numpy as np
import pytest
from scipy import integrate, linalg, signal

from cribtrace import mattress
from cribtrace.mattress import Mattress


@pytest.mark.parametrize("point", ["body", "base"])
def test_two_masses_move_as_their_equations_say(point):
    """Against a step-by-step solution of the same two masses, on one axis."""
    foam_hz, base_hz, foam_damping, base_damping = 5.0, 10.0, 0.2, 0.1
    bed = Mattress((4.0, 4.5, foam_hz), (8.0, 9.0, base_hz), foam_damping, base_damping, np.eye(3))
    m1, m2, w1, w2 = 4.0, 8.0, math.tau * foam_hz, math.tau * base_hz
    pull = np.interp(np.arange(208), [0, 10, 14, 22, 30], [0, 0, 1.0, -0.5, 0])

    def accelerations(t, state):
        x1, x2, v1, v2 = state
        force = np.interp(t * 104.0, np.arange(208), pull)
        f1, f2 = (force, 0) if point == "body" else (0, force)
        foam = m1 * w1 * w1 * (x2 - x1) + 2 * foam_damping * w1 * m1 * (v2 - v1)
        floor = -m2 * w2 * w2 * x2 - 2 * base_damping * w2 * m2 * v2
        return (foam + f1) / m1, (floor - foam + f2) / m2

    def motion(t, state):
        return (state[2], state[3], *accelerations(t, state))

    at_s = np.arange(208) / 104.0
    solved = integrate.solve_ivp(
        motion, (0, 2), [0, 0, 0, 0], t_eval=at_s, max_step=1 / 416, rtol=1e-8, atol=1e-12
    )
    expected = [
        accelerations(t, state)[1] / 9.80665e-3 for t, state in zip(at_s, solved.y.T, strict=True)
    ]
    force_n = np.zeros((3, 208))
    force_n[2] = pull
    shown = bed.shaken(force_n, point)
    assert np.abs(expected).max() > 5
    assert shown[2] == pytest.approx(expected, abs=0.01 * np.abs(expected).max())
    assert not shown[:2].any()


@pytest.mark.parametrize("seed", range(6))
def test_the_mattress_rings_where_it_was_put(seed):
    """Ring-down of the drawn mattress against the eigenvalues of its stiffness and mass."""
    bed = Mattress.drawn(np.random.RandomState(seed))
    for axis in range(3):
        w1, w2 = math.tau * bed.foam_hz[axis], math.tau * bed.base_hz[axis]
        k1, k2 = 4.0 * w1 * w1, 8.0 * w2 * w2
        squares = linalg.eigvalsh([[k1, -k1], [-k1, k1 + k2]], np.diag([4.0, 8.0]))
        modes_hz = np.sqrt(squares) / math.tau
        assert modes_hz[0] > 3
        assert modes_hz[1] < 15
        b, a = bed.response(axis, "body")
        frequency = np.arange(1, 5200) / 100
        turn = np.exp(-2j * np.pi * frequency / 104.0)
        gain = np.abs(np.polyval(b[::-1], turn) / np.polyval(a[::-1], turn))
        peaks_hz = frequency[signal.find_peaks(gain)[0]]
        assert (
            min(abs(peaks_hz / modes_hz[0] - 1)) < 0.08
            or min(abs(peaks_hz / modes_hz[1] - 1)) < 0.08
        )
        assert ((peaks_hz > 3) & (peaks_hz < 15)).all()


def test_a_coupled_puck_shows_other_axes():
    force_n = np.zeros((3, 200))
    force_n[0, 5] = 1.0
    coupling = np.array([[1, 0, 0], [0.1, 1, 0], [-0.2, 0, 1]])
    shown = Mattress((5,) * 3, (10,) * 3, 0.2, 0.1, coupling).shaken(force_n, "body")
    assert shown[1] == pytest.approx(0.1 * shown[0])
    assert shown[2] == pytest.approx(-0.2 * shown[0])
    assert np.abs(shown[0]).max() > 1


def test_a_tilted_puck_still_measures_one_g():
    pulled = mattress.gravity(np.array([[0.0, 50.0, -35.0], [0.0, 0.0, 35.0]]))
    assert np.linalg.norm(pulled, axis=0) == pytest.approx([1000] * 3, abs=0.01)
    assert pulled[:2].tolist() == [[0, 50, -35], [0, 0, 35]]


def test_forces_beyond_2_g_clip_and_do_not_wrap():
    words = mattress.registers(np.array([[2100.0, -2100.0, 0.0304, 1000.0]]))
    assert words.tolist() == [[32767, -32768, 0, 16393]]
