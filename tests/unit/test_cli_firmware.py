"""Which port `flash` and `deploy` take when nobody names one."""

import pytest

from cribtrace import deploy, link, ports
from cribtrace.cli import run

USB = [("/dev/ttyS0", "n/a"), ("/dev/ttyUSB0", "CP2102N")]
BOARD = "esp32_devkitc_lsm6dso"


@pytest.fixture
def machine(monkeypatch):
    """Sets the serial ports, and what answers: port -> the board's name. Gives where it went."""
    went: list[str] = []

    def there(serial, answering):
        found = [ports.Port(name, "", hello={"board": b}) for name, b in answering.items()]
        monkeypatch.setattr(ports, "ask_all", lambda: found)
        monkeypatch.setattr(link, "serial_ports", lambda: serial)
        monkeypatch.setattr(deploy, "deploy", lambda port, *_, **__: went.append(port) or {})
        return went

    return there


@pytest.mark.parametrize(
    ("serial", "answering", "goes"),
    [
        (USB, {}, "/dev/ttyUSB0"),
        (USB, {"/dev/ttyUSB0": "esp32_devkitc_gy521"}, "/dev/ttyUSB0"),
        (USB, {"/dev/pts/3": "virtual"}, "/dev/ttyUSB0"),
        ([*USB, ("/dev/ttyACM0", "XIAO")], {"/dev/ttyACM0": BOARD}, "/dev/ttyACM0"),
        ([*USB, ("/dev/ttyACM0", "XIAO")], {"/dev/ttyACM0": "xiao_esp32s3_lsm6dso"},
         "/dev/ttyUSB0"),
    ],
)  # fmt: skip
def test_deploy_goes_to_the_board_that_fits_or_to_the_new_one(machine, serial, answering, goes):
    went = machine(serial, answering)
    assert run(["deploy", "--board", BOARD]) == 0
    assert went == [goes]


@pytest.mark.parametrize(
    ("serial", "answering", "code", "says"),
    [
        (USB[:1], {}, 4, "no port of a board: plug one in"),
        (USB, {"/dev/ttyUSB0": "xiao_esp32c3_lsm6dso"}, 4, "no port of a board"),
        (USB, {"/dev/pts/3": "virtual", "/dev/ttyUSB0": "of_somebody_else"}, 4, "no port of"),
        ([*USB, ("/dev/ttyACM0", "XIAO")], {}, 2, "several serial ports: choose one with --port"),
        (USB, {"/dev/ttyUSB0": BOARD, "/dev/ttyUSB1": BOARD}, 2, "several boards answer"),
    ],
)
def test_where_that_is_not_clear_nothing_is_touched(
    machine, capsys, serial, answering, code, says
):
    went = machine(serial, answering)
    assert run(["deploy", "--board", BOARD]) == code
    assert went == [] and says in capsys.readouterr().err
