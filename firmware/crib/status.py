"""The board in `key=value` text: who it is, its counters, the settings in force."""

import binascii

from . import VERSION, settings


def identity(app):
    """Who this board is."""
    device = binascii.hexlify(app.device).decode()
    fields = (device, app.boot, app.board.NAME, app.board.SENSOR, VERSION)
    return "device=%s boot=%d board=%s sensor=%s firmware=%s" % fields


def info(app):
    """Counters, and the hash of the settings in force."""
    sensing = app.sensing
    journal = app.journal
    imu = sensing.imu
    facts = (
        ("state", {"none": "sampling", "stopped": "stopped"}.get(sensing.fault, "fault")),
        ("fault", "none" if sensing.stopped else sensing.fault),
        ("frame", app.frame),
        ("seen", app.seen),
        ("in_gaps", app.in_gaps),
        ("events", app.recorder.events),
        ("records", journal.written),
        ("records_lost", journal.lost),
        ("segments", len(journal.closed_segments())),
        ("free_bytes", journal.free_bytes()),
        ("rate_mhz", imu.rate_mhz if imu else 0),
        ("mlsb_per_g", imu.mlsb_per_g if imu else 0),
        ("full_scale_g", imu.FULL_SCALE_G if imu else 0),
        ("recording_frames", app.board.RECORDING_FRAMES),
        ("uptime_ms", app.clock.uptime_ms()),
        ("wire_bytes", app.server.wire_bytes),
        ("fifo_high", sensing.fifo_high),
        ("heap_before", app.heap_before),
        ("heap_used", app.heap_used),
        ("heap_high", app.heap_high),
        ("config_crc", "%08x" % app.in_force.crc),
    )
    return " ".join(["%s=%s" % pair for pair in facts])


def settings_in_force(app, only=""):
    """A line for each setting, or for the one of this name."""
    for name, default, least, most, unit in settings.SCHEMA:
        if only in ("", name):
            fields = name, app.in_force.values[name], default, least, most, unit
            yield "name=%s value=%d default=%d least=%d most=%d unit=%s" % fields


def config_version(app):
    """Which settings are in force, in two numbers."""
    return "schema=%d config_crc=%08x" % (settings.SCHEMA_VERSION, app.in_force.crc)
