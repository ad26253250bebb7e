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
from tests.support.fault_bench import AT_MS, CASES, RATE_HZ

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


@pytest.fixture
def untroubled(lived):
    return lived(CASES["jitter"], faults=[])


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
    check(CASES[name], lived(CASES[name], sensor))


def check(case, told):
    assert told.info["fault"] == "none", "the board samples again"
    assert told.night.epochs[-1]["onset_s"] > case.seconds - 70
    if case.record is None:
        assert told.troubles() == [] and told.lost() == 0
        assert told.night.summary["frames_in_gaps"] == 0
        assert told.off["frames_overwritten"] == 0
        assert told.unexplained() == 0
        return
    first, _ = told.noticed(case)
    assert case.record in told.troubles()
    if case.within_s:
        assert 0 <= first <= case.within_s, told.troubles()
    if case.lost_s:
        least, most = case.lost_s
        assert least <= told.lost() / RATE_HZ <= most, told.lost()
        assert abs(told.unexplained()) <= (0 if case.exact else NEAR), told.unexplained()
        assert told.blind_from(AT_MS / 1000), "no fault reads as a night without movements"


def test_the_fault_is_what_lowers_the_coverage(lived, untroubled):
    assert untroubled.troubles() == []
    assert untroubled.night.summary["coverage"] == pytest.approx(0.9, abs=0.005)
