"""The MicroPython that the firmware runs on here: found, or fetched from Debian.

Debian's `micropython` for i386 (armhf on arm64) has the ESP32's word and small integers, viper
and littlefs. A 64-bit interpreter hides exactly the overflows the tests look for, so it comes
last. Fetching needs no root and changes nothing outside its folder: apt runs on a package state
of its own, with the mirror, the proxy and the key that the machine already has.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cribtrace import debian, tree
from cribtrace.errors import CribtraceError

OLDEST = (1, 24)
SUITE = "trixie"  # the first Debian whose micropython (1.25) is new enough
HOW_TO_GET_ONE = "set MICROPYTHON to a micropython of at least 1.24, best a 32-bit one"
_FOREIGN = {"amd64": "i386", "arm64": "armhf"}
# It says what it is first; then it shows that it has what the firmware and the virtual board need.
_PROBE = """
import sys
print(sys.implementation.name, *sys.implementation.version[:2], sys.maxsize)
import micropython, select, termios
from vfs import VfsLfs2
exec('@micropython.viper\\ndef f(p: ptr8) -> int:\\n return p[0]')
"""
_LAUNCHER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""


@dataclass(frozen=True)
class Runtime:
    """An interpreter that was run and answered: `bits` is 32 or 64, `version` like "1.25"."""

    path: Path
    version: str
    bits: int
    source: str

    @property
    def skipped(self) -> str | None:
        """What this interpreter cannot check, None when it is like the board's."""
        if self.bits == 32:
            return None
        return f"{self.bits}-bit MicroPython: checks of 32-bit overflow and heap are skipped"


def find(fetch: bool = False, say: Callable[[str], None] = lambda text: None) -> Runtime:
    """Return the runtime: $MICROPYTHON, else the unpacked one, else Debian's, else one on PATH.

    Only with `fetch` is anything downloaded; `say` is told before that starts. Raises
    CribtraceError, also when $MICROPYTHON is set to something unfit.
    """
    if chosen := os.environ.get("MICROPYTHON"):
        return _asked(Path(shutil.which(chosen) or chosen), "$MICROPYTHON")
    launcher = folder() / "micropython"
    why = "it was not fetched yet (`cribtrace runtime` does)"
    try:
        return _asked(launcher, "unpacked")
    except CribtraceError:
        pass
    if fetch:
        try:
            say(f"fetching Debian's 32-bit MicroPython into {launcher.parent.parent}")
            _fetch(launcher.parent)
            return _asked(launcher, "fetched")
        except CribtraceError as error:
            why = str(error)
    if on_path := shutil.which("micropython"):
        try:
            return _asked(Path(on_path), "PATH")
        except CribtraceError as error:
            why = f"{why}; {error}"
    raise CribtraceError(f"no MicroPython: {why}; {HOW_TO_GET_ONE}")


def folder() -> Path:
    """Return the folder of the unpacked runtime: in the checkout, else in the user's cache."""
    if tree.CHECKOUT:
        return tree.CHECKOUT / ".micropython" / "runtime"
    return platformdirs.user_cache_path("cribtrace") / "micropython" / "runtime"


def _asked(path: Path, source: str) -> Runtime:
    """Return `path` as a Runtime once it answered the probe; CribtraceError if it is unfit."""
    try:
        answer = subprocess.run(
            [path, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        cause = error.strerror if isinstance(error, OSError) else "it does not answer"
        raise CribtraceError(f"{path} ({source}) does not run: {cause}") from None
    words = answer.stdout.split()
    if len(words) != 4 or words[0] != "micropython":
        raise CribtraceError(f"{path} ({source}) is not MicroPython")
    version = int(words[1]), int(words[2])
    if version < OLDEST:
        raise CribtraceError(
            f"{path} ({source}) is MicroPython {version[0]}.{version[1]}, older than 1.24"
        )
    if answer.returncode != 0:
        raise CribtraceError(
            f"{path} ({source}) cannot run the firmware: {_last_line(answer.stderr)}"
        )
    bits = 32 if int(words[3]) < 2**32 else 64
    return Runtime(path.absolute(), f"{version[0]}.{version[1]}", bits, source)


def _fetch(destination: Path) -> None:
    """Unpack Debian's interpreter with a launcher that finds its own libraries."""
    debian.unpack(destination, ["micropython"], SUITE, _FOREIGN, _finish)


def _finish(root: Path) -> None:
    loader = debian.loader(root)
    launcher = root / "micropython"
    launcher.write_text(_LAUNCHER.format(loader=loader, libraries=loader.parent))
    launcher.chmod(0o755)
    _asked(launcher, "fetched")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
