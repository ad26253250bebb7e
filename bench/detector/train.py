"""Our detector as shipped on what there is to train on alone: what to look at while it is made.

It opens no recording of the test half. Recordings are kept, so that the next run simulates none.
"""

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy

from bench.detector import bench, contrary, definition, goals, table
from bench.detector.definition import Item, further, listed
from bench.detector.each import each
from bench.detector.methods import METHODS, OURS, Method
from bench.detector.progress import Stage, silent
from cribtrace import recording, world
from cribtrace.recording import Recording
from cribtrace.scoring.kinds import FAINT_SNR
from cribtrace.scoring.score import Judged, flat

SPLIT = "train"
TITLE = "Training recordings (simulated), our detector as shipped"
_VERSION = "[0-9a-f]{16}"
_SOURCES = (Path(world.__file__).parent, Path(bench.__file__).parent)


def report(folder: Path, stage: Stage = silent) -> str:
    """Goals, kinds and confusions as markdown, over all there is to train on, kept in `folder`."""
    (ours,) = (method for method in METHODS if method.name == OURS)
    answers = answered(ours, [*further(), *listed(SPLIT)], folder, stage)
    plain = [answer for answer in answers if answer.label not in contrary.NAMES]
    return markdown(bench.measured(ours.published, answers), plain)


def answered(
    method: Method, items: Sequence[Item], folder: Path, stage: Stage = silent
) -> list[Judged]:
    """What the method, with its published parameters, answers to each item."""
    place = _emptied(folder / _version())

    def answer(item: Item) -> Judged:
        entry = bench.Entry.of(item.label, kept(item, place))
        return bench.run(method, method.published, entry)

    return each(answer, items, done=stage("hearing what is to train on", len(items)))


def kept(item: Item, folder: Path) -> Recording:
    """The item's recording, simulated only if `folder` does not hold it."""
    path = folder / f"{item.name}.npz"
    if not path.is_file():
        recording.save(path, item.recording())
    return recording.load(path)


def markdown(figures: dict, answers: Sequence[Judged]) -> str:
    """The goals table and kinds, then lines that count what went wrong, and how."""
    parts = [
        f"# {TITLE}",
        table.goals_table({"as shipped": goals.goals(figures)}),
        _kinds(figures["kinds"]),
        "## Wrong kinds, >= 3 times noise",
        _counted(Counter(figures["kind_right"][">=3"]["wrong"])),
        "## Missed, by kind, cause and strength",
        _counted(_missed(answers)),
        "## Further pieces of a movement that was found",
        _counted(_split(answers)),
        "## Disturbances",
        _disturbances(figures["disturbances"]),
        "## False events where nothing was",
        _quiet(figures["false"]),
    ]
    return "\n\n".join(parts) + "\n"


def _version() -> str:
    """Name for recordings made by these very sources: others' are not theirs."""
    digest = hashlib.sha256(f"{definition.definition_sha256()} {np.__version__}".encode())
    digest.update(scipy.__version__.encode())
    simulator, own = _SOURCES
    sources = [*sorted(simulator.glob("*.py")), own / "contrary.py", own / "definition.py"]
    for path in (*sources, Path(recording.__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _emptied(place: Path) -> Path:
    """The folder, made, and those of earlier versions beside it gone: each takes 300 MB."""
    place.mkdir(parents=True, exist_ok=True)
    for other in place.parent.iterdir():
        if other != place and re.fullmatch(_VERSION, other.name):
            shutil.rmtree(other)
    return place


def _kinds(kinds: dict[str, dict]) -> str:
    names = ("truths", "detected", "right", "false", "sensitivity", "precision", "f1")
    rows = [[kind, *(bands[">=3"][name] for name in names)] for kind, bands in kinds.items()]
    return table.as_table(["Kind, >= 3 times noise", *names], rows)


def _counted(counts: Counter[str]) -> str:
    return "\n".join(f"- {what} {count}" for what, count in counts.most_common()) or "none"


def _missed(answers: Sequence[Judged]) -> Counter[str]:
    truths, _ = flat(answers)
    missed = [t for t in truths if t.fate in ("missed", "merged")]
    return Counter(
        f"{t.truth.kind} of {t.truth.cause}, {_band(t.truth.snr)}, {t.fate}" for t in missed
    )


def _band(snr: float) -> str:
    low = max(edge for edge in (FAINT_SNR, 5.0, 10.0) if edge <= snr)
    return f"from {low:g}"


def _split(answers: Sequence[Judged]) -> Counter[str]:
    _, found = flat(answers)
    pieces = [(f.truth, f.found) for f in found if f.fate == "split" and f.truth]
    return Counter(f"{truth.kind} of {truth.cause}: {piece.kind}" for truth, piece in pieces)


def _disturbances(causes: dict[str, dict]) -> str:
    rows = [
        [cause, row["hours"], f"{row['reported']} of {row['count']}", row["events"], _called(row)]
        for cause, row in causes.items()
    ]
    return table.as_table(["Cause", "Hours", "Reported", "False events", "Called"], rows)


def _called(row: dict) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in row["called"].items())


def _quiet(labels: dict[str, dict]) -> str:
    names = ("hours", "events", "per_hour", "disturbances")
    rows = [[label, *(row[name] for name in names)] for label, row in labels.items()]
    return table.as_table(["Where", "Hours", "Events", "Per hour", "Called disturbances"], rows)
