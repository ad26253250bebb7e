"""How the board is doing: lengths of the loop's turns, collections, heap, room for more nights."""

import gc
from array import array

from micropython import const

from . import records

_TURNS = const(8)  # classes of length: below 4, 8, 16 ... 262 ms, above
_SHORTEST_TURN = const(12)
_NIGHT_SECONDS = const(36000)
_FACTS_PER_SECOND = const(3)  # bytes, of the demo night: in the first hour


class Health:
    """`turn` after each turn of the loop, `record` now and then; in between it adds up."""

    def __init__(self, board, heap_before):
        self._board = board
        self.heap_before = heap_before
        self.heap_used = 0
        self.heap_high = 0
        self._turns = array("H", bytes(2 * _TURNS))
        self._loop_max_us = self._pause_max_us = self._collections = 0

    def turn(self, took_us):
        """A turn of the main loop is over."""
        self._loop_max_us = max(self._loop_max_us, took_us)
        k = 0
        while k < _TURNS - 1 and took_us >> (_SHORTEST_TURN + k):
            k += 1
        self._turns[k] = min(self._turns[k] + 1, 0xFFFF)

    def measure_heap(self):
        """Collect garbage, and see what is left."""
        started = self._board.ticks_us()
        self._board.collect()
        pause_us = self._board.ticks_diff(self._board.ticks_us(), started)
        self._pause_max_us = max(self._pause_max_us, pause_us)
        self._collections += 1
        self.heap_used = gc.mem_alloc()
        self.heap_high = max(self.heap_high, self.heap_used)

    def record(self, recorder, journal, sensing, counted):
        """Write the RECORDER record, and begin to add up again."""
        recorder.write(
            records.RECORDER, *counted, journal.lost, journal.shelf.given_up,
            journal.shelf.room(), journal.fact_bytes, self._loop_max_us, self.heap_used,
            gc.mem_free(), self._pause_max_us, sensing.fifo_high, sensing.late(),
            self._collections, sensing.temperature(), *self._turns,
        )  # fmt: skip
        self._loop_max_us = self._pause_max_us = self._collections = 0
        for k in range(_TURNS):
            self._turns[k] = 0


def nights_left(journal, seconds):
    """How many nights of ten hours still fit, going by the facts of this boot so far."""
    took = journal.fact_bytes
    if seconds < 3600:
        seconds, took = 1, _FACTS_PER_SECOND
    return journal.shelf.room() * seconds // (took * _NIGHT_SECONDS)
