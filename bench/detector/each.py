"""The same work for every recording, in as many processes as there are processors, two at most."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from bench.detector.progress import Done

T = TypeVar("T")
R = TypeVar("R")
PROCESSES = min(2, os.cpu_count() or 1)

_inherited: dict[str, Any] = {}


def each(
    work: Callable[[T], R],
    items: Sequence[T],
    processes: int = PROCESSES,
    done: Done | None = None,
) -> list[R]:
    """What `work` gives for each item, in their order; one process does without a second.

    Children inherit the work and the items by fork: only the answers have to be picklable. The
    last items go first: the ten-hour recordings stand at a half's end. `done` hears how many
    are ready.
    """
    answers: dict[int, R] = {}
    for k, answer in _ready(work, items, processes):
        answers[k] = answer
        if done:
            done(len(answers))
    return [answers[k] for k in range(len(items))]


def _ready(work: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[tuple[int, R]]:
    """Each item's number and answer, as they come."""
    backwards = range(len(items) - 1, -1, -1)
    if processes < 2 or len(items) < 2:
        yield from ((k, work(items[k])) for k in backwards)
        return
    _inherited.update(work=work, items=items)
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            yield from pool.imap_unordered(_one, backwards, chunksize=1)
    finally:
        _inherited.clear()


def _one(k: int) -> tuple[int, Any]:
    return k, _inherited["work"](_inherited["items"][k])
