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

HEAD = const(2)  # bytes of a packet's body before its payload: type, id
TYPED = const(256)  # the id of what a person asked

# Packet types; 1 to 8 only, so that no line of text starts like a packet (see `framing`).
REPLY = const(1)  # text, `key=value` separated by spaces: the request was carried out
ERROR = const(2)  # text: the name of the error, a space, what to do
ITEM = const(3)  # text: one of several answers; a REPLY follows the last
DATA = const(4)  # u32 segment, u32 offset, then bytes of that segment
RECORD = const(5)  # one record of the log, as in the segment, while `tail` is on
FRAMES = const(6)  # u32 number of the first frame, u16 x y z of it, then codes of those behind it


class Refused(Exception):
    """A request that cannot be carried out: the name of the error, a space, what to do."""
