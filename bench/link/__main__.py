"""`make bench-link`: measures, writes build/bench/link.json, prints figures and their limits."""

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from bench.link import log_image, rates
from cribtrace.errors import CribtraceError

OUT = Path(__file__).resolve().parents[2] / "build" / "bench" / "link.json"
LOG_BYTES = 1 << 20
BAUDS = (115200, 921600)
GOALS = {115200: 0.95, 921600: 0.90}  # shares of the line
WIRE_GOAL = 1.02
LEAST_MPREMOTE = 0.30  # below that our raw REPL hobbles it, and no ratio means anything
FLASH_FIGURES = ("erases_per_600_byte_event", "erases_per_hour", "snippet_bytes_per_frame")
CEILING = (
    "921600 is the rate of a simulated line. A stock ESP32's UART moves at most 12.8 kB/s at any\n"
    "baud rate: 128 bytes of FIFO a tick of 10 ms. The way past it: a timer of 1 ms that wakes\n"
    "the writer during a pull, firmware built with CONFIG_FREERTOS_HZ=1000, or native USB."
)


def figures(measured: dict[int, rates.Rates], flash: dict[str, float | None]) -> dict:
    """The content of link.json; a ratio is None where mpremote is no fair yardstick."""
    fair = measured[BAUDS[0]].mpremote_share >= LEAST_MPREMOTE
    lines = {
        str(baud): {
            "pull_share": round(line.pull_share, 4),
            "mpremote_share": round(line.mpremote_share, 4),
            "ratio": round(line.pull_share / line.mpremote_share, 3) if fair else None,
        }
        for baud, line in measured.items()
    }
    wire = max(line.wire_bytes / line.log_bytes for line in measured.values())
    return {**lines, "wire_bytes_per_log_byte": round(wire, 5), **flash}


def flash_figures() -> dict[str, float | None]:
    """What flash.py measures; None for each where it is not there."""
    if importlib.util.find_spec("bench.link.flash") is None:
        return dict.fromkeys(FLASH_FIGURES)
    flash = importlib.import_module("bench.link.flash")
    found = flash.erases_per_event(), flash.demo_night()["erases"], flash.snippet_bytes_per_frame()
    return dict(zip(FLASH_FIGURES, found, strict=True))


def told(found: dict, measured: dict[int, rates.Rates]) -> str:
    """The figures as text, with what a reader must know beside those of the simulated line."""
    lines = []
    for baud, line in measured.items():
        share = found[str(baud)]
        ratio = "void" if share["ratio"] is None else f"{share['ratio']:.2f} times"
        lines.append(
            f"{baud} baud: pull {share['pull_share']:.1%} of the line (goal {GOALS[baud]:.0%}),"
            f" mpremote {share['mpremote_share']:.1%}, ratio {ratio};"
            f" {line.log_bytes} bytes in {line.pull_s:.2f} s,"
            f" {line.frames} frames sampled meanwhile, {line.frames_in_gaps} lost"
        )
    lines.append(CEILING)
    wire = found["wire_bytes_per_log_byte"]
    lines.append(f"bytes on the wire per byte of log: {wire:.4f} (goal {WIRE_GOAL})")
    for name in FLASH_FIGURES:
        value = found[name]
        lines.append(f"{name}: {'not measured here' if value is None else f'{value:.3g}'}")
    return "\n".join(lines)


def main() -> int:
    """Measure, write, print; exit code 1 where something failed or a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.link", description=__doc__)
    parser.add_argument("--log-bytes", type=int, default=LOG_BYTES, help="a smaller log, to try")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            image = log_image.make(Path(folder), options.log_bytes)
            measured = {}
            for baud in BAUDS:
                print(f"at {baud} baud ...", file=sys.stderr)
                measured[baud] = rates.measure(image, baud, Path(folder))
        found = figures(measured, flash_figures())
    except CribtraceError as error:
        print(f"bench-link: {error}", file=sys.stderr)
        return 1
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n")
    print(told(found, measured))
    missed = [b for b in BAUDS if measured[b].pull_share < GOALS[b] or measured[b].frames_in_gaps]
    return bool(missed or found["wire_bytes_per_log_byte"] > WIRE_GOAL)


if __name__ == "__main__":
    sys.exit(main())
