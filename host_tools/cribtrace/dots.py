"""Curves as rows of braille characters, eight dots each: pictures for any UTF-8 terminal."""

import math
from collections.abc import Sequence

Span = tuple[float, float] | None  # lowest and highest value of a column of dots; None: unknown

_BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a cell's dots, by row
ACROSS, DOWN = 2, 4  # dots of a cell


def curve(columns: Sequence[Span], rows: int, least: float, most: float) -> list[str]:
    """Rows of text, top first: each column of dots filled from its lowest to its highest value.

    What lies outside `least` to `most` is drawn at the edge. `len(columns)` is even.
    """
    height = rows * DOWN
    cells = [[0] * (len(columns) // ACROSS) for _ in range(rows)]
    for x, span in enumerate(columns):
        if span is None:
            continue
        top, bottom = (_dot(value, least, most, height) for value in (span[1], span[0]))
        for y in range(top, bottom + 1):
            cells[y // DOWN][x // ACROSS] |= _BITS[y % DOWN][x % ACROSS]
    return ["".join(chr(_BLANK + cell) if cell else " " for cell in row) for row in cells]


def _dot(value: float, least: float, most: float, height: int) -> int:
    share = (value - least) / (most - least)
    return min(height - 1, max(0, round((1 - share) * (height - 1))))


def reach(most: float) -> float:
    """The next of 1, 2, 5, 10 ... that is no less than `most`; 1 for nothing."""
    if most <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most * (1 - 1e-9))
