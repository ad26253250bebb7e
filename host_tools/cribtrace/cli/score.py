"""Events held against truth: score."""

from pathlib import Path

import rich_click as click

from cribtrace.cli.output import emit, json_option
from cribtrace.errors import Usage

_PATH = click.Path(path_type=Path)
_BAND = ">=3"  # times the noise: what a detector is asked for


@click.command()
@click.argument("truth", type=_PATH)
@click.argument("events", type=_PATH)
@click.option("--seconds", type=click.FloatRange(min=0), help="Length, where TRUTH is no .npz.")
@json_option
def score(truth: Path, events: Path, seconds: float | None, as_json: bool) -> None:
    """Hold EVENTS, JSON lines as `replay --json` prints them, against the TRUTH of a recording.

    TRUTH is an .npz with truth, or JSON lines with kind, onset_s and duration_s. By the rules of
    the detector's benchmark: the first 30 s are not judged. --json prints every figure.
    """
    from cribtrace.scoring import events as files
    from cribtrace.scoring.score import figures, judged

    truths, length_s = files.truths(truth)
    length_s = length_s or seconds
    if length_s is None:
        raise Usage(f"{truth} does not say how long the recording is: add --seconds")
    found = figures([judged(truth.stem, length_s, truths, files.found(events))])
    if as_json:
        emit({"type": "score", **found}, as_json)
        return
    emit({"type": "movements", **found["movements"][_BAND]}, as_json)
    for kind, bands in found["kinds"].items():
        emit({"type": "kind", "kind": kind, **bands[_BAND]}, as_json)
    for cause, row in found["disturbances"].items():
        emit({"type": "disturbance", "cause": cause, **row}, as_json)
    for where, row in found["false"].items():
        emit({"type": "false", "where": where, **row}, as_json)


COMMANDS = (score,)
