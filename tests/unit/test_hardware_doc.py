"""docs/HARDWARE.md against the tests that measure its figures, and the boards' bursts."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HARDWARE = (ROOT / "docs" / "HARDWARE.md").read_text(encoding="utf-8")


def test_every_figure_that_only_a_board_can_tell_has_a_place_for_the_readers_own():
    measured = {
        node.name
        for path in (ROOT / "tests" / "hil").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and "clock" in {a.arg for a in node.args.args}
    }
    rows = re.findall(r"^\| [^|]+\| `(test_\w+)`[^|]*\| [^|]+\| \|$", HARDWARE, re.MULTILINE)
    assert set(rows) == measured and len(rows) == len(measured) > 5
