"""The virtual board, seen from outside: a pseudo-terminal with MicroPython at its other end.

The relay moves bytes between the two and keeps no time: line rate, clock and sensor are the
board's own. It never makes the board wait. Ending either process is a power cut for the board.
"""

import contextlib
import fcntl
import os
import pty
import queue
import select
import shutil
import sys
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cribtrace import sensors, virtual_ports
from cribtrace.errors import CribtraceError
from cribtrace.virtual_chip import RESETS, Chip, Status
from cribtrace.virtual_parts import Motion, blank_flash, hold_flash, write_facts

DOWN_BYTES = 1 << 20  # kept for a host that has the port open and does not read
UP_BYTES = 1 << 16
_LOOK_MS = 20  # how often a port that nobody has open is looked at
_DEAF_S = 1.0  # a Ctrl-C that was not read by then takes another way in

Tamper = Callable[[bytes], bytes]


class VirtualBoard:
    """A board that plays `recording` and runs what the image `flash` holds; a context manager.

    speed: factor of real time, None as fast as it goes. baud: the line rate, None without.
    on_status gets each JSON object that the board says of itself, in the relay's thread; they
    are queued in `statuses` too. tamper_down and tamper_up may drop or change the bytes to and
    from the host. reset_on_open restarts the board whenever somebody opens the port.
    `sensor` is one of sensors.SENSORS; `faults` are what boards/virtual/hardware/faults.py lists.
    """

    def __init__(
        self,
        recording: Motion,
        *,
        flash: Path,
        micropython: Path,
        speed: float | None = 1.0,
        baud: int | None = None,
        heap: str = "160k",
        link: Path | None = None,
        first_frame: int = 0,
        worst_every: int = 16,
        clock_chip: Path | None = None,
        reset_on_open: bool = False,
        sensor: str = sensors.DEFAULT,
        faults: Sequence[Mapping[str, object]] = (),
        on_status: Callable[[Status], None] | None = None,
        tamper_down: Tamper | None = None,
        tamper_up: Tamper | None = None,
    ):
        self._folder = Path(tempfile.mkdtemp(prefix="cribtrace-"))
        facts = write_facts(
            self._folder, recording, flash=flash, speed=speed, baud=baud, faults=faults,
            first_frame=first_frame, worst_every=worst_every, clock_chip=clock_chip, sensor=sensor,
        )  # fmt: skip
        self._flash = blank_flash(flash)
        self._make = lambda cause: Chip(micropython, heap, self._folder, facts, cause, self._note)
        self._on_status, self._tampers = on_status, (tamper_down, tamper_up)
        self._reset_on_open, self._wanted_link = reset_on_open, link
        self.statuses: queue.SimpleQueue[Status] = queue.SimpleQueue()
        self.port, self.crash, self.dropped_bytes = "", "", 0
        self.link: Path | None = None
        self._down, self._up = bytearray(), bytearray()
        self._open = self._stopping = self._power_cycle = False
        self._chip: Chip | None = None
        self._failure: OSError | None = None
        self._ctrl_c_s, self._ctrl_c_at, self._came_bytes = 0.0, 0, 0
        self._asked, self._off = threading.Event(), threading.Event()
        self._off.set()
        self._relay: threading.Thread | None = None

    def __enter__(self) -> "VirtualBoard":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> "VirtualBoard":
        """Power on. The port stays the same until stop(), whatever the power does."""
        if not self._relay:
            if self._wanted_link:
                virtual_ports.check(self._wanted_link)
            self._held = hold_flash(self._flash)
            self._make_port()
            self._wake, self._waker = os.pipe()
            self._relay = threading.Thread(target=self._run, name="relay", daemon=True)
            self._relay.start()
        if self._off.is_set():
            self._asked.set()
            os.write(self._waker, b"\0")
            while self._asked.is_set():
                time.sleep(0.001)
            if self._off.is_set() and self._failure:
                raise CribtraceError(f"{self._failure}: give the path of a MicroPython")
        return self

    def kill(self) -> None:
        """Cut the power."""
        if chip := self._chip:
            chip.cut()
            self._off.wait(10)

    def restart(self) -> None:
        """Cut the power and power on again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Cut the power and take the port away."""
        self._stopping = True
        self.kill()
        if self._relay:
            os.write(self._waker, b"\0")
            self._relay.join()
            self._relay = None
            for fd in (self._wake, self._waker, self._master):
                os.close(fd)
            if self.link:
                virtual_ports.release(self.link)
            if self._wanted_link and self._wanted_link.is_symlink():
                self._wanted_link.unlink()
            os.close(self._held)
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_off(self, timeout_s: float | None = None) -> bool:
        """Wait until the board is without power or has crashed; False if it is not by then."""
        return self._off.wait(timeout_s)

    def wait_status(self, kind: str, timeout_s: float = 60.0) -> Status:
        """The next queued status whose "sim" is `kind`; raises CribtraceError if none comes."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                status = self.statuses.get(timeout=left)
                if status.get("sim") == kind:
                    return status
        why = f": {self.crash}" if self.crash else ""
        raise CribtraceError(f"the virtual board said no {kind!r} in {timeout_s:g} s{why}")

    @property
    def pid(self) -> int | None:
        """The process id of the interpreter, None without power."""
        return self._chip.pid if self._chip else None

    # -- the port --

    def _make_port(self) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.port = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self.link = virtual_ports.claim(self.port)
        if self._wanted_link:
            virtual_ports.point(self._wanted_link, self.port)

    def _look_at_port(self) -> None:
        """See whether somebody has opened or closed the port."""
        look = select.poll()
        look.register(self._master, 0)
        is_open = not any(flags & select.POLLHUP for _, flags in look.poll(0))
        if is_open == self._open:
            return
        self._open = is_open
        if is_open and self._reset_on_open and self._chip:
            self._power_cycle = True
            self._chip.cut()
        if not is_open:
            # What the last one left unread is not for the next.
            self._down.clear()
            termios.tcflush(self._master, termios.TCIOFLUSH)

    # -- the board's power --

    def _power_on(self, cause: str) -> None:
        """Start the chip; in the relay's thread, which it must not outlive."""
        self._up.clear()
        try:
            self._chip = self._make(cause)
            self._off.clear()
        except OSError as error:
            self._failure = error
            self._off.set()

    def _ended(self, chip: Chip) -> None:
        """Carry out the reset that the board asked for, or note that it is off."""
        code = chip.end()
        self._chip = None
        self.crash = chip.crash
        if self._power_cycle and not self._stopping:
            self._power_cycle = False
            self._power_on("power_on")
        elif code in RESETS and not self._stopping:
            self._power_on(RESETS[code])
        else:
            self._note({"sim": "off", "code": code, "stderr": self.crash})
            self._off.set()

    def _note(self, status: Status) -> None:
        self.statuses.put(status)
        if self._on_status:
            # Whatever the listener meets (a closed stderr), the relay must go on.
            with contextlib.suppress(Exception):
                self._on_status(status)

    # -- the relay --

    def _run(self) -> None:
        while not self._stopping or self._chip:
            self._look_at_port()
            if self._asked.is_set():
                self._power_on("power_on")
                self._asked.clear()
            chip = self._chip
            ready = self._wait(chip)
            if self._wake in ready:
                os.read(self._wake, 64)
            self._relay_port(ready.get(self._master, 0))
            if chip:
                self._relay_chip(chip, ready)
            if self._ctrl_c_s and time.monotonic() - self._ctrl_c_s > _DEAF_S:
                self._interrupt()

    def _wait(self, chip: Chip | None) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if self._open:
            wanted = select.POLLIN if len(self._up) < UP_BYTES else 0
            poll.register(self._master, wanted | (select.POLLOUT if self._down else 0))
        if chip:
            poll.register(chip.stdout, select.POLLIN)
            poll.register(chip.stderr, select.POLLIN)
            if self._up:
                poll.register(chip.stdin, select.POLLOUT)
        return dict(poll.poll(200 if self._open else _LOOK_MS))

    def _relay_port(self, flags: int) -> None:
        with contextlib.suppress(OSError):  # closed at this moment: the next look sees it
            if flags & select.POLLIN:
                piece = self._tamper(os.read(self._master, 4096), 1)
                if b"\x03" in piece:
                    self._ctrl_c_s = time.monotonic()
                    self._ctrl_c_at = self._came_bytes + piece.rfind(b"\x03")
                self._up += piece
                self._came_bytes += len(piece)
            if flags & select.POLLOUT:
                del self._down[: os.write(self._master, self._down[:4096])]
        if not self._chip:
            self._up.clear()

    def _interrupt(self) -> None:
        """A real UART interrupts a program that never looks at its console, too."""
        self._ctrl_c_s = 0.0
        if self._chip:
            unread = fcntl.ioctl(self._chip.stdin, termios.FIONREAD, bytes(4))
            waiting = len(self._up) + int.from_bytes(unread, sys.byteorder)
            if self._came_bytes - waiting <= self._ctrl_c_at:
                self._chip.interrupt()

    def _relay_chip(self, chip: Chip, ready: dict[int, int]) -> None:
        if ready.get(chip.stderr, 0) & select.POLLIN:
            chip.hear()
        if chip.stdin in ready:
            chip.write(self._up)
        if chip.stdout not in ready:
            return
        piece = os.read(chip.stdout, 65536)
        if not piece:
            self._ended(chip)
        elif self._open:
            piece = self._tamper(piece, 0)
            if len(self._down) + len(piece) > DOWN_BYTES:
                self.dropped_bytes += len(piece)
            else:
                self._down += piece

    def _tamper(self, piece: bytes, direction: int) -> bytes:
        tamper = self._tampers[direction]
        return tamper(piece) if tamper else piece
