"""What mpremote does for us on a board that runs MicroPython: look, and change files."""

import json
import subprocess
import sys
from typing import NamedTuple

from cribtrace import chips
from cribtrace.errors import CribtraceError, NoDevice, pip_line

_MPREMOTE_S = 180

# Prints what the board is and every file that may be the firmware's; it changes nothing.
_LOOK = """
import binascii, hashlib, os, sys
s = sys.implementation
print('IS', getattr(s, '_mpy', 0), *s.version[:2], sys.platform, getattr(s, '_machine', '?'))
def told(path):
    h = hashlib.sha256()
    b = bytearray(256)
    m = memoryview(b)
    with open(path, 'rb') as f:
        n = f.readinto(b)
        while n:
            h.update(m[:n])
            n = f.readinto(b)
    print('FILE', binascii.hexlify(h.digest()).decode(), path)
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            told(path)
for name in os.listdir('/'):
    if name in {top!r}:
        told('/' + name)
    elif name == 'crib':
        walk('/crib')
"""


class There(NamedTuple):
    """What a board said of itself: `files` is path -> SHA-256 in hexadecimal."""

    platform: str
    machine: str
    version: tuple[int, int]
    mpy_version: tuple[int, int]
    mpy_arch: str
    files: dict[str, str]

    @property
    def family(self) -> str:
        """The family of its chip; NO_CHIP where it is a computer."""
        return chips.family_of(self.platform, self.machine)


def look(port: str, top: list[str]) -> There:
    """Ask what the board is, and for the hashes of /crib and of the files `top` beside it."""
    said = run(port, ["exec", _LOOK.format(top=top)]).splitlines()
    about = [line.strip().split(" ", 5) for line in said if line.startswith("IS ")]
    if not about or len(about[0]) < 6:
        raise NoDevice(f"{port}: it did not say what it is: reset the board, run it again")
    _, mpy, major, minor, platform, machine = about[0]
    files = [line.strip().split(" ", 2) for line in said if line.startswith("FILE ")]
    return There(
        platform,
        machine,
        (int(major), int(minor)),
        (int(mpy) & 0xFF, int(mpy) >> 8 & 3),
        chips.ARCHITECTURES.get(int(mpy) >> 10 & 0xF, ""),
        {path: digest for _, digest, path in files},
    )


def run(port: str, steps: list[str]) -> str:
    """Run mpremote on `port`; returns what it printed. One line says why it failed."""
    command = [sys.executable, "-m", "mpremote", "connect", port, *steps]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MPREMOTE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoDevice(
            f"{port}: mpremote got no further in {_MPREMOTE_S} s: reset the board, run it again"
        ) from error
    if done.returncode == 0:
        return done.stdout
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = said[-1] if said else f"exit code {done.returncode}"
    if "ENODEV" in last:
        raise CribtraceError(
            f"{port}: no file system on the board that MicroPython can use: `cribtrace flash"
            " --erase` makes a new one"
        )
    if "No module named mpremote" in last:
        raise CribtraceError(f"mpremote is not installed: {pip_line('mpremote')}")
    kind = NoDevice if "raw repl" in last or "failed to access" in last else CribtraceError
    raise kind(
        f"{port}: mpremote failed ({json.dumps(last)[1:-1]}): reset the board, run it again"
    )
