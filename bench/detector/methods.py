"""The methods that are compared, with the grids they are tuned over: as many points for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bench.detector import ours
from bench.detector.baselines import actigraph, dual_threshold, openseizuredetector, zmad
from bench.detector.heard import Heard
from cribtrace.scoring.kinds import Found

BUDGET = 36
OURS = "Cribtrace"

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """A way to detect, its parameters as published (ours: as shipped) and those it may take.

    `input` says what it hears and `kinds` which names its detections get.
    """

    name: str
    hear: Callable[..., Sequence[Found]]
    published: Parameters
    grid: Sequence[Parameters]
    input: str
    kinds: str

    def found(self, heard: Heard, parameters: Parameters) -> list[Found]:
        """Its detections in a recording, each with its strength there."""
        return heard.measured(self.hear(heard, **parameters))


def _baseline(
    name: str, module: ModuleType, published: Parameters, grid: Sequence[Parameters], kinds: str
) -> Method:
    def hear(heard: Heard, **parameters: Any) -> list[Found]:
        return module.detect(heard.mg(module.RATE_HZ), **parameters)

    return Method(name, hear, published, grid, f"mg at {module.RATE_HZ:g} Hz", kinds)


_LENGTH = "by length: twitch, limb_move, gross"

METHODS = (
    Method(OURS, ours.detect, ours.SHIPPED, ours.GRID, "raw frames", "its own"),
    _baseline(
        "OpenSeizureDetector",
        openseizuredetector,
        openseizuredetector.PUBLISHED,
        openseizuredetector.GRID,
        "all rhythmic_bout",
    ),
    _baseline("z/MAD, debounced", zmad, zmad.PUBLISHED, zmad.GRID, _LENGTH),
    _baseline("z/MAD", zmad, zmad.PUBLISHED_WITHOUT, zmad.GRID_WITHOUT, _LENGTH),
    _baseline("ActiGraph counts", actigraph, actigraph.PUBLISHED, actigraph.GRID, _LENGTH),
    _baseline(
        "PLM dual threshold",
        dual_threshold,
        dual_threshold.PUBLISHED,
        dual_threshold.GRID,
        _LENGTH,
    ),
)
