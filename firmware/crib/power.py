"""What stopped the recording last time, and for how long: kept where a soft reset cannot reach."""

import struct

from . import records

_MAGIC = b"crib"
_LAYOUT = "<4sBI"  # magic, records.STOP_REASONS, ticks_ms at the stop


def remember(board, reason):
    """Call on the way out; a power cut is what leaves nothing behind."""
    stop = records.STOP_REASONS.index(reason)
    board.retained_write(struct.pack(_LAYOUT, _MAGIC, stop, board.ticks_ms()))


def forget(board):
    """Call when what `interruption` said is committed."""
    board.retained_write(b"")


def interruption(board, journal):
    """(records.GAP_REASONS, milliseconds or UNKNOWN) since the last boot's end, or None.

    None on a first boot. Ticks run on over a soft reset only; after any other start nobody knows
    how long the board was without power.
    """
    raw = board.retained_read()
    if not journal.last_boot:
        return None
    cause = board.reset_cause()
    if raw[:4] == _MAGIC and len(raw) == struct.calcsize(_LAYOUT):
        _, stop, ticks_ms = struct.unpack(_LAYOUT, raw)
        reasons = {"ctrl_c": "interrupted", "fault": "crashed"}
        reason = reasons.get(records.STOP_REASONS[stop], "restarted")
        if cause == "soft":
            away_ms = board.ticks_diff(board.ticks_ms(), ticks_ms)
            return reason, away_ms if away_ms >= 0 else records.UNKNOWN  # six days or more
        return reason, records.UNKNOWN
    if cause == "watchdog":
        return "watchdog", records.UNKNOWN
    return "restarted" if journal.stopped else "power_cut", records.UNKNOWN
