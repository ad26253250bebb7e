"""python -m tests.soak: simulated weeks of one board. Exit code 1 where anything did not hold."""

import argparse
import shutil
import sys
import time
from pathlib import Path

from cribtrace import runtime
from tests.soak import figures, holds, plan
from tests.soak.lives import Soak


def main() -> int:
    """Live through what was asked for, and print what came of it."""
    asked = _arguments()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    print(f"seed {asked.seed}, {asked.days:g} days of {asked.day_hours:g} h", flush=True)
    soak = Soak(asked.out, runtime.find(fetch=True).path, asked.seed)
    began_s = time.monotonic()
    for life in plan.lives(
        asked.seed, asked.days, day_h=asked.day_hours, fault_h=asked.fault_hours
    ):
        soak.live(life)
        ended = "the power fails" if life.cut else "stopped"
        print(
            f"hour {life.since_h:6.1f} on for {life.hours:5.1f} h, {len(life.faults):2} faults,"
            f" {ended}; {time.monotonic() - began_s:.0f} s",
            flush=True,
        )
    return told(soak, asked.days * asked.day_hours)


def told(soak: Soak, hours: float) -> int:
    """Print the figures, and each thing that did not hold; how many those are, at most 1."""
    log = holds.Log(soak.log)
    print("\n".join(figures.lines(soak.ledger, log, hours)))
    found = holds.breaches(soak.ledger, log) + figures.worn(soak.ledger, hours)
    print("\n".join(f"does not hold: {breach}" for breach in found) or "everything holds")
    return min(len(found), 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--day-hours", type=float, default=24, help="so long is a day")
    parser.add_argument("--fault-hours", type=float, default=3, help="between two faults, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="flash and log")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
