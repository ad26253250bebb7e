"""The table of docs/SCENARIOS.md, from the figures. `python -m tests.support.figures_table`."""

from pathlib import Path

from cribtrace.world.beds import MATTRESSES
from cribtrace.world.figures import BY_AGE, SENSORS, TABLE, Figure
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "docs" / "SCENARIOS.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def text() -> str:
    """Every figure, as rows of Markdown tables."""
    lines = _rows("Figure", TABLE)
    lines += ["", "By age, in months, straight lines between:", ""]
    lines += ["| Figure | Age: from - to | Source |", "|---|---|---|"]
    for name, (source, ages) in BY_AGE.items():
        stated = "; ".join(f"{age:g}: {low:g} - {high:g}" for age, low, high in ages)
        lines.append(f"| `{name}` | {stated} | {source} |")
    for what, kinds in (("mattress", MATTRESSES), ("sensor", SENSORS)):
        for kind, figures in kinds.items():
            if figures:
                lines += ["", f"Under the {what} `{kind}`:", "", *_rows("Figure", figures)]
    return "\n".join(lines) + "\n"


def _rows(head: str, figures: dict[str, Figure]) -> list[str]:
    lines = [f"| {head} | From - to | Source |", "|---|---|---|"]
    for name, (low, high, source) in figures.items():
        value = f"{low:g}" if low == high else f"{low:g} - {high:g}"
        lines.append(f"| `{name}` | {value} | {source} |")
    return lines


def main() -> None:
    """Put the table into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
