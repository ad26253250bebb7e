"""The host's half of the protocol, one method for each verb. Prints nothing."""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cribtrace import greeting, window
from cribtrace.conversation import Conversation, Heard, fields, request
from cribtrace.device import protocol
from cribtrace.errors import CribtraceError, NoDevice, Silent, Usage

KEEP_S = 2.0  # well inside protocol.SESSION_MS
_CHANGES_CHARACTERS = protocol.LINE_LIMIT - len(request(254, "config"))
_WORDS = ("state", "fault", "config_crc")  # the answers to `info` that are no numbers


class Segment(NamedTuple):
    """A closed segment on the board: its CRC-32 is over all its `size_bytes`."""

    number: int
    size_bytes: int
    crc: int
    acked: bool
    boot: int
    stream: int  # records.FACTS or records.WAVEFORMS


class Setting(NamedTuple):
    """One setting of a board: the value in force, and what its firmware allows."""

    name: str
    value: int
    default: int
    least: int
    most: int
    unit: str


class Client(Conversation):
    """A session with one board. Methods raise NoDevice when answers stay away."""

    _in_session = False

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session, if there is one, without waiting for long; give the port back."""
        if self._in_session:
            with contextlib.suppress(CribtraceError):
                self.reply(self.ask("bye"), set(), min(self.wait_s, 0.3))
        self.link.close()

    def hello(self) -> dict[str, str]:
        """Begin a session; returns protocol, device, boot, board, sensor, firmware, build, nonce.

        Raises NoDevice, naming the cause, when no Cribtrace firmware answers.
        """
        self.link.write(b"\r\n")  # ends a line that somebody left half typed
        self.recent = seen = b""
        asked = self.ask("hello")
        for attempt in range(self.repeats + 1):
            if attempt:
                self.recent = b""
                self.repeat(asked)
            reply = self.reply(asked, set(), self.wait_s)
            if reply is not None:
                return self._checked(fields(reply))
            seen += self.recent
            # A prompt answers every line; one alone may be what came before the firmware began.
            if attempt and greeting.at_prompt(self.recent):
                break
        if not seen:
            self.link.write(b"\r\x02")  # Ctrl-B: a raw REPL is silent until it is left
            self.listen(min(self.wait_s, 0.3))
            if self.recent:
                raise NoDevice(greeting.left_raw(self.link.port))
        absent = NoDevice if seen else Silent
        raise absent(greeting.why_no_hello(self.link.port, seen))

    def info(self) -> dict[str, int | str]:
        """Return counters and settings in force, as docs/PROTOCOL.md lists them."""
        return _numbers(self.request("info"))

    def flush(self) -> dict[str, int | str]:
        """Commit what the board buffers and close its open segment."""
        return _numbers(self.request("flush"))

    def config(self) -> tuple[Setting, ...]:
        """Return the settings in force, in order of their names."""
        return tuple(sorted(_setting(item) for item in self._items("config")))

    def configure(self, changes: Mapping[str, int | str]) -> str:
        """Change settings, all or none; returns the hash of those in force then.

        Raises Refused, and nothing has changed, where the board's firmware does not allow them;
        Usage for more than one request holds.
        """
        pairs = [f"{name}={value}" for name, value in changes.items()]
        if sum(map(len, pairs)) + len(pairs) > _CHANGES_CHARACTERS:
            raise Usage(
                f"{len(pairs)} changes are too long for one request: set fewer at a time, and"
                " together those that depend on each other"
            )
        return self.request("config", *pairs)["config_crc"]

    def list(self) -> tuple[Segment, ...]:
        """Return the closed segments, in order of their numbers."""
        return tuple(sorted(_segment(item) for item in self._items("list")))

    def _items(self, verb: str) -> set[str]:
        asked = self.ask(verb)
        items: set[str] = set()
        for _ in range(self.repeats + 1):
            count = _numbers(fields(self.answer(asked, items))).get("count", 0)
            if isinstance(count, int) and len(items) >= count:
                return items
            self.repeat(asked)
        raise self.silent(verb)

    def read(self, segment: int, offset: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes of a segment from `offset` on, in order, as they come."""
        stretch = window.Stretch(segment, offset, length)
        return (piece for _, piece in self.read_all((stretch,)))

    def read_all(
        self, wanted: Sequence[window.Stretch], *, skip_gone: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """Yield (segment, its next bytes) of one stretch after another, each in order.

        With `skip_gone`, b"" ends that of a segment that the board no longer has.
        """
        return window.read(self, wanted, skip_gone)

    def ack(self, segment: int, crc: int) -> None:
        """Tell the board that this segment is safe here: it may be reclaimed."""
        self.request("ack", segment, f"{crc:08x}")

    def tail(self, on: bool) -> None:
        """Have each new record sent as it is made, or no longer."""
        self.request("tail", int(on))

    def time(self) -> dict[str, int | str]:
        """Return the frame counter and uptime_ms of this moment."""
        return _numbers(self.request("time"))

    def anchor(self, *numbers: int) -> None:
        """Write an anchor into the log: the arguments of request_line.VERBS["time"]."""
        self.request("time", *numbers)

    def mark(self, text: str) -> None:
        """Write an observer's note into the log: printable ASCII, about 100 characters."""
        self.request("mark", text)

    def keep(self) -> None:
        """Say that the host still listens."""
        self.request("keep")

    def stop(self) -> dict[str, int | str]:
        """End the recording; returns seen, in_gaps, records."""
        return _numbers(self.request("stop"))

    def selftest(self) -> dict[str, int | str]:
        """Have the sensor test itself: result, least_mg, most_mg, x_mg, y_mg, z_mg.

        Takes half a second, which the log holds as a gap. Raises Refused where no sensor samples.
        """
        return _numbers(self.request("selftest"))

    def buscheck(self, reads: int) -> dict[str, int | str]:
        """Have the sensor's identity read so often, 200 times at most; 0: a recorder record.

        Returns reads, failed, wrong, and gravity as x_mg, y_mg, z_mg. Raises Refused.
        """
        return _numbers(self.request("buscheck", reads))

    def wipe(self, nonce: str) -> None:
        """Delete the log; `nonce` is what this board said at hello (see `wiping`)."""
        self.request("wipe", nonce)

    def bye(self) -> None:
        """End the session: the board speaks text again."""
        self.request("bye")

    def poll(self, timeout_s: float) -> tuple[Heard, ...]:
        """Return what came unasked, waiting at most `timeout_s`; keeps the session alive."""
        if time.monotonic() - self.asked_at_s >= KEEP_S:
            self.keep()
        heard = self.overheard()
        if not heard:
            self.listen(timeout_s)
            heard = self.overheard()
        return heard

    def _checked(self, facts: dict[str, str]) -> dict[str, str]:
        if facts.get("protocol") != str(protocol.VERSION):
            raise NoDevice(greeting.other_protocol(self.link.port, facts.get("protocol", "?")))
        if not re.fullmatch("[0-9a-f]{16}", facts.get("device", "")):
            raise NoDevice(f"{self.link.port} gives no device id: `cribtrace deploy` renews it")
        if not re.fullmatch("[0-9]{1,10}", facts.get("boot", "")):
            raise NoDevice(f"{self.link.port} gives no boot number: `cribtrace deploy` renews it")
        self._in_session = True
        return facts


def _numbers(facts: dict[str, str]) -> dict[str, int | str]:
    def value(key: str, text: str) -> int | str:
        return int(text) if key not in _WORDS and re.fullmatch("-?[0-9]{1,19}", text) else text

    return {key: value(key, text) for key, text in facts.items()}


def _segment(item: str) -> Segment:
    facts = fields(item)
    try:
        number, size, boot, stream = (
            int(facts[key]) for key in ("segment", "bytes", "boot", "stream")
        )
        return Segment(number, size, int(facts["crc"], 16), facts["acked"] == "1", boot, stream)
    except (KeyError, ValueError) as error:
        raise NoDevice(f"the board lists a segment in an unknown form: {item}") from error


def _setting(item: str) -> Setting:
    facts = fields(item)
    try:
        value, default, least, most = (
            int(facts[k]) for k in ("value", "default", "least", "most")
        )
        return Setting(facts["name"], value, default, least, most, facts["unit"])
    except (KeyError, ValueError) as error:
        raise NoDevice(f"the board lists a setting in an unknown form: {item}") from error
