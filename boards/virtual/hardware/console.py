"""The console: a UART of which the relay is the other end (stdin and stdout are pipes).

stdin must be non-blocking. A byte 0x03 interrupts the program, as in the ESP32's UART handler.
"""

import sys
from select import POLLIN, poll

from micropython import const

from . import costs

_RX_BYTES = const(512)
_NS_PER_S = const(1_000_000_000)
_CTRL_C = const(3)


class Console:
    """`baud` bits a second, 0: a line without a rate; `hang_up()` is called at end of file."""

    def __init__(self, baud, hang_up):
        self._stdin = sys.stdin.buffer
        self._stdout = sys.stdout.buffer
        self._poller = poll()
        self._poller.register(sys.stdin, POLLIN)
        self._hang_up = hang_up
        self._byte_ns = _NS_PER_S // baud * costs.UART_BITS_PER_BYTE if baud else 0
        self._rx = bytearray(_RX_BYTES)
        self._first = 0
        self._waiting = 0
        self._incoming = bytearray(64)
        self._interrupt = False
        self._rest_ns = 0
        self._clock = None
        self.interrupts = False  # on while a program runs: at the prompt 0x03 is a key

    def attach(self, clock):
        """Give the console the clock that its line rate counts in."""
        self._clock = clock

    def poll(self):
        """Whether input waits. Raises KeyboardInterrupt if 0x03 came."""
        while True:
            n = self._stdin.readinto(self._incoming)
            if n is None:
                break
            if n == 0:
                self._hang_up()
            self._receive(n)
            if self._waiting > _RX_BYTES - 64:
                break
        if self._interrupt:
            self._interrupt = False
            if self.interrupts:
                raise KeyboardInterrupt
        return self._waiting != 0

    def wait(self, ms):
        """Sleep at most ms of wall time; return whether input waits, as poll() does."""
        for _ in self._poller.ipoll(min(ms, 1000)):
            return self.poll()
        return False

    def _receive(self, n):
        for i in range(n):
            byte = self._incoming[i]
            if byte == _CTRL_C and self.interrupts:
                self._waiting = 0
                self._interrupt = True
            elif self._waiting < _RX_BYTES:
                self._rx[(self._first + self._waiting) % _RX_BYTES] = byte
                self._waiting += 1

    def read(self, buf):
        """Fill buf with what waits, without blocking; return the number of bytes, 0 if none."""
        self.poll()
        n = min(len(buf), self._waiting)
        for i in range(n):
            buf[i] = self._rx[(self._first + i) % _RX_BYTES]
        self._first = (self._first + n) % _RX_BYTES
        self._waiting -= n
        return n

    def read_byte(self):
        """The next byte, or -1."""
        if not self.poll():
            return -1
        byte = self._rx[self._first]
        self._first = (self._first + 1) % _RX_BYTES
        self._waiting -= 1
        return byte

    def write(self, buf):
        """Send all of buf, waiting only for as long as the line needs beyond its transmit FIFO."""
        self.poll_interrupt()
        sent = 0
        left = len(buf)
        while left:
            n = self._stdout.write(buf, sent, min(left, costs.UART_FIFO_BYTES))
            if n is None:
                continue
            self._occupy_line(n)
            sent += n
            left -= n

    def poll_interrupt(self):
        """Raise KeyboardInterrupt if 0x03 came."""
        if self.interrupts:
            self.poll()

    def _occupy_line(self, n):
        if self._byte_ns:
            ns = n * self._byte_ns + self._rest_ns
            self._rest_ns = ns % 1000
            self._clock.occupy_line(ns // 1000, costs.UART_FIFO_BYTES * self._byte_ns // 1000)
