"""The virtual board from outside: power, resets, the port, the line, and both processes' ends."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cribtrace import virtual_ports
from cribtrace.errors import CribtraceError
from cribtrace.sensors import SENSORS
from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import FLASH_BYTES, install_firmware
from tests.support.stand_in import (
    BLINK,
    ECHO,
    Ramp,
    board_with,
    flashed,
    from_power_on,
    opened,
    read_until,
)

PROMPT = b">>> "


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def interpreter(micropython) -> Path:
    return micropython.path


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def say(board: VirtualBoard, line: bytes) -> bytes:
    """Stop the program, have the REPL run one line, and return what it printed."""
    with opened(board) as port:
        port.write(b"\x03")
        time.sleep(0.2)
        port.reset_input_buffer()
        port.write(line + b"\r")
        return read_until(port, PROMPT)[len(line) + 2 : -len(PROMPT)].strip()


def test_blank_flash_is_formatted_and_comes_to_the_prompt(tmp_path, interpreter):
    flash = tmp_path / "flash.bin"
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter) as board:
        with opened(board) as port:
            port.write(b"\r")
            read_until(port, PROMPT)
        assert say(board, b"import os; print(os.listdir('/'), os.statvfs('/')[2])") == b"[] 512"
    assert flash.stat().st_size == FLASH_BYTES


def test_the_prompt_names_the_sensor(tmp_path, interpreter):
    flash = tmp_path / "flash.bin"
    board = VirtualBoard(Ramp(), flash=flash, micropython=interpreter, sensor="mpu6050")
    with board, opened(board) as port:
        port.write(b"\x02")
        read_until(port, b"; virtual board with MPU-6050\r\n")


def test_flash_that_holds_something_else_is_left_alone(tmp_path, interpreter):
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"\x5a" * FLASH_BYTES)
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter) as board:
        assert say(board, b"print('alive')") == b"alive"
    assert flash.read_bytes() == b"\x5a" * FLASH_BYTES


def test_a_file_of_another_size_is_refused(tmp_path, interpreter):
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"x")
    with pytest.raises(CribtraceError, match="no flash image"):
        VirtualBoard(Ramp(), flash=flash, micropython=interpreter)


def test_an_installation_that_fails_says_why(tmp_path, interpreter):
    with pytest.raises(CribtraceError, match="could not be installed"):
        install_firmware(tmp_path / "f.bin", {"big.bin": bytes(3 << 20)}, interpreter)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 104.0, 208.0])
def test_the_board_states_the_recordings_facts(tmp_path, interpreter, rate_hz):
    recording = Ramp(frames=777, rate_hz=rate_hz, lsb_per_g=16384.0)
    with board_with(tmp_path, interpreter, BLINK, recording=recording) as board:
        line = b"import board; print(board.RATE_MHZ, board.MLSB_PER_G, board.RECORDING_FRAMES)"
        assert say(board, line).decode() == f"{round(rate_hz * 1000)} 16384000 777"
        line = b"b=bytearray(1); board.i2c.readfrom_mem_into(0x6a, 0x63, b); print(b[0])"
        line = line.replace(b"board.i2c", b"__import__('hardware').parts.i2c")
        assert int(say(board, line)) == SENSORS["lsm6dso"].rate_for(rate_hz)[1] & 0xFF


def test_every_name_of_the_board_interface_is_there(tmp_path, interpreter):
    names = [
        "NAME",
        "SENSOR",
        "make_imu",
        "ticks_us",
        "ticks_ms",
        "ticks_diff",
        "host_ms",
        "idle",
        "console",
        "watchdog",
        "reset_cause",
        "retained_read",
        "retained_write",
        "collect",
        "reset",
        "RATE_MHZ",
        "MLSB_PER_G",
        "RECORDING_FRAMES",
    ]
    with board_with(tmp_path, interpreter, BLINK) as board:
        line = f"import board; print([n for n in {names!r} if not hasattr(board, n)])"
        assert say(board, line.encode()) == b"[]"
        assert say(board, b"print(board.NAME, board.reset_cause())") == b"virtual power_on"


def test_a_soft_reset_drops_modules_and_keeps_the_silicon(tmp_path, interpreter):
    main = (
        "import board, sys, other\n"
        "print(other.count, board.reset_cause(), board.retained_read(), board.ticks_ms())\n"
        "other.count += 1\n"
        "leftover = 1\n"
    )
    flash = flashed(tmp_path, interpreter, main, other="count = 0\n")
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter) as board:
        time.sleep(0.3)
        with opened(board) as port:
            port.write(b"\r")
            read_until(port, PROMPT)
            port.write(b"import board; board.retained_write(b'kept'); f = open('/x', 'wb')\r")
            read_until(port, PROMPT)
            port.write(b"print('at', board.ticks_ms())\r")
            before_ms = int(read_until(port, PROMPT).rpartition(b"at ")[2].split()[0])
            port.write(b"\x04")
            seen = read_until(port, PROMPT)
            told = re.search(rb"MPY: soft reboot\r\n0 soft b'kept' (\d+)\r\n", seen)
            assert told and int(told[1]) > before_ms > 0
            port.write(b"print('leftover' in globals(), 'f' in globals())\r")
            assert b"True False" in read_until(port, PROMPT)


def test_a_ctrl_c_that_was_heard_comes_no_second_time(tmp_path, interpreter):
    main = (
        "import board, time\n"
        "try:\n"
        "    while True: board.idle(50)\n"
        "except KeyboardInterrupt:\n"
        "    print('heard')\n"
        "end = time.time() + 3\n"
        "while time.time() < end: pass\n"
        "print('undisturbed')\n"
    )
    with board_with(tmp_path, interpreter, main) as board, from_power_on(board) as port:
        time.sleep(0.3)
        port.write(b"\x03")
        read_until(port, b"heard")
        port.write(b"what nobody reads for a while")
        seen = read_until(port, PROMPT)
    assert b"undisturbed" in seen and b"KeyboardInterrupt" not in seen


def test_the_fifo_fills_during_a_soft_reset(tmp_path, interpreter):
    main = (
        "from hardware.parts import i2c\n"
        "b = bytearray(2)\n"
        "i2c.readfrom_mem_into(0x6a, 0x3a, b)\n"
        "print('level', b[0] | (b[1] & 3) << 8)\n"
        "if not b[0]:\n"
        "    for r, v in ((9, 4), (10, 6), (16, 64)): i2c.writeto_mem(0x6a, r, bytes([v]))\n"
    )
    with board_with(tmp_path, interpreter, main) as board, from_power_on(board) as port:
        assert b"level 0" in read_until(port, PROMPT)
        time.sleep(0.5)
        port.write(b"\x04")
        level = int(read_until(port, PROMPT).split(b"level ")[1].split()[0])
    assert 45 <= level <= 120


def test_resets_and_their_causes(tmp_path, interpreter):
    main = (
        "import board\nprint('cause', board.reset_cause(), board.retained_read())\n"
        "dog = board.watchdog()\nwhile True:\n    board.idle(1000)\n"
    )
    with (
        board_with(tmp_path, interpreter, main, speed=50.0, recording=Ramp(100_000)) as board,
        from_power_on(board) as port,
    ):
        read_until(port, b"cause power_on b''\r\n")
        port.write(b"\x03")
        read_until(port, PROMPT)
        port.write(b"board.retained_write(b'abc'); board.reset()\r")
        read_until(port, b"cause hard b'abc'\r\n")
        port.write(b"\x03")
        read_until(port, PROMPT)
        port.write(b"dog.feed()\r")
        read_until(port, b"cause watchdog b'abc'\r\n")
        port.write(b"\x03")
        read_until(port, PROMPT)
        port.write(b"dog.feed(); dog.park(); board.idle(40_000); print('slept')\r")
        read_until(port, b"\r\nslept\r\n")
        port.write(b"dog.park_ms = 0; dog.park()\r")
        read_until(port, b"ValueError")
        board.restart()
        read_until(port, b"cause power_on b''\r\n")


def test_the_mattress_moves_on_over_a_hard_reset(tmp_path, interpreter):
    main = (
        "import board\nfrom hardware.parts import i2c\nword = bytearray(7)\n"
        "board.idle(500)\n"
        "for r, v in ((9, 4), (10, 6), (16, 64)): i2c.writeto_mem(0x6a, r, bytes([v]))\n"
        "board.idle(500)\n"
        "if board.reset_cause() == 'power_on': board.reset()\n"
        "for _ in range(3): i2c.readfrom_mem_into(0x6a, 0x78, word)\n"
        "print('frame', word[1] | word[2] << 8)\n"
    )
    with board_with(tmp_path, interpreter, main) as board, from_power_on(board) as port:
        frame = int(read_until(port, PROMPT).split(b"frame ")[1].split()[0])
    # Half a second before the reset, half a second after it, and two start-up samples.
    assert 95 <= frame <= 150


def test_too_much_retained_memory_is_refused(tmp_path, interpreter):
    with board_with(tmp_path, interpreter, BLINK) as board:
        say(board, b"import board; board.retained_write(bytes(2048))")
        assert b"ValueError" in say(board, b"board.retained_write(bytes(2049))")
        assert say(board, b"print(len(board.retained_read()))") == b"2048"


def test_every_byte_but_ctrl_c_passes_both_ways(tmp_path, interpreter):
    sent = bytes(b for b in range(256) if b != 3)
    with board_with(tmp_path, interpreter, ECHO) as board, from_power_on(board) as port:
        read_until(port, b"ready\r\n")
        for _ in range(3):
            port.write(sent)
            got = b""
            while len(got) < len(sent):
                piece = port.read(len(sent) - len(got))
                assert piece, f"only {len(got)} bytes came back"
                got += piece
            assert got == sent


def test_ctrl_c_interrupts_and_flushes_what_waits(tmp_path, interpreter):
    with board_with(tmp_path, interpreter, BLINK) as board, from_power_on(board) as port:
        read_until(port, b"ready\r\n")
        port.write(b"never_executed\r\x03print(6 * 7)\r")
        seen = read_until(port, b"42\r\n>>> ")
        assert b"KeyboardInterrupt" in seen and b"NameError" not in seen


def test_ctrl_c_reaches_a_program_that_never_looks_at_the_console(tmp_path, interpreter):
    main = "print('ready')\nwhile True: pass\n"
    with board_with(tmp_path, interpreter, main) as board, from_power_on(board) as port:
        read_until(port, b"ready\r\n")
        port.write(b"\r\x03")
        assert b"KeyboardInterrupt" in read_until(port, PROMPT)
        port.write(b"\rprint(6 * 7)\r")
        read_until(port, b"42\r\n>>> ")


def test_an_interpreter_that_is_none_is_named(tmp_path):
    with pytest.raises(CribtraceError, match="nowhere"):
        VirtualBoard(Ramp(), flash=tmp_path / "f", micropython=Path("/nowhere")).start()


@pytest.mark.parametrize("baud", [115200, 921600])
def test_the_line_rate_is_kept_in_the_boards_own_time(tmp_path, interpreter, baud):
    main = (
        "import board\nbuf = b'x' * 1000\nt = board.ticks_us()\n"
        "for _ in range(20): board.console.write(buf)\n"
        "print('took', board.ticks_diff(board.ticks_us(), t))\n"
    )
    board = board_with(tmp_path, interpreter, main, speed=None, baud=baud)
    with board, from_power_on(board) as port:
        took_us = int(read_until(port, PROMPT).split(b"took ")[1].split()[0])
    expected_us = (20_000 - 128) * 10e6 / baud
    assert expected_us * 0.995 <= took_us <= expected_us * 1.005 + 2000


def test_the_line_rate_holds_against_the_wall_at_1x(tmp_path, interpreter):
    main = "import board\nwhile True: board.console.write(b'x' * 96)\n"
    with (
        board_with(tmp_path, interpreter, main, baud=115200) as board,
        from_power_on(board) as port,
    ):
        port.read(1)
        start, count = time.monotonic(), 0
        while time.monotonic() - start < 1.0:
            count += len(port.read(4096))
    assert 9_000 <= count <= 12_500


def test_a_host_that_does_not_read_never_stops_the_board(tmp_path, interpreter):
    main = (
        "import board\nfor k in range(3000): board.console.write(b'x' * 1000)\n"
        "open('/done', 'w').close()\n"
    )
    with board_with(tmp_path, interpreter, main, speed=None) as board:
        with opened(board):
            deadline = time.monotonic() + 20
            while board.dropped_bytes < 1_000_000 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert board.dropped_bytes >= 1_000_000
        time.sleep(0.1)
        assert b"done" in say(board, b"import os; print(os.listdir('/'))")


def test_nothing_is_kept_for_a_port_that_nobody_has_open(tmp_path, interpreter):
    with board_with(tmp_path, interpreter, "for k in range(9): print('early', k)\n") as board:
        time.sleep(0.4)
        with opened(board) as port:
            port.write(b"print('late')\r")
            assert b"early" not in read_until(port, b"late\r\n" + PROMPT)
            port.write(b"print('unread')\r")
            time.sleep(0.3)
        time.sleep(0.1)
        with opened(board) as port:
            port.write(b"\r")
            assert b"unread" not in read_until(port, PROMPT)


def test_the_port_and_its_link_outlive_a_power_cut(tmp_path, interpreter):
    link = tmp_path / "wanted"
    with board_with(tmp_path, interpreter, BLINK, link=link) as board:
        port_name = board.port
        assert virtual_ports.virtual_ports() == [board.link]
        assert board.link and os.path.realpath(board.link) == os.path.realpath(link) == port_name
        with from_power_on(board) as port:
            read_until(port, b"ready\r\n")
            board.kill()
            assert board.wait_off(0) and board.pid is None and stat.S_ISCHR(link.stat().st_mode)
            board.start()
            assert board.port == port_name
            read_until(port, b"ready\r\n")
        with board_with(tmp_path, interpreter, BLINK) as other:
            assert len(virtual_ports.virtual_ports()) == 2 and other.port != port_name
    assert virtual_ports.virtual_ports() == [] and not link.is_symlink()


def test_a_link_whose_process_died_is_not_offered(tmp_path):
    place = virtual_ports.folder()
    (place / "virtual").symlink_to("/dev/null")
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    (place / "virtual.pid").write_text(str(dead.pid))
    assert virtual_ports.virtual_ports() == []
    link = virtual_ports.claim("/dev/zero")
    assert link.name == "virtual" and virtual_ports.virtual_ports() == [link]
    virtual_ports.release(link)


def test_files_survive_a_kill_at_any_moment(tmp_path, interpreter):
    main = (
        "import board, os\n"
        "try:\n    f = open('/count', 'rb'); n = int(f.read() or b'0'); f.close()\n"
        "except OSError: n = 0\n"
        "print('found', n)\n"
        "while True:\n"
        "    n += 1\n"
        "    with open('/count', 'wb') as f: f.write(b'%d' % n)\n"
        "    print('wrote', n)\n"
    )
    written = 0
    with (
        board_with(tmp_path, interpreter, main, speed=None) as board,
        from_power_on(board) as port,
    ):
        for k in range(8):
            found = int(read_until(port, b"wrote ").split(b"found ")[1].split()[0])
            assert found >= written
            time.sleep(0.02 + 0.013 * k)
            board.kill()
            time.sleep(0.05)
            lines = port.read(1 << 20).split(b"\r\n")[1:-1]
            written = max([found, *(int(line.split()[1]) for line in lines)])
            board.start()
        assert written > 8


HOST = """
import sys, time
from pathlib import Path
from cribtrace.virtual import VirtualBoard
from tests.support.stand_in import Ramp
board = VirtualBoard(Ramp(), flash=Path(sys.argv[1]), micropython=Path(sys.argv[2]),
                     speed=None if sys.argv[3] == "max" else 1.0).start()
print(board.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("speed", ["max", "1x"])
@pytest.mark.parametrize("main", [BLINK, "print('at the prompt')\n", "while True: pass\n"])
def test_the_board_does_not_outlive_its_relay(tmp_path, interpreter, speed, main):
    flash = flashed(tmp_path, interpreter, main)
    command = [sys.executable, "-c", HOST, str(flash), str(interpreter), speed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout
        pid = int(host.stdout.readline())
        time.sleep(0.3)
        assert alive(pid)
        host.kill()
    assert gone(pid)


def test_the_relay_notices_a_killed_board(tmp_path, interpreter):
    with board_with(tmp_path, interpreter, BLINK) as board:
        assert board.pid
        os.kill(board.pid, signal.SIGKILL)
        assert board.wait_status("off", 5)["code"] == -signal.SIGKILL


def test_a_crash_is_shown(tmp_path, interpreter):
    flash = flashed(tmp_path, interpreter, BLINK)
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter, heap="20k") as board:
        off = board.wait_status("off", 5)
    assert off["code"] == 1 and "MemoryError" in str(off["stderr"])


def test_a_night_ends_in_post_roll_and_counts_its_frames(tmp_path, interpreter):
    main = (
        "import board\nfrom hardware.parts import i2c\n"
        "for r, v in ((7, 64), (9, 4), (10, 6), (16, 64)): i2c.writeto_mem(0x6a, r, bytes([v]))\n"
        "seen = 0\nstatus = bytearray(2)\nwhile seen < 1200:\n"
        "    board.idle(10_000)\n    i2c.readfrom_mem_into(0x6a, 0x3a, status)\n"
        "    n = status[0] | (status[1] & 3) << 8\n"
        "    i2c.readfrom_mem_into(0x6a, 0x78, bytearray(7 * n))\n    seen += n\n"
        "i2c.writeto_mem(0x6a, 16, b'\\0')\n"
        "i2c.readfrom_mem_into(0x6a, 0x3a, status)\n"
        "print('seen', seen - 2 + status[0], board.ticks_ms())\n"
    )
    start = time.monotonic()
    with (
        board_with(tmp_path, interpreter, main, speed=None) as board,
        from_power_on(board) as port,
    ):
        assert board.wait_status("recording_end")["frames"] == 1000
        at_end_s = time.monotonic() - start
        off = board.wait_status("sensor_off")
        post_roll_s = time.monotonic() - start - at_end_s
        seen = int(read_until(port, PROMPT).split(b"seen ")[1].split()[0])
    assert seen == off["frames_produced"] and off["frames_overwritten"] == 0
    assert off["frames_post_roll"] == seen - 1000
    assert at_end_s < 3 and 1.0 <= post_roll_s <= 5, "the greatest speed, then 1x"


def test_bytes_can_be_dropped_and_changed_on_the_way(tmp_path, interpreter):
    options = {
        "tamper_down": lambda piece: piece.replace(b"ready", b"r-ady"),
        "tamper_up": lambda piece: piece.replace(b"x", b"y"),
    }
    with board_with(tmp_path, interpreter, ECHO, **options) as board, from_power_on(board) as port:
        assert b"r-ady" in read_until(port, b"\r\n")
        port.write(b"axb")
        read_until(port, b"ayb")


def test_opening_the_port_can_reset_the_board(tmp_path, interpreter):
    with board_with(tmp_path, interpreter, BLINK, reset_on_open=True) as board:
        first = board.pid
        for _ in range(2):
            with opened(board) as port:
                read_until(port, b"ready\r\n")
            time.sleep(0.1)
        assert board.pid != first


def test_a_file_in_the_place_of_the_link_stays(tmp_path, interpreter):
    mine = tmp_path / "mine.txt"
    mine.write_text("my own")
    board = VirtualBoard(Ramp(), flash=tmp_path / "f.bin", micropython=interpreter, link=mine)
    with pytest.raises(CribtraceError, match="is no link to a port: name another"):
        board.start()
    board.stop()
    assert mine.read_text() == "my own"


def test_one_image_is_one_boards(tmp_path, interpreter):
    flash = tmp_path / "f.bin"
    second = VirtualBoard(Ramp(), flash=flash, micropython=interpreter)
    held = pytest.raises(CribtraceError, match="is the flash of a virtual board that runs")
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter), held:
        second.start()
    second.stop()
    with VirtualBoard(Ramp(), flash=flash, micropython=interpreter):
        pass
