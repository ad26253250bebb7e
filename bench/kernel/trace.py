"""Every call of a kernel function, recorded under CPython, to be replayed on anything else.

The firmware's own detector makes the calls, so the bench knows nothing of what they mean. A call
is replayed from the same memory, wherever other code wrote to it in between, and must leave the
same memory behind: a CRC-32 of all arrays it was given, and of what it returned.
"""

import struct
from array import array
from binascii import crc32
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from bench.kernel.source import Function


@dataclass(frozen=True)
class Poke:
    """Bytes that something else wrote into an array since the last call; a multiple of 4."""

    array: int
    offset: int
    content: bytes


@dataclass(frozen=True)
class Call:
    """`arguments` are integers, or indices of arrays where the parameter is a pointer."""

    function: int
    arguments: tuple[int, ...]
    pokes: tuple[Poke, ...]
    part: str
    frames: int  # what the detector was given when it made this call
    left: int  # CRC-32 of what the call left behind


@dataclass
class Trace:
    """`lengths` are the arrays' bytes, padded to 4; `elements` the bytes of one element."""

    functions: list[Function]
    lengths: list[int] = field(default_factory=list)
    elements: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def digests(self, left: list[int] | None = None) -> dict[str, int]:
        """One CRC-32 a function over all its calls: of `left`, else of what CPython left."""
        by_function = defaultdict(list)
        for call, crc in zip(self.calls, left or [c.left for c in self.calls], strict=True):
            by_function[self.functions[call.function].name].append(crc)
        return {name: crc32(array("I", crcs)) for name, crcs in sorted(by_function.items())}

    def encoded(self) -> bytes:
        """The whole trace as little-endian words, as `replay.py` and `xtensa_driver.c` read it."""
        words = [struct.pack("<I", len(self.lengths))]
        for pair in zip(self.lengths, self.elements, strict=True):
            words.append(struct.pack("<2I", *pair))
        for call in self.calls:
            words.append(struct.pack("<I", len(call.pokes)))
            for poke in call.pokes:
                head = struct.pack("<3I", poke.array, poke.offset, len(poke.content))
                words.append(head + poke.content)
            words.append(struct.pack("<2I", call.function, len(call.arguments)))
            elements = self.functions[call.function].elements
            for value, element in zip(call.arguments, elements, strict=True):
                words.append(struct.pack("<Ii", int(element > 0), value))
        return b"".join([*words, struct.pack("<I", END)])


MOST_ARGUMENTS = 8  # that the registers of a call hold
END = 0xFFFFFFFF  # where the number of pokes of one more call would stand


class Recorder:
    """Set `part` and `frames` before each step of the detector."""

    def __init__(self, functions: list[Function]):
        if long := [f.name for f in functions if len(f.parameters) > MOST_ARGUMENTS]:
            raise ValueError(f"more than {MOST_ARGUMENTS} parameters: {', '.join(long)}")
        self.trace = Trace(functions)
        self.part, self.frames = "", 0
        self._objects: list[Any] = []  # kept, so that no id is used twice
        self._index: dict[int, int] = {}
        self._before: list[np.ndarray] = []

    @contextmanager
    def listening(self, module: ModuleType) -> Iterator[None]:
        """Record the calls that go through `module` meanwhile."""
        originals = {f.name: getattr(module, f.name) for f in self.trace.functions}
        for number, f in enumerate(self.trace.functions):
            setattr(module, f.name, self._wrapped(number, originals[f.name]))
        try:
            yield
        finally:
            for name, original in originals.items():
                setattr(module, name, original)

    def _wrapped(self, number: int, original: Callable) -> Callable:
        f = self.trace.functions[number]

        def called(*arguments):
            pointers = [a for a, e in zip(arguments, f.elements, strict=True) if e]
            arrays = [self._known(a, e) for a, e in zip(arguments, f.elements, strict=True) if e]
            pokes = [poke for index in dict.fromkeys(arrays) for poke in self._pokes(index)]
            result = original(*arguments)
            for index in arrays:
                self._before[index] = self._bytes(index).copy()
            left = crc32(struct.pack("<I", result & 0xFFFFFFFF)) if f.returns else 0
            for pointer in pointers:
                left = crc32(memoryview(pointer).cast("B"), left)
            taken = iter(arrays)
            values = (next(taken) if e else a for a, e in zip(arguments, f.elements, strict=True))
            call = Call(number, tuple(values), tuple(pokes), self.part, self.frames, left)
            self.trace.calls.append(call)
            return result

        return called

    def _known(self, pointer: Any, element: int) -> int:
        if id(pointer) not in self._index:
            self._index[id(pointer)] = len(self._objects)
            self._objects.append(pointer)
            length = memoryview(pointer).nbytes
            if length % 4:
                raise ValueError(f"an array of {length} bytes: not whole words")
            self.trace.lengths.append(length)
            self.trace.elements.append(element)
            self._before.append(np.zeros(length, np.uint8))
        return self._index[id(pointer)]

    def _bytes(self, index: int) -> np.ndarray:
        return np.frombuffer(memoryview(self._objects[index]).cast("B"), np.uint8)

    def _pokes(self, index: int) -> Iterator[Poke]:
        now = self._bytes(index)
        changed = np.flatnonzero(now != self._before[index])
        if len(changed):
            first, end = changed[0] & ~3, (changed[-1] | 3) + 1
            yield Poke(index, int(first), now[first:end].tobytes())
