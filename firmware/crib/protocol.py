"""What host and board say to each other: request lines up, packets down. No I/O.

Up go short printable lines, so that Ctrl-C, the REPL and a person keep working:

    :<id> <verb> <argument>...*<CRC-16 in hex>

Down come packets (see `framing`): type, the id of the request it answers, then the payload. Every
request may be sent again: the same request has the same effect and the same answer.
"""

from micropython import const

VERSION = const(1)
LINE_LIMIT = const(120)  # the ESP32's receive ring holds 260 bytes; two requests must fit
SESSION_MS = const(5000)  # a framed session ends after this long without a request
READ_LIMIT = const(16384)  # most bytes one `read` may ask for
DATA_BYTES = const(1490)  # most segment bytes in one packet: eleven are a read

# Packet types; 1 to 8 only, so that no line of text starts like a packet (see `framing`).
REPLY = const(1)  # text, `key=value` separated by spaces: the request was carried out
ERROR = const(2)  # text: the name of the error, a space, what to do
ITEM = const(3)  # text: one of several answers; a REPLY follows the last
DATA = const(4)  # u32 segment, u32 offset, then bytes of that segment
RECORD = const(5)  # one record of the log, as in the segment, while `tail` is on
FRAMES = const(6)  # u32 number of the first frame, u16 x y z of it, then codes of those behind it

# What a request may be, and the arguments it takes. This table is the documentation: the
# server has one method for each row and the test of docs/PROTOCOL.md reads it.
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


class Refused(Exception):
    """A request that cannot be carried out: the name of the error, a space, what to do."""


def crc16(text):
    """CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) of an ASCII string."""
    crc = 0xFFFF
    for c in text:
        crc ^= ord(c) << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def parse_request(line):
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
