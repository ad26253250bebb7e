"""What a parser under test gives the runner, and how a check is taken out of its way."""

import random
from typing import Any, Protocol


class Target(Protocol):
    """One parser. It is made anew for every block of cases, so that a block can be repeated."""

    name: str
    check: str  # what guards the parser, "" for nothing
    CASE_MOST_S: float

    def unguard(self) -> None:
        """Have every check of this process agree with whatever it is shown."""

    def case(self, rng: random.Random) -> Any:
        """An input."""

    def size_bytes(self, case: Any) -> int:
        """Its length."""

    def allowed_bytes(self, size_bytes: int) -> int:
        """The most memory that an input of that length may take meanwhile."""

    def run(self, case: Any) -> bool:
        """Parse it. Returns whether anything got past the check; raises where that was wrong."""

    def close(self) -> None:
        """Leave nothing behind."""


class Agreeing(int):
    """A checksum that is equal to every other."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


AGREES = Agreeing(0x01020304)


class AgreeingCrc:
    """A module `zlib` or `binascii` as far as it is one of checksums."""

    @staticmethod
    def crc32(*_: object) -> Any:
        return AGREES
