"""What a log lacks: the gap that it makes in a night, and the fault that tells of it."""

from collections.abc import Iterator

from cribtrace.boots import Boot, waveforms_missing
from cribtrace.scale import Scale

RECORDS_MISSING = "records_missing"
LOG_FULL = "log_full"
_PULL = "pull again into the same folder"
_SOONER = "pull sooner, so that the board may give up what is held; or see when_full"
_WIPED = "the log was wiped, so the board no longer has them"

Lack = tuple[dict, str]  # (gap, fault)


def of_records(boot: Boot) -> Iterator[Lack]:
    """Records that were made and are not here. Nobody can say what moved meanwhile."""
    for hole in boot.holes():
        gap = _gap(boot, RECORDS_MISSING, hole.first, hole.end)
        lasted = f"from {gap['onset_s']:.0f} s on, for {gap['duration_s'] or 0:.0f} s"
        if hole.end is None:
            lasted = f"at the end of boot {boot.number}, from {gap['onset_s']:.0f} s on"
        yield gap, f"records are missing {lasted}: {_WIPED if hole.wiped else _PULL}"


def of_room(boot: Boot) -> Iterator[Lack]:
    """What a full log did not take. Nobody can say what moved meanwhile."""
    for first, end in boot.no_room():
        gap = {**_gap(boot, LOG_FULL, first, end), "frames": end - first}
        lasted = f"from {gap['onset_s']:.0f} s on, for {gap['duration_s']:.0f} s"
        yield gap, f"the log was full {lasted}: {_SOONER}"


def told(lacks: Iterator[Lack], gaps: list[dict]) -> Iterator[str]:
    """Their faults; their gaps go to `gaps`."""
    for gap, fault in lacks:
        gaps.append(gap)
        yield fault


def of_waveforms(boots: list[Boot]) -> Iterator[str]:
    """A fault for all waveforms that are not here; they say nothing against the facts."""
    if count := waveforms_missing(boots):
        lacking = f"{count} waveforms are not here"
        yield f"{lacking}: {_PULL}, unless the board has given them up for room"


def _gap(boot: Boot, reason: str, first: int, end: int | None) -> dict:
    scale = Scale(boot.header)
    onset_s = round(boot.start_s + scale.seconds(first), 3)
    lasted_s = None if end is None else scale.seconds(end - first)
    line = {"type": "gap", "onset_s": onset_s, "duration_s": lasted_s, "frames": None}
    return {**line, "reason": reason}
