"""What `check` yields of each part of a board."""

from collections.abc import Mapping
from typing import NamedTuple


class Finding(NamedTuple):
    """One line: `passed` is None for what was not tried; `said` is the figure, or what to do."""

    what: str
    passed: bool | None
    said: str
    numbers: Mapping[str, object] = {}
