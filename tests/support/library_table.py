"""The tables of docs/LIBRARY.md, from their columns. `python -m tests.support.library_table`."""

from pathlib import Path

from cribtrace.library.tables import TABLES
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "docs" / "LIBRARY.md"
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->\n"


def text() -> str:
    """Every column of every table as a row of Markdown."""
    lines = []
    for table, columns in TABLES.items():
        lines += [f"### {table}", "", "| Column | Type | Meaning |", "|---|---|---|"]
        lines += [f"| `{c.name}` | {c.kind.replace('|', '')} | {c.meaning} |" for c in columns]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Put the tables into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
