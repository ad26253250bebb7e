"""Which port `flash` and `deploy` take when nobody names one; what is asked before an erase."""

import pytest

from cribtrace import deploy, flash, link, ports
from cribtrace.cli import run
from cribtrace.errors import CribtraceError
from tests.support import esp_image
from tests.unit.test_cli import Terminal

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


def unreachable(port):
    raise CribtraceError("the list came in pieces")


@pytest.fixture
def erase(monkeypatch, tmp_path):
    """Runs `flash --erase` of a board whose log nobody can read; (exit code, times erased)."""
    (tmp_path / "ESP32_GENERIC-20251209-v1.27.0.bin").write_bytes(esp_image.made("ESP32"))
    monkeypatch.setattr(flash, "log_on", lambda port: None)

    def erase(typed, *more):
        erased: list[bool] = []
        monkeypatch.setattr("cribtrace.cli.firmware.click.prompt", lambda *_, **__: typed)
        monkeypatch.setattr(
            flash, "flash", lambda *_, **given: erased.append(given["erase"]) or {}
        )
        words = ["flash", "--board", BOARD, "--port", "P", "--erase", *more]
        return run([*words, "--firmware", str(tmp_path)]), erased

    return erase


def test_a_log_that_cannot_be_read_is_erased_only_where_somebody_types_so(erase, capsys):
    assert erase("yes") == (2, [])
    assert "its log cannot be read" in capsys.readouterr().err
    assert erase("erase") == (0, [True])


def test_what_takes_minutes_is_seen_on_a_terminal(erase, monkeypatch):
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    assert erase("erase") == (0, [True])
    assert "flashing" in seen.getvalue() and seen.getvalue().count("\x1b[2K")


def test_a_board_in_its_boot_loader_is_asked_nothing_and_its_user_is(erase, monkeypatch):
    monkeypatch.setattr(flash, "log_on", lambda port: pytest.fail("it was disturbed"))
    assert erase("", "--no-reset") == (2, [])
    assert erase("erase", "--no-reset") == (0, [True])
    assert erase("", "--no-reset", "--yes") == (0, [True])


def test_a_log_that_comes_in_pieces_counts_as_unread(monkeypatch):
    monkeypatch.setattr(flash, "Link", unreachable)
    assert flash.log_on("P") is None
