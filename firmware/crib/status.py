"""The board in `key=value` text: who it is, its counters, the settings in force."""

import binascii
import gc

from . import BUILD, VERSION, config, records, room, settings

_INFO = (
    "state=%s fault=%s frame=%s seen=%s in_gaps=%s events=%s records=%s records_lost=%s "
    "given_up=%s segments=%s free_bytes=%s nights_left=%s "
    "rate_mhz=%s mlsb_per_g=%s full_scale_g=%s recording_frames=%s "
    "uptime_ms=%s wire_bytes=%s fifo_high=%s heap_before=%s "
    "heap_used=%s heap_high=%s config_crc=%08x"
)
HELP = (
    "help       this list\n"
    "info       counters, and the hash of the settings\n"
    "config     the settings: value, default, range\n"
    "list       segments of the log\n"
    "mark TEXT  write a note into the log\n"
    "Ctrl-C     end the recording; Ctrl-D then starts it again"
)
_WHY = " why=%s"  # the driver's words, _ for spaces


def identity(app):
    """Who this board is."""
    device = binascii.hexlify(app.device).decode()
    fields = (device, app.boot, app.board.NAME, app.board.SENSOR, VERSION, BUILD)
    return "device=%s boot=%d board=%s sensor=%s firmware=%s build=%d" % fields


def info(app):
    """Counters, and the hash of the settings in force."""
    sensing = app.sensing
    journal = app.journal
    imu = sensing.imu
    seen, in_gaps, written = app.counted()
    told = _INFO % (
        {"none": "sampling", "stopped": "stopped"}.get(sensing.fault, "fault"),
        "none" if sensing.stopped else sensing.fault,
        app.frame,
        seen,
        in_gaps,
        app.recorder.events,
        written,
        journal.lost,
        journal.shelf.given_up,
        len(journal.shelf.closed_segments()),
        journal.shelf.free_bytes(),
        room.nights_left(journal, app.clock.seconds),
        imu.rate_mhz if imu else 0,
        imu.mlsb_per_g if imu else 0,
        imu.FULL_SCALE_G if imu else 0,
        app.board.RECORDING_FRAMES,
        app.clock.uptime_ms(),
        app.server.wire_bytes,
        sensing.fifo_high,
        app.health.heap_before,
        app.health.heap_used,
        app.health.heap_high,
        app.config_crc,
    )
    if sensing.fault not in ("none", "stopped") and sensing.why:
        told += _WHY % sensing.why[0].replace(" ", "_")
    return told


def settings_in_force(app, only=""):
    """A line for each setting, or for the one of this name."""
    for name, default, least, most, unit in settings.SCHEMA:
        if only in ("", name):
            fields = name, app.settings[name], default, least, most, unit
            yield "name=%s value=%d default=%d least=%d most=%d unit=%s" % fields


def config_version(app):
    """Which settings are in force, in two numbers."""
    return "schema=%d config_crc=%08x" % (settings.SCHEMA_VERSION, app.config_crc)


def record(app):
    """Write a RECORDER record: what was counted since the last one. Then begin anew."""
    health, journal, sensing = app.health, app.journal, app.sensing
    late, sampler = 0, sensing.sampler
    if sampler:  # by how many frames it was drained too late, at worst
        late = max(0, sampler.fifo_high - config.WATERMARK)
        sampler.fifo_high = 0
    sensing.told, sensing.warmth = 0, sensing.temperature()
    app.recorder.write(
        records.RECORDER, *app.counted(), journal.lost, journal.shelf.given_up,
        room.left(journal.shelf), journal.fact_bytes, health.loop_max_us, health.heap_used,
        gc.mem_free(), health.pause_max_us, sensing.fifo_high, late,
        health.collections, sensing.warmth, *health.turns,
    )  # fmt: skip
    health.loop_max_us = health.pause_max_us = health.collections = 0
    for k in range(len(health.turns)):
        health.turns[k] = 0
