"""Keeps frames coming: finds the sensor, drains it, and makes a gap of every fault."""

from micropython import const

from . import config, records, words
from .detector import Detector
from .sampler import Sampler

_SILENT_SECONDS = const(5)


class Sensing:
    """`poll` once a turn. `fault` is "none", or names why no frames come."""

    def __init__(self, board, clock, recorder, server):
        self._board = board
        self._clock = clock
        self._recorder = recorder
        self._server = server
        self.imu = None
        self.detector = None
        self.sampler = None
        self.fault = "starting"
        self.fifo_high = 0
        self._reason = ""  # why frames stopped coming, and when
        self._lost_ms = 0
        self._seconds = 0  # when frames last came, or the sensor was last looked for

    def connect(self):
        """Look for the sensor. True where it answered and sampling has begun."""
        self._seconds = self._clock.seconds
        try:
            imu = self._board.make_imu()
        except OSError:
            self.fault = "no_sensor"
            return False
        self.imu = imu
        imu.rate_mhz = imu.true_rate_mhz()
        if not self.detector:
            self.detector = Detector(
                config.SETTINGS, imu.rate_mhz, imu.mlsb_per_g,
                imu.STRIDE, imu.OFFSET, imu.OFFSET + 1,
            )  # fmt: skip
        self.sampler = Sampler(imu, self.detector)
        self.fault = "none"
        return True

    def poll(self):
        """Drain the FIFO and record what it held; look for the sensor where it is gone."""
        if self.fault == "stopped":
            return
        if self.fault != "none":
            if self._clock.seconds != self._seconds and self.connect():
                self._resumed()
            return
        try:
            if self._drain():
                self._seconds = self._clock.seconds
            elif self._clock.seconds - self._seconds > _SILENT_SECONDS:
                self._lose("sensor_silent")
        except OSError:
            self._lose("bus_error")

    def _drain(self):
        drained = 0
        n = self.sampler.poll()
        while n:
            if n < 0:
                self._gap(self.sampler.lost, "fifo_overrun")
            else:
                drained += n
                self._recorder.burst(self.sampler.closed)
            n = self.sampler.poll()
        self.fifo_high = max(self.fifo_high, self.sampler.fifo_high)
        return drained

    def _gap(self, frames, reason, duration_ms=records.UNKNOWN):
        line = words.gap(self.detector.index, frames, reason, self.imu)
        self._recorder.gap(frames, reason, duration_ms)
        self._server.text(line)

    def _lose(self, reason):
        self.fault = self._reason = reason
        self._lost_ms = self._clock.uptime_ms()
        self._recorder.text("fault=%s" % reason)
        self._server.text("what=fault fault=%s" % reason)

    def _resumed(self):
        """The sensor is back: what it did not deliver meanwhile is a gap, counted by the clock."""
        if not self._recorder.detector:
            self._recorder.watch(self.detector)
            return
        away_ms = self._clock.uptime_ms() - self._lost_ms
        self._gap(config.frames(away_ms, self.imu.rate_mhz), self._reason, away_ms)

    def stop(self):
        """Drain what is left and switch the sensor off."""
        if self.fault == "none":
            try:
                self.imu.stop()
                self.sampler.watermark = 1
                self._drain()
            except OSError:
                self._lose("bus_error")
        self.fault = "stopped"
