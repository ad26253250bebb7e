"""Deleting the log: at the word of a host that can name what this board said at hello."""

import os

from . import in_force, records
from .protocol import Refused


def answer(app, nonce):
    """Delete every closed segment; `nonce` is what the host says that this board is called.

    Segments and records go on being numbered: what comes first is a new segment of each stream,
    then the old ones go. Returns `deleted` and, as the folder is then read again, `left`.
    """
    journal = app.journal
    shelf = journal.shelf
    if nonce != app.answers.nonce:
        raise Refused("wrong_nonce say hello again, and repeat its nonce")
    if any(shelf.open_numbers):
        raise Refused("log_open flush first, so that the log is closed properly")
    old = shelf.closed_segments()
    if old:
        shelf.ack(old[-1])  # a full log has no room for what comes first, unless these may go
    # A start that found no segment would count boots and records from the beginning.
    in_force.tell(app)
    app.recorder.text("what=wiped segments=%d" % len(old))
    if app.sensing.stopped:
        code = records.STOP_REASONS.index("host")
        app.recorder.write(records.STOP, *app.counted(), code)
    try:
        _number_on(journal)
    except OSError:
        raise Refused("flash_error the log takes no record: nothing was deleted") from None
    for name in shelf.closed():
        if int(name[:8]) in old:
            os.remove(shelf.folder + "/" + name)
            app.sensing.poll()
    if app.sensing.stopped:
        journal.close()
    left = [n for n in shelf.closed_segments() if n in old]
    return "deleted=%d left=%d" % (len(old) - len(left), len(left))


def _number_on(journal):
    """Commit a segment of each stream, of which the numbers go on."""
    journal.flush()
    for stream in journal.streams:
        if not stream.file:
            journal.open(stream, stream.next_seq)
        stream.file.flush()
