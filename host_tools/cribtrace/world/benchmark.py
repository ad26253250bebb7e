"""The recordings in which detectors are compared: two halves, and hashes that pin them down."""

import dataclasses
import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cribtrace.recording import Recording
from cribtrace.world import plan, simulate
from cribtrace.world.beds import MATTRESSES
from cribtrace.world.fields import Fields, opened
from cribtrace.world.figures import SENSORS, Figure
from cribtrace.world.plan import BENCHMARK, FOLDER, Plan

HALVES = ("train", "test")
FURTHER = "further"
"""More to train on, in neither half: one detector's, and no share in a comparison."""


@dataclass(frozen=True)
class Entry:
    """One recording of a half: a shipped scenario, with its own mattress, sensor and seed."""

    half: str
    scenario: str
    seed: int
    mattress: str
    sensor: str

    @property
    def name(self) -> str:
        """A name that no other entry has, fit for a file."""
        return f"{self.half}-{self.scenario}-{self.mattress}-{self.sensor}-{self.seed}"

    def plan(self) -> Plan:
        """The scenario as this entry has it."""
        found = plan.find(self.scenario)
        return dataclasses.replace(found, mattress=self.mattress, sensor=self.sensor)

    def recorded(self) -> Recording:
        """Simulate it: an hour takes 0.2 s or so."""
        return simulate.recorded(self.plan(), self.seed)


def entries() -> tuple[Entry, ...]:
    """Every entry of both halves, in the file's order."""
    return tuple(entry for entry in _listed() if entry.half in HALVES)


def further() -> tuple[Entry, ...]:
    """The entries that are in neither half, to train on."""
    return tuple(entry for entry in _listed() if entry.half == FURTHER)


@functools.lru_cache(maxsize=1)
def _listed() -> tuple[Entry, ...]:
    path = FOLDER / f"{BENCHMARK}.toml"
    fields = opened(path)
    found = tuple(_entry(row, half) for half in (*HALVES, FURTHER) for row in fields.listed(half))
    fields.finish()
    return found


def half(name: str) -> tuple[Entry, ...]:
    """The entries of "train" or of "test"."""
    return tuple(entry for entry in entries() if entry.half == name)


def definition_sha256(entry: Entry) -> str:
    """Hash of everything that the entry's numbers are drawn from: plan, seed, every figure.

    It needs no samples and is the same on every machine; sources and descriptions may change.
    """
    own = entry.plan()
    stated = {
        **dataclasses.asdict(own),
        "about": "",
        "figures": {},
        "seed": entry.seed,
        "table": _numbers(own.table()),
        "ingredients": [
            {**dataclasses.asdict(one), "figures": _numbers(dict(one.figures))}
            for one in own.ingredients
        ],
    }
    return _sha256(stated)


def samples_sha256(recording: Recording) -> str:
    """Hash of a recording: samples, rate, scale and truth.

    The same wherever numpy's sine and SciPy's filters round alike.
    """
    digest = hashlib.sha256(recording.accel.astype("<i2").tobytes())
    rest = [recording.rate_hz, recording.lsb_per_g, list(recording.truth)]
    digest.update(json.dumps(rest, sort_keys=True).encode())
    return digest.hexdigest()


def half_sha256(name: str) -> str:
    """Hash over the definitions of all entries of a half."""
    return _sha256([[entry.name, definition_sha256(entry)] for entry in half(name)])


def _entry(fields: Fields, half_name: str) -> Entry:
    entry = Entry(
        half=half_name,
        scenario=fields.text("scenario", "", plan.names()),
        seed=int(fields.number("seed", 0, 2**32 - 1)),
        mattress=fields.text("mattress", "", tuple(MATTRESSES)),
        sensor=fields.text("sensor", "", tuple(SENSORS)),
    )
    fields.finish()
    return entry


def _numbers(figures: dict[str, Figure]) -> dict[str, tuple[float, float]]:
    return {name: (float(one.low), float(one.high)) for name, one in sorted(figures.items())}


def _sha256(stated: Any) -> str:
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()
