"""How a command that goes on for ever is ended: by Ctrl-C, by SIGTERM, by a terminal that goes."""

import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from cribtrace.errors import by_signal


class Ended:
    """By which signal: the first that came; None while none has. Each is told to `end`."""

    def __init__(self, end: Callable[[int], None]) -> None:
        self.end = end
        self.number: int | None = None

    @property
    def exit_code(self) -> int:
        """That of the signal; 0 for Ctrl-C, which is the way to end it."""
        return 0 if self.number in (None, signal.SIGINT) else by_signal(self.number)


@contextmanager
def ended_by_signals(end: Callable[[int], None]) -> Iterator[Ended]:
    """Call `end`, or what took its place, with the number of each signal that is to end this."""
    ended = Ended(end)

    def came(number: int, _frame: object) -> None:
        ended.number = ended.number or number
        ended.end(number)

    before = {number: signal.signal(number, came) for number in _numbers()}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers() -> list[signal.Signals]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Windows has none; and what nohup has started is to outlive its terminal.
    if os.name != "nt" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def as_far_as_it_goes(stream: TextIO) -> Iterator[None]:
    """Write to `stream` until its reader, or its terminal, is gone."""
    try:
        yield
    except OSError as error:
        let_go(stream, error)


def let_go(stream: TextIO, error: OSError) -> None:
    """Write to it no more; raises `error` if that says anything but that it is gone."""
    if not isinstance(error, BrokenPipeError) and error.errno != errno.EIO:
        raise error
    with suppress(io.UnsupportedOperation):  # at exit Python flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
