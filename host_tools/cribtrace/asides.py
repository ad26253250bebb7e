"""What a session asks for beside the board's records: frames, its health, a mark of a person's.

Nothing of it stops the board from detecting. What a firmware does not know is told once, and not
asked for again.
"""

import dataclasses
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

import numpy as np

from cribtrace import capture
from cribtrace.client import Client
from cribtrace.conversation import UNKNOWN_VERB, Refused
from cribtrace.errors import Usage
from cribtrace.frame_clock import FrameClock
from cribtrace.heard import Frames, Health, Item, Note

_LATEST = 0xFFFFFFF  # asks for no frame, and learns which is next
_ASKS_MOST = 4  # in one turn: 640 frames, more than the board's ring holds
_PAUSE_S = 0.5
_AGAIN_S = 5.0  # where the board has no sensor just now
_OLD_S = 5.0
_AT_ONCE = 48  # frames: fewer are left for the next turn


class Asides:
    """Wishes of whoever listens. `mark` and `end` may be called from another thread.

    `health_s`: how often to ask how the board is doing; None: never. `since_s`: UTC from which on
    to tell, first, what the log holds (see `backlog`).
    """

    def __init__(
        self, *, frames: bool = False, health_s: float | None = None, since_s: float | None = None
    ) -> None:
        self.clock = FrameClock()
        self.since_s = since_s
        self.ended = threading.Event()
        self._frames, self._health_s = frames, health_s
        self._marks: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self._at = _LATEST
        self._boot = self._in_gaps = -1
        self._state_wanted = True
        self._frames_due_s = self._health_due_s = 0.0

    def mark(self, text: str) -> None:
        """Put a mark as soon as the board can be talked to."""
        self._marks.put((time.monotonic(), text))

    def end(self) -> None:
        """Have `follow` return."""
        self.ended.set()

    def begin(self) -> None:
        """A session begins: frames are asked for from the next one on."""
        self._at, self._boot, self._frames_due_s, self._health_due_s = _LATEST, -1, 0.0, 0.0

    def turn(self, client: Client) -> Iterator[Item]:
        """Ask for what is due."""
        yield from self.put_marks(client)
        now = time.monotonic()
        if self._frames and now >= self._frames_due_s:
            self._frames_due_s = now + _PAUSE_S
            yield from self._ask_frames(client)
        if self._health_s is not None and now >= self._health_due_s:
            self._health_due_s = now + self._health_s
            began_s = time.monotonic()
            info = client.info()
            trip_ms = (time.monotonic() - began_s) * 1000
            yield Health(info, trip_ms, dataclasses.replace(client.stats), time.monotonic())

    def marks_left(self) -> int:
        """How many are still to be put."""
        return self._marks.qsize()

    def put_marks(self, client: Client) -> Iterator[Item]:
        """Put those that wait."""
        while True:
            try:
                at_s, text = self._marks.get_nowait()
            except Empty:
                return
            age_s = time.monotonic() - at_s
            try:
                client.mark(f"{text} ({age_s:.0f} s ago)" if age_s > _OLD_S else text)
            except (Refused, Usage) as error:
                yield Note(f"no mark was put: {error}")

    def _ask_frames(self, client: Client) -> Iterator[Item]:
        try:
            for _ in range(_ASKS_MOST):
                asked = self._at
                told, first, raw = capture.ask(client, asked, self._state_wanted)
                yield from self._came(told, first, raw)
                if told.next - self._at < _AT_ONCE:
                    return
        except Refused as error:
            if error.name == UNKNOWN_VERB:
                self._frames = False
                yield Note(f"{error}; until then there is no waveform")
            self._frames_due_s = time.monotonic() + _AGAIN_S

    def _came(self, told: capture.Told, first: int, raw: np.ndarray) -> Iterator[Item]:
        if told.boot != self._boot or self._at == _LATEST:
            self._boot, self._in_gaps, self._at = told.boot, told.in_gaps, told.next
            self._state_wanted = True
            return
        if told.in_gaps != self._in_gaps:
            # Which of the frames before it lie in the gap, only its record tells: leave them out.
            self._in_gaps, self._state_wanted = told.in_gaps, True
            kept = max(0, min(told.ring_from - first, len(raw)))
            first, raw = first + kept, raw[kept:]
        state = (told.next, told.state[1]) if told.state else None
        if len(raw):
            lost = max(0, first - self._at)
            self._at = first + len(raw)
            self._state_wanted = (self._state_wanted or lost > 0) and not state
            yield Frames(first, raw, lost, state)
        elif first > self._at:
            self._at = first
