"""The sensor tests itself while it records: what it says meanwhile is a gap, counted exactly."""

from . import config, records, words
from .protocol import Refused


def answer(app, _):
    """Let the chip push its own mass; the reply's text, which the log gets too."""
    sensing = app.sensing
    sampler = sensing.sampler
    if sensing.fault == "none":
        sampler.watermark = 1
        sensing.poll()
        sampler.watermark = sampler.usual
    if sensing.fault != "none":
        raise Refused("no_sensor there is none to test: its state is " + sensing.fault)
    try:
        least, most, *moved = sensing.imu.self_test()
        _pass_over(app, sensing.imu, sampler)
    except OSError as error:
        # It may still be pushed, and what its FIFO holds was: only a new start ends both.
        sensing.lose("bus_error", error.args[1:])
        raise Refused("bus_error the sensor is started anew: ask again") from None
    result = "passed" if least <= min(moved) and max(moved) <= most else "failed"
    fields = (result, least, most) + tuple(moved)
    told = "result=%s least_mg=%d most_mg=%d x_mg=%d y_mg=%d z_mg=%d" % fields
    app.recorder.text("what=selftest " + told)
    return told


def _pass_over(app, imu, sampler):
    """Take from the FIFO what was pushed, unseen."""
    view = memoryview(sampler.buffer)
    frames = 0
    counted = imu.lost() >= 0  # -1: the chip had to be started anew
    waiting = imu.level()
    while waiting:
        n = min(waiting, config.BURST)
        imu.read_into(view[: n * imu.STRIDE])
        frames += n + imu.lost()
        counted = counted and imu.lost() >= 0
        waiting -= n
    if not counted:
        app.clock.poll()
        app.sensing.away("self_test", sampler.left)
        return
    line = words.gap(sampler.detector.index, frames, "self_test", imu)
    app.recorder.gap(frames, "self_test", records.UNKNOWN)
    app.server.text(line)
