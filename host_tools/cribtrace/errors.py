"""What a user did or met, said in one line, with the exit code that goes with it."""

import signal
import sys


def by_signal(number: int) -> int:
    """The exit code of what a signal has ended, as shells have it."""
    return 128 + number


INTERRUPTED = by_signal(signal.SIGINT)


def pip_line(package: str) -> str:
    """The line that installs a package, as `cribtrace[live]`, for the Python that runs this."""
    return f"`{sys.executable} -m pip install '{package}'`"


class CribtraceError(Exception):
    """Failed. The message is one line: the cause, and what to do next."""

    exit_code = 1


class Usage(CribtraceError):
    """The command was asked for something it cannot mean."""

    exit_code = 2


class Damaged(CribtraceError):
    """Something usable came out, but something was lost or damaged."""

    exit_code = 3


class NoDevice(CribtraceError):
    """The device is absent, silent, busy or talks something else."""

    exit_code = 4


class Silent(NoDevice):
    """The port is not there, or opens and nothing comes from it: a board may be about to start."""
