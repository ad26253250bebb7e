"""Golden events: what the detector finds in a stored recording. `make golden` rewrites them.

The recording is stored too, so that neither numpy's random numbers nor the scenario generator can
change what the events are compared on.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from cribtrace import recording, replay
from cribtrace.recording import Recording

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
RECORDING = VECTORS / "four_minutes.npz"
EVENTS = VECTORS / "four_minutes.events.jsonl"


def still(rec: Recording) -> Recording:
    """As long, and nothing moves. One value again and again would be a sensor that is stuck."""
    flicker = np.arange(len(rec.accel))[:, None] % 2
    return replace(rec, accel=np.int16(rec.accel[:1] + flicker), truth=())


def as_text(events: list[dict]) -> str:
    """Events as the lines that two runs are compared by: byte for byte, without `utc`."""
    bare = [{key: value for key, value in event.items() if key != "utc"} for event in events]
    return "".join(json.dumps(event) + "\n" for event in bare)


def main() -> None:
    """Write the events again, from CPython."""
    EVENTS.write_text(as_text(replay.replay(recording.load(RECORDING), "cpython")))


if __name__ == "__main__":
    main()
