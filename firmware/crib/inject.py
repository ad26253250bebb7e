"""Frames from the host in the sensor's place: a boot of its own, which the next restart ends."""

from micropython import const

from . import config, records, seldom
from .protocol import Refused
from .recorder import Recorder
from .sensing import Sensing

SENSOR = "injected"  # in the header of each segment
_DEPTH_LEAST = const(32)
_DEPTH_MOST = const(1024)
_STAY_MS = const(1000)  # so that the last answer may be asked for again
_RUNNING = ("request_line", "inject")  # of the modules that `seldom` lets go of


def answer(app, arguments):
    """`begin`, `end`, `gap`, or frames with the number of the first (see `injected`)."""
    word, _, rest = arguments.partition(" ")
    if word == "begin":
        return _begin(app, *[int(number) for number in rest.split(" ")])
    if app.board.SENSOR != SENSOR:
        raise Refused("no_injection begin one")
    imu = app.sensing.imu
    if word == "end":
        return _end(app, imu)
    if app.sensing.stopped:
        raise Refused("stopped the injection has ended")
    if word == "gap":
        imu.leave_out(*[int(number) for number in rest.split(" ")])
    else:
        imu.push(int(word), rest.encode())
    return "at=%d room=%d" % (imu.next, imu.room())


def _begin(app, rate_mhz=0, mlsb_per_g=0, frames=0, depth=0, paced=0, *more):
    """End the sensor's recording, and begin one of `frames` frames from the host."""
    from .injected import Injected

    board = app.board
    if app.sensing.stopped or board.SENSOR == SENSOR:
        raise Refused("stopped restart the board first")
    if more or frames < 1 or mlsb_per_g < 1 or not _DEPTH_LEAST <= depth <= _DEPTH_MOST:
        raise ValueError
    config.kernel_words(app.settings, rate_mhz, mlsb_per_g, Injected.STRIDE, 0, 1)

    def leave():  # the sensor comes back with a restart; by then this module is gone
        app.stop()
        board.reset()

    imu = Injected(board, leave, rate_mhz, mlsb_per_g, depth, paced)
    app.stop()
    app._ended = False
    app.boot += 1
    board.SENSOR = SENSOR
    board.RECORDING_FRAMES = frames
    app.sensing = app.recorder.detector = None  # their room is for the new ones
    seldom.forget(*_RUNNING)
    board.collect()
    board.make_imu = lambda: imu
    app.recorder = Recorder(app.journal, app)
    app.sensing = Sensing(board, app.clock, app.recorder, app.server, app)
    app.sensing.connect()
    imu.begin()

    from . import ends, in_force

    app.recorder.write(records.BOOT, records.CAUSES.index("soft"), app.boot)
    in_force.tell(app)
    app.recorder.watch(app.sensing.detector)
    app.journal.flush()
    ends.forget(board)
    return "boot=%d room=%d" % (app.boot, imu.room())


def _end(app, imu):
    """Analyse what waits, end the boot; how the board kept up."""
    app.stop()
    seen, in_gaps, written = app.counted()
    if not app.answers.tasks:
        app.answers.tasks.append((0, _restart(app.board)))
    app.health.measure_heap(*_RUNNING)
    fields = (seen, in_gaps, written, app.recorder.events, imu.busy_us, imu.late_us)
    told = "seen=%d in_gaps=%d records=%d events=%d busy_us=%d late_us=%d" % fields
    return told + " fifo_high=%d heap=%d" % (
        app.sensing.fifo_high,
        app.health.heap_used - app.health.heap_before,
    )


def _restart(board):
    """Restart when the host has had time for the answer, or hangs up."""
    began = board.host_ms()
    try:
        while board.ticks_diff(board.host_ms(), began) < _STAY_MS:
            yield
    finally:
        board.reset()
