"""Follow a board live: its records as JSON lines, its text as it is, its absences by name."""

import contextlib
import re
import struct
import time
from collections.abc import Callable, Generator, Iterable, Iterator

from cribtrace import backlog, configuration, exchange, log_records
from cribtrace.asides import Asides
from cribtrace.client import Client
from cribtrace.conversation import Heard, Refused, printable
from cribtrace.device import records, segment_header, settings
from cribtrace.errors import NoDevice
from cribtrace.frame_clock import FrameClock
from cribtrace.heard import Began, Decoded, Item, Note, Text
from cribtrace.interpretation import Interpreter
from cribtrace.ports import Search

_POLL_S = 0.25
_RETRY_S = 0.5
_ANCHOR_S = 60.0  # a line through an hour of such anchors tells a drift to 10 ppm
_APART_S = 0.3  # chosen: at 5 times this clock's speed, more than anchors.ABOUT_S
_SET_S = 2.0  # chosen: a clock that is set by more is told to the board at once, which names it

ToJson = Callable[[dict, dict], dict | None]  # (record, segment header) to a JSON line or nothing


class Live:
    """Patterns and likely states in what `follow` yields, by the same reading as a report's."""

    def __init__(self) -> None:
        self._reader = Interpreter()
        self._of: tuple[int | None, FrameClock | None] = (None, None)  # boot and clock

    def heard(self, item: Item) -> list[Decoded]:
        """Lines of the host that this has made certain; a restart ends what was under way."""
        line = item.line if isinstance(item, Decoded) else {}
        of = (item.boot, item.clock) if isinstance(item, Decoded) else self._of
        restarted = line.get("what") == "boot" or (isinstance(item, Note) and item.restarted)
        out = []
        if restarted or of[0] != self._of[0]:
            out, self._reader = self.finish(), Interpreter()
        self._of = of
        if line.get("type") == "gap" and line["frames"] is None:
            line = {}  # from before this boot, so before this reader
        heard = item.gap if isinstance(item, Note) else line
        return out + (self._told(self._reader.feed(heard).lines) if heard else [])

    def finish(self) -> list[Decoded]:
        """The rest."""
        return self._told(self._reader.finish().lines)

    def _told(self, lines: list[dict]) -> list[Decoded]:
        return [Decoded(line, *self._of) for line in lines]


def follow(
    client: Client,
    connect: Callable[[str], Client],
    to_json: ToJson,
    asides: Asides | None = None,
) -> Generator[Item, None, None]:
    """Yield what the board says, for as long as one listens, or until `asides` is ended.

    After an unplug the same board is looked for by its id, whatever its port is called then;
    `connect` opens a port and gives a client. Raises NoDevice if the first session does not begin.
    """
    following = _Following(to_json, asides)
    search: Search | None = None
    while True:
        try:
            yield from following.session(client)
            return
        except NoDevice as error:
            if not following.device:
                raise
            if following.up or not search:
                search = Search(following.device, client.link.port)
                line = f"{error}; waiting for board {following.device}"
                yield Note(line, away_s=time.time())
            following.up = False
        finally:
            client.close()
        if search:
            found = yield from _found(search, connect, following.ended)
            if found is None:
                return
            client = found


def _found(
    search: Search, connect: Callable[[str], Client], ended: Callable[[], bool]
) -> Generator[Item, None, Client | None]:
    told: set[str] = set()
    while not ended():
        time.sleep(_RETRY_S)
        try:
            return search(connect)
        except NoDevice:
            for port in search.others.keys() - told:
                yield Note(f"{port} is another board, {search.others[port]}; still waiting")
            told |= search.others.keys()
    return None


def _ahead_s() -> float:
    """By how much the clock that can be set is ahead of the one that cannot."""
    return time.time() - time.monotonic()


class _Following:
    def __init__(self, to_json: ToJson, asides: Asides | None) -> None:
        self._to_json = to_json
        self._asides = asides
        self._header: dict = {}
        self._last: int | None = None  # sequence number of the last record heard
        self._frame = 0  # frame that one was made at
        self._new_boot = False  # of which no record was heard yet
        self._told: set[int] = set()  # numbers of records that the log gave already
        self.device = ""  # the id of the board that has answered
        self.up = False  # and does now

    def ended(self) -> bool:
        """Whether whoever listens has had enough."""
        return bool(self._asides and self._asides.ended.is_set())

    def session(self, client: Client) -> Iterator[Item]:
        """Yield from one connection until the line fails, which raises NoDevice."""
        facts = client.hello()
        before = self._header
        self._header = {**header_of(facts, client.info()), "settings": _in_force(client)}
        client.tail(True)
        if before:
            yield self._back(client, before)
        first, self.device, self.up = not self.device, facts["device"], True
        if self._asides:
            self._asides.begin()
            yield Began(client.link.port, self._header)
        self._anchor(client, facts)
        self._pace(client)
        anchored_s, ahead_s = time.monotonic(), _ahead_s()
        if first and self._asides and self._asides.since_s is not None:
            yield from self._before(client, self._asides)
        while not self.ended():
            was_set = abs(_ahead_s() - ahead_s) > _SET_S
            if was_set or time.monotonic() - anchored_s >= _ANCHOR_S:
                anchored_s, ahead_s = time.monotonic(), _ahead_s()
                self._anchor(client, facts, anew=was_set)
            yield from self._said(client.poll(_POLL_S))
            if self._asides:
                yield from self._asides.turn(client)
        deadline = time.monotonic() + _POLL_S  # what was on its way when one had enough
        while time.monotonic() < deadline and (heard := client.poll(0.0)):
            yield from self._said(heard)
        if self._asides:
            yield from self._asides.put_marks(client)

    def _said(self, heard: Iterable[Heard]) -> Iterator[Item]:
        for one in heard:
            if one.is_record:
                yield from self._record(one.content)
            else:
                yield Text(printable(one.content))

    def _back(self, client: Client, before: dict) -> Note:
        """The board is there again, of which the header `before` was the last one known."""
        restarted = before["boot"] != self._header["boot"]
        if restarted:
            # Numbers that a power cut freed are used again: the last one heard says nothing.
            self._last, self._frame, self._new_boot = None, 0, True
            self._told.clear()
            if self._asides:
                self._asides.clock.clear()
        how = f"; it was restarted, this is boot {self._header['boot']}" if restarted else ""
        line = f"board {self.device} is back at {client.link.port}{how}"
        return Note(line, restarted=restarted)

    def _anchor(self, client: Client, facts: dict[str, str], *, anew: bool = False) -> None:
        """`anew`: this machine's clock was set, and what it told before is of no use."""
        if anew and self._asides:
            self._asides.clock.clear()
        with contextlib.suppress(Refused):
            self._learn(exchange.anchor(client, facts))

    def _pace(self, client: Client) -> None:
        """Learn whether simulated time runs as fast as this clock: two moments tell it."""
        if self._asides and self._header["recording_frames"]:
            time.sleep(_APART_S)
            with contextlib.suppress(Refused):
                self._learn(exchange.best(client))

    def _learn(self, used: exchange.Exchange) -> None:
        if self._asides:
            self._asides.clock.of(self._header)
            self._asides.clock.set(used.frame, used.utc_ms / 1000, within_s=used.within_ms / 1000)

    def _before(self, client: Client, asides: Asides) -> Iterator[Item]:
        """What the log holds from a moment on; what comes live meanwhile is not told twice."""
        told = backlog.read(client, self._header, asides, self._to_json)
        for body_seq, item in told:
            if body_seq is not None:
                self._last = body_seq
                self._told.add(body_seq)
            yield item

    def _record(self, body: bytes) -> Iterator[Item]:
        if len(body) < records.HEAD_BYTES:
            return
        kind, _, seq, frame = struct.unpack_from(records.HEAD, body)
        if kind == records.SNIPPET:  # numbered apart, and it has no line
            return
        if seq in self._told:
            return
        unheard = self._missed(seq, kind == records.BOOT)
        if unheard:
            yield Note(
                f"{unheard} went by unheard: `cribtrace pull` fetches them", self._unheard(frame)
            )
        self._last, self._frame, self._new_boot = seq, frame, False
        record = log_records.unpack(body)
        if record and record["type"] == records.CONFIG:
            self._header["settings"] = configuration.told(record) or None
        line = record and self._to_json(record, self._header)
        if line:
            yield Decoded(line)

    def _missed(self, seq: int, begins: bool) -> str:
        """Which records went by before this one, in words; `begins`: it is a boot's first."""
        if self._new_boot and not begins:
            return f"the records of boot {self._header['boot']} before number {seq}"
        count = 0 if self._last is None else log_records.numbers_between(self._last, seq)
        if count <= 0:
            return ""
        first, last = (seq - back & records.UNKNOWN for back in (count, 1))
        return f"{count} records ({first} to {last})"

    def _unheard(self, frame: int) -> dict:
        """The gap since the last record heard; what was told of meanwhile nobody knows here."""
        rate_hz = self._header["rate_mhz"] / 1000
        first = min(self._frame, frame)  # after a restart frames begin anew
        onset_s, end_s = (round(n / rate_hz, 3) if rate_hz else 0.0 for n in (first, frame))
        return {
            "type": "gap",
            "onset_s": onset_s,
            "duration_s": round(end_s - onset_s, 3),
            "frames": None,
            "reason": "records_missing",
        }


def _in_force(client: Client) -> dict[str, int] | None:
    """The board's settings; None where it tells none, or not those of this version."""
    try:
        told = {setting.name: setting.value for setting in client.config()}
    except Refused:
        return None
    return told if told.keys() == settings.DEFAULTS.keys() else None


def header_of(hello: dict[str, str], info: dict[str, int | str]) -> dict:
    """Return what a segment header would say (log_records.HEADER_KEYS), from hello and info."""

    def number(key: str) -> int:
        value = info.get(key, 0)
        return value if isinstance(value, int) else 0

    crc = str(info.get("config_crc"))
    return {
        "magic": segment_header.MAGIC,
        "major": segment_header.FORMAT_MAJOR,
        "minor": segment_header.FORMAT_MINOR,
        "bytes": segment_header.BYTES,
        "needs": segment_header.NEEDS,
        "device": bytes.fromhex(hello["device"]),
        "boot": int(hello["boot"]),
        "segment": 0,
        "first_seq": 0,
        "stream": records.FACTS,
        "rate_mhz": number("rate_mhz"),
        "mlsb_per_g": number("mlsb_per_g"),
        "recording_frames": number("recording_frames"),
        "config_crc": int(crc, 16) if re.fullmatch("[0-9a-f]{8}", crc) else 0,
        "schema": 0,
        "build": 0,
        "full_scale_g": number("full_scale_g"),
        "sensor": hello.get("sensor", "").encode(),
        "board": hello.get("board", "").encode(),
        "firmware": hello.get("firmware", "").encode(),
    }
