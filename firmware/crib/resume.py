"""Where the log of earlier boots ends: read once, at a start."""

import os
import struct

from micropython import const

from . import framing, records, segment_header
from .shelf import stream_of

_CHUNK = const(512)
_MOST_PIECE = const(2048)  # no record is longer: what is, is damage


def resume(journal):
    """Have numbers of boots, segments and records go on; and see whether the last boot ended."""
    names = journal.shelf.names()
    if names:
        journal.next_segment = int(names[-1][:8]) + 1
    for stream in journal.streams:
        for name in reversed(names):
            if stream_of(name) == stream.which and _read(journal, stream, name):
                break


def _read(journal, stream, name):
    """Continue the sequence of an earlier segment; False where its header is unreadable."""
    path = journal.shelf.folder + "/" + name
    with open(path, "rb") as f:
        raw = f.read(segment_header.BYTES)
        header = segment_header.boot_and_sequence(raw)
        if header:
            journal.last_boot = max(journal.last_boot, header[0])
            _reach(stream, header[1])
        chunk = b""
        while more := f.read(_CHUNK):
            pieces = (chunk + more).split(b"\0")
            chunk = pieces.pop()[-_MOST_PIECE:]
            for piece in pieces:
                _count(journal, stream, framing.decode(piece))
    if not raw:
        os.remove(path)  # the power went before its first commit: it would never count as old
    return header is not None


def _count(journal, stream, body):
    if body and len(body) >= records.HEAD_BYTES:
        kind, _, seq, _ = struct.unpack(records.HEAD, body[: records.HEAD_BYTES])
        if _reach(stream, seq):
            stream.next_seq = seq + 1 & records.UNKNOWN
            if stream is journal.facts:
                journal.stopped = kind == records.STOP


def _reach(stream, seq):
    """Go on from `seq`, unless already beyond it: after 2**32 - 1 comes 0."""
    goes_on = not stream.next_seq or not (seq - stream.next_seq) >> 31 & 1
    if goes_on:
        stream.next_seq = seq
    return goes_on
