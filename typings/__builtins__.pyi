"""The names that viper knows. A pointer is whatever can be indexed: a raw pointer on the board,
an array, a bytearray or a memoryview where the same function runs as bytecode or under CPython."""

from typing import Protocol, TypeAlias

class _Words(Protocol):
    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...

ptr8: TypeAlias = _Words
ptr16: TypeAlias = _Words
ptr32: TypeAlias = _Words
uint: TypeAlias = int
