"""Tune every method on the training half, measure it on the other, compare."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.detector import contrary
from bench.detector.baselines import dual_threshold
from bench.detector.definition import Item
from bench.detector.each import each
from bench.detector.heard import Heard
from bench.detector.methods import BUDGET, OURS, Method, Parameters
from bench.detector.progress import Stage
from cribtrace.recording import Recording
from cribtrace.scoring.kinds import SINGLE, Found, Truth
from cribtrace.scoring.match import judge
from cribtrace.scoring.score import (
    Judged,
    figures,
    flat,
    judged,
    movements,
    objectives,
    of_kind,
    summed,
)

OBJECTIVES = {
    "tuned": "F1 of any movement, >= 3 times noise",
    "tuned for bouts": "F1 of rhythmic_bout, >= 3 times noise",
}


@dataclass(frozen=True)
class Entry:
    """A recording to be heard, with its truth."""

    label: str
    heard: Heard
    truths: tuple[Truth, ...]

    @classmethod
    def of(cls, label: str, recording: Recording) -> "Entry":
        """An entry of a definition."""
        return cls(label, Heard(recording), tuple(Truth.of(line) for line in recording.truth))


def run(method: Method, parameters: Parameters, entry: Entry) -> Judged:
    """The method's answer to a recording, judged."""
    found = method.found(entry.heard, parameters)
    return judged(entry.label, entry.heard.recording.duration_s, entry.truths, found)


def tried(method: Method, entry: Entry) -> list[dict[str, dict]]:
    """What a recording adds to each objective, of the published point and each of the grid."""
    if len(method.grid) != BUDGET:
        raise ValueError(f"{method.name} has {len(method.grid)} points to try, not {BUDGET}")
    points = (method.published, *method.grid)
    return [objectives(run(method, parameters, entry)) for parameters in points]


def tuned(
    method: Method, counts: Sequence[list[dict[str, dict]]]
) -> tuple[dict[str, Parameters], list[dict]]:
    """The best parameters by objective, and the score of every point that was tried.

    `counts` are those of `tried` for each recording. The published parameters are tried beside
    the grid; the first of equals wins. An objective that no point reaches at all has no best.
    """
    scored = []
    for k, parameters in enumerate((method.published, *method.grid)):
        scores = {
            objective: summed(recording[k][objective] for recording in counts).get("f1")
            for objective in OBJECTIVES
        }
        scored.append({"parameters": dict(parameters), **scores})
    best = {}
    for objective in OBJECTIVES:
        top: dict[str, Any] = max(scored, key=lambda one: one[objective] or 0.0)
        if top[objective]:
            best[objective] = top["parameters"]
    return best, scored


def measured(parameters: Parameters, answers: Sequence[Judged]) -> dict:
    """Every figure of one method with one set of parameters.

    The figures are those of the scenarios; what should suit a baseline stands apart, by label.
    """
    plain = [a for a in answers if a.label not in contrary.NAMES]
    return {
        "parameters": dict(parameters),
        **figures(plain),
        "by_label": {label: _alone(answers, label) for label in _labels(answers)},
        "series": series(plain),
        "contrary": {
            name: _contrary(_of(answers, name)) for name in contrary.NAMES if _of(answers, name)
        },
    }


def compare(
    methods: Sequence[Method],
    train: Sequence[Item],
    test: Sequence[Item],
    stage: Stage,
) -> dict[str, dict]:
    """Of each method: its grid with scores, and its figures as published and at its best.

    A recording is simulated and resampled once, for all methods and points.
    """
    suited = [item for item in train if item.label not in contrary.NAMES]
    tries = f"trying {BUDGET + 1} points of each of {len(methods)} methods, to train"
    done = stage(tries, len(suited))
    counts = each(lambda item: _tried(_opened(item), methods), suited, done=done)
    points = [tuned(method, [c[k] for c in counts]) for k, method in enumerate(methods)]
    variants = [
        {"as shipped" if method.name == OURS else "as published": method.published, **best}
        for method, (best, _) in zip(methods, points, strict=True)
    ]
    done = stage("measuring what is best of each, to test", len(test))
    answers = each(lambda item: _heard(_opened(item), methods, variants), test, done=done)
    return {
        method.name: {
            "input": method.input,
            "kinds": method.kinds,
            "grid": points[k][1],
            "variants": {
                how: measured(parameters, [answer[k][how] for answer in answers])
                for how, parameters in variants[k].items()
            },
        }
        for k, method in enumerate(methods)
    }


def _opened(item: Item) -> Entry:
    return Entry.of(item.label, item.recording())


def _tried(entry: Entry, methods: Sequence[Method]) -> list[list[dict[str, dict]]]:
    return [tried(method, entry) for method in methods]


def _heard(
    entry: Entry, methods: Sequence[Method], variants: Sequence[dict[str, Parameters]]
) -> list[dict[str, Judged]]:
    return [
        {how: run(method, parameters, entry) for how, parameters in own.items()}
        for method, own in zip(methods, variants, strict=True)
    ]


def series(answers: Sequence[Judged]) -> dict:
    """Periodic series by WASM's arithmetic, over the truths and, alike, over the detections."""
    truths, found = [], []
    for answer in answers:
        kept = [t.truth for t in answer.truths if t.fate != "ignored" and t.truth.kind in SINGLE]
        told = [f.found for f in answer.found if f.found.kind in SINGLE]
        true_spans = dual_threshold.series([(t.onset_s, t.end_s) for t in kept])
        told_spans = dual_threshold.series([(f.onset_s, f.end_s) for f in told])
        judged_truths, judged_found = judge(
            [Truth(a, b - a, "periodic_series", float("inf")) for a, b, _ in true_spans],
            [Found(a, b - a, "periodic_series", b) for a, b, _ in told_spans],
        )
        truths += judged_truths
        found += judged_found
    # What lies beside a true series is false, and so is each further piece of one.
    hit = sum(t.fate == "found" for t in truths)
    wrong = sum(f.fate in ("split", "false") for f in found)
    whole = len(truths) + hit + wrong
    f1 = round(2 * hit / whole, 4) if whole else None
    return {"truths": len(truths), "right": hit, "false": wrong, "f1": f1}


def _contrary(answers: Sequence[Judged]) -> dict:
    """Any movement; those of the one kind there is, by its name; periodic series."""
    (kind, _), *_ = Counter(t.truth.kind for a in answers for t in a.truths).most_common()
    truths, found = flat(answers)
    return {
        "movements": movements(truths, found, ">=3"),
        "kind": kind,
        "named": of_kind(truths, found, kind, ">=3"),
        "series": series(answers),
    }


def _labels(answers: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(answer.label for answer in answers))


def _of(answers: Sequence[Judged], label: str) -> list[Judged]:
    return [answer for answer in answers if answer.label == label]


def _alone(answers: Sequence[Judged], label: str) -> dict:
    return movements(*flat(_of(answers, label)), ">=3")
