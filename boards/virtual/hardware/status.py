"""Lines of JSON for the relay, on stderr, put together without allocating."""

import sys

_line = bytearray(160)
_used = [0]


def begin(text):
    """Start a line with text (bytes)."""
    _used[0] = 0
    add(text)


def add(text):
    """Append bytes."""
    for byte in text:
        _line[_used[0]] = byte
        _used[0] += 1


def number(n):
    """Append n >= 0 in decimal."""
    digits = 1
    power = 10
    while digits < 10 and n >= power:
        digits += 1
        if digits < 10:
            power *= 10
    at = _used[0] + digits
    _used[0] = at
    while digits:
        at -= 1
        digits -= 1
        _line[at] = 48 + n % 10
        n //= 10


def send():
    """End the line and write it."""
    add(b"}\n")
    sys.stderr.buffer.write(_line, _used[0])


def sensor_off(feed, fifo, erases=0):
    """Say what the accelerometer put into its FIFO until it was switched off.

    `erases` is how many blocks of flash had been erased by then, `position` counts the frames of
    the recording that have gone by, whether or not anything took them.
    """
    begin(b'{"sim":"sensor_off","frames_produced":')
    number(feed.produced())
    add(b',"frames_post_roll":')
    number(feed.post_roll())
    add(b',"frames_overwritten":')
    number(fifo.overwritten())
    add(b',"erases":')
    number(erases)
    add(b',"position":')
    number(feed.position())
    send()


def recording_end(frames):
    """Say that the recording is over."""
    begin(b'{"sim":"recording_end","frames":')
    number(frames)
    send()


def fault(kind, ms):
    """Say that a fault which a test ordered has come, at `ms` of the board's time."""
    begin(b'{"sim":"fault","kind":"')
    add(kind.encode())
    add(b'","ms":')
    number(ms)
    send()


def end(code, position):
    """Say that this process ends with `code`; so many frames of the recording have gone by."""
    begin(b'{"sim":"end","code":')
    number(code)
    add(b',"position":')
    number(position)
    send()
