"""From judged recordings to figures: by kind, by signal-to-noise band, by disturbance.

Every figure is a plain dict with its counts beside its shares, so that a reader can see how much
it rests on. A share of nothing is None.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cribtrace.scoring.kinds import BOUT_HZ, BOUT_JERKS, INFANT, SINGLE, Found, Truth
from cribtrace.scoring.match import COVERED_FROM_S, JudgedFound, JudgedTruth, judge

BANDS = {
    ">=3": (3.0, np.inf),
    "3-5": (3.0, 5.0),
    "5-10": (5.0, 10.0),
    ">10": (10.0, np.inf),
    ">=4": (4.0, np.inf),
    ">=5": (5.0, np.inf),
    "8-12": (8.0, 12.0),
}
"""From, included, up to, not included, in units of the axis' noise rms."""
FALSE = ("split", "under", "false")


@dataclass(frozen=True)
class Judged:
    """One recording's answers: `label` names its scenario, `hours` are those that are judged."""

    label: str
    hours: float
    truths: list[JudgedTruth]
    found: list[JudgedFound]

    @property
    def trial(self) -> bool:
        """Whether it is one disturbance after the other, and no movement of the infant."""
        return bool(self.truths) and all(t.truth.disturbing for t in self.truths)


def judged(label: str, length_s: float, truths: Sequence[Truth], found: Sequence[Found]) -> Judged:
    """Judge the detections of a recording of `length_s` seconds."""
    return Judged(label, max(length_s - COVERED_FROM_S, 0.0) / 3600, *judge(truths, found))


def figures(recordings: Sequence[Judged]) -> dict:
    """Every figure over some recordings: movements, kinds, bouts, times, false events.

    Trials of disturbances count in rows of their own: elsewhere the share of them in the
    benchmark would decide.
    """
    truths, found = flat(r for r in recordings if not r.trial)
    every = flat(recordings)
    return {
        "hours": round(sum(r.hours for r in recordings), 3),
        "movements": {band: movements(truths, found, band) for band in BANDS},
        "movements_with_trials": movements(*every, ">=3"),
        "kinds": {
            kind: {band: of_kind(truths, found, kind, band) for band in BANDS}
            for kind in _present(truths)
        },
        "bouts": bouts(truths, found, ">=4"),
        "kind_right": {band: kind_right(truths, band) for band in BANDS},
        "times": {band: times(truths, band) for band in BANDS},
        "rates": rates(truths),
        "disturbances": disturbances(*every),
        "false": false_events(recordings),
    }


def objectives(recording: Judged) -> dict[str, dict]:
    """What one recording adds to each objective of tuning: counts that `summed` takes."""
    truths, found = flat([] if recording.trial else [recording])
    return {
        "tuned": movements(truths, found, ">=3"),
        "tuned for bouts": of_kind(truths, found, "rhythmic_bout", ">=3"),
    }


def summed(rows: Iterable[dict]) -> dict:
    """The row of all recordings together, from each one's."""
    counts = [(row["truths"], row["right"], row["false"]) for row in rows]
    return _rated(*(sum(column) for column in zip(*counts, strict=True))) if counts else {}


def flat(recordings: Iterable[Judged]) -> tuple[list[JudgedTruth], list[JudgedFound]]:
    """All truths and all detections of some recordings."""
    listed = list(recordings)
    return [t for r in listed for t in r.truths], [f for r in listed for f in r.found]


def movements(truths: Iterable[JudgedTruth], found: Iterable[JudgedFound], band: str) -> dict:
    """Any movement of the infant, whatever it is called.

    False are further pieces of a movement, what lies in disturbances, and what is nowhere near
    either; they belong to the band of the movement, or of their own strength in the recording.
    """
    counted = [t for t in truths if _counts(t) and _in(band, t.truth.snr)]
    hit = [t for t in counted if t.fate == "found"]
    wrong = [f for f in found if f.fate in FALSE and _in(band, _strength(f))]
    fates = Counter(f.fate for f in wrong)
    return {
        **_rated(len(counted), len(hit), len(wrong)),
        "merged": sum(t.fate == "merged" for t in counted),
        "split": fates["split"],
        "under": fates["under"],
        "elsewhere": fates["false"],
    }


def of_kind(
    truths: Iterable[JudgedTruth], found: Iterable[JudgedFound], kind: str, band: str
) -> dict:
    """One kind by its name: found means found and rightly called.

    False is whatever is called this kind and is no movement, or one of another kind.
    """
    counted = [t for t in truths if _counts(t) and t.truth.kind == kind and _in(band, t.truth.snr)]
    right = [t for t in counted if t.right]
    wrong = [
        f
        for f in found
        if f.found.kind == kind and _in(band, _strength(f)) and (f.fate in FALSE or _misnamed(f))
    ]
    hit = sum(t.fate == "found" for t in counted)
    detected = {"detected": hit, "detected_share": _share(hit, len(counted))}
    return {**_rated(len(counted), len(right), len(wrong)), **detected}


def bouts(truths: Sequence[JudgedTruth], found: Iterable[JudgedFound], band: str) -> dict:
    """The rhythmic bouts of BOUT_HZ with BOUT_JERKS or more, by name, and their rates' error."""
    regular = [t for t in truths if t.truth.kind != "rhythmic_bout" or _regular(t.truth)]
    here = [t for t in regular if t.truth.kind == "rhythmic_bout" and _in(band, t.truth.snr)]
    return {**of_kind(regular, found, "rhythmic_bout", band), "rates": rates(here)}


def kind_right(truths: Iterable[JudgedTruth], band: str) -> dict:
    """Of the movements that were found, how many are called by a kind that is right for them."""
    hit = [t for t in truths if t.fate == "found" and _in(band, t.truth.snr)]
    right = sum(t.right for t in hit)
    called = Counter(f"{t.truth.kind} as {t.found.kind}" for t in hit if t.found and not t.right)
    share = _share(right, len(hit))
    return {"found": len(hit), "right": right, "share": share, "wrong": dict(called.most_common())}


def times(truths: Iterable[JudgedTruth], band: str) -> dict:
    """Onset error of what was found, and how long after the onset it could be told."""
    pairs = [(t.truth, t.found) for t in truths if t.found and _in(band, t.truth.snr)]
    single = [(truth, found) for truth, found in pairs if truth.kind in (*SINGLE, "startle_like")]
    errors = [abs(found.onset_s - truth.onset_s) for truth, found in single]
    delays = [found.told_s - truth.onset_s for truth, found in pairs]
    after = [found.told_s - truth.end_s for truth, found in pairs]
    return {
        "onset_error_s": _quantiles(errors),
        "latency_s": _quantiles(delays),
        "latency_after_end_s": _quantiles(after),
    }


def rates(truths: Iterable[JudgedTruth]) -> dict:
    """Rate error of the bouts that were found, as a share of the true rate."""
    bouts = [t for t in truths if _counts(t) and t.truth.rate_hz]
    told = [(t.found.rate_hz, t.truth.rate_hz) for t in bouts if t.found and t.found.rate_hz]
    errors = [abs(rate_hz / true_hz - 1) for rate_hz, true_hz in told if true_hz]
    return {"bouts": len(bouts), "told": len(told), "error": _quantiles(errors)}


def disturbances(truths: Sequence[JudgedTruth], found: Sequence[JudgedFound]) -> dict:
    """By cause: how much of it there was, how often it was reported, and what was false in it.

    `count` are those from FAINT_SNR on, which should be reported; the hours are those of all.
    """
    seen = [t for t in truths if t.truth.disturbing and t.fate != "ignored"]
    answer = {}
    for source in sorted({t.truth.source for t in seen}):
        here = [t for t in seen if t.truth.source == source]
        wrong = [f for f in found if f.fate == "under" and f.truth and f.truth.source == source]
        hours = sum(_covered_s(t.truth) for t in here) / 3600
        count = sum(t.fate != "faint" for t in here)
        reported = sum(t.fate == "reported" for t in here)
        answer[source] = {
            "count": count,
            "faint": len(here) - count,
            "hours": round(hours, 4),
            "reported": reported,
            "reported_share": _share(reported, count),
            **_hourly(len(wrong), hours),
            "called": dict(Counter(f.found.kind for f in wrong).most_common()),
        }
    return answer


def _covered_s(truth: Truth) -> float:
    return max(truth.end_s - max(truth.onset_s, COVERED_FROM_S), 0.0)


def false_events(recordings: Sequence[Judged]) -> dict:
    """Events where nothing was: in recordings without any truth, by label, and in all the rest.

    In the rest the hours are those outside truths.
    """
    answer = {}
    for label in sorted({r.label for r in recordings if not r.truths}):
        quiet = [r for r in recordings if r.label == label and not r.truths]
        answer[label] = _quiet(quiet, sum(r.hours for r in quiet))
    others = [r for r in recordings if r.truths]
    moving_h = sum(_moving_h(r.truths) for r in others)
    answer["between movements"] = _quiet(others, sum(r.hours for r in others) - moving_h)
    return answer


def _moving_h(truths: Iterable[JudgedTruth]) -> float:
    """Hours in which something is: what overlaps counts once."""
    until_s, moving_s = COVERED_FROM_S, 0.0
    for truth in sorted((t.truth for t in truths), key=lambda truth: truth.onset_s):
        moving_s += max(truth.end_s - max(truth.onset_s, until_s), 0.0)
        until_s = max(until_s, truth.end_s)
    return moving_s / 3600


def _quiet(recordings: Sequence[Judged], hours: float) -> dict:
    found = [f for r in recordings for f in r.found]
    wrong = sum(f.fate == "false" for f in found)
    invented = sum(f.fate == "no disturbance" for f in found)
    return {"hours": round(hours, 3), **_hourly(wrong, hours), "disturbances": invented}


def _regular(truth: Truth) -> bool:
    low_hz, high_hz = BOUT_HZ
    return (truth.jerks or 0) >= BOUT_JERKS and low_hz <= (truth.rate_hz or 0) <= high_hz


def _present(truths: Iterable[JudgedTruth]) -> list[str]:
    kinds = {t.truth.kind for t in truths if _counts(t)}
    return [kind for kind in INFANT if kind in kinds]


def _counts(judged_truth: JudgedTruth) -> bool:
    return judged_truth.fate != "ignored" and not judged_truth.truth.disturbing


def _misnamed(judged_found: JudgedFound) -> bool:
    truth, found = judged_found.truth, judged_found.found
    if truth is None or judged_found.fate != "match":
        return False
    return not JudgedTruth(truth, "found", found).right


def _in(band: str, snr: float) -> bool:
    low, high = BANDS[band]
    return low <= snr < high or snr == high == np.inf


def _strength(judged_found: JudgedFound) -> float:
    """Signal-to-noise ratio: the movement's it belongs to, else its own, counted as 3 at least."""
    if judged_found.truth is not None and judged_found.fate in ("match", "split"):
        return judged_found.truth.snr
    return max(judged_found.found.snr, BANDS[">=3"][0])


def _rated(truths: int, hit: int, wrong: int) -> dict:
    return {
        "truths": truths,
        "right": hit,
        "false": wrong,
        "sensitivity": _share(hit, truths),
        "precision": _share(hit, hit + wrong),
        "f1": _share(2 * hit, truths + hit + wrong),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _hourly(count: int, hours: float) -> dict:
    return {"events": count, "per_hour": round(count / hours, 3) if hours > 0 else None}


def _quantiles(values: Sequence[float]) -> dict:
    if not values:
        return {"n": 0, "median": None, "p95": None}
    median, p95 = np.quantile(values, [0.5, 0.95])
    return {"n": len(values), "median": round(float(median), 4), "p95": round(float(p95), 4)}
