"""Delete the log of a board, and read back that it is gone."""

from cribtrace.client import Client, Segment
from cribtrace.conversation import Refused
from cribtrace.errors import CribtraceError, Usage

_TRIES = 5  # a record written between `flush` and `wipe` opens the log again


def held(client: Client) -> tuple[Segment, ...]:
    """Close the open segment; return all that the board holds."""
    client.flush()
    return client.list()


def wipe(client: Client, device: str) -> int:
    """Delete every segment on the board `device`, its id in hex; returns how many they were.

    It may go on recording. Raises Usage where another board answers; CribtraceError where the
    board, read back, still holds one.
    """
    hello = client.hello()
    if hello["device"] != device:
        raise Usage(f"this is board {hello['device']}, not {device}: nothing was deleted")
    numbers = _delete(client, hello.get("nonce", ""), _TRIES)
    left = {s.number for s in client.list()} & numbers
    left |= {number for number in numbers if _can_be_read(client, number)}
    if left:
        raise CribtraceError(
            f"the board still holds {len(left)} of {len(numbers)} segments: run it again"
        )
    return len(numbers)


def _delete(client: Client, nonce: str, tries: int) -> set[int]:
    numbers = {segment.number for segment in held(client)}
    try:
        client.wipe(nonce)
    except Refused as refused:
        if refused.name != "log_open" or tries == 1:
            raise
        return numbers | _delete(client, nonce, tries - 1)
    return numbers


def _can_be_read(client: Client, number: int) -> bool:
    try:
        return any(client.read(number, 0, 1))
    except Refused as refused:
        return refused.name != "no_segment"
