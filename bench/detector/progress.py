"""How far it is, beside the result: which stage, how many recordings of how many, since when."""

import time
from collections.abc import Callable
from typing import TextIO

Done = Callable[[int], None]
"""Called with how many are done."""
Stage = Callable[[str, int], Done | None]
"""Called as a stage of so many recordings begins; what it gives is called after each of them."""
EVERY_S = 3.0


def silent(_what: str, _of: int) -> None:
    """Say nothing of any stage."""


class Progress:
    """Says it on `stream`: a line for each stage, on a terminal one more every EVERY_S at most."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._begun_s = self._said_s = clock()

    def __call__(self, what: str, of: int) -> Done | None:
        """Begin a stage."""
        self._say(what, 0, of)
        if not self._stream.isatty():
            return None

        def done(count: int) -> None:
            if count == of or self._clock() - self._said_s >= EVERY_S:
                self._say(what, count, of)

        return done

    def _say(self, what: str, count: int, of: int) -> None:
        self._said_s = self._clock()
        minutes, seconds = divmod(int(self._said_s - self._begun_s), 60)
        line = f"{minutes}:{seconds:02} {what}: {count} of {of} recordings"
        self._stream.write(line + "\n")
        self._stream.flush()
