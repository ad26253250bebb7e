"""Room for more: what goes when the flash is full, and for how many nights it lasts."""

import os

from micropython import const

from . import records, segment_header
from .shelf import stream_of

_ENOSPC = const(28)
_KEEP_FREE = const(15)  # per cent of the filesystem: beyond that littlefs wears block 0
_KEEP_LAST = const(5)  # per cent; between, a start on a full log has two blocks
_CHUNK = const(512)
_NIGHT_SECONDS = const(36000)
_FACTS_PER_SECOND = const(3)  # bytes, of the demo night: in the first hour

# What `when_full` may be: what is given up although the host does not hold it.
STOP = const(0)  # nothing: the log takes no more
WAVEFORMS = const(1)  # the oldest waveforms
ALL = const(2)  # these, and when there are none left the oldest facts


def _reserve(shelf, percent=_KEEP_FREE):
    stat = os.statvfs(shelf.folder)
    return stat[2] * percent // 100 * stat[0]


def left(shelf):
    """Bytes of facts that fit until facts that the host does not hold are in the way."""
    room = shelf.free_bytes() - _reserve(shelf)
    acked = shelf.acked()
    for name in shelf.closed():
        if _is_free(shelf, name, acked):
            room += os.stat(shelf.folder + "/" + name)[6]
    return max(0, room)


def nights_left(journal, seconds):
    """How many nights of ten hours still fit, going by the facts of this boot so far."""
    took = journal.fact_bytes
    if seconds < 3600 or not took:
        seconds, took = 1, _FACTS_PER_SECOND
    return left(journal.shelf) * seconds // (took * _NIGHT_SECONDS)


def _is_free(shelf, name, acked):
    if int(name[:8]) <= acked:
        return True
    return shelf.when_full != STOP and stream_of(name) == records.WAVEFORMS


def make(shelf, stream, wanted):
    """Give up segments until `wanted` bytes fit beside what is kept free.

    Returns whether they do: not where only such are left as `when_full` keeps.
    """
    wanted += _reserve(shelf)
    while shelf.free_bytes() < wanted:
        name = _goes_first(shelf, stream)
        if not name:
            return False
        path = shelf.folder + "/" + name
        count = 0 if int(name[:8]) <= shelf.acked() else _records_in(path)
        os.remove(path)
        shelf.given_up += count
    return True


def last(shelf, stream):
    """A full log has a place left for what must be told of a boot; OSError where it has not."""
    wanted = _reserve(shelf, _KEEP_LAST) + records.LAST_LIMIT
    if stream != records.FACTS or shelf.free_bytes() < wanted:
        raise OSError(_ENOSPC)


def _goes_first(shelf, stream):
    names = shelf.closed()
    # The newest of each stream stays: in it stands where the numbers of its records go on.
    for kept in (records.FACTS, records.WAVEFORMS):
        of_stream = [n for n in names if stream_of(n) == kept]
        if of_stream:
            names.remove(of_stream[-1])
    # Nor does what is being read: littlefs would go on in blocks that hold something else by then.
    names = [n for n in names if int(n[:8]) not in shelf.being_read]
    acked = shelf.acked()
    if names and int(names[0][:8]) <= acked:
        return names[0]
    for name in names:
        if _is_free(shelf, name, acked):
            return name
    return names[0] if names and stream == records.FACTS and shelf.when_full == ALL else ""


def _records_in(path):
    count = 0
    with open(path, "rb") as f:
        f.seek(segment_header.BYTES)
        while True:
            chunk = f.read(_CHUNK)
            if not chunk:
                return count
            count += chunk.count(b"\0")
