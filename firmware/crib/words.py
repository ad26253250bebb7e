"""Facts in words for a person at a terminal: `key=value`, one fact a line. Integers only."""

from . import records


def hundredths(value):
    """An integer count of hundredths as a decimal number."""
    sign = "-" if value < 0 else ""
    return "%s%d.%02d" % (sign, abs(value) // 100, abs(value) % 100)


def seconds(frame, rate_mhz):
    """A frame index as seconds."""
    return hundredths(frame * 100000 // rate_mhz)


def milli_g(q4, mlsb_per_g):
    """A Q4 LSB value (see `kernels`) in mg."""
    return hundredths(q4 * 6250000 // mlsb_per_g)


def event(fields, frame, imu):
    """The line for an event; `fields` in the order of records.LAYOUTS[EVENT]."""
    kind, axis, jerks = fields[0], fields[3], fields[7]
    onset, duration, peak = fields[12], fields[13], fields[16]
    return "t_s=%s what=event kind=%s onset_s=%s duration_s=%s peak_mg=%s jerks=%d axis=%s" % (
        seconds(frame, imu.rate_mhz),
        records.KINDS[kind],
        seconds(onset, imu.rate_mhz),
        seconds(duration, imu.rate_mhz),
        milli_g(8 * peak, imu.mlsb_per_g),
        jerks,
        records.AXES[axis],
    )


def gap(frame, frames, reason, imu):
    """The line for frames that are missing."""
    return "t_s=%s what=gap reason=%s frames=%s" % (
        seconds(frame, imu.rate_mhz),
        reason,
        "unknown" if frames == records.UNKNOWN else frames,
    )


def heartbeat(app):
    """The line that comes each minute, whatever happens."""
    sensing = app.sensing
    detector = sensing.detector
    line = "t_s=%d what=heartbeat fault=%s" % (app.clock.seconds, sensing.fault)
    if not detector:
        return line
    if app.journal.lost:
        line += " records_lost=%d" % app.journal.lost
    return line + " frames=%d gaps=%d events=%d floor_mg=%s" % (
        detector.seen,
        detector.in_gaps,
        app.recorder.events,
        milli_g(detector.movements.noise(), sensing.imu.mlsb_per_g),
    )
