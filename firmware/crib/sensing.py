"""Keeps frames coming: finds the sensor, drains it, and makes a gap of every fault."""

from micropython import const

from . import config, records, words
from .sampler import JITTER, RATE

_SILENT_MS = const(4000)  # with a burst and a turn, below 5 s
_STUCK = "sensor_stuck"
_AGAIN_S = const(60)  # how often a sensor whose value stands is started anew
_STALL_MS = const(1000)
_REST_MS = const(500)  # below the 615 ms that a watermark of 64 frames takes at 104 Hz
_WARMER = const(500)  # 5 degrees: by as much an MPU-6050 may seem to tilt by 5 mg, `tilt_mg`


class Sensing:
    """`poll` once a turn. `fault` is "none", or names why no frames come."""

    def __init__(self, board, clock, recorder, server, app):
        self._board = board
        self._clock = clock
        self._recorder = recorder
        self._server = server
        self._app = app  # `describe` is called when the sensor is first there, then `watch`
        self.imu = None
        self.detector = None
        self.sampler = None
        self.fault = "starting"
        self.fifo_high = 0
        self.rest_ms = _REST_MS  # how long the main loop may rest between two polls
        self.why = ()  # the driver's words, where it had any
        self._reason = "no_sensor"  # why frames stopped coming, and when they last came
        self._fed_ms = self._quiet_ms = self._polled_ms = 0
        self._left = 0  # frames that were still in its FIFO then
        self._looked_s = 0  # when the sensor was last looked for
        self.told = 0  # of the sampler's notes, since the last RECORDER record
        self.warmth = records.NO_TEMPERATURE  # when it was last told

    @property
    def stopped(self):
        """Whether the recording has ended."""
        return self.fault == "stopped"

    def connect(self):
        """Look for the sensor. True where it answered and sampling has begun."""
        from . import finding

        self._looked_s = self._clock.seconds
        try:
            self.imu = finding.sensor(self._app.board)
        except OSError as error:
            self.fault = "no_sensor"
            self.why = error.args[1:]
            return False
        self.rest_ms = getattr(self.imu, "REST_MS", _REST_MS)
        if not self.detector:
            self._app.describe(self.imu)
            self.detector = finding.detector(self._app)
        self.sampler = finding.sampler(self._app)
        self.fault = "none"
        return True

    def poll(self):
        """Drain the FIFO and record what it held; look for the sensor where it is gone."""
        if self.stopped:
            return
        if self.fault != "none":
            away_s = self._clock.seconds - self._looked_s
            if self.fault != _STUCK or away_s > _AGAIN_S:
                if away_s and self.connect():
                    self._resumed()
                return
        now_ms = self._clock.uptime_ms()
        try:
            # What comes while nobody looks may be lost: that is not silence.
            if self._drain() or now_ms - self._polled_ms > _STALL_MS:
                self._quiet_ms = now_ms
            elif now_ms - self._quiet_ms > _SILENT_MS:
                self.lose("sensor_silent")
            self._polled_ms = now_ms
            if self.sampler.notes:
                self._note()
        except OSError as error:
            self.lose("bus_error", error.args[1:])

    def _drain(self):
        drained = 0
        n = self.sampler.poll()
        while n:
            drained += max(n, 0)
            if n < 0:
                self._overrun()
            elif not self.sampler.stuck:
                self._fed_ms = self._clock.uptime_ms()
                self._recorder.burst(self.sampler.closed)
            elif self.fault == "none":
                self._stick()
            n = self.sampler.poll()
        self.fifo_high = max(self.fifo_high, self.sampler.fifo_high)
        return drained

    def _note(self):
        """Name what is odd about frames that come, once in ten minutes; a sensor that warms."""
        notes = self.sampler.notes & ~self.told
        self.told |= notes
        self.sampler.notes = 0
        for note, name in ((RATE, "sensor_rate"), (JITTER, "sensor_jitter")):
            if notes & note:
                self.tell(name)
        warmth = self.temperature()
        if warmth != records.NO_TEMPERATURE and abs(warmth - self.warmth) > _WARMER:
            if self.warmth != records.NO_TEMPERATURE:
                self.tell("temperature from_c=%d to_c=%d" % (self.warmth // 100, warmth // 100))
            self.warmth = warmth

    def _stick(self):
        """The sensor gives the same again and again, and did so for the last frames seen."""
        sampler = self.sampler
        self._recorder.unusable(sampler.still, records.STUCK, sampler.still)
        self.lose(_STUCK)
        self._left += sampler.stuck + sampler.grown

    def _overrun(self):
        frames = self.sampler.lost
        away_ms, reason = records.UNKNOWN, "fifo_overrun"
        if self.sampler.stuck:
            self.fault, reason = "none", _STUCK
        if frames < 0:  # then the clock says, within a frame or two and the sensor's rate error
            away_ms = self._clock.uptime_ms() - self._fed_ms
            frames = max(1, self.sampler.grown + config.frames(away_ms, self.imu.rate_mhz))
        self._gap(frames, reason, away_ms)

    def _gap(self, frames, reason, duration_ms=records.UNKNOWN):
        line = words.gap(self.detector.index, frames, reason, self.imu)
        self._recorder.gap(frames, reason, duration_ms)
        self._server.text(line)

    def lose(self, reason, why=()):
        """No frames from here on, until the sensor has been started anew: then a gap."""
        self.fault = self._reason = reason
        self.why, self._left = why, self.sampler.left
        self.tell()

    def tended(self):
        """Whether frames came lately; where none can, whether the sensor was looked for."""
        if self.fault in ("none", _STUCK):
            return self._clock.uptime_ms() - self._quiet_ms <= 2 * _SILENT_MS
        return self.stopped or self._clock.seconds - self._looked_s <= _SILENT_MS // 1000

    def tell(self, fault=""):
        """Say in the log and on the line why no frames come; or what is odd about them."""
        line = "what=fault fault=%s" % (fault or self.fault)
        if self.why and not fault:
            line += " why=%r" % self.why
        self._recorder.text(line)
        self._server.text(line)

    def _resumed(self):
        """The sensor is back: what it did not deliver meanwhile is a gap, counted by the clock."""
        if not self._recorder.detector:
            self._app.watch()
        self.away(self._reason, self._left)

    def away(self, reason, left):
        """A gap from when frames last came, with `left` behind them, up to now."""
        away_ms = self._clock.uptime_ms() - self._fed_ms
        frames = left + config.frames(away_ms, self.imu.rate_mhz)
        self._fed_ms = self._clock.uptime_ms()
        self._gap(frames, reason, away_ms)

    def stop(self):
        """Drain what is left and switch the sensor off; a second time does nothing."""
        if self.stopped:
            return
        if self.fault == "none":
            try:
                self.imu.stop()
                self.sampler.watermark = 1
                if self._recorder.detector:  # else the start itself was cut short
                    self._drain()
            except OSError:
                self.lose("bus_error")
        if self.fault != "none" and self.detector:
            self.away(self._reason, self._left)
        self.fault = "stopped"

    def temperature(self):
        """Of the sensor, hundredths of a degree Celsius; records.NO_TEMPERATURE without one."""
        try:
            return self.imu.temperature()
        except (OSError, AttributeError):
            return records.NO_TEMPERATURE

    def waiting(self):
        """Frames that are in the FIFO at this moment."""
        try:
            return self.imu.level() if self.fault == "none" else 0
        except OSError:
            return 0
