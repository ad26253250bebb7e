"""The serial line: a person's words and the host's requests, told apart by the first character.

Nobody has said hello: readable `key=value` lines. A host speaks: packets. It has gone, or a
person presses Enter: text again.
"""

from . import framing, protocol, records, seldom


class Server:
    """`poll` once a turn; `answers` answers each request and each typed word.

    Its packets are made where the journal makes its records: never both at once.
    """

    def __init__(self, board, answers, journal):
        self._board = board
        self.answers = answers
        self._rx = bytearray(64)
        self._line = bytearray(protocol.LINE_LIMIT + 1)
        self._length = 0
        self.body = journal.body
        self._piece = journal.piece
        self.last = "", 0, ""  # the last request, and its answer
        self._heard = None  # host_ms of the last request, or None: text
        self.tail = False
        self.wire_bytes = 0

    @property
    def framed(self):
        """Whether a host is speaking."""
        return self._heard is not None

    def hear(self):
        """A host has asked for something: the session begins, or goes on."""
        self._heard = self._board.host_ms()

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
        self.answers.drop()

    def _byte(self, c):
        if c in b"\r\n":
            line = bytes(self._line[: self._length])
            overlong = self._length > protocol.LINE_LIMIT
            self._length = 0
            if not overlong:
                try:
                    from . import request_line

                    request_line.take(self, line)
                except (MemoryError, OSError) as error:
                    seldom.forget()  # the host asks again, and then there is room
                    why = "no_memory" if isinstance(error, MemoryError) else "flash_error"
                    self.text("refused=%s next=again" % why)
        elif self._length <= protocol.LINE_LIMIT:
            self._line[self._length] = c
            self._length += 1

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
        self.body[protocol.HEAD : protocol.HEAD + len(raw)] = raw
        self.send(kind, number, protocol.HEAD + len(raw))

    def send(self, kind, number, end):
        """Send the packet whose payload lies in `body[protocol.HEAD:end]`."""
        self.body[0] = kind
        self.body[1] = number
        self._write(b"\0")
        framing.encode(self.body, end, self._piece, self._write)

    def record(self, body, n):
        """A record was made: pass it on to the host that tails, but for the waveforms' frames."""
        if body[0] == records.SNIPPET:
            n = records.SNIPPET_BYTES
        if self.tail:
            self.body[protocol.HEAD : protocol.HEAD + n] = memoryview(body)[:n]
            self.send(protocol.RECORD, 0, protocol.HEAD + n)
