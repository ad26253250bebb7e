"""Tables that the documents take from the source."""

from pathlib import Path


def put(page: Path, begin: str, table: str, end: str) -> None:
    """Write a page anew with `table` between its marks."""
    text = page.read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    page.write_text(before + begin + "\n" + table + "\n" + end + after, encoding="utf-8")
