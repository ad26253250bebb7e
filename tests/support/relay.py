"""A bad cable: it lies between a board's port and the host, and can be pulled out at any byte."""

import contextlib
import os
import pty
import random
import re
import select
import threading
import tty

UP, DOWN = "up", "down"
_READ = re.compile(rb":\d+ read \d+ \d+ (\d+)\*")


def flipping(rng: random.Random, share: float):
    """Flip one bit in this share of all bytes."""

    def tamper(_direction, piece):
        bad = bytearray(piece)
        for i in range(len(bad)):
            if rng.random() < share:
                bad[i] ^= 1 << rng.randrange(8)
        return bytes(bad)

    return tamper


def shuffling(rng: random.Random, share: float):
    """Swallow this share of the chunks, and repeat as many."""

    def tamper(_direction, piece):
        fate = rng.random()
        return b"" if fate < share else piece * 2 if fate < 2 * share else piece

    return tamper


class Relay(threading.Thread):
    """Joins the board's `port` to one of its own, of the same attribute, until `close`.

    `tamper(direction, bytes)` gives the bytes that go on. After `cut` = (direction, n) bytes in
    that direction nothing goes on any more and the host's port is gone.
    """

    def __init__(self, port, *, tamper=None, cut=None):
        super().__init__(daemon=True)
        self._board = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._board)
        self._host, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._tamper = tamper or (lambda _direction, piece: piece)
        self._left = dict([cut]) if cut else {}
        self._sent_up = b""
        self._open = True
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._open = False
        self.join(2)

    @property
    def asked_bytes(self):
        """The segment bytes that all `read` requests asked for, repeats included."""
        return sum(int(length) for length in _READ.findall(self._sent_up))

    def run(self):
        try:
            while self._open:
                ready = select.select([self._board, self._host], [], [], 0.02)[0]
                if self._board in ready:
                    self._pass_on(DOWN, self._board, self._host)
                if self._host in ready:
                    self._pass_on(UP, self._host, self._board)
        except OSError:
            pass
        for handle in (self._slave, self._host, self._board):
            with contextlib.suppress(OSError):
                os.close(handle)

    def _pass_on(self, direction, source, sink):
        piece = self._tamper(direction, os.read(source, 4096))
        left = self._left.get(direction, len(piece) + 1)
        if direction in self._left:
            self._left[direction] -= len(piece)
        piece = piece[:left]
        if direction == UP:
            self._sent_up += piece
        while piece and self._open:
            if select.select([], [sink], [], 0.05)[1]:
                piece = piece[os.write(sink, piece) :]
        if self._left.get(direction, 1) <= 0:
            raise OSError("pulled out")
