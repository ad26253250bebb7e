"""The same maths in C, compiled for both instruction sets: scan.c, -O2."""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.kernel import tools
from bench.kernel.source import constants
from bench.kernel.trace import Trace

_CC1 = {
    "rv32imc": (
        "lib/gcc/riscv64-unknown-elf/12.2.0",
        ["-march=rv32imc", "-mabi=ilp32", "-mcmodel=medany"],
    ),
    "xtensawin": ("lib/gcc/xtensa-lx106-elf/12.2.0", ["-mabi=windowed"]),
}
# No call of memset or memcpy: what the C costs must all stand in its own code.
_FLAGS = ["-quiet", "-O2", "-std=gnu11", "-ffreestanding", "-fno-tree-loop-distribute-patterns"]


def assembly(architecture: str, source: Path, folder: Path, *options: str) -> str:
    """What gcc makes of `source`; the headers it includes with "" are in `folder`."""
    place, flags = _CC1[architecture]
    includes = ["-I", folder, "-isystem", tools.FOLDER / "debian/usr" / place / "include"]
    out = folder / f"{source.stem}_{architecture}.s"
    tools.run(f"{place}/cc1", *_FLAGS, *flags, *includes, *options, source, "-o", out)
    return out.read_text()


def words(kernels: Path, cfg: list[int]) -> str:
    """words.h: the kernel's constants, and CFG(word) as a load or, with LITERALS, a number."""
    lines = [f"#define {name} {value}" for name, value in constants(kernels).items()]
    numbers = ", ".join(map(str, cfg))
    return "\n".join(
        [*lines, "#ifdef LITERALS", f"static const int cfg_words[] = {{{numbers}}};",
         "#define CFG(word) cfg_words[word]", "#else", "#define CFG(word) cfg[word]", "#endif\n"]
    )  # fmt: skip


def configuration(trace: Trace, function: str, parameter: str = "cfg") -> list[int]:
    """The words that `function` is configured with; ValueError if they change on the way."""
    number = [f.name for f in trace.functions].index(function)
    place = trace.functions[number].parameters.index(parameter)
    used = {call.arguments[place] for call in trace.calls if call.function == number}
    pokes = [poke for call in trace.calls for poke in call.pokes if poke.array in used]
    if len(used) != 1 or len(pokes) != 1:
        raise ValueError("the configuration changes within the trace")
    content = bytes(pokes[0].offset) + pokes[0].content
    content += bytes(trace.lengths[pokes[0].array] - len(content))
    return memoryview(content).cast("I").tolist()


@dataclass(frozen=True)
class Image:
    """Linked code and where each function lies in it."""

    code: bytes
    offsets: dict[str, int]


def rv32(text: str, base: int, folder: Path) -> Image:
    """Assemble and link for Unicorn, at address `base`."""
    source, obj, elf, flat = (folder / f"scan_rv32.{end}" for end in ("s", "o", "elf", "bin"))
    source.write_text(text)
    binary = "bin/riscv64-unknown-elf-"
    tools.run(binary + "as", "-march=rv32imc", "-mabi=ilp32", source, "-o", obj)
    options = ["-m", "elf32lriscv", f"-Ttext={base:#x}", "-e", "scan", "--no-relax"]
    tools.run(binary + "ld", *options, "-o", elf, obj)
    tools.run(binary + "objcopy", "-O", "binary", elf, flat)
    symbols = symbols_of(tools.run(binary + "nm", elf))
    return Image(flat.read_bytes(), {"scan": symbols["scan"] - base})


def placed(functions: dict[str, bytes]) -> Image:
    """Position-independent functions one after the other."""
    code, offsets = b"", {}
    for name, body in functions.items():
        code += bytes(-len(code) % 16)
        offsets[name] = len(code)
        code += body
    return Image(code, offsets)


def symbols_of(listing: bytes) -> dict[str, int]:
    """Addresses by name, out of what nm prints."""
    found = re.findall(r"^([0-9a-f]+) \S (\S+)$", listing.decode(), flags=re.MULTILINE)
    return {name: int(address, 16) for address, name in found}
