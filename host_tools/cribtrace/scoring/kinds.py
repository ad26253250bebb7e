"""What a detection and a truth are, and which kinds a truth may be called.

The boundaries between kinds are those of docs/DETECTOR.md and of the simulator; a truth within
20 % of one may be called either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SINGLE = ("twitch", "limb_move", "gross")
REGULAR = ("rhythmic_bout", "rhythmic_large", "fast_oscillation")
INFANT = (*SINGLE, "startle_like", *REGULAR)
DISTURBANCES = ("handling", "environment")

EDGE_SHARE = 0.2
FAINT_SNR = 3.0
TWITCH_MAX_S = 0.5
LIMB_MOVE_MAX_S = 3.0
STARTLE_S = (0.3, 1.5)
BOUT_HZ = (1.0, 5.0)
BOUT_JERKS = 4
ROCKING_S = 10.0


@dataclass(frozen=True)
class Truth:
    """One labelled movement: seconds from the recording's start; `snr` as the simulator has it.

    `by` says who moved: "infant", "hands" or "surroundings".
    """

    onset_s: float
    duration_s: float
    kind: str
    snr: float
    cause: str = ""
    rate_hz: float | None = None
    jerks: int | None = None
    by: str = "infant"

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Truth":
        """From a recording's truth, whose `snr`, if it has none, is taken for large."""
        return cls(
            onset_s=line["onset_s"],
            duration_s=line["duration_s"],
            kind=line["kind"],
            snr=float(line.get("snr", "inf")),
            cause=line.get("cause", line["kind"]),
            rate_hz=line.get("rate_hz"),
            jerks=line.get("jerks"),
            by=line.get("by", "infant"),
        )

    @property
    def disturbing(self) -> bool:
        """Whether it is no movement of the infant, even if it cannot be told from one."""
        return self.kind in DISTURBANCES or self.by != "infant"

    @property
    def source(self) -> str:
        """The cause; apart from it stands what is, by the sensor, an infant's bout."""
        return self.cause if self.kind in DISTURBANCES else f"{self.cause} as {self.kind}"

    @property
    def end_s(self) -> float:
        """The second at which it is over."""
        return self.onset_s + self.duration_s


@dataclass(frozen=True)
class Found:
    """One detection: `told_s` is the second at which the method could first report it.

    `snr` is measured in the recording between onset and end, alike for every method.
    """

    onset_s: float
    duration_s: float
    kind: str
    told_s: float
    rate_hz: float | None = None
    snr: float = 0.0

    @property
    def end_s(self) -> float:
        """The second at which it is over."""
        return self.onset_s + self.duration_s


def by_length(duration_s: float) -> str:
    """Kind of a single movement by its length at 30 % of its peak."""
    if duration_s <= TWITCH_MAX_S:
        return "twitch"
    return "limb_move" if duration_s <= LIMB_MOVE_MAX_S else "gross"


def accepted(truth: Truth) -> frozenset[str]:
    """The kinds that are right for a truth: its own, and its neighbour's near a boundary."""
    kinds = {truth.kind}
    startle = truth.kind == "startle_like"
    if truth.kind in SINGLE or (startle and _near(truth.duration_s, *STARTLE_S)):
        kinds |= _lengths(truth)
    elif truth.kind == "rhythmic_bout":
        kinds |= _around_a_bout(truth)
    elif truth.kind == "fast_oscillation" and _near(truth.rate_hz, BOUT_HZ[1]):
        kinds.add("rhythmic_bout")
    elif truth.kind == "handling" and truth.rate_hz is not None:
        kinds |= _around_rocking(truth)
    return frozenset(kinds)


def _lengths(truth: Truth) -> set[str]:
    low, high = truth.duration_s / (1 + EDGE_SHARE), truth.duration_s / (1 - EDGE_SHARE)
    return {by_length(low), by_length(truth.duration_s), by_length(high)}


def _around_a_bout(truth: Truth) -> set[str]:
    kinds = set()
    if _near(truth.rate_hz, BOUT_HZ[0]) and not truth.duration_s < ROCKING_S * (1 - EDGE_SHARE):
        kinds.add("handling")
    if _near(truth.rate_hz, BOUT_HZ[1]):
        kinds.add("fast_oscillation")
    if _near(truth.jerks, BOUT_JERKS):
        kinds |= _lengths(truth)
    return kinds


def _around_rocking(truth: Truth) -> set[str]:
    kinds = set()
    if _near(truth.rate_hz, BOUT_HZ[0]):
        kinds.add("rhythmic_bout")
    if _near(truth.duration_s, ROCKING_S):
        kinds |= _lengths(truth)
    return kinds


def _near(value: float | None, *edges: float) -> bool:
    if value is None:
        return False
    return any(abs(value - edge) <= EDGE_SHARE * edge + 1e-9 for edge in edges)
