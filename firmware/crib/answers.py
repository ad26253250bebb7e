"""What the board answers: one method for each row of protocol.VERBS.

Each takes the request's id and its arguments as text, and returns the text of the reply. A
ValueError's text becomes the ERROR packet: the name of the error, a space, what to do.
"""

import binascii
import os
import struct

from . import protocol, records, segments, status
from .server import HEAD


class Answers:
    """The board's side of the conversation; `app` is asked for what only it can do."""

    def __init__(self, app, journal):
        self._app = app
        self._journal = journal
        self._facts = {}
        self.reads = []  # [id, segment, offset, bytes left, CRC-32 so far, first offset]
        self._nonce = binascii.hexlify(os.urandom(4)).decode()

    def _closed(self, text):
        number = int(text)
        if number not in self._journal.closed_segments():
            raise ValueError("no_segment ask for the list")
        return number

    def _segment_facts(self, number):
        if number not in self._facts:
            self._facts[number] = segments.facts(self._journal.path(number))
        return self._facts[number]

    def segment_lines(self):
        """One `key=value` line for each closed segment."""
        acked = self._journal.acked()
        for number in self._journal.closed_segments():
            size, crc, boot = self._segment_facts(number)
            yield "segment=%d bytes=%d crc=%08x acked=%d boot=%d" % (
                number, size, crc, number <= acked, boot,
            )  # fmt: skip

    def hello(self, _number, _arguments):
        self.reads.clear()
        self._app.server.tail = False
        who = status.identity(self._app)
        return "protocol=%d nonce=%s %s" % (protocol.VERSION, self._nonce, who)

    def info(self, _number, _arguments):
        return status.info(self._app)

    def flush(self, _number, _arguments):
        self._journal.close()
        return "records=%d" % self._journal.written

    def list(self, number, _arguments):
        count = 0
        for line in self.segment_lines():
            self._app.server.packet(protocol.ITEM, number, line)
            count += 1
        return "count=%d" % count

    def read(self, number, arguments):
        segment, offset, length = arguments.split(" ")
        segment, offset = self._closed(segment), int(offset)
        if all(r[0] != number for r in self.reads):
            self.reads.append([number, segment, offset, int(length), 0, offset])

    def send_read(self):
        """Send one packet of the oldest read under way, and the reply after its last."""
        number, segment, offset, left, crc, start = request = self.reads[0]
        n = min(left, protocol.DATA_BYTES)
        chunk = segments.read(self._journal.path(segment), offset, n)
        if chunk:
            body = self._app.server.body
            struct.pack_into("<II", body, HEAD, segment, offset)
            end = HEAD + 8 + len(chunk)
            body[HEAD + 8 : end] = chunk
            self._app.server.send(protocol.DATA, number, end)
            crc = binascii.crc32(chunk, crc)
            offset += len(chunk)
            request[2:5] = [offset, left - len(chunk), crc]
        if not chunk or left == len(chunk):
            self.reads.pop(0)
            fields = (segment, start, offset - start, crc)
            text = "segment=%d offset=%d bytes=%d crc=%08x" % fields
            self._app.server.packet(protocol.REPLY, number, text)

    def ack(self, _number, arguments):
        segment, crc = arguments.split(" ")
        number = self._closed(segment)
        if self._segment_facts(number)[1] != int(crc, 16):
            raise ValueError("wrong_crc read the segment again")
        self._journal.ack(number)
        return "segment=%d" % number

    def tail(self, _number, arguments):
        self._app.server.tail = arguments == "1"
        return "tail=%d" % self._app.server.tail

    def time(self, _number, arguments):
        return self._app.anchor(int(arguments))

    def mark(self, _number, arguments):
        self._app.recorder.write(records.MARK, rest=arguments.encode())
        return "marked"

    def keep(self, _number, _arguments):
        return ""

    def stop(self, _number, _arguments):
        return self._app.stop()

    def bye(self, _number, _arguments):
        return ""
