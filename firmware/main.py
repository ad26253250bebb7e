import gc

import board
import micropython

micropython.opt_level(3)  # the line numbers of tracebacks take 2 KB of heap
gc.collect()
heap_before = gc.mem_alloc()
gc.threshold(4096)  # so that what the compiler leaves behind is not in the way of the buffers

from crib.app import App  # noqa: E402 - its own heap is measured

gc.threshold(-1)
App(board, heap_before).run()
