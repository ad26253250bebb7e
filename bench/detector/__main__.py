"""Run the benchmark: python -m bench.detector [--record | --train-only].

Writes detector.json and detector.md to the folder build/bench and prints the tables.
"""

import argparse
import json
import sys
from pathlib import Path

from bench.detector import bench, definition, goals, real, table, train
from bench.detector.methods import METHODS, OURS

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Record the hashes, tune, measure, write, print."""
    parser = argparse.ArgumentParser(prog="make bench-detector", description=table.TITLE)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--recordings", type=Path, default=ROOT.parent / "shared" / "recordings")
    parser.add_argument(
        "--record", action="store_true", help="commit to these recordings: write their hashes"
    )
    parser.add_argument(
        "--train-only", action="store_true", help="ours as shipped, on the training half alone"
    )
    args = parser.parse_args()
    if args.train_only:
        print(train.report(args.out / "recordings"), end="")
        return 0
    answer: dict = {"title": table.TITLE, "simulated": True, "sha256": definition.hashes()}
    if args.record:
        definition.RECORDED.write_text(json.dumps(answer["sha256"], indent=2) + "\n")
        say(f"wrote {definition.RECORDED.name}: commit it before anything is tuned")
        return 0
    recorded = json.loads(definition.RECORDED.read_text())
    answer["same"] = {name: recorded[name] == value for name, value in answer["sha256"].items()}
    answer["objectives"] = bench.OBJECTIVES
    write(args.out, answer)
    halves = (definition.listed(split) for split in definition.SPLITS)
    answer["methods"] = bench.compare(METHODS, *halves, say)
    answer["ahead"] = goals.ahead(answer["methods"])
    behind = [goals.behind(answer["ahead"])]  # only as shipped it is compared
    answer["goals"] = {
        how: goals.goals(variant, behind.pop() if behind else None)
        for how, variant in answer["methods"][OURS]["variants"].items()
    }
    heard, answer["skipped"] = real.present(args.recordings)
    for method in METHODS:
        for variant in answer["methods"][method.name]["variants"].values():
            variant["real"] = real.measured(method, variant["parameters"], heard)
    write(args.out, answer)
    text = table.markdown(answer)
    (args.out / "detector.md").write_text(text)
    print(text)
    return 0


def write(folder: Path, answer: dict) -> None:
    """Write what there is so far: the hashes stand there before the first point is tried."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detector.json").write_text(json.dumps(answer, indent=1) + "\n")


def say(text: str) -> None:
    """Say how far it is, beside the result."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
