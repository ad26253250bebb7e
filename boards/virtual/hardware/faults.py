"""Faults that a test orders, between the firmware and the sensor: the facts' `faults`, a list.

Each is {"kind": ..., "at_ms": of the board's own time} and takes effect with the first transfer
from then on, for `for_ms` (left out: for ever), `count` times (left out: each time):

    nack      a transfer fails behind `byte` of its bytes (0): the sensor has moved those.
              `register`: only those that begin there
    stuck     the bus is held: a transfer waits for its time-out, then fails
    value     the sensor measures the same again and again
    reset     the sensor loses its registers, once
    rate      its oscillator is off by `permille`
    jitter    each frame is up to `us` late
    warmth    the sensor warms by `degrees` in `for_ms`, and stays so
    pause     the interpreter collects garbage for `ms`, and does nothing else meanwhile
    brown_out the supply dips: the whole board starts anew, and cannot tell that from a power cut

`flash_faults` has those of the flash. A board that has started anew meets none.
"""

from errno import ENODEV, ETIMEDOUT

from . import costs, status

_ON_THE_BUS = ("nack", "stuck")
_LASTING = ("value", "rate", "jitter")
_AT_ONCE = ("reset", "warmth", "pause", "brown_out")
KINDS = _ON_THE_BUS + _LASTING + _AT_ONCE


class FaultyBus:
    """An I2C with these faults, in the other one's place; brown_out() ends the process."""

    def __init__(self, i2c, clock, imu, rate_uhz, orders, brown_out=None):
        self._brown_out = brown_out
        self._warmth = None
        self._i2c = i2c
        self._clock = clock
        self._imu = imu
        self._rate_uhz = rate_uhz
        self._waiting = list(orders)
        self._present = []
        self.init = i2c.init
        self.scan = i2c.scan

    def readfrom_mem_into(self, addr, reg, buf):
        """As of I2C, or what a fault makes of it."""
        cut = self._cut(reg)
        if cut is None:
            self._i2c.readfrom_mem_into(addr, reg, buf)
            return
        self._i2c.readfrom_mem_into(addr, reg, memoryview(buf)[:cut])
        raise OSError(ENODEV)

    def writeto_mem(self, addr, reg, buf):
        """As of I2C, or what a fault makes of it."""
        cut = self._cut(reg)
        if cut is None:
            self._i2c.writeto_mem(addr, reg, buf)
            return
        self._i2c.writeto_mem(addr, reg, memoryview(buf)[:cut])
        raise OSError(ENODEV)

    def _cut(self, reg):
        """After how many bytes the next transfer fails, or None. OSError where it times out."""
        self._look()
        for fault in self._present:
            if fault["kind"] not in _ON_THE_BUS or fault.get("register", reg) != reg:
                continue
            left = fault.get("count")
            if left is not None:
                fault["count"] = left - 1
                if left <= 1:
                    self._present.remove(fault)
            if fault["kind"] == "nack":
                return fault.get("byte", 0)
            self._clock.charge(costs.I2C_TIMEOUT_US)
            raise OSError(ETIMEDOUT)
        return None

    def _look(self):
        """Let begin and end what is due."""
        now_ms = self._clock.now_ms()
        if self._warmth:
            self._warm(now_ms, **self._warmth)
        due = [fault for fault in self._waiting if fault["at_ms"] <= now_ms]
        over = [fault for fault in self._present if fault.get("until_ms", now_ms + 1) <= now_ms]
        if not due and not over:
            return
        self._imu.run(self._clock.take_due())
        for fault in over:
            self._present.remove(fault)
        for fault in due:
            self._waiting.remove(fault)
            status.fault(fault["kind"], now_ms)
            if fault["kind"] in _AT_ONCE:
                self._happen(fault)
                continue
            if "for_ms" in fault:
                fault["until_ms"] = now_ms + fault["for_ms"]
            self._present.append(fault)
        self._disturb()

    def _happen(self, fault):
        if fault["kind"] == "reset":
            self._imu.power_cycle()
            self._clock.hurries = True  # nobody drives the sensor, and that is part of the test
        elif fault["kind"] == "pause":
            self._clock.charge(fault["ms"] * 1000)
        elif fault["kind"] == "warmth":
            self._warmth = fault
        else:
            self._brown_out()

    def _disturb(self):
        """What the oscillator and the sensing element do now."""
        found = {fault["kind"]: fault for fault in self._present}
        feed = self._imu.feed
        feed.disturb("value" in found, found["jitter"]["us"] if "jitter" in found else 0)
        permille = found["rate"]["permille"] if "rate" in found else 0
        feed.run_at(self._rate_uhz + self._rate_uhz // 1000 * permille)

    def _warm(self, now_ms, at_ms, degrees, for_ms, kind):
        self._imu.warm(degrees * min(now_ms - at_ms, for_ms) / for_ms)
