"""Boots whose frames a host injected: told apart from a sensor's, and kept out of its night."""

from collections.abc import Iterator

from cribtrace.boots import Boot

INJECTED = "injected"


def from_a_file(boot: Boot) -> bool:
    """Whether the host gave it its frames, and no sensor did (docs/SPEC-log-format.md)."""
    return boot.header["sensor"].rstrip(b"\0") == INJECTED.encode()


def set_aside(boots: list[Boot]) -> list[Boot]:
    """The boots that a sensor gave their frames, in a row without the others' time.

    All, and none of them moved, where no sensor gave any: then the log is about what was injected.
    """
    sensed = [boot for boot in boots if not from_a_file(boot)]
    if not sensed:
        return boots
    taken_out_s = 0.0
    for boot in boots:
        boot.start_s = round(boot.start_s - taken_out_s, 3)
        if from_a_file(boot):
            taken_out_s += boot.length_s
    return sensed


def meanwhile(boot: Boot) -> dict:
    """The gap that it is to the sensor's night: nobody knows how fast the file was played."""
    unknown = {"duration_s": None, "frames": None}
    return {"type": "gap", "onset_s": boot.start_s, **unknown, "reason": INJECTED}


def marked(line: dict, boot: Boot) -> dict:
    """A line of this boot, which says so where no sensor gave it its frames."""
    return {**line, "injected": True} if from_a_file(boot) else line


def notes(numbers: list[int]) -> Iterator[str]:
    """What a reader is told of injected boots."""
    if numbers:
        listed = ", ".join(map(str, numbers))
        yield f"INJECTED: a file was played in the sensor's place in boot {listed}"
