"""The serial port: bytes with deadlines, and an error that says what is the matter.

The only module that imports a serial library. Nothing here is POSIX-only.
"""

import contextlib
import errno
import os
import time
from pathlib import Path

import serial
from serial.tools import list_ports

from cribtrace.errors import NoDevice, Silent

BAUD = 115200
_POLL_S = 0.05  # how late a deadline may be noticed
# Chosen: a program that is just being started holds for some 20 ms what its parent held.
_LOCKED_S = 0.5
_WRITE_S = 2.0  # a request line takes 11 ms at 115200 baud
_POSIX = os.name == "posix"
_IN_USE = (errno.EAGAIN, errno.EACCES, errno.EBUSY)  # what a lock held by another reports


class Link:
    """An open serial port, held exclusively.

    DTR and RTS are off, RTS first: on an ESP32 board RTS without DTR is reset, and that would end
    the recording; DTR without RTS is the boot pin, which only matters during a reset. Every method
    raises NoDevice, with one line that names the cause, when the port is absent, busy, forbidden
    or goes away.
    """

    def __init__(self, port: str, baud: int = BAUD) -> None:
        self.port = port
        # A POSIX kernel raises both lines when it opens a port, and pyserial would then drop DTR
        # first: so it must leave DTR alone. On Windows both take effect with the opening.
        self._serial = serial.Serial(
            timeout=_POLL_S, write_timeout=_WRITE_S, exclusive=True, dsrdtr=_POSIX
        )
        self._serial.port = port
        self._serial.rts = False
        self._serial.dtr = False
        try:
            self._serial.baudrate = baud
            self._open()
            with contextlib.suppress(OSError):  # a pseudo-terminal has no such lines
                self._serial.dtr = False
        except Exception as error:  # termios.error is no OSError, and termios is not everywhere
            raise _why_not_open(port, error) from error

    def _open(self) -> None:
        deadline = time.monotonic() + _LOCKED_S
        while True:
            self.opened_s = time.monotonic()
            try:
                return self._serial.open()
            except serial.SerialException as error:
                if not _locked(error) or self.opened_s >= deadline:
                    raise
            time.sleep(_POLL_S)

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as anything has; b"" after `timeout_s` of nothing."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                received = self._serial.read(1)
                if received:
                    return received + self._serial.read(self._serial.in_waiting)
            except (OSError, TypeError) as error:  # TypeError: pyserial, closed while it reads
                raise self._gone() from error
            if time.monotonic() >= deadline:
                return b""

    def write(self, line: bytes) -> None:
        """Write all of `line`, within 2 s."""
        try:
            self._serial.write(line)
        except serial.SerialTimeoutException as error:
            raise NoDevice(
                f"{self.port} takes no more bytes: unplug the board and plug it in again"
            ) from error
        except OSError as error:
            raise self._gone() from error

    def close(self) -> None:
        """Give the port back; closing twice, or after the port went away, is fine."""
        with contextlib.suppress(Exception):
            self._serial.close()

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gone(self) -> NoDevice:
        return NoDevice(f"{self.port} went away while in use: check the cable, then run it again")


def serial_ports() -> list[tuple[str, str]]:
    """Return (port, description) of each serial port of this machine."""
    return sorted((p.device, p.description or "") for p in list_ports.comports())


def serial_number(port: str) -> str:
    """The serial number of the USB device behind a port; "" where it has none."""
    return next((p.serial_number or "" for p in list_ports.comports() if p.device == port), "")


def _locked(error: Exception) -> bool:
    return "exclusively lock" in str(error)


def _why_not_open(port: str, error: Exception) -> NoDevice:
    said = str(error)
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in said:
        there = ", ".join(name for name, _ in serial_ports())
        then = "name one of these, or plug the board in" if there else "plug the board in"
        return Silent(f"no port {port}; the ports of this machine: {there or 'none'}; {then}")
    if code in _IN_USE and (_locked(error) or code != errno.EACCES):
        return NoDevice(f"{port} is in use{_holder(port)}: close it there, then run this again")
    if "PermissionError" in said:  # Windows says this of a port that another program holds
        return NoDevice(f"{port} is in use by another program, or not yours to open")
    if code in (errno.EACCES, errno.EPERM):
        return NoDevice(f"permission to open {port} denied: {_way_in(port)}")
    if code == errno.EISDIR or "Inappropriate ioctl" in said:
        return NoDevice(f"{port} is not a serial port: `cribtrace ports` lists those there are")
    return NoDevice(f"cannot open {port}: {' '.join(said.split())}")


def _way_in(port: str) -> str:
    try:
        group = Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return "ask for the right to use serial ports"
    return f"it belongs to the group {group}; `sudo usermod -aG {group} $USER`, then log in again"


def _holder(port: str) -> str:
    """Return " by NAME (process N)" where Linux tells who holds the lock or the file, else ""."""
    with contextlib.suppress(OSError, ValueError):
        for pid in (*_lockers(os.stat(port)), *_openers(os.path.realpath(port))):
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            return f" by {name} (process {pid})"
    return ""


def _lockers(port: os.stat_result) -> list[int]:
    """Process numbers out of lines like `1: FLOCK ADVISORY WRITE 4242 00:18:3 0 EOF`."""
    where = f"{os.major(port.st_dev):02x}:{os.minor(port.st_dev):02x}:{port.st_ino}"
    lines = Path("/proc/locks").read_text().splitlines()
    return [int(line.split()[4]) for line in lines if where in line.split()]


def _openers(path: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry) == path and entry.parts[2] != str(os.getpid()):
                found.append(int(entry.parts[2]))
    return found
