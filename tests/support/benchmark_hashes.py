"""Hashes of the benchmark's recordings: `python -m tests.support.benchmark_hashes` writes them.

They are recorded before a detector is tuned: whoever changes what it is measured in has to write
them again, and that shows.
"""

import json
from pathlib import Path

from cribtrace.world import benchmark

STORED = Path(__file__).resolve().parent.parent / "vectors" / "benchmark.json"


def definitions() -> dict[str, str]:
    """Hash of each half's definitions."""
    return {half: benchmark.half_sha256(half) for half in benchmark.HALVES}


def main() -> None:
    """Write them, samples included: a minute or two."""
    samples = {
        entry.name: benchmark.samples_sha256(entry.recorded()) for entry in benchmark.entries()
    }
    stored = {"definitions": definitions(), "samples": samples}
    STORED.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
