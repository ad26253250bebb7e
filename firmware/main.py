import gc

import micropython

import board

micropython.opt_level(3)  # the line numbers of tracebacks take 2 KB of heap
gc.collect()
heap_before = gc.mem_alloc()

from crib.app import App  # noqa: E402 - its own heap is measured

App(board, heap_before).run()
