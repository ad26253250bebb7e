"""The serial line: a person's words and the host's requests, told apart by the first character.

Nobody has said hello: readable `key=value` lines. A host speaks: packets. It has gone, or a
person presses Enter: text again.
"""

from micropython import const

from . import framing, protocol, records, seldom

HEAD = const(2)  # packet body: type, id
TYPED = const(256)  # the id of what a person asked
_NO_ID = const(255)


class Server:
    """`poll` once a turn; `answers` answers each request and each typed word.

    Its packets are made where the journal makes its records: never both at once.
    """

    def __init__(self, board, answers, journal):
        self._board = board
        self._answers = answers
        self._rx = bytearray(64)
        self._line = bytearray(protocol.LINE_LIMIT + 1)
        self._length = 0
        self.body = journal.body
        self._piece = journal.piece
        self._last = "", 0, ""  # the last request, and its answer
        self._heard = None  # host_ms of the last request, or None: text
        self.tail = False
        self.wire_bytes = 0

    @property
    def framed(self):
        """Whether a host is speaking."""
        return self._heard is not None

    def poll(self):
        """Take in what has arrived and answer it; end a session that nobody keeps up."""
        n = self._board.console.read(self._rx)
        for i in range(n):
            self._byte(self._rx[i])
        if self.framed and self._board.ticks_diff(self._board.host_ms(), self._heard) > (
            protocol.SESSION_MS
        ):
            self.end_session()

    def end_session(self):
        """Text from here on."""
        self._heard = None
        self.tail = False
        self._answers.drop()

    def _byte(self, c):
        if c in b"\r\n":
            line = bytes(self._line[: self._length])
            overlong = self._length > protocol.LINE_LIMIT
            self._length = 0
            if not overlong:
                try:
                    self._take(line)
                except MemoryError:  # the host asks again, and then there is room
                    seldom.forget()
                    self.text("refused=no_memory next=again")
        elif self._length <= protocol.LINE_LIMIT:
            self._line[self._length] = c
            self._length += 1

    def _take(self, line):
        try:
            line = line.decode().strip()
        except (UnicodeError, ValueError):
            return
        if line.startswith(":"):
            parsed = protocol.parse_request(line)
            if parsed is None:
                self.packet(protocol.ERROR, _NO_ID, "bad_request send it again")
                return
            self._heard = self._board.host_ms()
            self._answer(line, *parsed)
        elif not line:
            if self.framed:  # Enter from a person; a host only sends it before hello.
                self.end_session()
        elif not self.framed:
            self._typed(line)

    def _answer(self, line, number, verb, arguments):
        if line == self._last[0]:
            # Asked again because the answer got lost: the same answer, and nothing twice.
            kind, text = self._last[1:]
        else:
            kind, text = self._carry_out(number, verb, arguments)
        if text is not None:
            self._last = line, kind, text
            self.packet(kind, number, text)
        if verb == "bye":
            self.end_session()

    def _carry_out(self, number, verb, arguments):
        if verb not in protocol.VERBS:
            return protocol.ERROR, "unknown_verb known are %s" % " ".join(protocol.VERBS)
        try:
            return protocol.REPLY, self._answers.answer(number, verb, arguments)
        except protocol.Refused as refused:
            return protocol.ERROR, refused.args[0]
        except ValueError:
            return protocol.ERROR, "bad_argument %s takes: %s" % (verb, protocol.VERBS[verb])
        except OSError as error:
            return protocol.ERROR, "flash_error errno %s" % error.args[0]

    def _typed(self, line):
        word, _, rest = line.partition(" ")
        if word in ("info", "list") or (word == "config" and not rest):
            lines = self._answers.typed(word)
        elif word == "config":
            lines = ("refused=config use=cribtrace",)
        elif word == "mark" and rest:
            lines = (self._carry_out(_NO_ID, "mark", rest)[1],)
        else:
            from .status import HELP

            unknown = [] if word == "help" else ["unknown=%s" % word]
            lines = unknown + HELP.split("\n")
        for entry in lines:
            self.text(entry)

    # -- what goes down the line --

    def text(self, line):
        """A line for a person, unless a host is listening."""
        if not self.framed:
            self._write(line.encode() + b"\r\n")

    def _write(self, raw):
        self.wire_bytes += len(raw)
        self._board.console.write(raw)

    def packet(self, kind, number, text):
        """Send a packet whose payload is text."""
        raw = text.encode()
        self.body[HEAD : HEAD + len(raw)] = raw
        self.send(kind, number, HEAD + len(raw))

    def send(self, kind, number, end):
        """Send the packet whose payload lies in `body[HEAD:end]`."""
        self.body[0] = kind
        self.body[1] = number
        self._write(b"\0")
        framing.encode(self.body, end, self._piece, self._write)

    def record(self, body, n):
        """A record was made: pass it on to the host that tails, but for the waveforms' frames."""
        if body[0] == records.SNIPPET:
            n = records.SNIPPET_BYTES
        if self.tail:
            self.body[HEAD : HEAD + n] = memoryview(body)[:n]
            self.send(protocol.RECORD, 0, HEAD + n)
