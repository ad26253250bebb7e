"""check: the limits beside each figure, and towards boards that are older, silent or none."""

import errno
import functools
import importlib
import json
from types import SimpleNamespace

import pytest

from cribtrace import check, cli, deploy, link, obstacles, ports, virtual_ports
from cribtrace.device import protocol, records
from cribtrace.exchange import Exchange
from cribtrace.floors import Floor
from tests.support.peer import Peer, record
from tests.unit.test_cli import Terminal
from tests.unit.test_hostile_board import Liar

buscheck = importlib.import_module("cribtrace.firmware.crib.buscheck")


def exchanges(seconds=10.0, frames=1040, host_s=None, trip_ms=2.0):
    begin = Exchange(1000, 5000, 1e12, trip_ms)
    host_ms = (seconds if host_s is None else host_s) * 1000
    return begin, Exchange(1000 + frames, 5000 + round(seconds * 1000), 1e12 + host_ms, trip_ms)


@pytest.mark.parametrize(
    ("frames", "lost", "passed"),
    [(1040, 0, True), (1046, 0, True), (1047, 0, False), (1033, 0, False), (1040, 1, False)],
)
def test_frames_come_at_the_stated_rate_and_none_is_lost(frames, lost, passed):
    assert check.rate(*exchanges(frames=frames), 104_000, "LSM6DSO", lost).passed is passed


def test_a_sensor_without_a_trim_may_be_off_by_its_data_sheets_share():
    assert check.rate(*exchanges(frames=1075), 100_000, "ICM-42688-P", 0).passed
    assert not check.rate(*exchanges(frames=1090), 100_000, "ICM-42688-P", 0).passed
    assert not check.rate(*exchanges(seconds=0), 100_000, "ICM-42688-P", 0).passed


@pytest.mark.parametrize(("host_s", "passed"), [(10, True), (10.008, True), (10.02, False)])
def test_a_clock_that_runs_away_is_told(host_s, passed):
    found = check.clock(*exchanges(host_s=host_s), simulated=False)
    assert found.passed is passed and "ppm" in found.said
    assert check.clock(*exchanges(host_s=0.4), simulated=True).passed


@pytest.mark.parametrize(
    ("lies", "passed"), [((0, 0, 1000), True), ((600, -800, 0), True), ((0, 0, 895), False),
                         ((0, 0, 1101), False), ((0, 0, 0), False)],
)  # fmt: skip
def test_what_does_not_move_is_one_g_however_the_puck_lies(lies, passed):
    assert check.gravity(check.Bus(1, 0, 0, lies)).passed is passed


@pytest.mark.parametrize(("mg", "passed"), [(0.3, True), (0.05, False), (2.0, True), (9.0, False)])
def test_noise_is_held_against_the_data_sheet(mg, passed):
    assert check.noise(Floor(0.3, 0.3, mg), "LSM6DSO", 104.0).passed is passed
    assert check.noise(Floor(0.3, 0.3, mg), "nobody knows", 104.0).passed


@pytest.mark.parametrize(
    ("info", "passed"),
    [({"nights_left": 2}, True), ({"nights_left": 0}, False),
     ({"nights_left": 2, "records_lost": 1}, False)],
)  # fmt: skip
def test_flash_has_room_and_keeps_what_is_written(info, passed):
    assert check.flash(info).passed is passed


def test_a_long_turn_is_told():
    turn = {"loop_max_us": 800_000, "late": 3, "fifo_high": 70}
    assert check.loop(turn, "MPU-6500", 100.0).passed
    assert not check.loop({**turn, "loop_max_us": 801_000}, "MPU-6500", 100.0).passed


@pytest.mark.parametrize(
    ("sensor", "rate_hz", "most_ms"),
    [("MPU-6500", 100.0, 800), ("MPU-6886", 100.0, 1230), ("BMI270", 100.0, 2870),
     ("LSM6DSO", 104.0, 4873)],
)  # fmt: skip
def test_a_turn_is_long_where_the_sensors_own_fifo_does_not_outlast_it(sensor, rate_hz, most_ms):
    turn = {"late": 0, "fifo_high": 9}
    assert check.loop({**turn, "loop_max_us": 1000 * most_ms}, sensor, rate_hz).passed
    found = check.loop({**turn, "loop_max_us": 1000 * (most_ms + 1)}, sensor, rate_hz)
    assert found.passed is False and found.numbers["most_ms"] == most_ms


def test_the_build_tells_one_firmware_from_another_of_the_same_version():
    hello = {"firmware": "0.1.0", "build": "7"}
    assert check.firmware(hello, "7").passed
    for unknown in (check.firmware(hello, None), check.firmware({**hello, "build": "0"}, "7")):
        assert unknown.passed is None and "of no known build" in unknown.said
    found = check.firmware(hello, "8")
    assert found.passed is False and "`cribtrace deploy`" in found.said


class Living(Peer):
    """A board whose clock goes on: a second, and 104 frames, with each question."""

    knows = True
    asked_times = 0

    def do_info(self, number, *words):
        return super().do_info(number, *words) + " nights_left=9"

    def do_time(self, number, *numbers):
        self.asked_times += 1
        return f"frame={104 * self.asked_times} uptime_ms={1000 * self.asked_times}"

    def do_buscheck(self, number, reads):
        if not self.knows:
            self.push(protocol.ERROR, b"unknown_verb known are hello", number)
            return None
        if reads == "0":
            fields = [1] * 15 + [0] * 8
            self.push(protocol.RECORD, record(records.RECORDER, 9, 9, fields))
        return super().do_buscheck(number, reads)


@pytest.fixture
def board():
    with Living() as peer:
        yield peer


@pytest.fixture
def run(run):
    return functools.partial(run, "check")


def test_an_older_firmware_is_named_and_the_rest_is_checked(board, run):
    board.knows = False
    board.firmware = "0.0.9"
    code, out, err = run("--port", board.port, "--reads", "400")
    assert code == 3
    assert "has firmware 0.0.9, this cribtrace brings 0.1.0" in err
    assert "`cribtrace deploy` renews the board" in err
    lines = {line.split()[1 if line[0] != "n" else 2]: line for line in out.splitlines()}
    assert lines["bus"].startswith("FINDING") and "deploy" in lines["bus"]
    assert lines["gravity"].startswith("not run") and lines["loop"].startswith("not run")
    assert lines["flash"].startswith("passed") and lines["noise"].startswith("passed")


def test_a_newer_firmware_works_and_the_host_is_to_follow(board, run):
    board.firmware = "0.10.0"
    code, out, err = run("--port", board.port, "--reads", "400", "--json")
    assert code == 3  # this peer's clock is no clock
    assert "`git pull` in this checkout renews the host" in err and "deploy" not in err
    found = {line["what"]: line for line in map(json.loads, out.splitlines())}
    assert [what for what, line in found.items() if line["passed"] is False] == ["clock"]
    assert found["bus"]["reads"] == 400
    assert sum(" buscheck 200*" in asked for asked in board.asked) == 2


def test_the_reads_are_a_bar_on_a_terminal_and_lines_elsewhere(board, run, monkeypatch):
    err = run("--port", board.port, "--reads", "2000")[2]
    assert "400 of 2000 reads over the lead" in err
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    cli.run(["check", "--port", board.port, "--reads", "2000"])
    assert "reading" in seen.getvalue() and "2000/2000" in seen.getvalue()
    assert "reads over the lead" not in seen.getvalue()
    assert seen.getvalue().count("\x1b[2K"), "the line is taken away again"


def test_the_sensors_test_is_no_long_turn_of_the_next_check(board, run):
    run("--port", board.port, "--reads", "1")
    # What is written down behind it ends the span of the longest turn.
    recorded = [k for k, line in enumerate(board.asked) if " buscheck 0*" in line]
    behind = next(k for k, line in enumerate(board.asked) if " selftest" in line)
    assert recorded[0] < behind < recorded[1]


def test_the_same_version_is_no_word_worth(board, capsys):
    assert cli.run(["info", "--port", board.port]) == 0
    assert "firmware 0" not in capsys.readouterr().err


def test_a_build_that_is_not_this_checkouts_is_a_finding(board, run):
    board.build = 12345
    _, out, _ = run("--port", board.port, "--reads", "1", "--json")
    found = {line["what"]: line for line in map(json.loads, out.splitlines())}
    assert found["firmware"]["passed"] is False
    board.build = deploy.build(deploy.contents("virtual"))
    _, out, _ = run("--port", board.port, "--reads", "1", "--json")
    found = {line["what"]: line for line in map(json.loads, out.splitlines())}
    assert found["firmware"]["passed"] is True


# -- what stands in the way --


def usb(folder, vendor, product, tty=False):
    device = folder / "1-1"
    (device / "1-1:1.0").mkdir(parents=True)
    (device / "idVendor").write_text(vendor + "\n")
    (device / "idProduct").write_text(product + "\n")
    if tty:
        (device / "1-1:1.0" / "ttyUSB0").mkdir()


@pytest.mark.parametrize(
    ("ids", "named"), [(("10c4", "ea60"), "cp210x"), (("1a86", "7523"), "ch341"), (("1", "2"), "")]
)
def test_a_bridge_without_a_port_lacks_its_driver(tmp_path, ids, named):
    usb(tmp_path / "without", *ids)
    usb(tmp_path / "with", *ids, tty=True)
    said = " ".join(obstacles.without_port(tmp_path / "without"))
    assert f"modprobe {named}`" in said if named else said == ""
    assert obstacles.without_port(tmp_path / "with") == []


def test_programs_that_take_ports_are_named(tmp_path):
    for pid, name in ((1, "init"), (70, "ModemManager"), (71, "brltty")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "comm").write_text(name + "\n")
    first, second = obstacles.takers(tmp_path)
    assert first.startswith("ModemManager runs") and "systemctl" in first
    assert second.startswith("brltty runs")


def test_without_a_port_it_is_the_cable_or_the_driver(run, monkeypatch):
    monkeypatch.setattr(ports, "serial_ports", list)
    monkeypatch.setattr(link, "serial_ports", list)
    monkeypatch.setattr(virtual_ports, "virtual_ports", list)
    monkeypatch.setattr(obstacles, "without_port", list)
    code, out, err = run()
    assert code == 4 and out == ""
    assert "a cable that carries data" in err and err.count("\n") == 1


def test_a_port_that_is_forbidden_names_the_group_and_the_command(run, monkeypatch):
    monkeypatch.setattr(link, "serial_ports", lambda: [("/dev/ttyUSB0", "CP2102")])

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(link.serial.Serial, "open", denied)
    monkeypatch.setattr(link.Path, "group", lambda self: "dialout")
    code, _, err = run("--port", "/dev/ttyUSB0")
    assert code == 4
    assert "it belongs to the group dialout; `sudo usermod -aG dialout $USER`" in err


@pytest.mark.parametrize("word", ["x", "-1", "9" * 30, "nan", "", "0"])
def test_a_board_that_says_it_samples_and_tells_nonsense_has_findings(run, word, monkeypatch):
    monkeypatch.setattr(check, "SPAN_S", 0.0)
    with Liar() as board:
        board.word = word
        board.trusted = ("protocol", "device", "count", "boot", "state", "frame", "uptime_ms")
        code, out, _ = run("--port", board.port, "--reads", "1")
    assert code in (3, 4)
    assert code == 4 or "FINDING" in out


@pytest.mark.parametrize(("error", "reads"), [(errno.ENODEV, 200), (errno.ETIMEDOUT, 1)])
def test_a_bus_that_is_held_costs_one_time_out_of_the_watchdogs_30_s(error, reads):
    asked = []

    def fails(*_):
        asked.append(error)
        raise OSError(error)

    imu = SimpleNamespace(bus=SimpleNamespace(readfrom_mem_into=fails), address=0x6A)
    assert buscheck.counted(imu, "LSM6DSO", 200) == (reads, reads, 0) and len(asked) == reads
