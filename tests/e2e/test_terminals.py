"""Any terminal program can sit at the line: it reads facts, may type, and costs no frame."""

import contextlib
import os
import pty
import select
import shutil
import subprocess
import sys
import time

import pytest

from cribtrace import scenario
from cribtrace.link import Link

PYTHON = sys.executable
# How each is started on a port, and the keys that leave it.
TERMINALS = {
    "tio": (["tio", "-n", "{port}"], b"\x14q"),
    "picocom": (["picocom", "--baud", "115200", "{port}"], b"\x01\x18"),
    "screen": (["screen", "{port}", "115200"], b"\x01k" + b"y"),
    "miniterm": ([PYTHON, "-m", "serial.tools.miniterm", "--raw", "{port}", "115200"], b"\x1d"),
    "mpremote": ([PYTHON, "-m", "mpremote", "connect", "{port}", "resume", "repl"], b"\x18"),
}


@pytest.fixture(scope="module")
def hour():
    return scenario.generate("nap", 2)


class Terminal:
    """A terminal program in a pseudo-terminal of its own, and what it has shown."""

    def __init__(self, command, home):
        self.shown = b""
        self._master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "vt100", "HOME": str(home), "SCREENDIR": str(home)}
        self._program = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=environment, cwd=home, preexec_fn=lambda: _own_terminal(slave),  # noqa: PLW1509
        )  # fmt: skip
        os.close(slave)

    def wait_for(self, *wanted, timeout_s=15):
        """Read on until all of these were shown."""
        deadline = time.monotonic() + timeout_s
        while not all(text in self.shown for text in wanted):
            assert time.monotonic() < deadline, (wanted, self.shown[-2000:])
            if select.select([self._master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self.shown += os.read(self._master, 4096)

    def type(self, keys):
        os.write(self._master, keys)

    def end(self):
        """The program must be gone soon, so that nothing keeps the port."""
        try:
            deadline = time.monotonic() + 5
            while self._program.poll() is None and time.monotonic() < deadline:
                if select.select([self._master], [], [], 0.05)[0]:
                    with contextlib.suppress(OSError):
                        os.read(self._master, 4096)
            assert self._program.poll() is not None, "still there after the keys that leave it"
        finally:
            if self._program.poll() is None:
                self._program.kill()
            self._program.wait()
            os.close(self._master)


def _own_terminal(slave):
    import fcntl
    import termios

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("name", TERMINALS)
def test_a_terminal_reads_types_and_leaves_without_costing_a_frame(bench, hour, tmp_path, name):
    command, leave = TERMINALS[name]
    if not shutil.which(command[0]):
        pytest.skip(f"no {name}: it is not installed")
    with bench(hour, speed=15) as b:
        # A host was there before, so that the session's end is part of it.
        with b.client() as client:
            before = client.hello()["boot"]
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        terminal = Terminal([word.format(port=b.board.port) for word in command], home)
        try:
            terminal.wait_for(b"what=heartbeat", b"floor_mg=")
            terminal.type(b"help\r")
            terminal.wait_for(b"mark TEXT")
            terminal.type(b"mark seen from a terminal\r")
            terminal.wait_for(b"marked")
            terminal.type(b"wipe\r")
            terminal.wait_for(b"unknown=wipe")
            terminal.type(leave)
        finally:
            terminal.end()
        with b.client() as client:
            info = client.info()
            assert (client.hello()["boot"], info["state"]) == (before, "sampling")
            assert info["in_gaps"] == 0
            client.stop()
            sensor = b.told("sensor_off")
            assert sensor["frames_produced"] == client.info()["seen"]


def test_a_terminal_that_never_reads_costs_no_frame(bench, hour):
    with bench(hour, speed=20, baud=115200) as b:
        with Link(b.board.port):
            time.sleep(12)  # four minutes of the board's: more text than a UART holds
        with b.client() as client:
            assert client.info()["in_gaps"] == 0
            client.stop()
            sensor = b.told("sensor_off")
            info = client.info()
    assert info["wire_bytes"] > 2 * 128
    assert sensor["frames_produced"] == info["seen"]
    assert sensor["frames_overwritten"] == 0
