"""What the benchmark consists of: which simulated recordings train, which test.

The halves are those of `cribtrace.world.benchmark`; beside them stand the recordings in which a
baseline should win, by the seeds of definition.json. `listed` is the seam: the rest of the
benchmark sees items only, each of which makes its recording when it is asked to.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.detector import contrary
from bench.detector.each import each
from bench.detector.progress import Stage, silent
from cribtrace.recording import Recording
from cribtrace.world import benchmark

DEFINITION = Path(__file__).with_name("definition.json")
RECORDED = Path(__file__).with_name("recorded.json")
"""The hashes as they were before any method heard the half, committed with the definition."""
SPLITS = benchmark.HALVES


@dataclass(frozen=True)
class Item:
    """One recording: `name` is no other's; `label` is its row, and `make` simulates it."""

    label: str
    name: str
    make: Callable[[], Recording]

    def recording(self) -> Recording:
        """The recording with events alone for truth: groups and the sleeper's states are none."""
        made = self.make()
        events = (line for line in made.truth if line.get("type", "event") == "event")
        return replace(made, truth=tuple(events))


def listed(split: str, definition: Path = DEFINITION) -> list[Item]:
    """Each recording of "train" or "test", the benchmark's own before the contrary ones."""
    own = [Item(label_of(entry), entry.name, entry.recorded) for entry in benchmark.half(split)]
    seeds_of = json.loads(definition.read_text())[split]
    return own + [
        Item(name, f"{split}-{name}-{seed}", partial(contrary.generate, name, seed))
        for name, seeds in seeds_of.items()
        for seed in seeds
    ]


def further() -> list[Item]:
    """More recordings to train on: `--train-only` hears them, no comparison does."""
    return [Item(label_of(one), one.name, one.recorded) for one in benchmark.further()]


def label_of(entry: benchmark.Entry) -> str:
    """The entry's scenario; the sensor too where nothing is to be found but its noise."""
    if entry.plan().ingredients:
        return entry.scenario
    return f"{entry.scenario} {entry.sensor}"


def definition_sha256(definition: Path = DEFINITION) -> str:
    """SHA-256 of what all recordings are drawn from; it needs no samples."""
    halves = [benchmark.half_sha256(split) for split in SPLITS]
    return hashlib.sha256(json.dumps([definition.read_text(), halves]).encode()).hexdigest()


def hashes(definition: Path = DEFINITION, stage: Stage = silent) -> dict[str, str]:
    """SHA-256 of the definition, and of the samples and truths of each split."""
    answer = {"definition": definition_sha256(definition)}
    for split in SPLITS:
        items = listed(split, definition)
        done = stage(f"hashing the half to {split}", len(items))
        stated = each(_stated, items, done=done)
        answer[split] = hashlib.sha256(json.dumps(stated).encode()).hexdigest()
    return answer


def _stated(item: Item) -> list[str]:
    return [item.label, item.name, benchmark.samples_sha256(item.make())]
