"""The benchmark's answer as markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence

from bench.detector import goals
from bench.detector.methods import BUDGET
from cribtrace import tree
from cribtrace.scoring.match import COVERED_FROM_S, TOLERANCE_S

TITLE = "Detector benchmark (simulated)"
NAMING = ("kinds.py", "vetoes.py", "rhythm.py")
"""The firmware's modules that say what a movement is called."""


def markdown(answer: dict) -> str:
    """Every table, from what `__main__` writes as JSON."""
    methods = answer["methods"]
    parts = [
        f"# {TITLE}",
        "No infant was recorded: every figure but those under *Real recordings* is of simulated "
        "movements, and none says how the detector does on an infant. Baselines were made for "
        "other places on the body and are transplanted.",
        *_conditions(answer),
        "## Goals",
        goals_table(answer["goals"]),
        "## Any movement",
        _movements(methods),
        "## By kind",
        "F1 by name, >= 3 times noise; in brackets the share detected under whatever name.",
        _kinds(methods),
        "## Names, times and rates",
        _times(methods),
        "## False events of the infant's kinds, per hour",
        "Under a disturbance: per hour of it; in brackets the events, and how many of the "
        "disturbances were reported as such.",
        _false(methods),
        "## Where a baseline should win",
        _contrary(methods),
        "## Rows in which a baseline is ahead or level",
        "Ours as shipped against each baseline with whichever of its parameters does best there.",
        _ahead(answer["ahead"]),
        "## Parameters",
        _parameters(methods),
        "## Real recordings",
        "Noise: false events per hour. Shakers: error of the rate told, as a share; in brackets "
        "the events; a minute of simulated rest is put before each.",
        _real(answer),
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(answer: dict) -> tuple[str, str]:
    """On what terms the methods met."""
    sha256 = answer["sha256"]
    return (
        f"Tolerance {TOLERANCE_S} s, judged from {COVERED_FROM_S:g} s on, {BUDGET} points tried "
        "for each method on the training half beside those published. Definition "
        f"`{sha256['definition'][:16]}`, test samples `{sha256['test'][:16]}`, as recorded "
        f"beforehand: {_as_recorded(answer)}.",
        f"The match is not even. Beside its {BUDGET} points ours has {constants()} named "
        f"constants in {', '.join(NAMING)}; most were chosen by looking, as often as we "
        "liked, at the training half and further recordings, which was done for no baseline.",
    )


def constants() -> int:
    """How many named constants there are in NAMING."""
    sources = [(tree.FIRMWARE / "crib" / name).read_text(encoding="utf-8") for name in NAMING]
    return sum(len(re.findall(r"^\w+ = const\(", source, re.M)) for source in sources)


def _as_recorded(answer: dict) -> str:
    return ", ".join(f"{name} {'yes' if same else 'NO'}" for name, same in answer["same"].items())


def as_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in markdown; None is a dash, floats have three decimals at most."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def _variants(methods: dict) -> Iterator[tuple[str, dict]]:
    for name, method in methods.items():
        for how, variant in method["variants"].items():
            yield f"{name}, {how}", variant


def goals_table(by_variant: dict[str, list[dict]]) -> str:
    """The goals by variant of our detector; what a figure rests on is the first one's."""
    first = next(iter(by_variant.values()))
    measured = {how: {one["goal"]: one for one in all_} for how, all_ in by_variant.items()}
    rows = [
        [
            one["goal"],
            one["bound"],
            *(_marked(all_.get(one["goal"])) for all_ in measured.values()),
            one["rests_on"],
        ]
        for one in first
    ]
    return as_table(["Goal", "Bound", *by_variant, "Rests on"], rows)


def _marked(goal: dict | None) -> str:
    if goal is None:
        return _cell(None)
    return _cell(goal["measured"]) + (" ✓" if goal["reached"] else "")


def _movements(methods: dict) -> str:
    bands = (">=3", "3-5", "5-10", ">10", ">=5")
    rows = []
    for name, variant in _variants(methods):
        moves, total = variant["movements"], variant["movements"][">=3"]
        shares = [total["sensitivity"], total["precision"]]
        wrong = [total[fate] for fate in ("split", "merged", "under", "elsewhere")]
        trials = variant["movements_with_trials"]["f1"]
        rows.append([name, *(moves[band]["f1"] for band in bands), *shares, *wrong, trials])
    first = next(iter(next(iter(methods.values()))["variants"].values()))["movements"]
    head = [f"F1 {band} (n={first[band]['truths']})" for band in bands]
    tail = ["Sensitivity", "Precision", "Split", "Merged", "In disturbances", "Elsewhere"]
    tail.append("F1 >=3, trials included")
    return as_table(["Method", *head, *tail], rows)


def _kinds(methods: dict) -> str:
    kinds: dict[str, int] = {}
    rows = []
    for name, variant in _variants(methods):
        found = {kind: bands[">=3"] for kind, bands in variant["kinds"].items()}
        kinds |= {kind: row["truths"] for kind, row in found.items()}
        cells = [f"{_cell(row['f1'])} ({_cell(row['detected_share'])})" for row in found.values()]
        rows.append([name, *cells])
    return as_table(["Method", *(f"{kind} (n={n})" for kind, n in kinds.items())], rows)


def _times(methods: dict) -> str:
    rows = []
    for name, variant in _variants(methods):
        near, all_ = variant["times"]["8-12"], variant["times"][">=3"]
        right = [variant["kind_right"][band]["share"] for band in (">=3", ">=5")]
        onset = [near["onset_error_s"]["median"], all_["onset_error_s"]["p95"]]
        late = [all_["latency_s"][q] for q in ("median", "p95")]
        rate = variant["rates"]
        told = f"{rate['told']} of {rate['bouts']}"
        errors = [rate["error"][q] for q in ("median", "p95")]
        rows.append([name, *right, *onset, *late, told, *errors])
    head = ["Kind right, >= 3", ">= 5", "Onset error at 8-12, s, median", "at >= 3, p95"]
    tail = ["Latency, s, median", "p95", "Rates told", "Rate error, median", "p95"]
    return as_table(["Method", *head, *tail], rows)


def _false(methods: dict) -> str:
    head: list[str] = []
    rows = []
    for name, variant in _variants(methods):
        quiet, under = variant["false"], variant["disturbances"]
        head = [f"{label} ({row['hours']:g} h)" for label, row in quiet.items()]
        head += [
            f"{cause} ({row['count']} of them, {row['hours']:.3g} h)"
            for cause, row in under.items()
        ]
        cells = [row["per_hour"] for row in quiet.values()]
        told = [
            f"{_cell(row['per_hour'])} ({row['events']}; {row['reported']})"
            for row in under.values()
        ]
        rows.append([name, *cells, *told])
    return as_table(["Method", *head], rows)


def _contrary(methods: dict) -> str:
    lists = [(name, goals.rows(variant)) for name, variant in _variants(methods)]
    wanted = [row for row, value in lists[0][1].items() if goals.suits(row) and value["truths"]]
    rows = [
        [f"{row} (for {goals.suits(row)})", *(found[row]["f1"] for _, found in lists)]
        for row in wanted
    ]
    return as_table(["F1", *(name for name, _ in lists)], rows)


def _ahead(rows: Sequence[dict]) -> str:
    names = ("row", "truths", "ours", "f1", "baseline")
    cells = [[row[name] for name in names] for row in rows]
    return as_table(["Row", "Truths", "Ours", "Baseline", "Which"], cells)


def _parameters(methods: dict) -> str:
    rows = []
    for name, variant in _variants(methods):
        values = (f"{key} {_cell(value)}" for key, value in variant["parameters"].items())
        rows.append([name, ", ".join(values) or "the settings it ships with"])
    return as_table(["Method", "Parameters"], rows)


def _real(answer: dict) -> str:
    lines = [f"Not here, skipped: {', '.join(answer['skipped'])}."] if answer["skipped"] else []
    head: list[str] = []
    rows = []
    for name, variant in _variants(answer["methods"]):
        head = list(variant["real"])
        rows.append([name, *(_real_cell(row) for row in variant["real"].values())])
    return "\n\n".join([*lines, *([as_table(["Method", *head], rows)] if head else [])])


def _real_cell(row: dict) -> str:
    if "per_hour" in row:
        return f"{_cell(row['per_hour'])} ({row['events']} in {row['seconds']:g} s)"
    return f"{_cell(row['error'])} ({row['events']})"
