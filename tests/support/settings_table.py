"""The tables of docs/SETTINGS.md, from the schema. `python -m tests.support.settings_table`."""

from pathlib import Path

from cribtrace.configuration import MEANINGS
from cribtrace.device import settings
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "docs" / "SETTINGS.md"
BEGIN, END = "<!-- settings -->\n", "<!-- end of settings -->\n"


def text() -> str:
    """Every setting as a row of a Markdown table, then what must stay below what."""
    lines = ["| Setting | Default | Range | Unit | Meaning | Source of the default |"]
    lines.append("|---|---|---|---|---|---|")
    for name, default, least, most, unit in settings.SCHEMA:
        what, source = MEANINGS[name]
        cells = f"`{name}`", default, f"{least} to {most}", unit, what, source
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "| Must stay below | |", "|---|---|"]
    lines += [f"| `{low}` | `{high}` |" for low, high in settings.BELOW]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the tables into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
