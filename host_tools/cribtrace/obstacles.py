"""What stands between a board that is plugged in and a port that opens: drivers, programs, rights.

Linux only; elsewhere nothing is found. USB ids: Linux cp210x, ch341, cdc-acm and ftdi_sio.
"""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

_DEVICES = Path("/sys/bus/usb/devices")
_PROC = Path("/proc")


class Bridge(NamedTuple):
    """What makes a serial port of USB on a board, and the module of Linux that drives it."""

    name: str
    module: str


BRIDGES = {
    ("10c4", "ea60"): Bridge("CP210x", "cp210x"),
    ("1a86", "7523"): Bridge("CH340", "ch341"),
    ("1a86", "5523"): Bridge("CH341", "ch341"),
    ("1a86", "55d4"): Bridge("CH9102", "cdc_acm"),
    ("0403", "6001"): Bridge("FT232R", "ftdi_sio"),
    ("0403", "6015"): Bridge("FT230X", "ftdi_sio"),
    ("303a", "1001"): Bridge("Espressif USB", "cdc_acm"),
}

_TAKERS = {
    "ModemManager": "it holds a new port for seconds, as it looks for a modem:"
    " `sudo systemctl mask --now ModemManager`, or a udev rule that sets ID_MM_DEVICE_IGNORE",
    "brltty": "it takes the port of a CH340 for a Braille display: `sudo apt remove brltty`",
}


def without_port(devices: Path = _DEVICES) -> list[str]:
    """A sentence for each bridge that is plugged in and has no serial port."""
    found = []
    for entry in sorted(devices.glob("*/idVendor")):
        folder = entry.parent
        with contextlib.suppress(OSError):
            ids = entry.read_text().strip(), (folder / "idProduct").read_text().strip()
            bridge = BRIDGES.get(ids)
            if bridge and not [*folder.glob("*/tty*")]:
                found.append(
                    f"a {bridge.name} is plugged in and has no serial port: `sudo modprobe"
                    f" {bridge.module}` loads its driver; then plug it in again"
                )
    return found


def takers(proc: Path = _PROC) -> list[str]:
    """A sentence for each running program that is known to take ports."""
    running = set()
    for comm in proc.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            running.add(comm.read_text().strip())
    return [f"{name} runs: {what}" for name, what in _TAKERS.items() if name in running]


def not_in_group(pattern: str = "tty[UA]*", dev: Path = Path("/dev")) -> list[str]:
    """A sentence where this machine has a serial port of USB that is not this user's to open."""
    for port in sorted(dev.glob(pattern)):
        with contextlib.suppress(OSError, KeyError, NotImplementedError):
            if port.name[3:6] in ("USB", "ACM") and not os.access(port, os.R_OK | os.W_OK):
                group = port.group()
                return [
                    f"{port} belongs to the group {group}: `sudo usermod -aG {group} $USER`, then"
                    " log in again; where no udev rule gives it a group, one for its USB id does"
                ]
    return []


def no_port() -> str:
    """Why there may be no port at all, and what to do."""
    return "; ".join(
        without_port()
        or [
            "no serial port: plug the board in with a cable that carries data (many only charge);"
            " on Windows and macOS a CH340 or CP210x needs its maker's driver"
        ]
    )
