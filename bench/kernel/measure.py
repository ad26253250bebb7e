"""From the kernel's source to the figures of kernel.json."""

import json
import math
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.kernel import inputs, mpy, reference, rv32, tools, xtensa
from bench.kernel.runs import Cost, Run, compare, cost, helper_calls
from bench.kernel.trace import Trace
from cribtrace import runtime
from cribtrace.atomic import replacing
from cribtrace.device import config
from cribtrace.errors import CribtraceError

ARCHITECTURES = tuple(mpy.ARCHITECTURES)
# Goals of the project for the kernel.
MOST_TIMES_C, MOST_TIMES_MEAN, MOST_CODE_BYTES = 3.0, 1.3, 6 * 1024
SCAN = "scan"
_MUST_NOT_GROW = ("instructions_per_frame", "worst_frame", "code_bytes")
# The mean is taken over full bursts, as the board takes them; the dearest frame from single ones,
# less what a call without frames costs.
_FULL, _SINGLE = "full bursts", "single frames"
_BURSTS = {
    _FULL: [config.BURST],
    _SINGLE: [0] + [1] * 1_000_000,
    "varied bursts": [64, 1, 37, 2, 0, 13, 63, 8, 5],
}


def measure(
    kernels: Path | str = inputs.KERNELS, night_s: float = 100, hard_frames: int = 500
) -> dict:
    """The contents of kernel.json.

    `kernels` may be another source with the same functions: it then runs in the firmware's
    place, and must still leave what the firmware's leaves under CPython. Raises CribtraceError
    where anything differs, naming the first call after which it does.
    """
    parts = inputs.frames(night_s, hard_frames)
    traces = {name: inputs.recorded(parts, bursts) for name, bursts in _BURSTS.items()}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(kernels), traces, len(parts[inputs.NIGHT]), Path(folder))
        interpreted = bench.interpreted()
        found = {architecture: bench.figures(architecture) for architecture in ARCHITECTURES}
    digests = {name: trace.digests() for name, trace in traces.items()}
    return {
        **found,
        "night_seconds": night_s,
        "frames": sum(len(part) for part in parts.values()) * len(traces),
        "calls": sum(len(trace.calls) for trace in traces.values()),
        "same_digest": ["CPython", *interpreted, *ARCHITECTURES, "C xtensawin", "C rv32imc"],
        "digests": {f"{f}, {name}": f"{d[f]:08x}" for name, d in digests.items() for f in d},
        "missed": [miss for a in ARCHITECTURES for miss in missed(a, found[a])],
    }


def missed(architecture: str, row: dict) -> Iterator[str]:
    """Which of the goals the figures of one instruction set miss."""
    if row["ratio"] > MOST_TIMES_C:
        yield f"{architecture}: {row['ratio']:.2f} times C, not {MOST_TIMES_C}"
    times = row["worst_frame"] / row["instructions_per_frame"]
    if times > MOST_TIMES_MEAN:
        yield f"{architecture}: worst frame {times:.2f} times the mean, not {MOST_TIMES_MEAN}"
    if row["code_bytes"] > MOST_CODE_BYTES:
        yield f"{architecture}: {row['code_bytes']} bytes of code, not {MOST_CODE_BYTES}"
    if row["helper_calls"]:
        yield f"{architecture}: {row['helper_calls']} calls into the runtime from a loop"


def ratio(viper: Cost, c: Cost) -> float:
    """How many times the C's instructions a frame viper takes, rounded up to hundredths."""
    return math.ceil(100 * viper.frame / c.frame) / 100


def counts(found: dict) -> dict[str, dict]:
    """What must not grow unnoticed, out of the contents of kernel.json."""
    return {a: {key: found[a][key] for key in _MUST_NOT_GROW} for a in ARCHITECTURES}


def grown(found: dict, recorded: dict[str, dict]) -> list[str]:
    """Each count above the recorded one."""
    return [
        f"{architecture}: {key} {value}, was {recorded[architecture][key]}"
        for architecture, row in counts(found).items()
        for key, value in row.items()
        if value > recorded[architecture][key]
    ]


def write(found: dict, path: Path) -> None:
    """Write `found` as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, "w") as f:
        json.dump(found, f, indent=2)
        f.write("\n")


class Bench:
    """One kernel on everything that can run it, compared with what CPython left behind."""

    def __init__(self, kernels: Path, traces: dict[str, Trace], frames: int, folder: Path):
        self.kernels, self.traces, self.folder = kernels, traces, folder
        self.frames = frames  # of the night, over which the mean is taken
        first = next(iter(traces.values()))
        self.names = [f.name for f in first.functions]
        words = reference.words(inputs.KERNELS, reference.configuration(first, SCAN))
        (folder / "words.h").write_text(words)

    def interpreted(self) -> list[str]:
        """Compare the 32-bit MicroPython, as bytecode and as viper; return their names."""
        found = runtime.find(fetch=True)
        if found.skipped:
            raise CribtraceError(found.skipped)
        for mode in ("bytecode", "viper"):
            for trace in self.traces.values():
                compare(trace, self._on_micropython(trace, found.path, mode), mode)
        return [f"MicroPython {found.version} {mode}" for mode in ("bytecode", "viper")]

    def _on_micropython(self, trace: Trace, interpreter: Path, mode: str) -> Run:
        path = self.folder / "trace.bin"
        path.write_bytes(trace.encoded())
        functions = [f"{f.name}:{int(f.returns)}" for f in trace.functions]
        script = tools.HERE / "replay.py"
        command = [interpreter, "-X", "heapsize=4m", script, mode, self.kernels, path, *functions]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            raise CribtraceError(f"{mode}: {(done.stdout[-300:] + done.stderr).strip()[-300:]}")
        left: list[int | None] = [int(line, 16) for line in done.stdout.split()]
        return Run(left, [0] * len(left))

    def figures(self, architecture: str) -> dict:
        """The object of kernel.json for one instruction set."""
        module = mpy.compiled(self.kernels, architecture, self.folder, self.names)
        runs = self._compared(architecture, lambda trace: self._viper(architecture, trace, module))
        scan = self._cost(runs)
        loading, literal = self._c(architecture), self._c(architecture, "-DLITERALS")
        pairs = zip(self.traces.values(), runs.values(), strict=True)
        return {
            "instructions_per_frame": round(scan.frame, 1),
            "worst_frame": scan.worst,
            "worst_frame_in": scan.worst_part,
            "instructions_per_call": scan.call,
            "c_instructions_per_frame": round(literal.frame, 1),
            "c_worst_frame": literal.worst,
            "c_loading_instructions_per_frame": round(loading.frame, 1),
            "ratio": ratio(scan, literal),
            "helper_calls": sum(helper_calls(trace, run) for trace, run in pairs),
            "code_bytes": len(module.functions[SCAN]),
            "all_kernels_bytes": sum(map(len, module.functions.values())),
            "digest": f"{self.traces[_SINGLE].digests()[SCAN]:08x}",
        }

    def _viper(self, architecture: str, trace: Trace, module: mpy.Module) -> Run:
        if architecture == "xtensawin":
            return xtensa.replayed_viper(trace, module.functions, self.folder)
        image = reference.placed(module.functions)
        return rv32.replayed(trace, image.code, image.offsets, viper=True)

    def _c(self, architecture: str, *options: str) -> Cost:
        """The cost of scan.c, once it has left the same behind on every trace."""
        text = reference.assembly(architecture, tools.HERE / "scan.c", self.folder, *options)
        if architecture == "xtensawin":
            return self._cost(
                self._compared("C xtensawin", lambda t: xtensa.replayed_c(t, text, self.folder))
            )
        image = reference.rv32(text, rv32.CODE, self.folder)
        return self._cost(
            self._compared(
                "C rv32imc",
                lambda t: rv32.replayed(t, image.code, image.offsets, viper=False),
            )
        )

    def _compared(self, name: str, replayed: Callable[[Trace], Run]) -> dict[str, Run]:
        runs = {}
        for burst, trace in self.traces.items():
            runs[burst] = replayed(trace)
            compare(trace, runs[burst], name)
        return runs

    def _cost(self, runs: dict[str, Run]) -> Cost:
        full, single = ((self.traces[name], runs[name]) for name in (_FULL, _SINGLE))
        return cost(full, single, SCAN, inputs.NIGHT, self.frames)
