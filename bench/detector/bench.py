"""Tune every method on the training half, measure it on the other, compare."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.detector import contrary
from bench.detector.baselines import dual_threshold
from bench.detector.definition import Item
from bench.detector.heard import Heard
from bench.detector.kinds import SINGLE, Found, Truth
from bench.detector.match import JudgedFound, JudgedTruth, judge
from bench.detector.methods import BUDGET, OURS, Method, Parameters
from bench.detector.score import Judged, figures, judged, movements, of_kind
from cribtrace.recording import Recording

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


def opened(items: Iterable[Item]) -> list[Entry]:
    """The entries of a split, ready to be heard by one method after the other."""
    return [Entry.of(item.label, item.recording()) for item in items]


def tuned(method: Method, train: Sequence[Entry]) -> tuple[dict[str, Parameters], list[dict]]:
    """The best parameters by objective, and the score of every point that was tried.

    The published parameters are tried beside the grid; the first of equals wins. An objective
    that no point reaches at all has no best.
    """
    if len(method.grid) != BUDGET:
        raise ValueError(f"{method.name} has {len(method.grid)} points to try, not {BUDGET}")
    plain = [entry for entry in train if entry.label not in contrary.NAMES]
    tried = []
    for parameters in (method.published, *method.grid):
        answers = run(method, parameters, plain)
        truths, found = _flat(answers)
        scores = {
            "tuned": movements(truths, found, ">=3")["f1"],
            "tuned for bouts": of_kind(truths, found, "rhythmic_bout", ">=3")["f1"],
        }
        tried.append({"parameters": dict(parameters), **scores})
    best = {}
    for objective in OBJECTIVES:
        top = max(tried, key=lambda one: one[objective] or 0.0)
        if top[objective]:
            best[objective] = top["parameters"]
    return best, tried


def run(method: Method, parameters: Parameters, entries: Sequence[Entry]) -> list[Judged]:
    """The method's answers to some recordings, judged."""
    return [
        judged(
            entry.label,
            entry.heard.recording.duration_s,
            entry.truths,
            method.found(entry.heard, parameters),
        )
        for entry in entries
    ]


def measured(method: Method, parameters: Parameters, test: Sequence[Entry]) -> dict:
    """Every figure of one method with one set of parameters.

    The figures are those of the scenarios; what should suit a baseline stands apart, by label.
    """
    answers = run(method, parameters, test)
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
    train: Sequence[Entry],
    test: Sequence[Entry],
    say: Callable[[str], None],
) -> dict[str, dict]:
    """Of each method: its grid with scores, and its figures as published and at its best."""
    answer = {}
    for method in methods:
        say(f"{method.name}: {len(method.grid) + 1} points over {len(train)} recordings")
        best, tried = tuned(method, train)
        as_made = "as shipped" if method.name == OURS else "as published"
        answer[method.name] = {
            "input": method.input,
            "kinds": method.kinds,
            "grid": tried,
            "variants": {
                variant: measured(method, parameters, test)
                for variant, parameters in {as_made: method.published, **best}.items()
            },
        }
    return answer


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
    truths, found = _flat(answers)
    return {
        "movements": movements(truths, found, ">=3"),
        "kind": kind,
        "named": of_kind(truths, found, kind, ">=3"),
        "series": series(answers),
    }


def _flat(answers: Sequence[Judged]) -> tuple[list[JudgedTruth], list[JudgedFound]]:
    return [t for a in answers for t in a.truths], [f for a in answers for f in a.found]


def _labels(answers: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(answer.label for answer in answers))


def _of(answers: Sequence[Judged], label: str) -> list[Judged]:
    return [answer for answer in answers if answer.label == label]


def _alone(answers: Sequence[Judged], label: str) -> dict:
    return movements(*_flat(_of(answers, label)), ">=3")
