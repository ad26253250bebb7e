"""Sums over the last seconds, second by second, at the cost of those that add anything."""

import bisect


class SparseSum:
    """Sums over the last seconds of something that few seconds add to, by their index."""

    def __init__(self) -> None:
        self._at: list[int] = []
        self._sums = [0.0]

    def add(self, at: int, amount: float) -> None:
        if amount:
            self._at.append(at)
            self._sums.append(self._sums[-1] + amount)

    def since(self, first: int) -> float:
        """Sum from second `first` on."""
        if not self._at or self._at[-1] < first:
            return 0.0
        return self._sums[-1] - self._sums[bisect.bisect_left(self._at, first)]

    def first(self, first: int) -> int:
        """The first second from `first` on that added anything; there must be one."""
        return self._at[bisect.bisect_left(self._at, first)]

    def has(self, at: int) -> bool:
        """Whether this second added anything."""
        return at in self._at[bisect.bisect_left(self._at, at) :][:1]
