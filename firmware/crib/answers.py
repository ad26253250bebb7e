"""What the board answers: a method for each row of protocol.VERBS, or a module of that name.

Each takes the request's id and its arguments as text, and returns the text of the reply, or None
where the answer is many packets. What it refuses becomes an ERROR packet (see protocol.Refused).
"""

import binascii
import os

from . import protocol, records, segments
from .protocol import Refused
from .server import TYPED

_PACKAGE = __name__[: -len("answers")]
_STOPPED = "stopped the recording has ended: restart the board first"


class Answers:
    """The board's side of the conversation; `app` is asked for what only it can do."""

    def __init__(self, app, journal):
        self._app = app
        self._journal = journal
        self._facts = {}  # of a closed segment: path, bytes, CRC-32, boot
        self.tasks = []  # (id, generator that sends one packet a step), oldest first
        self.nonce = binascii.hexlify(os.urandom(4)).decode()

    def _closed(self, number):
        # Listing takes longer than a packet; what has facts is closed.
        if number not in self._facts and number not in self._journal.shelf.closed_segments():
            raise Refused("no_segment ask for the list")
        return number

    def _segment_facts(self, number):
        if number not in self._facts:
            path = self._journal.shelf.path(number)
            self._facts[number] = (path,) + segments.facts(path)
        return self._facts[number]

    def _segment_line(self, number):
        _, size, crc, boot = self._segment_facts(number)
        acked = number <= self._journal.shelf.acked()
        fields = number, size, crc, acked, boot
        return "segment=%d bytes=%d crc=%08x acked=%d boot=%d" % fields

    def tell_segments(self):
        """One line of text for each closed segment."""
        self._begin(TYPED, self._text_steps(self._segment_lines()))

    def tell_settings(self):
        """One line of text for each setting."""
        from . import status

        self._begin(TYPED, self._text_steps(status.settings_in_force(self._app)))

    def _segment_lines(self):
        for number in self._journal.shelf.closed_segments():
            yield self._segment_line(number)

    # -- answers of many packets: one packet a turn, so that sampling goes on --

    def drop(self):
        """Forget the answers under way, and close what they read."""
        while self.tasks:
            self.tasks.pop()[1].close()

    def _begin(self, number, steps):
        if all(task[0] != number for task in self.tasks):
            self.tasks.append((number, steps))

    def work(self):
        """Take the next step of the oldest answer under way."""
        number, steps = self.tasks[0]
        try:
            next(steps)
        except StopIteration:
            self.tasks.pop(0)
        except OSError:
            self.tasks.pop(0)
            self._app.server.packet(protocol.ERROR, number, "no_segment ask for the list")

    def _text_steps(self, lines):
        for line in lines:
            self._app.server.text(line)
            yield

    def _item_steps(self, number, lines, more=""):
        count = 0
        for line in lines:
            self._app.server.packet(protocol.ITEM, number, line)
            count += 1
            yield
        self._app.server.packet(protocol.REPLY, number, "count=%d%s" % (count, more))

    # -- the verbs --

    def hello(self, _number, _arguments):
        from . import status

        self.drop()
        self._app.server.tail = False
        who = status.identity(self._app)
        return "protocol=%d nonce=%s %s" % (protocol.VERSION, self.nonce, who)

    def facts(self):
        """Everything about this board, as `key=value` text."""
        from . import status

        return status.identity(self._app) + " " + status.info(self._app)

    def info(self, _number, _arguments):
        from . import status

        return status.info(self._app)

    def config(self, number, arguments):
        from . import in_force, status

        if "=" not in arguments:
            lines = list(status.settings_in_force(self._app, arguments))
            if not lines:
                raise Refused("bad_setting %s is no setting" % arguments)
            more = " " + status.config_version(self._app)
            self._begin(number, self._item_steps(number, lines, more))
            return None
        self._recording()
        in_force.change(self._app, arguments)
        return status.config_version(self._app)

    def seldom(self, verb, arguments):
        """What the module of a verb's own name answers (see the module `seldom`)."""
        return __import__(_PACKAGE + verb, None, None, (verb,)).answer(self._app, arguments)

    def flush(self, _number, _arguments):
        self._journal.close()
        return "records=%d" % self._journal.written

    def list(self, number, _arguments):
        self._begin(number, self._item_steps(number, self._segment_lines()))

    def read(self, number, arguments):
        segment, offset, length = [int(a) for a in arguments.split(" ")]
        path, size, *_ = self._segment_facts(self._closed(segment))
        if not (0 <= offset < size and 0 < length <= protocol.READ_LIMIT):
            raise Refused("bad_range at most %d bytes within %d" % (protocol.READ_LIMIT, size))
        journal, server = self._journal, self._app.server
        steps = segments.packets(server, journal.shelf, number, path, segment, offset, length)
        self._begin(number, steps)

    def ack(self, _number, arguments):
        segment, crc = arguments.split(" ")
        number = self._closed(int(segment))
        if self._segment_facts(number)[2] != int(crc, 16):
            raise Refused("wrong_crc read the segment again")
        shelf = self._journal.shelf
        held = shelf.acked()
        older = shelf.closed_segments() + shelf.open_numbers if number - held > 1 else ()
        if any(held < n < number for n in older):
            raise Refused("out_of_order acknowledge the older segments first")
        self._journal.shelf.ack(number)
        return "segment=%d" % number

    def tail(self, _number, arguments):
        self._app.server.tail = arguments == "1"
        return "tail=%d" % self._app.server.tail

    def time(self, _number, arguments):
        app = self._app
        if arguments:
            lost = self._recording()
            app.recorder.anchor(arguments, app)
            self._kept(lost)
        uptime_ms = app.clock.uptime_ms() & records.UNKNOWN
        return "frame=%d uptime_ms=%d" % (app.frame + app.sensing.waiting(), uptime_ms)

    def mark(self, _number, arguments):
        lost = self._recording()
        frame = self._app.frame + self._app.sensing.waiting()
        self._app.recorder.write(records.MARK, rest=arguments.encode(), frame=frame)
        self._kept(lost)
        return "marked"

    def _recording(self):
        """How many records the flash has not taken so far; refused after the end."""
        if self._app.sensing.stopped:
            raise Refused(_STOPPED)
        return self._journal.lost

    def _kept(self, lost):
        if self._journal.lost != lost:
            raise Refused("log_full pull the log, so that the board may give up what you hold")

    def keep(self, _number, _arguments):
        return ""

    def stop(self, _number, _arguments):
        return self._app.stop()

    bye = keep
