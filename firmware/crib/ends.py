"""How a boot's recording begins and ends; what stopped the one before, and for how long.

That is kept where a soft reset cannot reach.
"""

import struct

from . import records

_MAGIC = b"crib"
_LAYOUT = "<4sBI"  # magic, records.STOP_REASONS, ticks_ms at the stop


def start(app):
    """Find the sensor, tell what lies behind the start, commit that."""
    from . import in_force

    app.describe(None)
    before = interruption(app.board, app.journal)
    app.sensing.connect()
    cause = records.CAUSES.index(app.board.reset_cause())
    app.recorder.write(records.BOOT, cause, app.boot)
    if before:
        code = records.GAP_REASONS.index(before[0])
        app.recorder.write(records.GAP, 0, records.UNKNOWN, before[1], code)
    in_force.tell(app)
    if app.sensing.detector:
        app.watch()
    else:
        app.sensing.tell()
    app.journal.flush()
    forget(app.board)


def finish(app, reason):
    """End it: what the FIFO holds, the running epoch, a last record, commit."""
    from . import floor

    app.sensing.stop()
    if app.recorder.detector:
        app.recorder.leave()
        floor.keep(app)
    app.recorder.write(records.STOP, *app.counted(), records.STOP_REASONS.index(reason))
    app.journal.close()
    remember(app.board, reason)


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
