"""A recording of what a board's sensor delivers, while the board records itself. Prints nothing.

The host asks again and again for the frames behind the last one it has; the board looks into its
detector's ring, which holds the last kernels.RING of them. So nothing on the board waits for the
host: whoever comes too late finds other frames there, and that is a gap.
"""

import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cribtrace import log_records
from cribtrace.captured import Captured, Gap, State
from cribtrace.client import Client
from cribtrace.conversation import fields
from cribtrace.device import protocol, records
from cribtrace.errors import CribtraceError, NoDevice
from cribtrace.logfile import frames_of
from cribtrace.ports import Search
from cribtrace.rows import Rows

VERB = "frames"
LINE, RESTART, UNTOLD = "line", "restart", "untold"
"""Reasons beside the board's own: too late for the ring; a new boot; its record did not come."""
_HEAD = "<IHHH"
_ENOUGH = 48  # frames that are worth asking for at once: half a second
_REST_S = 0.25
_AGAIN_S = 0.5
_SETTLE_S = 60.0  # chosen: what a power cut may take of the recording

Say = Callable[[str], None]


class Told(NamedTuple):
    """What the board says beside the frames: see docs/PROTOCOL.md."""

    boot: int
    next: int
    ring_from: int
    in_gaps: int
    stopped: bool
    state: tuple[int, tuple[int, ...]] | None


class Kept(NamedTuple):
    """What became of it."""

    rows: int
    missing: int
    gaps: int
    seconds: float


def ask(client: Client, at: int, state: bool) -> tuple[Told, int, np.ndarray]:
    """The board's answer, the number of the first frame that came, and the frames: int16[N, 3].

    None may have come: then they are to be asked for again. Raises NoDevice, Refused.
    """
    first, frames = at, np.empty((0, 3), np.int16)
    asked = client.ask(VERB, at, int(state))
    for _ in range(client.repeats + 1):
        deadline = time.monotonic() + client.wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            for packet in client.listen(left_s):
                if packet.type == protocol.FRAMES:
                    first, frames = _decoded(packet.payload)
                elif packet.number == asked.number and packet.type == protocol.ERROR:
                    raise client.refused(VERB, packet.payload)
                elif packet.number == asked.number and packet.type == protocol.REPLY:
                    return _told(client, packet.payload), first, frames
        client.repeat(asked)
    raise client.silent(VERB)


def _decoded(payload: bytes) -> tuple[int, np.ndarray]:
    size = struct.calcsize(_HEAD)
    first, x, y, z = struct.unpack(_HEAD, payload[:size].ljust(size, b"\0"))
    coded = {"x": x, "y": y, "z": z, "rest": payload[size:]}
    return first, (frames_of(coded) - 0x8000).astype(np.int16)


def _told(client: Client, payload: bytes) -> Told:
    said = fields(payload.decode("ascii", "replace"))
    try:
        words = tuple(int(word) for word in said["filters"].split(",")) if "left" in said else ()
        state = (int(said["left"]), words) if words else None
        boot, behind, ring_from, in_gaps = (
            int(said[key]) for key in ("boot", "next", "from", "in_gaps")
        )
        return Told(boot, behind, ring_from, in_gaps, said["fault"] == "stopped", state)
    except (KeyError, ValueError) as error:
        where = client.link.port
        raise NoDevice(f"{where} tells of its frames in an unknown form: {said}") from error


class Capture:
    """Takes what a board says, piece by piece, into `rows`."""

    def __init__(self, rows: Rows, told: Told, say: Say = lambda line: None) -> None:
        self._rows = rows
        self._say = say
        self._boot, self._in_gaps = told.boot, told.in_gaps
        self.at = told.next  # the next frame that is wanted
        self.boots = [(0, told.next)]
        self.states: list[State] = []
        self._wanted = True  # a state, to go on from
        self._pending: tuple[int, int, tuple[int, ...]] | None = None
        self._ahead: deque[Gap] = deque()  # the board's own, by its numbers
        self._unheard: list[Gap] = []
        self._heard_s = time.monotonic()

    @property
    def wants_state(self) -> bool:
        """Whether a replay cannot go on from here as the board did."""
        return self._wanted and self._pending is None

    def known(self, in_force: dict[str, int], utc_s: float) -> Captured:
        """What a replay needs, with the settings in force and when the first row was asked for."""
        return Captured(in_force, tuple(self.boots), tuple(self.states), round(utc_s, 3))

    def hear(self, record: dict) -> None:
        """A record that the board has made since the last answer."""
        if record["type"] == records.GAP and record["frames"] != records.UNKNOWN:
            reason = records.GAP_REASONS[record["reason"]]
            self._unheard.append(Gap(record["first"], record["frames"], reason))

    def take(self, told: Told, first: int, frames: np.ndarray) -> None:
        """An answer, and the frames that came with it, from number `first` on."""
        if told.boot != self._boot:
            self._begin_anew(told)
            return
        self._heard_s = time.monotonic()
        self._find_gaps(told)
        if told.state and self.wants_state:
            self._pending = (told.next, *told.state)
        end = first + len(frames)
        while self.at < end:
            ahead = self._ahead[0] if self._ahead else Gap(end, 0)
            if ahead.row <= self.at:
                self._ahead.popleft()
                self._miss(ahead.row + ahead.rows - self.at, ahead.reason)
                continue
            stop = min(end, ahead.row)
            if self.at < first:
                self._lose(min(first, stop) - self.at)
                continue
            self._rows.add(frames[self.at - first : stop - first])
            self.at = stop
        if self._pending and self.at >= self._pending[0]:
            number, left, words = self._pending
            self.states.append(State(self._rows.count - (self.at - number), left, words))
            self._pending, self._wanted = None, False

    def _find_gaps(self, told: Told) -> None:
        """Where the board's own gaps are, that it has counted since its last answer."""
        missing = told.in_gaps - self._in_gaps
        self._in_gaps = told.in_gaps
        if missing == sum(gap.rows for gap in self._unheard):
            self._ahead.extend(self._unheard)
        elif missing and told.ring_from > self.at:
            self._ahead.append(Gap(self.at, told.ring_from - self.at, UNTOLD))
        self._unheard.clear()

    def _miss(self, frames: int, reason: str) -> None:
        if frames > 0:
            self._say(f"{frames} frames are missing from frame {self.at} on: {reason}")
            self._rows.miss(frames, reason)
            self.at += frames

    def _lose(self, frames: int) -> None:
        """What the board's detector has had, and this recording has not."""
        self._miss(frames, LINE)
        self._wanted = True
        if self._pending and self._pending[0] < self.at:
            self._pending = None

    def _begin_anew(self, told: Told) -> None:
        """The board was restarted: what was not seen meanwhile is counted by this clock."""
        away_s = time.monotonic() - self._heard_s
        frames = max(1, round(away_s * self._rows.rate_hz))
        self._say(f"the board was restarted, this is boot {told.boot}")
        self._miss(frames, RESTART)
        self._ahead.clear()
        self._unheard.clear()
        self._boot, self._in_gaps, self.at = told.boot, told.in_gaps, told.next
        self.boots.append((self._rows.count, told.next))
        self._wanted, self._pending, self._heard_s = True, None, time.monotonic()


def record(
    client: Client, path: Path, connect: Callable[[str], Client], *,
    seconds: float | None = None, say: Say = lambda line: None,
) -> Kept:  # fmt: skip
    """Record from the board of `client` until Ctrl-C, `seconds` of frames, or the board's end.

    After an unplug the same board is looked for; `connect` opens a port. Raises CribtraceError
    where no frame came; the client is closed.
    """
    began_s, utc_s = time.monotonic(), time.time()
    hello, info = client.hello(), client.info()
    in_force = {setting.name: setting.value for setting in client.config()}
    rate_mhz, scale = info.get("rate_mhz"), info.get("mlsb_per_g")
    if not (isinstance(rate_mhz, int) and isinstance(scale, int) and rate_mhz and scale):
        client.close()
        raise CribtraceError("the board has no sensor: `cribtrace check` says what to do")
    most = round(seconds * rate_mhz / 1000) if seconds else None
    source = f"{hello.get('sensor', '')} on {hello.get('board', '')}"
    with Rows(path, rate_mhz / 1000, scale / 1000, source, say) as rows:
        told, *_ = ask(client, 0xFFFFFFF, state=False)
        taken = Capture(rows, told, say)
        settled_s = began_s
        try:
            for _ in _answers(client, hello["device"], taken, connect, say):
                if most and rows.count >= most:
                    break
                if time.monotonic() - settled_s >= _SETTLE_S:
                    settled_s = time.monotonic()
                    rows.settle(taken.known(in_force, utc_s))
        except KeyboardInterrupt:
            pass  # the way to end it
        except CribtraceError as error:
            if not rows.count:
                raise
            say(str(error))
        if not rows.count:
            raise CribtraceError("no frame came: `cribtrace check` says what to do")
        rows.keep(taken.known(in_force, utc_s))
        missing = sum(gap.rows for gap in rows.gaps)
        return Kept(rows.count, missing, len(rows.gaps), time.monotonic() - began_s)


def _answers(
    client: Client, device: str, taken: Capture, connect: Callable[[str], Client], say: Say
) -> Iterator[None]:
    """Go on asking, on whatever port the board is; ends where the board's recording has."""
    search: Search | None = None
    while True:
        try:
            client.tail(True)
            while True:
                told, first, frames = ask(client, taken.at, taken.wants_state)
                for heard in client.overheard():
                    if heard.is_record and (made := log_records.unpack(heard.content)):
                        taken.hear(made)
                taken.take(told, first, frames)
                yield
                if told.stopped and taken.at >= told.next:
                    say("the board's recording has ended")
                    return
                if told.next - taken.at < _ENOUGH:
                    time.sleep(_REST_S)
        except NoDevice as error:
            search = search or Search(device, client.link.port)
            say(f"{error}; waiting for board {device}")
        finally:
            client.close()
        client = _found(search, connect)


def _found(search: Search, connect: Callable[[str], Client]) -> Client:
    while True:
        time.sleep(_AGAIN_S)
        try:
            return search(connect)
        except NoDevice:
            continue
