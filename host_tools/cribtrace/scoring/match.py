"""Which detection is which truth, and what became of all the others.

A detection *touches* a truth where it overlaps the truth's interval widened by TOLERANCE_S at
either end. Of the pairs that touch, as many as possible are matched, each detection and each
truth once; among equally many, the pairs that overlap most and begin nearest. Kinds have no say
in it: whether the name is right is judged afterwards. The rules in full are
in bench/detector/README.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from cribtrace.scoring.kinds import (
    DISTURBANCES,
    FAINT_SNR,
    REGULAR,
    SINGLE,
    Found,
    Truth,
    accepted,
)

TOLERANCE_S = 0.5
COVERED_FROM_S = 30.0
"""What begins before is not judged: every method may take this long to settle."""


@dataclass(frozen=True)
class JudgedTruth:
    """A truth and its fate.

    "found" with its detection, "missed", "merged" (missed, but within a detection that is another
    truth's), "ignored", and for disturbances "reported", "unreported" or, below FAINT_SNR,
    "faint": it need not be reported, but an infant's kind there is false all the same.
    """

    truth: Truth
    fate: str
    found: Found | None = None

    @property
    def right(self) -> bool:
        """Whether it was found and called by a kind that is right for it."""
        return self.found is not None and self.found.kind in accepted(self.truth)


@dataclass(frozen=True)
class JudgedFound:
    """A detection and its fate.

    "match" with its truth; "split" (a further piece of a truth that is matched already); "under"
    (an infant's kind within a disturbance, its truth); "false"; "disturbance" (rightly reported
    as one); "no disturbance" (reported as one where none is); "ignored".
    """

    found: Found
    fate: str
    truth: Truth | None = None


def judge(
    truths: Sequence[Truth], found: Sequence[Found]
) -> tuple[list[JudgedTruth], list[JudgedFound]]:
    """Judge one recording; the answers are in the order of what was given."""
    near = touching(truths, found)
    ignored = np.array([_ignored(t, truths) for t in truths], bool)
    disturbing = np.array([t.disturbing for t in truths], bool)
    counted: np.ndarray = np.logical_not(ignored | disturbing)
    reports = _reports(truths, found, near)
    free = np.logical_not(reports.any(axis=0))
    pairs = _paired(truths, found, np.logical_and(near, np.outer(counted, free)))

    of_truth = dict(pairs)
    merged = np.flatnonzero(near[:, list(of_truth.values())].any(axis=1)).tolist()
    judged_truths = []
    for i, truth in enumerate(truths):
        if ignored[i]:
            judged_truths.append(JudgedTruth(truth, "ignored"))
        elif disturbing[i]:
            judged_truths.append(JudgedTruth(truth, _told(truth, seen=bool(reports[i].any()))))
        elif i in of_truth:
            judged_truths.append(JudgedTruth(truth, "found", found[of_truth[i]]))
        else:
            judged_truths.append(JudgedTruth(truth, "merged" if i in merged else "missed"))

    of_found = {j: truths[i] for i, j in pairs}
    judged_found = []
    for j, one in enumerate(found):
        if j in of_found:
            judged_found.append(JudgedFound(one, "match", of_found[j]))
        elif not free[j]:
            seen = reports[np.logical_not(ignored), j].any()
            judged_found.append(JudgedFound(one, "disturbance" if seen else "ignored"))
        elif one.onset_s < COVERED_FROM_S or near[ignored, j].any():
            judged_found.append(JudgedFound(one, "ignored"))
        else:
            touched = [truths[i] for i in np.flatnonzero(near[:, j]).tolist()]
            judged_found.append(_unmatched(one, touched))
    return judged_truths, judged_found


def touching(truths: Sequence[Truth], found: Sequence[Found]) -> np.ndarray:
    """bool[truths, found]: whether a detection may be a truth's."""
    from_s = np.array([t.onset_s - TOLERANCE_S for t in truths])
    until_s = np.array([t.end_s + TOLERANCE_S for t in truths])
    onset_s = np.array([f.onset_s for f in found])
    end_s = np.array([f.end_s for f in found])
    return np.less_equal.outer(from_s, end_s) & np.greater_equal.outer(until_s, onset_s)


def _told(disturbance: Truth, *, seen: bool) -> str:
    if disturbance.snr < FAINT_SNR:
        return "faint"
    return "reported" if seen else "unreported"


def _ignored(truth: Truth, truths: Sequence[Truth]) -> bool:
    """Faint, before the methods have settled, or a single movement inside a bout.

    A disturbance is ignored only if it is over by then: a fan may run from end to end.
    """
    if truth.disturbing:
        return truth.end_s < COVERED_FROM_S
    if truth.snr < FAINT_SNR or truth.onset_s < COVERED_FROM_S:
        return True
    middle_s = truth.onset_s + truth.duration_s / 2
    return truth.kind in (*SINGLE, "startle_like") and any(
        bout.kind in REGULAR and bout.onset_s <= middle_s <= bout.end_s for bout in truths
    )


def _reports(truths: Sequence[Truth], found: Sequence[Found], near: np.ndarray) -> np.ndarray:
    """bool[truths, found]: a disturbance is called one, if not always the right one."""
    reports = np.zeros_like(near)
    for i, j in np.argwhere(near):
        if truths[i].disturbing:
            right = found[j].kind in DISTURBANCES or found[j].kind in accepted(truths[i])
            reports[i, j] = right
    return reports


def _unmatched(found: Found, touched: Sequence[Truth]) -> JudgedFound:
    if found.kind in DISTURBANCES:
        return JudgedFound(found, "no disturbance")
    movements = [t for t in touched if not t.disturbing]
    if movements:
        return JudgedFound(found, "split", movements[0])
    # A step beside a fan that never stops is the step's.
    loudest = max(touched, key=lambda t: t.snr, default=None)
    return JudgedFound(found, "under" if loudest else "false", loudest)


def _paired(
    truths: Sequence[Truth], found: Sequence[Found], near: np.ndarray
) -> list[tuple[int, int]]:
    """Index pairs (truth, detection): as many as can be, then the closest."""
    rows = np.flatnonzero(near.any(axis=1)).tolist()
    columns = np.flatnonzero(near.any(axis=0)).tolist()
    # A pair counts one, all closeness together less than one: it never costs a pair.
    small = 1 / (2 * min(len(rows), len(columns)) + 1)
    worth = np.zeros((len(rows), len(columns)))
    for i, j in np.argwhere(near[np.ix_(rows, columns)]):
        worth[i, j] = 1 + small * _closeness(truths[rows[i]], found[columns[j]])
    taken = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return [(rows[i], columns[j]) for i, j in taken if worth[i, j] > 0]


def _closeness(truth: Truth, found: Found) -> float:
    """0 to 1.5: the share of overlap in the union, and how near the onsets are."""
    shared_s = min(truth.end_s, found.end_s) - max(truth.onset_s, found.onset_s)
    union_s = max(truth.end_s, found.end_s) - min(truth.onset_s, found.onset_s)
    overlap = max(shared_s, 0) / union_s if union_s > 0 else 1.0
    return overlap + 0.5 / (1 + abs(truth.onset_s - found.onset_s))
