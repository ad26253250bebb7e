"""How the board is doing: lengths of the loop's turns, collections, heap."""

import gc
from array import array

from micropython import const

from . import seldom

TURNS = const(8)  # classes of length: below 4, 8, 16 ... 262 ms, above
_SHORTEST_TURN = const(12)


class Health:
    """`turn` after each turn of the loop; what it adds up, `status.record` writes now and then."""

    def __init__(self, board, heap_before):
        self._board = board
        self.heap_before = heap_before
        self.heap_used = 0
        self.heap_high = 0
        self.turns = array("H", bytes(2 * TURNS))
        self.loop_max_us = self.pause_max_us = self.collections = 0

    def turn(self, app, took_us):
        """A turn of the main loop is over; say so where it is the first of the longest ones."""
        self.loop_max_us = max(self.loop_max_us, took_us)
        k = 0
        while k < TURNS - 1 and took_us >> (_SHORTEST_TURN + k):
            k += 1
        if k == TURNS - 1 and not self.turns[k] and not app.sensing.stopped:
            app.recorder.text("what=late turn_ms=%d" % (took_us // 1000))
        self.turns[k] = min(self.turns[k] + 1, 0xFFFF)

    def measure_heap(self, *running):
        """Collect garbage, and see what is left; `running` as in `seldom.forget`."""
        seldom.forget(*running)
        started = self._board.ticks_us()
        self._board.collect()
        pause_us = self._board.ticks_diff(self._board.ticks_us(), started)
        self.pause_max_us = max(self.pause_max_us, pause_us)
        self.collections += 1
        self.heap_used = gc.mem_alloc()
        self.heap_high = max(self.heap_high, self.heap_used)
