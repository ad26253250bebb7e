"""`cribtrace check` on the virtual board: what passes, and what is told of each fault."""

import json
import time

import numpy as np
import pytest

from cribtrace import cli
from cribtrace.conversation import Refused
from cribtrace.recording import Recording

RATE_HZ, LSB_PER_G = 104.0, 16393.443
WHAT = ["cable", "driver", "permissions", "chip", "firmware", "sensor", "noise", "gravity", "fifo",
        "flash", "clock", "loop", "bus", "taps"]  # fmt: skip


def lying(seconds=120, noise_mg=0.6, upright_mg=1000.0, rate_hz=RATE_HZ, lsb_per_g=LSB_PER_G):
    """A sensor that lies on a table."""
    rng = np.random.RandomState(3)
    mg = rng.standard_normal((round(seconds * rate_hz), 3)) * noise_mg
    mg += np.array([0, 0, upright_mg])
    words = np.clip(np.rint(mg * lsb_per_g / 1000), -32768, 32767)
    return Recording(words.astype(np.int16), rate_hz, lsb_per_g)


@pytest.fixture
def checked(bench, capsys):
    """Check a board: (exit code, {what: line}, stderr, in_gaps before and after)."""

    def checked(rec, *arguments, wait=True, **options):
        with bench(rec, speed=4, **options) as b:
            with b.client() as client:
                deadline = time.monotonic() + 30
                while wait and client.info()["seen"] < 35 * RATE_HZ:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            code = cli.run(["check", "--port", b.board.port, "--json", *arguments])
            said = capsys.readouterr()
            with b.client() as client:
                info = client.info()
        lines = [json.loads(line) for line in said.out.splitlines()]
        return code, {line["what"]: line for line in lines}, said.err, info

    return checked


def test_a_sound_board_passes_everything_and_loses_no_frame_to_ten_thousand_reads(checked):
    code, found, err, info = checked(lying())
    assert code == 0, (found, err)
    assert list(found) == WHAT
    assert [what for what, line in found.items() if line["passed"] is not True] == ["taps"]
    assert found["bus"]["reads"] == 10_000
    assert found["bus"]["failed"] == found["bus"]["wrong"] == 0
    assert found["fifo"]["lost_frames"] == 0
    assert found["fifo"]["rate_hz"] == pytest.approx(104, rel=0.006)
    assert found["gravity"]["mg"] == pytest.approx(1000, abs=2)
    assert found["loop"]["longest_ms"] > 0
    assert info["state"] == "sampling"


def test_errors_of_the_lead_are_counted_and_named(checked):
    """The identity is read wrongly three times and not at all twice; the FIFO's reads go on."""
    nack = {"kind": "nack", "at_ms": 30_000, "register": 0x0F, "count": 2}
    code, found, err, _ = checked(lying(), faults=[nack])
    assert code == 3
    assert found["bus"]["failed"] == 2 and found["bus"]["reads"] == 10_000
    assert "2 errors in 10000 reads: shorten the lead" in found["bus"]["said"]
    assert err.splitlines()[-1].startswith("cribtrace: 1 of these")


def test_a_value_that_comes_back_wrong_is_an_error_too(checked):
    bent = {("crib/buscheck.py", "wrong += byte[0] != identity"): "wrong += byte[0] == identity"}
    code, found, *_ = checked(lying(), "--reads", "150", patch=bent)
    assert code == 3 and found["bus"]["wrong"] == found["bus"]["reads"] == 150


def test_a_sensor_that_measures_too_little_or_too_much_is_named(checked):
    code, found, *_ = checked(lying(noise_mg=12.0, upright_mg=700.0), "--reads", "1")
    assert code == 3
    assert found["noise"]["passed"] is found["gravity"]["passed"] is False
    assert "heavy table" in found["noise"]["said"]
    assert "instead of 1000" in found["gravity"]["said"]
    assert found["bus"]["passed"] is True and "of 10000 that tell more" in found["bus"]["said"]


def test_a_board_without_a_sensor_has_findings_and_no_figures(checked):
    gone = {("board.py", "parts.imu.address,"): "0x44,"}
    code, found, *_ = checked(lying(), wait=False, patch=gone)
    assert code == 3
    assert found["sensor"]["passed"] is False and "no_sensor" in found["sensor"]["said"]
    assert "SDA" in found["sensor"]["said"] and found["gravity"]["passed"] is None
    assert list(found) == WHAT
    assert found["flash"]["passed"] is True


def test_a_missing_configuration_is_named(checked):
    rec = lying(rate_hz=100.0, lsb_per_g=16384.0)  # and the flash holds no file of Bosch's
    code, found, *_ = checked(rec, wait=False, sensor="bmi270")
    assert code == 3
    assert "/bmi270.cfg is missing: " in found["sensor"]["said"]
    assert "SDA" not in found["sensor"]["said"]


@pytest.mark.parametrize("sensor", ["icm42688p", "bmi270", "mpu6050", "mpu6886"])
def test_each_driver_can_be_asked_and_the_smallest_fifo_loses_nothing(checked, sensor, flash_for):
    rec = lying(rate_hz=100.0, lsb_per_g=16384.0)
    image = flash_for(sensor)  # a BMI270 needs a file of its maker's
    _, found, err, _ = checked(rec, "--reads", "2000", sensor=sensor, flash=image)
    wrong = {what: line["said"] for what, line in found.items() if line["passed"] is False}
    assert wrong.keys() <= {"noise"}, (wrong, err)  # its noise is another chip's
    assert found["bus"]["reads"] == 2000 and found["fifo"]["lost_frames"] == 0


def test_the_board_reads_no_more_than_a_turn_allows_however_often_it_is_asked(bench):
    with bench(lying(), speed=30) as b, b.client() as client:
        assert client.buscheck(100_000)["reads"] == 200
        assert client.buscheck(7)["reads"] == 7
        assert client.buscheck(0)["reads"] == client.buscheck(-5)["reads"] == 0
        with pytest.raises(Refused, match="bad_argument"):
            client.request("buscheck", "many")
