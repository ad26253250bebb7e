"""The table of boards in README.md, from their facts. `python -m tests.support.boards_table`."""

from pathlib import Path

from cribtrace import board_facts
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- boards -->\n", "<!-- end of boards -->\n"
PLACES = {"mattress": "puck under a mattress", "bench": "bench only: {why}"}


def text() -> str:
    """Every real board as a row of a Markdown table."""
    lines = ["| Board | Chip | Sensor | Where | Verified |", "|---|---|---|---|---|"]
    for name in board_facts.names():
        facts = board_facts.load(name).facts
        if "placement" in facts:
            where = PLACES[facts["placement"]].format(why=facts.get("placement_why"))
            verified = facts["verified"] or "**no: nobody has run it**"
            cells = f"[{name}](boards/{name}/README.md)", facts["chip"], facts["sensor"], where
            lines.append(f"| {' | '.join(cells)} | {verified} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the table into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
