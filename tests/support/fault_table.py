"""The table of faults in docs/TESTING.md, from what tests/e2e/test_faults.py measured.

`python -m tests.support.fault_table`, after a run of those tests.
"""

import json
import math
from pathlib import Path

from tests.support import pages
from tests.support.fault_bench import CASES, RATE_HZ, TOLD, Case, Lived

_ROOT = Path(__file__).resolve().parents[2]
PAGE = _ROOT / "docs" / "TESTING.md"
MEASURED = _ROOT / "build" / "faults"
BEGIN, END = "<!-- faults -->\n", "<!-- end of faults -->\n"
_HEAD = (
    "| Fault | What happens | Named | Within | Frames lost | And then |",
    "|---|---|---|---|---|---|",
)


def row(name: str, told: Lived) -> str:
    """The row of a fault; `told` is what a board made of it."""
    case = CASES[name]
    cells = name, case.done, *_found(case, told), case.then
    return f"| {' | '.join(cells)} |"


def _found(case: Case, told: Lived) -> tuple[str, str, str]:
    """Record, time to notice, and loss, rounded so that no microsecond changes them."""
    if case.record is None:
        return case.named, "", "none"
    named = case.named or f"`{case.record}`"
    within = f"{max(1, math.ceil(told.noticed(case)))} s {case.since}".rstrip()
    if case.record in TOLD:
        return named, within, "none"
    if case.full:
        return named, within, "all that no record tells of"
    if not case.lost_s:
        return named, within, "unknown"
    seconds = told.lost() / RATE_HZ
    lost = f"{seconds:.0f} s" if seconds > 1 else "below 1 s"
    return named, within, f"{lost}, {'to the frame' if case.exact else 'by the clock'}"


def keep(name: str, text: str) -> None:
    """Put a row aside for `main`."""
    MEASURED.mkdir(parents=True, exist_ok=True)
    (MEASURED / f"{name}.json").write_text(json.dumps(text))


def main() -> None:
    """Put the table into the page."""
    rows = [json.loads((MEASURED / f"{name}.json").read_text()) for name in CASES]
    pages.put(PAGE, BEGIN, "\n".join((*_HEAD, *rows)) + "\n", END)


if __name__ == "__main__":
    main()
