"""Every fault by its name: what the log says of it, how soon, what was lost, and what came after.

The firmware lives on the virtual board while it meets a fault at a known time. What is measured is
the table of docs/TESTING.md (`python -m tests.support.fault_table` writes it anew).
"""

import shutil
import time
from dataclasses import replace

import pytest

from cribtrace import logfile
from cribtrace.anchors import clocks
from cribtrace.boots import in_a_row
from cribtrace.conversation import fields
from cribtrace.exchange import HOST
from cribtrace.pull import pull
from tests.support import fault_bench, fault_table
from tests.support.fault_bench import AT_MS, CASES, LATE, RATE_HZ, TOLD, WARM_S

# A turn's length, and what is invalid after a start: gaps that the board's clock has counted.
NEAR = 14
MOST_S = 5.0  # until a fault has its name


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
ON_THE_BUS = ("NACK", "bus stuck", "sensor reset", "value stuck", "FIFO overrun")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.seconds])
def test_a_fault_has_its_name_in_time(lived, name):
    told = lived(CASES[name])
    check(CASES[name], told)
    in_the_table(name, told)


def in_the_table(name, told):
    """The row of docs/TESTING.md is what was measured."""
    row = fault_table.row(name, told)
    fault_table.keep(name, row)
    assert row in fault_table.PAGE.read_text(), "python -m tests.support.fault_table"


@pytest.mark.parametrize(
    ("sensor", "name"),
    [
        *((sensor, name) for sensor in OTHERS for name in ON_THE_BUS),
        ("mpu6050", "FIFO overrun"),  # its FIFO shifts every later packet
        ("mpu6886", "FIFO overrun"),
        ("mpu6886", "value stuck"),  # its packets hold the temperature too
    ],
)
def test_a_fault_on_another_sensor(lived, sensor, name):
    check(CASES[name], lived(CASES[name], sensor), sensor)


@pytest.mark.parametrize("sensor", ["icm42688p", "bmi270"])
def test_what_the_chip_itself_counts_is_counted_to_the_frame(lived, sensor):
    # Of 7 s they would lose more than they tell: 254 frames and the first 255 (see the drivers).
    shorter = {"kind": "pause", "ms": 4000}
    case = replace(CASES["FIFO overrun"], kind=shorter, lost_s=(0.5, 2.5))
    check(case, lived(case, sensor))


def check(case, told, sensor="lsm6dso"):
    assert told.info["fault"] == "none", "the board samples again"
    assert told.happened() == [order["kind"] for order in case.orders()]
    if case.record in (None, *TOLD):
        assert set(told.troubles()) <= {LATE, case.record}
        assert told.lost() == told.unexplained() == 0
        assert told.off["frames_overwritten"] == 0 and told.night.faults == []
    if case.record is None:
        return
    assert {case.record, case.too} & set(told.troubles())
    assert 0 <= told.noticed(case) <= MOST_S, told.troubles()
    assert told.sampled_on(case), "frames are analysed to the end"
    if case.lost_s:
        least, most = case.lost_s
        assert least <= told.lost() / RATE_HZ <= most, told.lost()
        counts = case.exact and (sensor == "lsm6dso" or case.record == "sensor_stuck")
        assert abs(told.unexplained()) <= (0 if counts else NEAR), told.unexplained()
    if case.dark_s and (sensor == "lsm6dso" or "for_ms" in case.kind):
        assert told.not_told_s(*case.dark_s) <= 0.7, "no fault is a night without movements"
    if case.record not in TOLD:
        assert told.night.summary["coverage"] < 1 - WARM_S / case.seconds


def test_without_a_fault_none_is_told(lived):
    told = lived(CASES["jitter"], faults=[])
    assert set(told.troubles()) <= {LATE} and told.night.faults == [] and told.unexplained() == 0
    assert told.night.summary["coverage"] == pytest.approx(0.9, abs=0.005)
    assert told.not_told_s(AT_MS / 1000, AT_MS / 1000 + 20) == 20


@pytest.fixture
def anchored(bench, images, tmp_path):
    """Lets a host give anchors whose clock was set by these seconds; what the log says of it."""

    def live(steps_s, faults=()):
        flash = images(tmp_path / "flash.bin", "lsm6dso")
        recording = fault_bench.still(300)
        with bench(recording, flash=flash, faults=faults, speed=20) as b, b.client() as client:
            boot = int(client.hello()["boot"])
            for step_s in steps_s:
                time.sleep(0.4)
                told = fields(client.reply(client.ask("time"), set(), 5))
                uptime_ms = int(told["uptime_ms"])
                s, ms = divmod(1_800_000_000_000 + uptime_ms + step_s * 1000, 1000)
                client.anchor(int(told["frame"]), s, ms, uptime_ms, boot, 30, HOST)
            info = client.info()
            client.stop()
            pull(client, tmp_path / "log")
            b.told("sensor_off")
        boots = list(in_a_row(logfile.read(tmp_path / "log")))
        for boot in boots:
            boot.header["recording_frames"] = 0  # as of a real sensor, whose time is the host's
        (clock,) = clocks(boots).values()
        return clock.fault(), fault_bench.Lived(tmp_path / "log", b.said, info)

    return live


@pytest.mark.parametrize("permille", [80, -80])
def test_by_how_much_a_rate_is_off_is_told_by_the_host(anchored, permille):
    said, told = anchored([0, 0, 0], [{"kind": "rate", "at_ms": 0, "permille": permille}])
    assert said.startswith("sensor_rate: ")
    assert float(said.split("gave ")[1].split(" %")[0]) == pytest.approx(permille / 10, abs=0.5)
    assert set(told.troubles()) - {LATE} == {"sensor_rate"}, "and by the board; no clock was set"


def test_a_clock_that_is_set_is_named_by_board_and_host(anchored):
    said, told = anchored([0, 0, 30])
    assert "host clock jumped by +30 s" in said
    assert set(told.troubles()) - {LATE} == {"clock_step"}
    assert 0 <= told.noticed(CASES["clock step"]) <= MOST_S
    in_the_table("clock step", told)
