"""Run the benchmark: python -m bench.detector [--record | --train-only].

Writes detector.json and detector.md to the folder build/bench and prints the tables.
"""

import argparse
import json
import sys
from pathlib import Path

from bench.detector import bench, definition, goals, noise, real, table, train
from bench.detector.methods import METHODS, OURS
from bench.detector.progress import Progress, Stage
from cribtrace import runtime
from cribtrace.errors import CribtraceError

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Record the hashes, or show the training half, or run the whole benchmark."""
    parser = argparse.ArgumentParser(prog="make bench-detector", description=table.TITLE)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--recordings", type=Path, default=ROOT.parent / "shared" / "recordings")
    parser.add_argument(
        "--record", action="store_true", help="commit to these recordings: write their hashes"
    )
    parser.add_argument(
        "--train-only", action="store_true", help="ours as shipped, on the training half alone"
    )
    parser.add_argument(
        "--noise", action="store_true", help="false events by threshold, on noise of its own"
    )
    args = parser.parse_args()
    stage = Progress(sys.stderr)
    try:
        runtime.find(fetch=False)
    except CribtraceError as error:
        print(f"under CPython, which takes hours: {error}", file=sys.stderr)
    if args.noise:
        print(noise.report(stage))
    elif args.train_only:
        print(train.report(args.out / "recordings", stage), end="")
    elif args.record:
        hashes = definition.hashes(stage=stage)
        definition.RECORDED.write_text(json.dumps(hashes, indent=2) + "\n")
        name = definition.RECORDED.name
        print(f"wrote {name}: commit it before any detector hears the halves", file=sys.stderr)
    else:
        text = table.markdown(measured(args.out, args.recordings, stage))
        (args.out / "detector.md").write_text(text)
        print(text)
    return 0


def measured(out: Path, recordings: Path, stage: Stage) -> dict:
    """Hash, tune, measure, compare; `out` gets the answer as JSON, its hashes first."""
    hashes = definition.hashes(stage=stage)
    answer: dict = {"title": table.TITLE, "simulated": True, "sha256": hashes}
    recorded = json.loads(definition.RECORDED.read_text())
    answer["same"] = {name: recorded[name] == value for name, value in answer["sha256"].items()}
    answer["objectives"] = bench.OBJECTIVES
    write(out, answer)
    halves = [definition.listed(split) for split in definition.SPLITS]
    answer["methods"] = bench.compare(METHODS, halves[0], halves[1], stage)
    answer["ahead"] = goals.ahead(answer["methods"])
    behind = [goals.behind(answer["ahead"])]  # as shipped, which comes first, is what is compared
    answer["goals"] = {
        how: goals.goals(variant, behind.pop() if behind else None)
        for how, variant in answer["methods"][OURS]["variants"].items()
    }
    heard, answer["skipped"] = real.present(recordings)
    stage("hearing what is real", len(heard))
    for method in METHODS:
        for variant in answer["methods"][method.name]["variants"].values():
            variant["real"] = real.measured(method, variant["parameters"], heard)
    write(out, answer)
    return answer


def write(folder: Path, answer: dict) -> None:
    """Write what there is so far: the hashes stand there before the first point is tried."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detector.json").write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
