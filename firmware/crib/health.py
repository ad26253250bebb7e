"""How the board is doing: lengths of the loop's turns, collections, heap."""

import gc
from array import array

from micropython import const

from . import records, seldom

_TURNS = const(8)  # classes of length: below 4, 8, 16 ... 262 ms, above
_SHORTEST_TURN = const(12)


class Health:
    """`turn` after each turn of the loop, `record` now and then; in between it adds up."""

    def __init__(self, board, heap_before):
        self._board = board
        self.heap_before = heap_before
        self.heap_used = 0
        self.heap_high = 0
        self._turns = array("H", bytes(2 * _TURNS))
        self._loop_max_us = self._pause_max_us = self._collections = 0

    def turn(self, app, took_us):
        """A turn of the main loop is over; say so where it is the first of the longest ones."""
        self._loop_max_us = max(self._loop_max_us, took_us)
        k = 0
        while k < _TURNS - 1 and took_us >> (_SHORTEST_TURN + k):
            k += 1
        if k == _TURNS - 1 and not self._turns[k] and not app.sensing.stopped:
            app.recorder.text("what=late turn_ms=%d" % (took_us // 1000))
        self._turns[k] = min(self._turns[k] + 1, 0xFFFF)

    def measure_heap(self):
        """Collect garbage, and see what is left."""
        seldom.forget()
        started = self._board.ticks_us()
        self._board.collect()
        pause_us = self._board.ticks_diff(self._board.ticks_us(), started)
        self._pause_max_us = max(self._pause_max_us, pause_us)
        self._collections += 1
        self.heap_used = gc.mem_alloc()
        self.heap_high = max(self.heap_high, self.heap_used)

    def record(self, recorder, journal, sensing, counted):
        """Write the RECORDER record, and begin to add up again."""
        from . import room

        recorder.write(
            records.RECORDER, *counted, journal.lost, journal.shelf.given_up,
            room.left(journal.shelf), journal.fact_bytes, self._loop_max_us, self.heap_used,
            gc.mem_free(), self._pause_max_us, sensing.fifo_high, sensing.late(),
            self._collections, sensing.temperature(), *self._turns,
        )  # fmt: skip
        self._loop_max_us = self._pause_max_us = self._collections = 0
        for k in range(_TURNS):
            self._turns[k] = 0
