"""Composition and the one loop: drain, record, serve, commit, rest."""

import binascii
import gc
import os

from micropython import const

from . import VERSION, config, power, records, words
from .answers import Answers
from .clock import Clock
from .journal import Journal
from .recorder import Recorder
from .sensing import Sensing
from .server import Server

LOG_DIR = "/log"
_DEVICE_FILE = "/device"
_IDLE_MS = const(500)  # below the 615 ms that a watermark of 64 frames takes at 104 Hz
_FLUSH_SECONDS = const(60)


def device_id():
    """Eight random bytes, drawn once: they name the board without saying whose it is."""
    try:
        with open(_DEVICE_FILE, "rb") as f:
            return f.read(8)
    except OSError:
        raw = os.urandom(8)
        with open(_DEVICE_FILE, "wb") as f:
            f.write(raw)
        return raw


class App:
    """The recorder as a whole."""

    def __init__(self, board, heap_before):
        self.board = board
        self.clock = Clock(board)
        self.journal = Journal(LOG_DIR)
        self.server = Server(board)
        self.recorder = Recorder(self.journal, self)
        self.sensing = Sensing(board, self.clock, self.recorder, self.server)
        self.answers = Answers(self, self.server, self.journal)
        self.server.answers = self.answers
        self._device = device_id()
        self._boot = self.journal.last["boot"] + 1 if self.journal.last else 1
        self._config_crc = config.crc(config.SETTINGS)
        self._heap = [heap_before, 0, 0]  # before the firmware, now, at most
        self._loop_max_us = 0
        self._minute = 0
        self._committed_s = 0
        self._described = False

    def run(self):
        """Record until Ctrl-C. Whatever ends it, what was recorded is committed."""
        reason = "fault"
        watchdog = self.board.watchdog()
        try:
            self._start()
            while True:
                self._turn()
                watchdog.feed()
                if not self.answers.reads:
                    self.board.idle(_IDLE_MS)
        except KeyboardInterrupt:
            reason = "ctrl_c"
        finally:
            watchdog.park()
            if self.sensing.fault != "stopped":
                self._finish(reason)
            power.remember(self.board, reason)
        self.server.end_session()
        self.server.text("what=stopped reason=%s next=Ctrl-D" % reason)

    def _start(self):
        before = power.interruption(self.board, self.journal)
        self.sensing.connect()
        self._describe()
        cause = records.CAUSES.index(self.board.reset_cause())
        self.recorder.write(records.BOOT, cause, self._boot)
        if before:
            code = records.GAP_REASONS.index(before[0])
            self.recorder.write(records.GAP, 0, records.UNKNOWN, before[1], code)
        settings = " ".join(["%s=%d" % pair for pair in sorted(config.SETTINGS.items())])
        self.recorder.write(records.CONFIG, rest=settings.encode())
        if self.sensing.detector:
            self.recorder.watch(self.sensing.detector)
        self._measure_heap()

    def _describe(self):
        """Put into every segment from here on what is needed to understand it."""
        imu = self.sensing.imu
        self._described = imu is not None
        self.journal.begin(
            {
                "device": self._device,
                "boot": self._boot,
                "rate_mhz": imu.rate_mhz if imu else 0,
                "mlsb_per_g": imu.mlsb_per_g if imu else 0,
                "recording_frames": self.board.RECORDING_FRAMES,
                "config_crc": self._config_crc,
                "full_scale_g": imu.FULL_SCALE_G if imu else 0,
                "sensor": self.board.SENSOR.encode(),
                "board": self.board.NAME.encode(),
                "firmware": VERSION.encode(),
            }
        )

    def _turn(self):
        started = self.board.ticks_us()
        self.clock.poll()
        self.sensing.poll()
        if self.sensing.imu and not self._described:
            self.journal.close()
            self._describe()
        if self.answers.reads:
            self.answers.send_read()
        self.server.poll()
        if self.clock.seconds - self._committed_s >= _FLUSH_SECONDS:
            self._committed_s = self.clock.seconds
            self.journal.flush()
        if self.clock.seconds // config.HEARTBEAT_SECONDS != self._minute:
            self._minute = self.clock.seconds // config.HEARTBEAT_SECONDS
            self._heartbeat()
        took_us = self.board.ticks_diff(self.board.ticks_us(), started)
        self._loop_max_us = max(self._loop_max_us, took_us)

    def _heartbeat(self):
        self._measure_heap()
        self.recorder.write(
            records.RECORDER, self._seen(), self._in_gaps(), self.journal.written,
            self.journal.lost, self.sensing.fifo_high, self._loop_max_us, self._heap[1],
            gc.mem_free(),
        )  # fmt: skip
        self._loop_max_us = 0
        self.server.text(words.heartbeat(self))

    def _measure_heap(self):
        self.board.collect()
        self._heap[1] = gc.mem_alloc()
        self._heap[2] = max(self._heap[1:])

    def _seen(self):
        return self.sensing.detector.seen if self.sensing.detector else 0

    def _in_gaps(self):
        return self.sensing.detector.in_gaps if self.sensing.detector else 0

    def _finish(self, reason):
        """End the recording: what the FIFO holds, the running epoch, a last record, commit."""
        self.sensing.stop()
        if self.sensing.detector:
            self.recorder.epoch()
        code = records.STOP_REASONS.index(reason)
        counts = self._seen(), self._in_gaps(), self.journal.written
        self.recorder.write(records.STOP, *counts, code)
        self.journal.close()

    # -- what the recorder tells of, and what `answers` asks for --

    def record(self, body, n):
        """A record was made (see `Recorder`)."""
        self.server.record(body, n)

    def event(self, fields):
        """An event closed (see `Recorder`)."""
        self.server.text(words.event(fields, self.sensing.detector.index, self.sensing.imu))

    def identity(self):
        """Who this board is, as `key=value` text."""
        device = binascii.hexlify(self._device).decode()
        fields = (device, self._boot, self.board.NAME, self.board.SENSOR, VERSION)
        return "device=%s boot=%d board=%s sensor=%s firmware=%s" % fields

    def info(self):
        """Counters and settings in force, as `key=value` text."""
        sensing = self.sensing
        state = {"none": "sampling", "stopped": "stopped"}.get(sensing.fault, "fault")
        facts = (
            ("state", state),
            ("fault", sensing.fault),
            ("frame", sensing.detector.index if sensing.detector else 0),
            ("seen", self._seen()),
            ("in_gaps", self._in_gaps()),
            ("records", self.journal.written),
            ("records_lost", self.journal.lost),
            ("segments", len(self.journal.closed_segments())),
            ("free_bytes", self.journal.free_bytes()),
            ("rate_mhz", sensing.imu.rate_mhz if sensing.imu else 0),
            ("mlsb_per_g", sensing.imu.mlsb_per_g if sensing.imu else 0),
            ("uptime_ms", self.clock.uptime_ms()),
            ("wire_bytes", self.server.wire_bytes),
            ("fifo_high", sensing.fifo_high),
            ("heap_before", self._heap[0]),
            ("heap_used", self._heap[1]),
            ("heap_high", self._heap[2]),
            ("config_crc", "%08x" % self._config_crc),
        )
        return " ".join(["%s=%s" % pair for pair in facts])

    def anchor(self, utc_ms):
        """Tie the frame counter to the host's clock."""
        frame = self.sensing.detector.index if self.sensing.detector else 0
        uptime_ms = self.clock.uptime_ms()
        self.recorder.write(records.ANCHOR, utc_ms // 1000, utc_ms % 1000, uptime_ms)
        return "frame=%d uptime_ms=%d" % (frame, uptime_ms)

    def stop(self):
        """End the recording at the host's word; the line stays served."""
        if self.sensing.fault != "stopped":
            self._finish("host")
        counts = self._seen(), self._in_gaps(), self.journal.written
        return "seen=%d in_gaps=%d records=%d" % counts
