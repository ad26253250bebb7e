"""Time since start, from ticks that wrap."""


class Clock:
    """Extends the board's wrapping milliseconds; `poll` at least once in a wrap (6 days)."""

    def __init__(self, board):
        self._board = board
        self._last = board.ticks_ms()
        self.seconds = 0
        self._ms = 0

    def poll(self):
        """Take in the time that has passed since the last call."""
        now = self._board.ticks_ms()
        self._ms += self._board.ticks_diff(now, self._last)
        self._last = now
        while self._ms >= 1000:
            self._ms -= 1000
            self.seconds += 1

    def uptime_ms(self):
        """Milliseconds since start, to this moment."""
        self.poll()
        return self.seconds * 1000 + self._ms
