"""python -m tests.fuzz: the long campaigns, as a table. Exit code 1 where anything failed."""

import argparse
import sys
import time

from tests.fuzz.campaign import TARGETS, block, campaigns

_HEAD = ("parser", "check", "cases", "past", "failed", "slowest", "memory", "cases/s")


def main() -> int:
    """Run what was asked for and print it."""
    asked = _arguments()
    kinds = [kind for kind in TARGETS if asked.only in (None, kind.name)]
    if asked.case is not None:
        tally = block(kinds[0], asked.unguarded, asked.seed, asked.case, 1)
        print("\n".join(tally.failures) or f"case {asked.case}: {tally.slowest_s * 1000:.1f} ms")
        return bool(tally.failed)
    plan = [(kind, False, asked.cases) for kind in kinds]
    plan += [(kind, True, asked.cases) for kind in kinds if kind.check]
    print(f"seed {asked.seed}, {asked.cases} cases a campaign")
    print("{:<8} {:<9} {:>8} {:>7} {:>6} {:>9} {:>10} {:>8}".format(*_HEAD))
    failed = 0
    for name, unguarded, tally in _timed(campaigns(plan, asked.seed, asked.workers)):
        check = "bypassed" if unguarded else next(k.check for k in kinds if k.name == name)
        rate = tally.cases / tally.cpu_s
        print(
            f"{name:<8} {check or 'none':<9} {tally.cases:>8} {tally.past / tally.cases:>7.1%}"
            f" {tally.failed:>6} {tally.slowest_s * 1000:>6.0f} ms"
            f" {tally.most_bytes / 1e3:>7.0f} kB {rate:>8.0f}",
            flush=True,
        )
        flag = " --unguarded" if unguarded else ""
        for failure in tally.failures:
            print(f"--only {name}{flag}, {failure}", flush=True)
        failed += tally.failed
    return bool(failed)


def _timed(found):
    started_s = time.monotonic()
    yield from found
    print(f"{time.monotonic() - started_s:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="of each campaign")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=[kind.name for kind in TARGETS])
    parser.add_argument("--case", type=int, help="run this one alone and say what it raised")
    parser.add_argument("--unguarded", action="store_true", help="with the check bypassed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
