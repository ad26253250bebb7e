"""A stream of bytes from a board, cut into packets and text."""

from cribtrace.device import framing

TEXT = 0
PACKET = 1
_TEXT_LIMIT = 8192
_FIRST_IN_TEXT = 9  # a packet's type, its first byte, is 1..8: no text holds those


def _is_text(line: bytes) -> bool:
    return all(byte >= _FIRST_IN_TEXT for byte in line)


class Decoder:
    """Cuts a stream into packets and text; whole or byte by byte, the result is the same.

    A line of text is given out at its CR LF; a packet may hold CR LF too, but never before the
    type byte that no text holds.
    """

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, received: bytes) -> list[tuple[int, bytes]]:
        """A list of (PACKET, body) and (TEXT, bytes), complete lines and packets only."""
        self._tail += bytes(received)
        found = []
        while self._tail:
            end, skip, is_line = self._next_cut()
            if end < 0:
                break
            chunk = self._tail[:end]
            self._tail = self._tail[end + skip :]
            body = None if is_line else framing.decode(chunk)
            if body is not None and 0 < body[0] < _FIRST_IN_TEXT:
                found.append((PACKET, body))
            elif chunk:
                found.append((TEXT, chunk))
        return found

    def _next_cut(self) -> tuple[int, int, bool]:
        """(where the next piece ends, delimiter bytes to drop, whether it is a line of text)."""
        zero = self._tail.find(0)
        line = self._tail.find(b"\r\n")
        if line >= 0 and (zero < 0 or line < zero) and _is_text(self._tail[:line]):
            return line, 2, True
        if 0 <= zero <= _TEXT_LIMIT:
            return zero, 1, False
        if len(self._tail) > _TEXT_LIMIT:
            return _TEXT_LIMIT, 0, True
        return -1, 0, False
