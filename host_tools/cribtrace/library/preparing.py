"""The nights of a few boots made into rows and files: by itself, so that processes share a log."""

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo
from pathlib import Path
from typing import NamedTuple

from cribtrace import analysis, logfile, nights
from cribtrace.anchors import Clock
from cribtrace.boots import Boot, in_a_row
from cribtrace.library import parquet, rows
from cribtrace.library.store import file_of
from cribtrace.occupancy import takes_waveforms
from cribtrace.tally import for_everyone, tally

INJECTED = "injected"


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """A night is a hundred thousand objects and no cycle: looking for one takes a third of it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Wanted(NamedTuple):
    """A night to make: what the log does not tell of it, and how many records are enough."""

    of: date
    identity: dict
    least_records: int


@dataclass(frozen=True)
class Task:
    """Nights out of some segments of a log, to be written below `folder`.

    `names` are those with facts, `waves` those with waveforms. `outline` are the boots in question
    as the whole log placed them, `clocks` theirs.
    """

    source: Path
    names: frozenset[str]
    waves: frozenset[str]
    outline: list[Boot]
    injected: list[Boot]
    clocks: dict[int, Clock]
    zone: tzinfo | None
    nights: list[Wanted]
    folder: Path


@uncollected()
def prepare(task: Task) -> list[bool]:
    """Write the files of each wanted night; False for one of fewer records than are wanted."""
    boots, whole = _lived(task, waveforms=False)
    chosen = _chosen(task, whole)
    # Most of a log is waveforms, and a night that takes them is seldom.
    if any(map(_takes_waveforms, chosen)):
        boots, whole = _lived(task, waveforms=True)
        chosen = _chosen(task, whole)
    rows = zip(chosen, task.nights, strict=True)
    return [_written(task, night, boots, wanted) for night, wanted in rows]


def _lived(task: Task, *, waveforms: bool) -> tuple[list[Boot], analysis.Night]:
    boots = _read(task, task.names | task.waves if waveforms else task.names)
    whole = analysis.of_boots(boots, task.clocks, details=waveforms)
    for boot in task.injected:
        lasted = {"onset_s": boot.start_s, "duration_s": boot.length_s, "frames": None}
        whole.gaps.append({"type": "gap", **lasted, "reason": INJECTED})
    return boots, whole


def _chosen(task: Task, whole: analysis.Night) -> list[analysis.Night]:
    return [nights.choose(whole, task.zone, wanted.of) for wanted in task.nights]


def _takes_waveforms(night: analysis.Night) -> bool:
    listed = for_everyone(night)
    return takes_waveforms(listed, tally(listed).span_s)


def _read(task: Task, names: frozenset[str]) -> list[Boot]:
    """The boots with their facts, where the whole log placed them."""
    placed = {boot.number: boot for boot in task.outline}
    read = in_a_row(logfile.read(task.source, names))
    boots = [boot for boot in read if boot.number in placed and boot.has_facts]
    for boot in boots:
        known = placed[boot.number]
        boot.start_s, boot.away_s = known.start_s, known.away_s
        boot.cut_off_by = known.cut_off_by
    return boots


def _written(task: Task, night: analysis.Night, boots: list[Boot], wanted: Wanted) -> bool:
    from_s, until_s = night.sessions[0].onset_s, night.sessions[-1].end_s
    inside = [b for b in boots if b.start_s < until_s and b.start_s + b.length_s > from_s]
    added = {"added": datetime.now(timezone.utc)}
    found = rows.of_night(night, inside or boots, {**wanted.identity, **added})
    if found["nights"][0]["records"] < wanted.least_records:
        return False
    device = boots[0].header["device"].hex()
    for table, of_table in found.items():
        path = task.folder / file_of(table, device, wanted.of)
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write(path, table, of_table)
    return True
