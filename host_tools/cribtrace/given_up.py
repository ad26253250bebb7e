"""What a board gave up for room while it was being read."""

from collections import Counter
from collections.abc import Iterable

from cribtrace.client import Segment
from cribtrace.device import records

_STREAMS = {records.FACTS: "facts", records.WAVEFORMS: "waveforms"}


def by_stream(gone: Iterable[Segment]) -> dict[str, int]:
    """How many of these segments were of facts, how many of waveforms."""
    return dict(Counter(_STREAMS.get(segment.stream, "unknown") for segment in gone))


def told(counts: dict[str, int]) -> list[str]:
    """A sentence for each stream."""
    return [
        f"the board gave up {count} {'segment' if count == 1 else 'segments'} of {name} for room"
        " before they were here; what else it listed is here: pull more often, or over a faster"
        " line"
        for name, count in counts.items()
    ]
