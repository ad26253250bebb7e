"""What the board answers: a function for each row of VERBS that has no module of its own.

Each takes the app, its answers, the request's id and its arguments as text, and returns the text
of the reply, or None where the answer is many packets.
"""

from micropython import const

from . import in_force, protocol, records, segments, status
from .protocol import Refused

_HOST = const(0)  # of records.ANCHOR's sources
_STEP_MS = const(2_000)  # chosen: above what an exchange over a bad line is off by
_DRIFT_SHIFT = const(14)  # 61 ppm: both crystals


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
    if segments.closed(answers, number)[2] != int(crc, 16):
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
        _anchor(app, arguments)
        _kept(app, lost)
    uptime_ms = app.clock.uptime_ms() & records.UNKNOWN
    return "frame=%d uptime_ms=%d" % (app.frame + app.sensing.waiting(), uptime_ms)


def _anchor(app, text):
    """Append the anchor that a host gives, its frame first; the clock chip follows it.

    Raises ValueError for any other number of numbers, and for one that does not fit.
    """
    frame, *fields = [int(word) for word in text.split(" ")]
    if len(fields) != 6 or min(frame, *fields) < 0 or max(frame, *fields) > records.UNKNOWN:
        raise ValueError
    app.recorder.write(records.ANCHOR, *fields, frame=frame)
    if fields[-1] == _HOST and fields[3] == app.boot:
        _compare(app, fields)
    if hasattr(app.board, "make_clock_chip"):
        from .rtc import clock_chip

        clock_chip.follow(app, fields)


def _compare(app, fields):
    """Name a clock that was set since the last anchor; nobody on the board could know earlier.

    Held against the board's time, and the host's, which on a board that lives faster differ.
    """
    board = app.board
    utc_s, utc_ms, uptime_ms, _, within_ms, _ = fields
    host_ms = board.host_ms()
    last = app.anchored
    app.anchored = utc_s, utc_ms, uptime_ms, within_ms, host_ms
    if not last:
        return
    passed_ms = (utc_s - last[0]) * 1000 + utc_ms - last[1]
    own_ms = uptime_ms - last[2] & records.UNKNOWN  # it was told modulo 2^32
    by_ms = min(passed_ms - own_ms, passed_ms - board.ticks_diff(host_ms, last[4]), key=abs)
    if abs(by_ms) > _STEP_MS + (own_ms >> _DRIFT_SHIFT) + within_ms + last[3]:
        line = "what=fault fault=clock_step by_ms=%d" % by_ms
        app.recorder.text(line)
        app.server.text(line)


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
    # Not what goes on in a module that is let go of meanwhile.
    lines = answers.segment_lines() if word == "list" else list(status.settings_in_force(app))
    answers.begin(protocol.TYPED, _told(app.server, lines))
    return ()


def _told(server, lines):
    """Tell a person these lines."""
    for line in lines:
        server.text(line)
        yield
