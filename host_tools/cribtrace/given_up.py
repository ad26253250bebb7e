"""Of what kind the segments were that a board gave up for room while it was being read."""

import contextlib
from collections import Counter

from cribtrace.client import Client, Segment
from cribtrace.conversation import Refused
from cribtrace.device import records

UNKNOWN = "unknown"
_KINDS = {records.FACTS: "facts", records.WAVEFORMS: "waveforms"}
_GIVES_UP_FACTS = 2  # docs/SETTINGS.md, when_full

Gone = dict[Segment, int | None]
"""Segments that are gone, each with the stream that its header tells, where that came."""


def by_kind(client: Client, gone: Gone) -> dict[str, int]:
    """How many of these segments were of facts, of waveforms, or `unknown`.

    By the header; by the length; else by what the board may give up that no host holds. Asks the
    board for its settings where it must.
    """
    facts_stay = any(stream is None for stream in gone.values()) and _facts_stay(client)
    return dict(Counter(_kind(segment, stream, facts_stay) for segment, stream in gone.items()))


def _kind(segment: Segment, stream: int | None, facts_stay: bool) -> str:
    if stream is not None:
        return _KINDS.get(stream, UNKNOWN)
    if segment.size_bytes > records.WAVEFORM_LIMIT:
        return _KINDS[records.FACTS]
    return _KINDS[records.WAVEFORMS] if facts_stay and not segment.acked else UNKNOWN


def _facts_stay(client: Client) -> bool:
    """Whether the board gives up no facts that no host holds."""
    with contextlib.suppress(Refused):
        told = {setting.name: setting.value for setting in client.config()}
        return told.get("when_full", _GIVES_UP_FACTS) < _GIVES_UP_FACTS
    return False


def told(counts: dict[str, int]) -> list[str]:
    """A sentence for each kind."""
    sentences = []
    for kind, count in counts.items():
        segments = "1 segment" if count == 1 else f"{count} segments"
        of_kind = "of a kind that it did not tell" if kind == UNKNOWN else f"of {kind}"
        sentences.append(
            f"the board gave up {segments} {of_kind} for room before they were here; what else it"
            " listed is here: pull more often, or over a faster line"
        )
    return sentences
