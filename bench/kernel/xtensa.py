"""Windowed Xtensa code under qemu-xtensa: what each recorded call costs and leaves behind.

Debian's gcc for the ESP8266 emits windowed code if told to, but its assembler knows none of the
windowed instructions: they are written as bytes.
"""

import itertools
import re
import struct
from binascii import crc32
from pathlib import Path

from bench.kernel import reference, tools
from bench.kernel.runs import FROM_OBJECT, TO_OBJECT, Run
from bench.kernel.trace import Trace

_CPU = (
    "dc233c"  # windowed, with 32-bit multiplication and short instructions: all that viper emits
)
_CODE = 0x400000
_SCRIPT = """ENTRY(_start)
SECTIONS {{
  . = {base:#x};
  .text : {{ *(.literal .literal.* .text .text.*) }}
  . = ALIGN(0x10000);
  .kernel : {{ *(.kernel) }}
  . = ALIGN(0x10000);
  .data : {{ *(.rodata .rodata.* .data .data.* .bss .bss.* COMMON) }}
}}
"""
_START = """.text
.literal .Lrun, run
.global _start
.align 4
_start:
l32r a4, .Lrun
callx8 a4
"""


def windowed(text: str) -> str:
    """Windowed assembly of gcc's in words that the ESP8266's assembler understands.

    A direct call becomes one through a8, which any call of eight registers overwrites.
    """
    numbers = itertools.count()

    def by_register(call: re.Match) -> str:
        label = f".Lto{next(numbers)}"
        return f".literal {label}, {call[1]}\n\tl32r a8, {label}\n\tcallx8 a8"

    text = re.sub(r"\bcall8\s+(\S+)", by_register, text)
    text = re.sub(r"\bcallx8\s+a(\d+)", lambda m: f".byte 0xe0,{int(m[1])},0", text)
    text = re.sub(r"\bretw\.n\b", ".byte 0x1d,0xf0", text)
    text = re.sub(r"\bretw\b", ".byte 0x90,0,0", text)
    return re.sub(r"\bentry\s+sp,\s*(\d+)", lambda m: _entry(int(m[1])), text)


def _entry(frame: int) -> str:
    instruction = frame // 8 << 12 | 0x136
    return ".byte " + ",".join(str(byte) for byte in instruction.to_bytes(3, "little"))


def replayed_viper(trace: Trace, functions: dict[str, bytes], folder: Path) -> Run:
    """Run the calls of `trace` on viper's machine code."""
    lines = ['.section .kernel, "ax"', "kernel_begin:"]
    for name, code in functions.items():
        (folder / f"{name}.code").write_bytes(code)
        lines += [".align 16", f'{name}: .incbin "{folder / name}.code"']
    return _replayed(trace, "\n".join(lines) + "\n", list(functions), folder, viper=True)


def replayed_c(trace: Trace, assembly: str, folder: Path) -> Run:
    """Run the calls of `trace` to `scan` on what gcc made of scan.c."""
    section = '.section .kernel, "ax"'
    moved = re.sub(r"^\s*\.text\s*$", section, windowed(assembly), flags=re.MULTILINE)
    code = f"{section}\nkernel_begin:\n{moved}"
    return _replayed(trace, code, ["scan"], folder, viper=False)


def _replayed(trace: Trace, kernel: str, there: list[str], folder: Path, *, viper: bool) -> Run:
    (folder / "trace.bin").write_bytes(trace.encoded())
    driver = reference.assembly("xtensawin", tools.HERE / "xtensa_driver.c", folder)
    names = [f.name if f.name in there else "0" for f in trace.functions]
    tables = (
        ".section .rodata\n.align 4\n.global trace, functions, returns, is_viper\n"
        f'trace: .incbin "{folder}/trace.bin"\nfunctions: .word {", ".join(names)}\n'
        f"returns: .word {', '.join(str(int(f.returns)) for f in trace.functions)}\n"
        f"is_viper: .word {int(viper)}\n"
    )
    objects = [
        _assembled("driver", windowed(_START + driver), folder),
        _assembled("kernel", kernel + "kernel_end:\n" + tables, folder),
    ]
    script, elf, counts = folder / "xtensa.ld", folder / "xtensa.elf", folder / "counts"
    script.write_text(_SCRIPT.format(base=_CODE))
    tools.run("bin/xtensa-lx106-elf-ld", "-T", script, "-o", elf, *objects)
    symbols = reference.symbols_of(tools.run("bin/xtensa-lx106-elf-nm", elf))
    plugin = (
        f"{tools.FOLDER / 'count.so'},lo={symbols['kernel_begin']},hi={symbols['kernel_end']}"
        f",mark={symbols['mark']},out={counts}"
    )
    output = tools.run("bin/qemu-xtensa", "-cpu", _CPU, "-plugin", plugin, elf)
    return _run(trace, there, output, list(map(int, counts.read_text().split())))


def _assembled(name: str, text: str, folder: Path) -> Path:
    source, obj = folder / f"{name}.s", folder / f"{name}.o"
    source.write_text(text)
    tools.run("bin/xtensa-lx106-elf-as", source, "-o", obj)
    return obj


def _run(trace: Trace, there: list[str], output: bytes, counts: list[int]) -> Run:
    """Cut the driver's output into the calls."""
    run, at, left_over = Run(), 0, iter(counts)
    view = memoryview(output)
    for call in trace.calls:
        f = trace.functions[call.function]
        if f.name not in there:
            run.add(None, 0)
            continue
        arrays = [v for v, e in zip(call.arguments, f.elements, strict=True) if e]
        end = at + 4 * f.returns + sum(trace.lengths[array] for array in arrays)
        run.add(crc32(view[at:end]) if end > at else 0, next(left_over))
        at = end
    calls = struct.unpack("<2I", view[at:])
    run.helpers.update({FROM_OBJECT: calls[0], TO_OBJECT: calls[1]})
    return run
