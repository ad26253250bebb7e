"""The order in which things began, out of the order in which a log tells of them."""

import bisect
import math

# A movement is told when it is over and an epoch when it is full. 30 s is the longest either lasts
# (the board cuts movements there); 15 s more are chosen, for its closing and for a held-up loop.
LATEST_S = 45.0


def moment_s(line: dict) -> float:
    """When a line's matter began, in seconds since the start; infinity for a line without time."""
    return line.get("onset_s", line.get("t_s", math.inf))


def end_s(line: dict) -> float:
    """When it was over; an unknown length counts as none."""
    return moment_s(line) + (line.get("duration_s") or 0.0)


def rank(line: dict) -> tuple[float, str, str]:
    """Its place among others: by onset, then type and kind."""
    return moment_s(line), line["type"], str(line.get("kind", ""))


class InOrder:
    """Holds lines back until nothing that began earlier can follow."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, str, str, int, dict]] = []
        self._count = 0
        self.settled_s = 0.0  # every line that began before this has come out

    def feed(self, line: dict) -> list[dict]:
        """Lines that are now settled, by onset, then type and kind, then as they came.

        One that comes too late for its place comes out at once, and is not lost.
        """
        begun_s = moment_s(line)
        if math.isinf(begun_s):
            return []
        bisect.insort(self._waiting, (*rank(line), self._count, line))
        self._count += 1
        told_s = end_s(line) if line["type"] == "epoch" else begun_s
        self.settled_s = max(self.settled_s, told_s - LATEST_S)
        return self._until(self.settled_s)

    def finish(self) -> list[dict]:
        """The rest, in order."""
        self.settled_s = math.inf
        return self._until(math.inf)

    def _until(self, limit_s: float) -> list[dict]:
        count = bisect.bisect_left(self._waiting, (limit_s,))
        out, self._waiting = self._waiting[:count], self._waiting[count:]
        return [entry[-1] for entry in out]
