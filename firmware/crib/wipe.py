"""Deleting the log: at the word of a host that can name what this board said at hello."""

import os

from . import in_force, records
from .protocol import Refused


def answer(app, nonce):
    """Delete every closed segment; `nonce` is what the host says that this board is called.

    Segments and records go on being numbered: what comes first is a new segment, then the old
    ones go. Returns `deleted` and, as the folder is then read again, `left`.
    """
    journal = app.journal
    if nonce != app.answers.nonce:
        raise Refused("wrong_nonce say hello again, and repeat its nonce")
    if journal.open_segment:
        raise Refused("log_open flush first, so that the log is closed properly")
    old = journal.closed_segments()
    # A start that found no segment would count boots and records from the beginning.
    in_force.tell(app)
    app.recorder.text("what=wiped segments=%d" % len(old))
    if app.sensing.stopped:
        code = records.STOP_REASONS.index("host")
        app.recorder.write(records.STOP, *app.counted(), code)
    journal.flush()
    if not journal.open_segment:
        raise Refused("flash_error the log takes no record: nothing was deleted")
    for number in old:
        os.remove(journal.path(number))
        app.sensing.poll()
    if app.sensing.stopped:
        journal.close()
    left = [n for n in journal.closed_segments() if n in old]
    return "deleted=%d left=%d" % (len(old) - len(left), len(left))
