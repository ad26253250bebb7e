"""`make bench-kernel`: counts, compares, writes build/bench/kernel.json and prints a table."""

import argparse
import json
import sys

from bench.kernel import measure, tools
from cribtrace.errors import CribtraceError

RECORDED = tools.HERE / "counts.json"
OUT = tools.HERE.parents[1] / "build" / "bench" / "kernel.json"
_COLUMNS = {
    "viper": "instructions_per_frame",
    "worst": "worst_frame",
    "gcc -O2": "c_instructions_per_frame",
    "ratio": "ratio",
    "loading": "c_loading_instructions_per_frame",
    "calls": "helper_calls",
    "bytes": "code_bytes",
    "digest": "digest",
}


def main() -> int:
    """Measure, write, print; exit code 1 where results differ or a recorded count has grown."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernel", description=__doc__)
    parser.add_argument("--kernels", help="another kernels.py, with the same functions")
    parser.add_argument("--record", action="store_true", help="take today's counts as the record")
    options = parser.parse_args()
    kernels = options.kernels
    try:
        tools.prepare(lambda text: print(text, file=sys.stderr))
        found = measure.measure(kernels) if kernels else measure.measure()
    except CribtraceError as error:
        print(f"bench-kernel: {error}", file=sys.stderr)
        return 1
    measure.write(found, OUT)
    print(table(found))
    if options.record:
        measure.write(measure.counts(found), RECORDED)
    grown = [] if kernels else measure.grown(found, json.loads(RECORDED.read_text()))
    for line in grown:
        print(f"bench-kernel: grown: {line} (--record, if it must be)", file=sys.stderr)
    return bool(grown)


def table(found: dict) -> str:
    """The figures and, where one misses its goal, the goal."""
    lines = [f"{'instructions a frame':20}" + "".join(f"{name:>10}" for name in _COLUMNS)]
    for architecture in measure.ARCHITECTURES:
        row = found[architecture]
        cells = "".join(f"{_shown(row[key]):>10}" for key in _COLUMNS.values())
        lines.append(f"{architecture:20}{cells}")
    same = " = ".join(found["same_digest"])
    lines.append(f"the same bits: {same} ({found['calls']} calls, {found['frames']} frames)")
    return "\n".join(lines + [f"misses its goal: {miss}" for miss in found["missed"]])


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
