import gc

import board

gc.collect()
heap_before = gc.mem_alloc()

from crib.app import App  # noqa: E402 - its own heap is measured

App(board, heap_before).run()
