"""What the board's facts mean together: the same reading for `tail`, live, and for the report.

A reader is fed JSON-line dicts (facts.py) in any order in which a log can tell of them, and
gives what it finds as soon as that cannot change any more. docs/PATTERNS.md explains.
"""

import bisect
import itertools
import math
import operator
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cribtrace.in_order import LATEST_S, InOrder, end_s, moment_s, rank
from cribtrace.patterns import MOVEMENTS, OPEN_MOST_S, Bouts, Moved, Runs, Series
from cribtrace.sleep import ASLEEP, AWAKE, UNKNOWN, Sleep
from cribtrace.told_seconds import too_loud

AROUSAL_WITHIN_S = 5.0  # [D] clinical.md section 5, RHYTHMIC_BOUT: arousal within 5 s of its end


class Context(NamedTuple):
    """What is said about the moment of one movement; `event` is the very line that was fed."""

    event: dict
    facts: dict


class Found(NamedTuple):
    """What has become certain: lines of the host, and contexts of movements, each in order."""

    lines: list[dict]
    contexts: list[Context]


def read(lines: Iterable[dict]) -> Found:
    """All that a whole recording's lines say together, in whatever order they are given."""
    ordered = sorted((line for line in lines if math.isfinite(moment_s(line))), key=moment_s)
    return Interpreter().whole(ordered) or _one_by_one(ordered)


def _one_by_one(lines: Iterable[dict]) -> Found:
    reader, everything = Interpreter(), Found([], [])
    for found in (*map(reader.feed, lines), reader.finish()):
        everything.lines.extend(found.lines)
        everything.contexts.extend(found.contexts)
    return everything


def disturbance(event: dict) -> str | None:
    """Name what disturbed the crib in this event: rocking, handling, footsteps, knock, or None.

    A machine's steady tone is none of these. A movement during steps or rocking tells of them.
    """
    vetoes = event.get("why", {}).get("vetoes", ())
    if event["kind"] == "handling":
        return "rocking" if "rocking" in vetoes else "handling"
    for veto, name in (("steps", "footsteps"), ("rocking", "rocking")):
        if veto in vetoes:
            return name
    return "knock" if event["kind"] == "environment" and "tone" not in vetoes else None


class _Disturbances:
    """By onset: when each began, and the latest end of any until then, with its name."""

    def __init__(self) -> None:
        self._onsets: list[float] = []
        self._latest: list[tuple[float, str]] = []

    def add(self, event: dict) -> None:
        name = disturbance(event)
        if name is None:
            return
        before = self._latest[-1:] or [(-math.inf, "")]
        self._onsets.append(event["onset_s"])
        self._latest.append(max(before[0], (end_s(event), name), key=lambda entry: entry[0]))

    def before(self, moment_s: float) -> tuple[float | None, str | None]:
        """Seconds since the last one's end (0 while it lasts), and its name."""
        i = bisect.bisect_right(self._onsets, moment_s) - 1
        if i < 0:
            return None, None
        until_s, name = self._latest[i]
        return round(max(0.0, moment_s - until_s), 1), name


class Interpreter:
    """Reads one recording."""

    def __init__(self) -> None:
        self._order = InOrder()
        self._sleep = Sleep()
        self._readers = (Bouts(), Runs(), Series())
        self._disturbances = _Disturbances()
        self._gross: list[tuple[float, float]] = []
        self._moved_until_s = -math.inf
        self._queue: deque[dict] = deque()  # movements, and what breaks patterns, by onset

    def feed(self, line: dict) -> Found:
        """Take in one line; gives what has become certain by it."""
        for settled in self._order.feed(line):
            self._take(settled)
        self._sleep.advance(self._order.settled_s)
        return self._released()

    def finish(self) -> Found:
        """Nothing will follow: the rest."""
        for settled in self._order.finish():
            self._take(settled)
        self._sleep.finish()
        return self._released()

    def whole(self, ordered: Sequence[dict]) -> Found | None:
        """What feeding these lines in order of their moments, and then `finish`, gives, sooner.

        None for a log so odd that only feeding can tell. Sleep is judged at once; patterns come
        as they do in a live reading, for their order is that in which they become certain.
        """
        begun_s = list(map(moment_s, ordered))
        told_s = [
            end_s(line) if line["type"] == "epoch" else onset_s
            for line, onset_s in zip(ordered, begun_s, strict=True)
        ]
        if max(map(operator.sub, told_s, begun_s), default=0.0) > LATEST_S:
            return None
        for line in sorted(ordered, key=rank):
            self._take(line)
        self._sleep.finish()
        limits_s = [max(0.0, told - LATEST_S) for told in itertools.accumulate(told_s, max)]
        finals_s = self._sleep.finals_s(limits_s)
        if finals_s is None:
            return None
        found, awaited_s = Found(list(self._sleep.lines()), []), -math.inf
        for final_s in [*dict.fromkeys(finals_s), math.inf]:
            if final_s > awaited_s:
                settled_s = self._release(found, final_s)
                done = settled_s > self._moved_until_s + OPEN_MOST_S
                awaited_s = self._due_s(self._queue[0]) if done and self._queue else -math.inf
        return found

    def _take(self, line: dict) -> None:
        if line["type"] == "event":
            self._sleep.event(line)
            self._disturbances.add(line)
            if line["kind"] == "gross":
                self._gross.append((line["onset_s"], end_s(line)))
            if line["kind"] in MOVEMENTS or line["kind"] == "handling":
                self._queue.append(line)
        elif line["type"] == "epoch" and not too_loud(line):
            self._sleep.epoch(line)
        elif line["type"] in ("gap", "epoch") or line.get("state") == "unusable":
            known = line["duration_s"] is not None
            self._sleep.hole(line["onset_s"], end_s(line) if known else math.inf)
            self._queue.append(line)

    def _released(self) -> Found:
        found = Found(list(self._sleep.lines()), [])
        self._release(found, self._sleep.final_s)
        return found

    def _release(self, found: Found, final_s: float) -> float:
        """What is certain where the likely states before `final_s` are.

        Gives the moment before which every movement has been read.
        """
        while self._queue and self._due_s(self._queue[0]) < final_s:
            line = self._queue.popleft()
            moves = line.get("kind") in MOVEMENTS
            one = self._moved(line) if moves else None
            if one:
                found.contexts.append(Context(line, one.context))
                self._moved_until_s = max(self._moved_until_s, one.end_s)
            for reader in self._readers:
                found.lines.extend(reader.moved(one) if one else reader.broken())
        settled_s = min(final_s, self._queue[0]["onset_s"] if self._queue else math.inf)
        for reader in self._readers:
            found.lines.extend(reader.settled(settled_s))
        return settled_s

    def _due_s(self, line: dict) -> float:
        moves = line.get("kind") in MOVEMENTS
        return end_s(line) + AROUSAL_WITHIN_S if moves else line["onset_s"]

    def _moved(self, line: dict) -> Moved:
        """The movement with its context."""
        onset_s = line["onset_s"]
        likely = self._sleep.at(onset_s)
        state = likely.state if likely else UNKNOWN
        lasted_s = onset_s - likely.since_s if likely else 0.0
        since_s, name = self._disturbances.before(onset_s)
        context = {
            "state": state,
            "asleep_min": round(lasted_s / 60, 1) if state == ASLEEP else None,
            "since_disturbance_s": since_s,
            "last_disturbance": name,
            "stopped_with_arousal": self._arousal(line, state),
        }
        return Moved(line, context, lasted_s if state == AWAKE else None)

    def _arousal(self, line: dict, state: str) -> bool | None:
        """Whether it stopped with an arousal; None where nobody can tell."""
        if line["kind"] == "gross" or state == AWAKE:
            return None
        until_s = end_s(line) + AROUSAL_WITHIN_S
        first = bisect.bisect_right(self._gross, (line["onset_s"], math.inf))
        last = bisect.bisect_right(self._gross, (until_s, math.inf))
        if any(over_s >= end_s(line) for _, over_s in self._gross[first:last]):
            return True
        after = [self._sleep.at(end_s(line) + second) for second in range(6)]
        if any(likely and likely.state == AWAKE for likely in after):
            return True
        return None if None in after else False
