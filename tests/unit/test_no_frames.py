"""check, where no frames come: what the firmware knows of it, and what to do."""

import importlib

import pytest

from cribtrace import check, tree
from cribtrace.check import no_frames
from tests.unit.test_check import Living

strangers = importlib.import_module("cribtrace.firmware.crib.imu.strangers")


class Chip:
    """A bus on which one chip answers: register -> what it holds."""

    def __init__(self, **registers):
        self.held = {int(name[1:], 16): value for name, value in registers.items()}

    def readfrom_mem_into(self, address, register, view):
        view[0] = self.held.get(register, 0)


def told_by_the_driver(chip, wanted):
    with pytest.raises(OSError) as raised:
        strangers.check(chip, 0x6A, wanted)
    return raised.value.args[1]


def found(why=None, fault="no_sensor"):
    info = {"state": "fault", "fault": fault}
    return no_frames({**info, **({"why": why.replace(" ", "_")} if why else {})}).said


def test_a_wrong_chip_is_named():
    said = found(told_by_the_driver(Chip(x75=0x68), "LSM6DSO"))
    assert "MPU-6050 answers, not LSM6DSO: deploy for a board that has it" in said
    assert "SDA" not in said


def test_a_re_marked_chip_is_named():
    said = found(told_by_the_driver(Chip(x0F=0x33), "LSM6DSO"))
    assert "what answers says 0x33 and is no LSM6DSO: a re-marked chip?" in said
    assert "SDA" not in said and "another source" in said


def test_what_the_driver_knows_without_a_remedy_gets_one():
    said = found("LSM6DSO does not come out of reset")
    assert "does not come out of reset; check power" in said


@pytest.mark.parametrize(
    ("fault", "todo"),
    [("no_sensor", "SDA, SCL"), ("bus_error", "shorten the lead"),
     ("sensor_silent", "take the power off"), ("sensor_stuck", "take the power off the sensor"),
     ("starting", "run this again"), ("of another day", "restart the board")],
)  # fmt: skip
def test_each_fault_says_what_to_do(fault, todo):
    assert todo in found(fault=fault)
    assert (fault in ("no_sensor",)) is ("`cribtrace tail`" in found(fault=fault))


def test_what_cannot_be_asked_is_not_run():
    """No finding vanishes: each is there, and none of them passed."""
    with Living() as board:
        board.do_info = lambda number, *words: "state=fault fault=sensor_stuck nights_left=9"
        from cribtrace.client import Client
        from cribtrace.link import Link

        with Client(Link(board.port)) as client:
            lines = list(check.check(client, client.hello(), None, 1, print))
    states = {line.what: line.passed for line in lines}
    assert states.pop("flash") is True and states.pop("sensor") is False
    assert list(states) == ["firmware", "noise", "gravity", "fifo", "clock", "loop", "bus"]
    assert set(states.values()) == {None}


def test_the_firmware_has_the_words():
    assert "_WHY % sensing.why" in (tree.FIRMWARE / "crib" / "status.py").read_text()
