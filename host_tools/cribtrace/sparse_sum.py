"""What seconds hold, by their index, at the cost of those in which something is new."""

import bisect
from typing import Generic, TypeVar

T = TypeVar("T")


class SparseSum:
    """Sums over the last seconds of something that few seconds add to."""

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

    def last(self, count: int) -> int:
        """The last second but `count - 1` of those that added anything; -1 of fewer."""
        return self._at[-count] if len(self._at) >= count else -1

    def has(self, at: int) -> bool:
        """Whether this second added anything."""
        return at in self._at[bisect.bisect_left(self._at, at) :][:1]


class Steps(Generic[T]):
    """A value of each second, kept where it changes: `firsts` are the seconds with another one."""

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self._values: list[T] = []

    def set(self, first: int, value: T) -> None:
        """It is this from second `first` on, whatever it was there."""
        while self.firsts and self.firsts[-1] >= first:
            self.firsts.pop()
            self._values.pop()
        if not self._values or self._values[-1] is not value:
            self.firsts.append(first)
            self._values.append(value)

    def at(self, index: int) -> T:
        """That of a second."""
        return self._values[bisect.bisect_right(self.firsts, index) - 1]

    @property
    def last(self) -> T | None:
        """That of the last second; None before there is any."""
        return self._values[-1] if self._values else None
