"""What was followed, in one line at the end: counts and what the line has lost."""

import time
from collections import Counter

from cribtrace.heard import Decoded, Item, Note


class Summary:
    """Counts what goes by."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._kinds: Counter[str] = Counter()
        self._gaps = self._notes = self._marks = 0

    def add(self, item: Item) -> None:
        """Take in one item of `tail.follow`."""
        if isinstance(item, Note):
            self._notes += 1
        line = item.line if isinstance(item, Decoded) else {"type": ""}
        if line["type"] == "event":
            self._kinds[line["kind"]] += 1
        self._gaps += line["type"] == "gap"
        self._marks += line["type"] == "mark"

    def text(self) -> str:
        """The line."""
        minutes, seconds = divmod(round(time.monotonic() - self._began_s), 60)
        kinds = ", ".join(f"{kind} {count}" for kind, count in self._kinds.most_common())
        return (
            f"followed for {minutes // 60}:{minutes % 60:02}:{seconds:02}:"
            f" {self._kinds.total()} events{f' ({kinds})' if kinds else ''},"
            f" {self._gaps} gaps, {self._marks} marks, {self._notes} notes about the line"
        )
