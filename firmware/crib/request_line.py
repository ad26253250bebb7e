"""A line that has arrived: what it asks for is carried out and answered.

Loaded when one arrives, for a board that nobody asks is not to hold all this: see `seldom`.
"""

from micropython import const

from . import protocol

_NO_ID = const(255)
_PACKAGE = __name__[: -len("request_line")]

# What a request may be, and the arguments it takes. This table is the documentation: `verbs` has
# a function for each row that has no module of its own, and the test of docs/PROTOCOL.md reads it.
VERBS = {
    "hello": "",  # begin a framed session; who are you
    "info": "",  # counters, and the hash of the settings in force
    "config": "name=value ...",  # change settings, or list them: all, or the one that is named
    "floor": "empty",  # tell the noise floor; 1: keep it, as the empty crib's too
    "flush": "",  # commit what is buffered and close the open segment
    "list": "",  # the segments: number, bytes, CRC-32
    "read": "segment offset length",  # bytes of one segment
    "ack": "segment crc",  # the host holds this segment safely: it may be reclaimed
    "tail": "on",  # 1: send each new record as it is made; 0: stop
    # The frame counter now; with arguments, those of an anchor, which goes into the log.
    "time": "frame utc_s utc_ms uptime_ms boot within_ms source",
    "mark": "text",  # an observer's note, into the log
    "keep": "",  # the host still listens
    "frames": "at state",  # raw frames from number `at` on; 1: and what the detector makes of them
    "selftest": "",  # have the sensor test itself
    # Frames from the host, in the place of the sensor's.
    "inject": "begin rate_mhz mlsb_per_g frames depth paced, at coded, gap at until, or end",
    "buscheck": "reads",  # read over the sensor's lead so often; 0: write how the board is doing
    "wipe": "nonce",  # delete the log; the nonce is the one that hello gave
    "stop": "",  # end the recording: drain, flush, switch the sensor off
    "bye": "",  # end the framed session
}


def crc16(text):
    """CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) of an ASCII string."""
    crc = 0xFFFF
    for c in text:
        crc ^= ord(c) << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def parse(line):
    """(number, verb, argument text) of a request line, or None where its CRC is wrong."""
    body, star, crc = line[1:].rpartition("*")
    try:
        if line[:1] != ":" or not star or int(crc, 16) != crc16(body):
            return None
        number, _, rest = body.partition(" ")
        verb, _, arguments = rest.partition(" ")
        return int(number) & 0xFF, verb, arguments
    except ValueError:
        return None


def take(server, line):
    """Answer a line of bytes: a host's request, or what a person typed."""
    try:
        line = line.decode().strip()
    except (UnicodeError, ValueError):
        return
    if line.startswith(":"):
        parsed = parse(line)
        if parsed is None:
            server.packet(protocol.ERROR, _NO_ID, "bad_request send it again")
            return
        server.hear()
        _answer(server, line, *parsed)
    elif not line:
        if server.framed:  # Enter from a person; a host only sends it before hello.
            server.end_session()
    elif not server.framed:
        _typed(server, line)


def _answer(server, line, number, verb, arguments):
    if line == server.last[0]:
        # Asked again because the answer got lost: the same answer, and nothing twice.
        kind, text = server.last[1:]
    else:
        kind, text = _carry_out(server.answers, number, verb, arguments)
    if text is not None:
        server.last = line, kind, text
        server.packet(kind, number, text)
    if verb == "bye":
        server.end_session()


def _carry_out(answers, number, verb, arguments):
    if verb not in VERBS:
        return protocol.ERROR, "unknown_verb known are %s" % " ".join(VERBS)
    try:
        return protocol.REPLY, answer(answers, number, verb, arguments)
    except protocol.Refused as refused:
        return protocol.ERROR, refused.args[0]
    except ValueError:
        return protocol.ERROR, "bad_argument %s takes: %s" % (verb, VERBS[verb])
    except OSError as error:
        return protocol.ERROR, "flash_error errno %s" % error.args[0]


def answer(answers, number, verb, arguments):
    """The text of the reply to a request; None where many packets follow.

    Raises protocol.Refused, ValueError for arguments that cannot be read, OSError.
    """
    if verb == "read":  # a hundred times a minute, in a pull that needs nothing of `verbs`
        from . import segments

        return segments.read(answers, number, arguments)
    if verb == "list":
        return answers.items(number, answers.segment_lines())
    from . import verbs

    if hasattr(verbs, verb):
        return getattr(verbs, verb)(answers.app, answers, number, arguments)
    return __import__(_PACKAGE + verb, None, None, (verb,)).answer(answers.app, arguments)


def _typed(server, line):
    word, _, rest = line.partition(" ")
    if word in ("info", "list") or (word == "config" and not rest):
        from . import verbs

        lines = verbs.typed(server.answers.app, server.answers, word)
    elif word == "config":
        lines = ("refused=config use=cribtrace",)
    elif word == "mark" and rest:
        lines = (_carry_out(server.answers, _NO_ID, "mark", rest)[1],)
    else:
        from .status import HELP

        unknown = [] if word == "help" else ["unknown=%s" % word]
        lines = unknown + HELP.split("\n")
    for entry in lines:
        server.text(entry)
