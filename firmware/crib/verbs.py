"""What the board answers: a function for each row of protocol.VERBS that has no module of its own.

Each takes the app, its answers, the request's id and its arguments as text, and returns the text
of the reply, or None where the answer is many packets.
"""

from . import in_force, protocol, records, status
from .protocol import Refused


def hello(app, answers, _number, _arguments):
    """Begin a session; who this is."""
    answers.drop()
    app.server.tail = False
    who = status.identity(app)
    return "protocol=%d nonce=%s %s" % (protocol.VERSION, answers.nonce, who)


def info(app, _answers, _number, _arguments):
    """Counters."""
    return status.info(app)


def config(app, answers, number, arguments):
    """Change settings, or list them."""
    if "=" not in arguments:
        lines = list(status.settings_in_force(app, arguments))
        if not lines:
            raise Refused("bad_setting %s is no setting" % arguments)
        answers.items(number, lines, " " + status.config_version(app))
        return None
    _recording(app)
    in_force.change(app, arguments)
    return status.config_version(app)


def flush(app, _answers, _number, _arguments):
    """Commit what is buffered, close the open segments."""
    app.journal.close()
    return "records=%d" % app.journal.written


def ack(app, answers, _number, arguments):
    """The host holds this segment, and all before it."""
    segment, crc = arguments.split(" ")
    number = int(segment)
    if answers.closed(number)[2] != int(crc, 16):
        raise Refused("wrong_crc read the segment again")
    shelf = app.journal.shelf
    held = shelf.acked()
    older = shelf.closed_segments() + shelf.open_numbers if number - held > 1 else ()
    if any(held < n < number for n in older):
        raise Refused("out_of_order acknowledge the older segments first")
    shelf.ack(number)
    return "segment=%d" % number


def tail(app, _answers, _number, arguments):
    """Send records as they are made, or no longer."""
    app.server.tail = arguments == "1"
    return "tail=%d" % app.server.tail


def time(app, _answers, _number, arguments):
    """The frame counter and the clock; with arguments, write an anchor first."""
    if arguments:
        lost = _recording(app)
        app.recorder.anchor(arguments, app)
        _kept(app, lost)
    uptime_ms = app.clock.uptime_ms() & records.UNKNOWN
    return "frame=%d uptime_ms=%d" % (app.frame + app.sensing.waiting(), uptime_ms)


def mark(app, _answers, _number, arguments):
    """Write an observer's note."""
    lost = _recording(app)
    frame = app.frame + app.sensing.waiting()
    app.recorder.write(records.MARK, rest=arguments.encode(), frame=frame)
    _kept(app, lost)
    return "marked"


def _recording(app):
    """How many records the flash has not taken so far; refused after the end."""
    if app.sensing.stopped:
        raise Refused("stopped the recording has ended: restart the board first")
    return app.journal.lost


def _kept(app, lost):
    if app.journal.lost != lost:
        raise Refused("log_full pull the log, so that the board may give up what you hold")


def keep(_app, _answers, _number, _arguments):
    """Nothing: that it was asked keeps the session up."""
    return ""


def stop(app, _answers, _number, _arguments):
    """End the recording."""
    return app.stop()


bye = keep


def typed(app, answers, word):
    """What a person asked for, as lines of text; none where they come one a turn."""
    if word == "info":
        return (status.identity(app) + " " + status.info(app)).split(" ")
    lines = answers.segment_lines() if word == "list" else status.settings_in_force(app)
    answers.text(lines)
    return ()
