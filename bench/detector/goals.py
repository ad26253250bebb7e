"""What the detector is to reach, and the rows in which a baseline is ahead of it."""

from collections.abc import Iterator

from bench.detector import contrary
from bench.detector.methods import OURS


def goals(figures: dict) -> list[dict]:
    """Each goal with its bound, what was measured, and whether that reaches it.

    None where nothing was measured: a goal that nothing speaks for is not reached.
    """
    return [
        {"goal": name, "bound": bound, "measured": value, "reached": _reached(bound, value)}
        for name, bound, value in _measures(figures)
    ]


def rows(variant: dict) -> dict[str, dict]:
    """Every row of one method, with its `truths` and `f1`, that can be compared with another's."""
    answer = {f"any movement, {band}": row for band, row in variant["movements"].items()}
    for kind, bands in variant["kinds"].items():
        answer |= {f"{kind}, {band}": row for band, row in bands.items()}
    answer["periodic series"] = variant["series"]
    for name, row in variant["contrary"].items():
        answer[f"{name}: any movement"] = row["movements"]
        answer[f"{name}: {row['kind']}"] = row["named"]
        answer[f"{name}: periodic series"] = row["series"]
    return answer


def ahead(methods: dict[str, dict]) -> list[dict]:
    """The rows in which a baseline, with whichever parameters suit it there, is ahead or level."""
    (ours, *_) = methods[OURS]["variants"].values()
    answer = []
    rivals = {
        f"{name}, {how}": rows(variant)
        for name, method in methods.items()
        if name != OURS
        for how, variant in method["variants"].items()
    }
    for row, own in rows(ours).items():
        best, who = max((rival[row]["f1"] or 0.0, name) for name, rival in rivals.items())
        if own["truths"] and best >= own["f1"] and best > 0:
            named = {"row": row, "truths": own["truths"]}
            answer.append({**named, "ours": own["f1"], "f1": best, "baseline": who})
    return answer


def _measures(figures: dict) -> Iterator[tuple[str, str, float | None]]:
    moves, kinds = figures["movements"], figures["kinds"]
    yield "any movement, >= 5 times noise: F1", ">= 0.97", moves[">=5"]["f1"]
    yield "any movement, 3 to 5 times noise: F1", ">= 0.90", moves["3-5"]["f1"]
    for share in ("sensitivity", "precision"):
        yield f"gross: {share}", ">= 0.98", kinds.get("gross", {}).get(">=3", {}).get(share)
    bout = kinds.get("rhythmic_bout", {}).get(">=4", {})
    yield "rhythmic_bout, >= 4 times noise: F1", ">= 0.92", bout.get("f1")
    yield "rate error, median", "<= 0.03", figures["rates"]["error"]["median"]
    yield "kind right, >= 5 times noise", ">= 0.90", figures["kind_right"][">=5"]["share"]
    onset = figures["times"]["8-12"]["onset_error_s"]["median"]
    yield "onset error at 10 times noise, median, s", "<= 0.05", onset
    for label, row in figures["false"].items():
        if label != "between movements":
            yield f"false events per hour, {label}", "<= 0.1", row["per_hour"]
    for cause, row in figures["disturbances"].items():
        yield f"false events per hour of {cause}", "<= 1.0", row["per_hour"]


def _reached(bound: str, value: float | None) -> bool:
    if value is None:
        return False
    sign, limit = bound.split()
    return value >= float(limit) if sign == ">=" else value <= float(limit)


def suits(row: str) -> str:
    """The baseline that a row is there for, "" for the others."""
    return contrary.NAMES.get(row.partition(":")[0], "")
