"""rv32imc machine code under Unicorn: what each recorded call costs and leaves behind."""

import struct
from binascii import crc32
from collections import Counter
from typing import Any

from bench.kernel import tools
from bench.kernel.runs import FROM_OBJECT, TABLE_ENTRIES, TO_OBJECT, Run
from bench.kernel.trace import Call, Trace
from cribtrace.errors import CribtraceError

CODE, _STACK, _ARRAYS, _STUBS, _DONE = 0x10000, 0x200000, 0x400000, 0x700000, 0x7F0000
_SIZE = 0x100000
_TABLE, _FRAME = _STACK + 0xC0000, _STACK + 0xC8000


class Machine:
    """Memory, one copy of the code, and a count of the instructions that ran in it.

    Instructions are counted block by block: a block that is entered runs to its end, because
    nothing here can interrupt it.
    """

    def __init__(self, code: bytes):
        unicorn = tools.unicorn()
        registers = unicorn.riscv_const
        self._arguments = [getattr(registers, f"UC_RISCV_REG_A{i}") for i in range(8)]
        self._pc, self._ra = registers.UC_RISCV_REG_PC, registers.UC_RISCV_REG_RA
        self._sp = registers.UC_RISCV_REG_SP
        self.memory: Any = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        for base in (CODE, _STACK, _ARRAYS, _STUBS):
            self.memory.mem_map(base, _SIZE)
        self.memory.mem_write(CODE, code)
        stubs = [_STUBS + 4 * i for i in range(TABLE_ENTRIES)]
        self.memory.mem_write(_TABLE, struct.pack(f"<{TABLE_ENTRIES}I", *stubs))
        self.ran = 0
        self.helpers: Counter[int] = Counter()
        self._failure = ""
        self._lengths: dict[int, int] = {}
        self.memory.hook_add(unicorn.UC_HOOK_BLOCK, self._entered)

    def _entered(self, memory: Any, address: int, size: int, _: object) -> None:
        if _STUBS <= address < _STUBS + 4 * TABLE_ENTRIES:
            self._helper((address - _STUBS) // 4)
        elif address != _DONE:
            if address not in self._lengths:
                self._lengths[address] = instructions(bytes(memory.mem_read(address, size)))
            self.ran += self._lengths[address]

    def _helper(self, entry: int) -> None:
        self.helpers[entry] += 1
        value = self.memory.reg_read(self._arguments[0])
        if entry == FROM_OBJECT:
            value = _of_small_integer(value) if value & 1 else value
        elif entry == TO_OBJECT:
            value = value << 1 | 1
        else:
            self._failure = f"the code calls entry {entry:#04x} of MicroPython's runtime"
            self.memory.emu_stop()
            return
        self.memory.reg_write(self._arguments[0], value & 0xFFFFFFFF)
        self.memory.reg_write(self._pc, self.memory.reg_read(self._ra))

    def call(self, offset: int, arguments: list[int]) -> int:
        """Call the code at `offset` with these registers; return what it returned, unsigned."""
        for register, value in zip(self._arguments, arguments, strict=False):
            self.memory.reg_write(register, value & 0xFFFFFFFF)
        self.memory.reg_write(self._sp, _STACK + 0x80000)
        self.memory.reg_write(self._ra, _DONE)
        self.ran = 0
        self.memory.emu_start(CODE + offset, _DONE)
        if self._failure:
            raise CribtraceError(self._failure)
        return self.memory.reg_read(self._arguments[0])

    def viper(self, offset: int, objects: list[int]) -> int:
        """Call a viper function with objects, through the structures of py/objfun.h."""
        context, function, count = _FRAME + 16, _FRAME + 32, len(objects)
        tables = struct.pack("<I12x4I4I", _TABLE, 0, 0, 0, _FRAME, 0, context, 0, CODE + offset)
        self.memory.mem_write(_FRAME, tables + struct.pack(f"<{count}I", *objects))
        return self.call(offset, [function, count, 0, function + 16])


def _of_small_integer(word: int) -> int:
    """The value of MicroPython's small integer object, as an unsigned word."""
    return (word >> 1) | (word & 0x80000000)


def instructions(code: bytes) -> int:
    """How many instructions lie in a stretch of rv32imc code: 4 bytes if the low bits are 11."""
    found = at = 0
    while at < len(code):
        at += 4 if code[at] & 3 == 3 else 2
        found += 1
    return found


def replayed(trace: Trace, code: bytes, offsets: dict[str, int], *, viper: bool) -> Run:
    """Run the calls of `trace` to the functions that `offsets` places in `code`."""
    machine = Machine(code)
    bases, at = [], _ARRAYS
    for length in trace.lengths:
        bases.append(at)
        at += length + 15 & ~15
    run = Run()
    for call in trace.calls:
        for poke in call.pokes:
            machine.memory.mem_write(bases[poke.array] + poke.offset, poke.content)
        f = trace.functions[call.function]
        if f.name not in offsets:
            run.add(None, 0)
            continue
        values = _values(call, f.elements, bases, viper=viper)
        result = (machine.viper if viper else machine.call)(offsets[f.name], values)
        if viper:
            result = _of_small_integer(result)
        run.add(_left(machine, trace, call, result, bases, viper=viper), machine.ran)
    run.helpers = machine.helpers
    return run


def _values(call: Call, elements: tuple[int, ...], bases: list[int], *, viper: bool) -> list[int]:
    scalar = (lambda value: (value << 1 | 1) & 0xFFFFFFFF) if viper else int
    pairs = zip(call.arguments, elements, strict=True)
    return [bases[value] if element else scalar(value) for value, element in pairs]


def _left(
    machine: Machine, trace: Trace, call: Call, result: int, bases: list[int], *, viper: bool
) -> int:
    f = trace.functions[call.function]
    left = crc32(struct.pack("<I", result)) if f.returns else 0
    for value, element in zip(call.arguments, f.elements, strict=True):
        if element:
            left = crc32(machine.memory.mem_read(bases[value], trace.lengths[value]), left)
    return left
