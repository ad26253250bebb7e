"""Composition and the one loop: drain, record, serve, commit, rest."""

from micropython import const

from . import config, words
from .answers import Answers
from .clock import Clock
from .health import Health
from .journal import Journal
from .recorder import Recorder
from .sensing import Sensing
from .server import Server

LOG_DIR = "/log"
SETTINGS_FILE = "/settings"
_FRAME_BITS = const(30)  # small integers end there, after 119 days at 104 Hz: a new boot begins
_FLUSH_SECONDS = const(58)  # with a FIFO of 1 s, below a minute in all
_STUCK_SECONDS = const(180)  # chosen: what waits that long is not being written
_EVENT_SECONDS = const(30)  # that an event may have lasted when it is recorded
_RECORDER_MINUTES = const(10)
_WAVEFORM_MINUTES = const(20)  # until these are committed: an erase each
_FLOOR_MINUTES = const(60)  # an erase each: the flash lasts, and a floor changes slowly
_SETTLED_SECONDS = const(60)  # what fails sooner fails at every start: leave it at the prompt


class App:
    """The recorder as a whole."""

    def __init__(self, board, heap_before):
        from . import identity, in_force

        self.board = board
        self.clock = Clock(board)
        self.journal = Journal(LOG_DIR)
        board.collect()  # reading the old segments has left the heap in pieces
        self.answers = Answers(self, self.journal)
        self.server = Server(board, self.answers, self.journal)
        self.recorder = Recorder(self.journal, self)
        in_force.begin(self, SETTINGS_FILE)
        self.sensing = Sensing(board, self.clock, self.recorder, self.server, self)
        self.device = identity.device_id()
        self.boot = self.journal.last_boot + 1
        self.anchored = None  # the last anchor of a host's, as `verbs` keeps it
        self.health = Health(board, heap_before)
        self._minute = self._committed_s = 0
        self._ended = self._refused = False

    def run(self):
        """Record until Ctrl-C. Whatever ends it, what was recorded is committed."""
        reason = "fault"
        watchdog = self.board.watchdog()
        try:
            self._start()
            self.health.measure_heap()
            while not self.frame >> _FRAME_BITS:
                if self._turn():  # frames come or are looked for; the flash takes them
                    watchdog.feed()
                if not self.answers.tasks:
                    self.board.idle(self.sensing.rest_ms)
            reason = "none"
        except KeyboardInterrupt:
            reason = "ctrl_c"
        except Exception as error:
            self.recorder.text("what=crash error=%r" % error)
            if self.clock.seconds < _SETTLED_SECONDS:
                raise
        finally:
            self._end(watchdog, reason)
        self.server.end_session()
        self.server.text("what=stopped reason=%s next=Ctrl-D" % reason)
        if reason != "ctrl_c":
            self.board.reset()

    def _start(self):
        from . import ends

        ends.start(self)

    def describe(self, imu):
        """Put into every segment from here on what is known of the board, and of its sensor."""
        from . import in_force

        in_force.describe(self, imu)

    def watch(self):
        """Record what the detector finds, which has seen no frame yet."""
        from . import floor

        floor.seed(self)
        self.recorder.watch(self.sensing.detector)

    def _turn(self):
        started = self.board.ticks_us()
        self.clock.poll()
        self.sensing.poll()
        if self.answers.tasks:
            self.answers.work()
        self.server.poll()
        fit = self._commit() and self.sensing.tended()
        if hasattr(self.board, "button") or hasattr(self.board, "blink"):
            from . import manners

            manners.poll(self)
        if self.clock.seconds // config.HEARTBEAT_SECONDS != self._minute:
            self._minute = self.clock.seconds // config.HEARTBEAT_SECONDS
            self._heartbeat()
        self.health.turn(self, self.board.ticks_diff(self.board.ticks_us(), started))
        return fit

    def _commit(self):
        facts = self.journal.facts
        if not facts.at_risk:
            self._committed_s = self.clock.seconds
        waited_s = self.clock.seconds - self._committed_s + (_EVENT_SECONDS if facts.events else 0)
        if waited_s >= _FLUSH_SECONDS:
            self.journal.flush(facts)
        if self.journal.lost and not self._refused:
            self._refused = True
            self.recorder.text("what=fault fault=records_lost")
        return waited_s < _STUCK_SECONDS

    def _heartbeat(self):
        self.health.measure_heap()
        if not self.sensing.stopped and self._minute % _RECORDER_MINUTES == 0:
            from . import status

            status.record(self)
            if self._minute % _WAVEFORM_MINUTES == 0:
                self.journal.flush()
            if self._minute % _FLOOR_MINUTES == 0:
                from . import floor

                floor.keep(self)
        if self._minute % _FLOOR_MINUTES == 1 and hasattr(self.board, "make_clock_chip"):
            from .rtc import clock_chip

            clock_chip.anchor(self)
        self.server.text(words.heartbeat(self))

    @property
    def frame(self):
        """Index of the next frame: seen and missing ones."""
        return self.sensing.detector.index if self.sensing.detector else 0

    def counted(self):
        """(frames that went through the detector, frames known to be missing, records)."""
        found = self.sensing.detector
        return ((found.seen, found.in_gaps) if found else (0, 0)) + (self.journal.written,)

    def _end(self, watchdog, reason):
        """On the way out; an impatient second Ctrl-C must not cost the last records."""
        while True:
            try:
                watchdog.feed()
                try:
                    if not self._ended:
                        self.health.measure_heap()  # what an answer has left is in the way
                        self._finish(reason)
                finally:
                    watchdog.park()
                return
            except KeyboardInterrupt:
                pass

    def _finish(self, reason):
        from . import ends

        ends.finish(self, reason)
        self._ended = True

    def record(self, body, n):
        """A record was made (see `Recorder`)."""
        self.server.record(body, n)

    def event(self, fields):
        """An event closed (see `Recorder`)."""
        self.server.text(words.event(fields, self.sensing.detector.index, self.sensing.imu))

    def stop(self):
        """End the recording at the host's word; the line stays served."""
        if not self._ended:
            self._finish("host")
        return "seen=%d in_gaps=%d records=%d" % self.counted()
