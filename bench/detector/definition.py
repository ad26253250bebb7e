"""What the benchmark consists of: which simulated recordings train, which test.

`entries` is the seam: whatever else makes recordings, the rest of the benchmark only sees it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.detector import contrary
from cribtrace import scenario
from cribtrace.recording import Recording

DEFINITION = Path(__file__).with_name("definition.json")
RECORDED = Path(__file__).with_name("recorded.json")
"""The hashes as they were before anything was tuned, committed with the definition."""
SPLITS = ("train", "test")


def entries(split: str, definition: Path = DEFINITION) -> Iterator[tuple[str, Recording]]:
    """Each recording of "train" or "test" with its label, the name of its scenario."""
    for name, seeds in json.loads(definition.read_text())[split].items():
        made_by = contrary if name in contrary.NAMES else scenario
        for seed in seeds:
            made = made_by.generate(name, seed)
            # Groups of movements and states of the sleeper are truth too, but not events.
            events = tuple(t for t in made.truth if t.get("type", "event") == "event")
            yield name, replace(made, truth=events)


def hashes(definition: Path = DEFINITION) -> dict[str, str]:
    """SHA-256 of the definition, and of the samples and truths of each split."""
    answer = {"definition": hashlib.sha256(definition.read_bytes()).hexdigest()}
    for split in SPLITS:
        digest = hashlib.sha256()
        for label, recording in entries(split, definition):
            scale = [label, recording.rate_hz, recording.lsb_per_g, recording.truth]
            digest.update(json.dumps(scale, sort_keys=True).encode())
            digest.update(recording.accel.astype("<i2").tobytes())
        answer[split] = digest.hexdigest()
    return answer
