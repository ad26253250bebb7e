"""The process that is the virtual board's chip: MicroPython with pipes for its console."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from cribtrace.virtual_parts import BOARD, save_facts

RESETS = {
    64: "hard",
    65: "watchdog",
    67: "brown_out",
}  # exit codes of boards/virtual/hardware/reset.py
_CRASH_BYTES = 8192

Status = dict[str, object]


class Chip:
    """One chip under power, from its reset, whose cause is "power_on" or one of RESETS.

    Each JSON object that the board says of itself on stderr goes to `note`; what else comes there
    is kept in `crash`.
    """

    def __init__(
        self,
        micropython: Path,
        heap: str,
        folder: Path,
        facts: Mapping[str, object],
        cause: str,
        note: Callable[[Status], None],
    ):
        if not shutil.which(micropython):
            raise FileNotFoundError(f"{micropython} cannot be run")
        self._note = note
        self._line = b""
        self._crash = b""
        stdin, self.stdin = os.pipe()
        # The board reads what there is and goes on: that takes a pipe that does not block.
        os.set_blocking(stdin, False)
        os.set_blocking(self.stdin, False)
        started = save_facts(folder, facts, cause)
        # The board ends at the end of its stdin; one whose program never looks there has to be
        # ended. The thread that makes this object is the parent that is meant.
        setpriv = shutil.which("setpriv")
        leash = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        try:
            self._process = subprocess.Popen(
                [*leash, micropython, "-X", f"heapsize={heap}", BOARD / "power.py", started],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C at the terminal is for the relay alone
            )
        except OSError:
            os.close(self.stdin)
            raise
        finally:
            os.close(stdin)
        assert self._process.stdout and self._process.stderr
        self._out, self._err = self._process.stdout, self._process.stderr
        self.stdout, self.stderr = self._out.fileno(), self._err.fileno()
        self.pid = self._process.pid

    def cut(self) -> None:
        """Cut the power: nothing of the firmware runs any more."""
        self._process.kill()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in a program that does not look at its console."""
        self._process.send_signal(signal.SIGINT)

    def write(self, waiting: bytearray) -> None:
        """Give the console what it takes of `waiting`, which loses it."""
        with contextlib.suppress(OSError):  # full, or at its end: that shows on stdout
            del waiting[: os.write(self.stdin, waiting)]

    def hear(self) -> bytes:
        """Take in what stderr has; empty at its end."""
        piece = os.read(self.stderr, 65536)
        *lines, self._line = (self._line + piece).split(b"\n")
        for line in lines:
            self._hear_line(line)
        return piece

    def _hear_line(self, line: bytes) -> None:
        try:
            status = json.loads(line)
        except ValueError:
            status = None
        if isinstance(status, dict) and "sim" in status:
            self._note(status)
        else:
            self._crash = (self._crash + line + b"\n")[-_CRASH_BYTES:]

    @property
    def crash(self) -> str:
        """What the interpreter wrote on stderr besides statuses; empty when all is well."""
        return self._crash.decode(errors="replace").strip()

    def end(self) -> int:
        """Wait for the process, whose output has ended; returns its exit code."""
        while self.hear():
            pass
        self._out.close()
        self._err.close()
        os.close(self.stdin)
        return self._process.wait()
