"""Every fault by its name: what the log says of it, how soon, what was lost, and what came after.

The firmware lives on the virtual board while it meets a fault at a known time. What is measured is
the table of docs/TESTING.md (`python -m tests.support.fault_table` writes it anew).
"""

import shutil
import time

import pytest

from cribtrace import logfile
from cribtrace.anchors import clocks
from cribtrace.boots import in_a_row
from cribtrace.client import fields
from cribtrace.exchange import HOST
from cribtrace.pull import pull
from tests.support import fault_bench, fault_table
from tests.support.fault_bench import AT_MS, CASES, RATE_HZ, WARM_S

# A turn's length, and what is invalid after a start: gaps that the board's clock has counted.
NEAR = 14


@pytest.fixture(scope="session")
def images(micropython, tmp_path_factory):
    """Makes a flash image with the firmware, a copy for each test: images(path, sensor, full)."""
    folder, made = tmp_path_factory.mktemp("images"), {}

    def make(path, sensor, full=False):
        if (sensor, full) not in made:
            made[sensor, full] = folder / f"{sensor}{full}.bin"
            fault_bench.install(made[sensor, full], sensor, micropython.path, full=full)
        return shutil.copy(made[sensor, full], path)

    return make


@pytest.fixture(scope="session")
def measured():
    """What the tests of this run measured, by the names of the table's rows."""
    return {}


@pytest.fixture
def lived(bench, images, tmp_path):
    """Lets a board live through a case: lived(case, sensor) -> fault_bench.Lived."""

    def live(case, sensor="lsm6dso", faults=None, **options):
        flash = images(tmp_path / "flash.bin", sensor, case.full)
        orders = case.orders() if faults is None else faults
        recording = fault_bench.still(case.seconds)
        with bench(recording, sensor=sensor, flash=flash, faults=orders, **options) as b:
            assert b.ended.wait(30), b.board.crash
            with b.client() as client:
                info = client.info()
                client.stop()
                pull(client, tmp_path / "log")
            b.told("sensor_off")
        return fault_bench.Lived(tmp_path / "log", b.said, info)

    return live


OTHERS = ("icm42688p", "bmi270", "mpu6500")
ON_THE_BUS = ("nack", "bus stuck", "sensor reset", "value stuck", "FIFO overrun")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.seconds])
def test_a_fault_has_its_name_in_time(lived, measured, name):
    case = CASES[name]
    told = lived(case)
    check(case, told)
    measured[name] = told.row(case)


@pytest.mark.parametrize("sensor", OTHERS)
@pytest.mark.parametrize("name", ON_THE_BUS)
def test_a_fault_on_another_sensor(lived, sensor, name):
    check(CASES[name], lived(CASES[name], sensor), sensor)


def check(case, told, sensor="lsm6dso"):
    assert told.info["fault"] == "none", "the board samples again"
    if case.record is None:
        assert told.troubles() == [] and told.lost() == told.unexplained() == 0
        assert told.off["frames_overwritten"] == 0 and told.night.faults == []
        return
    assert {case.record, case.too} & set(told.troubles())
    assert 0 <= told.noticed(case) <= case.within_s, told.troubles()
    assert told.sampled_on(case), "frames are analysed to the end"
    if case.lost_s:
        least, most = case.lost_s
        assert least <= told.lost() / RATE_HZ <= most, told.lost()
        counts = case.exact and (sensor == "lsm6dso" or case.record == "sensor_stuck")
        assert abs(told.unexplained()) <= (0 if counts else NEAR), told.unexplained()
    if case.dark_s and sensor == "lsm6dso":
        assert told.not_told_s(*case.dark_s) <= 0.7, "no fault is a night without movements"
    assert told.night.summary["coverage"] < 1 - WARM_S / case.seconds


def test_without_a_fault_none_is_told(lived):
    told = lived(CASES["jitter"], faults=[])
    assert told.troubles() == [] and told.night.faults == [] and told.unexplained() == 0
    assert told.night.summary["coverage"] == pytest.approx(0.9, abs=0.005)
    assert told.not_told_s(AT_MS / 1000, AT_MS / 1000 + 20) == 20
