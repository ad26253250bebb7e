"""`cribtrace calibrate` and `tap-test` with a simulated crib on the virtual board."""

import json

import numpy as np
import pytest

from cribtrace import cli, floors, logfile, taps
from cribtrace.device import records, settings
from cribtrace.pull import pull
from cribtrace.recording import Recording
from cribtrace.world.chance import Chance, table
from cribtrace.world.mattress import Mattress
from cribtrace.world.movements import Jerk

RATE_HZ, LSB_PER_G = 104.0, 16393.443
NOISE_MG = 0.6


def crib(seconds, struck_s=(), force_n=40.0, hums=False):
    """An empty crib whose base a hand strikes at these seconds; or something hums ever louder."""
    rng = np.random.RandomState(4)
    bed = Mattress.drawn(Chance(rng, table(6, "usual", "LSM6DSO", {})), RATE_HZ)
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    push = np.zeros((3, len(at_s)))
    down = np.array([0.1, 0.05, -1.0]) * force_n
    for second in struck_s:
        push += np.outer(down, Jerk(0.0, 0.06, down).over(at_s - second))
    mg = bed.shaken(push, "base", laden=False).T + np.array([0, 0, 1000])
    mg += rng.standard_normal(mg.shape) * NOISE_MG
    if hums:
        mg += rng.standard_normal(mg.shape) * np.linspace(0, 1.5, len(at_s))[:, None]
    words = np.clip(np.rint(mg * LSB_PER_G / 1000), -32768, 32767)
    return Recording(words.astype(np.int16), RATE_HZ, LSB_PER_G)


@pytest.fixture
def run(capsys):
    """Run `cribtrace ...` on a board: (exit code, stdout, stderr)."""

    def run(b, *arguments):
        code = cli.run([arguments[0], "--port", b.board.port, *arguments[1:]])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def warm(b):
    with b.client() as client:
        while client.info()["seen"] < 11 * RATE_HZ:
            pass


def in_log(b, folder, kind):
    with b.client() as client:
        pull(client, folder)
    return [
        r["rest"].decode() for s in logfile.read(folder) for r in s.records if r["type"] == kind
    ]


STRUCK = (40, 55, 70)


def test_three_taps_set_the_mattress_on_the_board(bench, run, tmp_path):
    with bench(crib(200, STRUCK), speed=8) as b:
        warm(b)
        code, out, err = run(b, "tap-test", "--json")
        assert code == 0, err
        found = json.loads(out)
        with b.client() as client:
            in_force = {s.name: s.value for s in client.config()}
        marks = in_log(b, tmp_path / "log", records.MARK)
    assert found["set"] is True
    assert in_force["ring_ms"] == round(found["ring_s"] * 1000) > 0
    assert in_force["resonance_mhz"] == round(found["resonance_hz"] * 1000)
    assert [mark.split(" ")[0] for mark in marks] == ["tap-test"]
    assert f"resonance_hz={found['resonance_hz']}" in marks[0]
    # The same three waves, measured without a board.
    accel = crib(200, STRUCK).accel / LSB_PER_G * 1000
    at = [round((second - 0.5) * RATE_HZ) for second in STRUCK]
    alone = taps.agreed([taps.tap(accel[k : k + 250], RATE_HZ) for k in at])
    assert found["resonance_hz"] == pytest.approx(alone.resonance_hz, rel=0.02)
    assert found["ring_s"] == pytest.approx(alone.ring_s, abs=0.04)
    assert found["peak_mg"] == pytest.approx(alone.peak_mg, rel=0.1)
    assert err.count("heard:") == 3


def test_a_dry_run_shows_and_changes_nothing(bench, run, tmp_path):
    with bench(crib(200, STRUCK), speed=8) as b:
        warm(b)
        code, out, err = run(b, "tap-test", "--dry-run")
        assert code == 0, err
        with b.client() as client:
            assert {s.name: s.value for s in client.config()} == settings.DEFAULTS
        assert in_log(b, tmp_path / "log", records.MARK) == []
    assert out.startswith("resonance: ")
    assert "nothing was changed; without --dry-run: ring_ms=" in err


@pytest.mark.parametrize(
    ("recording", "says"),
    [
        (crib(200, (40,)), "no tap was heard within 3 s: strike with the flat hand"),
        (crib(200, (40, 43)), "something moved meanwhile"),
        (crib(200, (40,), force_n=300.0), "left the sensor's range"),
        (crib(200, np.arange(40, 43, 0.3), force_n=10.0), "something moved meanwhile"),
    ],
    ids=["no tap", "too soon", "clipped", "long"],
)
def test_what_is_no_three_taps_is_said_and_changes_nothing(bench, run, recording, says):
    with bench(recording, speed=15) as b:
        warm(b)
        code, out, err = run(b, "tap-test", "--wait", "3")
        assert (code, out) == (1, "")
        assert says in err
        with b.client() as client:
            assert {s.name: s.value for s in client.config()} == settings.DEFAULTS


def test_a_weak_tap_is_asked_for_again(bench, run):
    with bench(crib(200, (40,), force_n=0.35), speed=15) as b:
        warm(b)
        code, _, err = run(b, "tap-test", "--wait", "4")
    assert code == 1
    assert "too weak for a tap" in err and "no tap was heard" in err


@pytest.mark.parametrize("command", ["calibrate", "tap-test"])
def test_a_board_that_warms_up_has_stopped_or_is_absent_is_named(bench, run, command):
    with bench(crib(60), speed=1) as b:
        code, _, err = run(b, command)
        assert (code, "warming up" in err) == (1, True)
        with b.client() as client:
            client.stop()
        code, _, err = run(b, command)
        assert (code, "does not record (stopped" in err) == (4, True)
    assert run(b, command)[0] == 4


def test_an_empty_crib_is_kept_and_explained(bench, run):
    with bench(crib(400), speed=20) as b:
        warm(b)
        code, out, err = run(b, "calibrate", "--minutes", "2", "--json")
        assert code == 0, err
        found = json.loads(out)
        assert "4 of 4 half minutes" in err
        with b.client() as client:
            kept = client.request("floor")
        code, out, err = run(b, "info")
    assert {"ex", "ey", "ez"} <= set(kept)
    header = {"rate_mhz": 104_000, "mlsb_per_g": round(LSB_PER_G * 1000)}
    floor = floors.told(kept, "e", header)
    assert floor and found["noise"] == floor.shown()
    times = (settings.DEFAULTS["high_16"] / 16) ** 0.5
    assert found["least_mg"] == pytest.approx(max(floor) * times, rel=0.01)
    # The world's noise, not the sensor's density, is what the sheet stands beside.
    ratio = NOISE_MG / (70e-3 * 52**0.5)
    assert found["noise"]["x_mg"] / found["sheet"]["x_mg"] == pytest.approx(ratio, rel=0.15)
    assert "empty crib's" not in err


def test_a_movement_in_the_empty_crib_is_named_and_nothing_is_kept(bench, run):
    with bench(crib(300, (60,)), speed=20) as b:
        warm(b)
        code, out, err = run(b, "calibrate")
        assert (code, out) == (1, "")
        assert "something moved meanwhile: " in err
        with b.client() as client:
            assert "ex" not in client.request("floor")


def test_a_floor_that_still_moves_is_not_kept(bench, run):
    with bench(crib(300, hums=True), speed=20) as b:
        warm(b)
        code, _, err = run(b, "calibrate", "--minutes", "3")
        with b.client() as client:
            assert "ex" not in client.request("floor")
    assert (code, "has not settled" in err or "moved meanwhile" in err) == (1, True)
