"""What measured a night, and what of it is another between two nights: the one rule for that."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cribtrace.boots import Boot
from cribtrace.configuration import told as settings_of
from cribtrace.device import records
from cribtrace.scale import Scale

NEW_PLACE = "new-place"  # the tag of a note
SAME_RATE = 0.05  # a sensor's own oscillator is off by less, and differs from start to start
_TAP = ("ring_ms", "resonance_mhz")
_OF_THE_LOG = ("when_full", "waveforms_per_hour")  # what is kept, and nothing of what is found


class Instrument(NamedTuple):
    """Board, sensor and settings of a night; None where nobody knows.

    `settings` are `name=value` words in their order; `changed`: not so all night; `tags` are its
    notes', with commas between them.
    """

    night: str | None = None
    device: str | None = None
    sensor: str | None = None
    full_scale_g: int | None = None
    rate_hz: float | None = None
    firmware: str | None = None
    build: str | None = None
    settings: str | None = None
    config_crc: str | None = None
    simulated: bool = False
    changed: bool = False
    tags: str | None = ""


def of_boot(boot: Boot) -> Iterator[tuple[float, Instrument]]:
    """(second of the log, what measured from there on), as often as something was changed."""
    header, scale = boot.header, Scale(boot.header)
    found = Instrument(
        device=header["device"].hex(),
        sensor=_text(header["sensor"]),
        full_scale_g=header["full_scale_g"],
        rate_hz=header["rate_mhz"] / 1000,
        firmware=_text(header["firmware"]),
        build=f"{header['build']:08x}",
        simulated=bool(header["recording_frames"]),
    )
    at_s = boot.start_s
    for record in (one for one in boot.records if one["type"] == records.CONFIG):
        words = " ".join(f"{k}={v}" for k, v in sorted(settings_of(record).items())) or None
        if found.settings is None:
            found = found._replace(settings=words)
        elif words != found.settings:
            yield at_s, found
            at_s = boot.start_s + scale.seconds(record["frame"])
            found = found._replace(settings=words)
    yield at_s, found


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")


def together(found: Sequence[Instrument]) -> Instrument:
    """What measured a night: the first of them, and whether it was so all night.

    A boot of which no settings are known had the others', as far as anybody can tell.
    """
    if not found:
        return Instrument()
    settings = next((one.settings for one in found if one.settings), None)
    kept = {
        one._replace(rate_hz=None, simulated=False, settings=one.settings or settings)
        for one in found
    }
    simulated = any(one.simulated for one in found)
    return found[0]._replace(settings=settings, changed=len(kept) > 1, simulated=simulated)


def differs(before: Instrument, now: Instrument) -> Iterator[str]:
    """What is another between two nights in a row, each in words with both values.

    What one of them does not tell, as a report of an earlier version, parts them only as settings.
    """
    for name, words in (("device", "board"), ("sensor", "sensor"), ("full_scale_g", "range, g")):
        old, new = getattr(before, name), getattr(now, name)
        if old != new and None not in (old, new):
            yield f"{words}: {old} → {new}"
    old_hz, new_hz = (one.rate_hz or before.rate_hz or now.rate_hz or 0.0 for one in (before, now))
    if abs(new_hz - old_hz) > SAME_RATE * old_hz:
        yield f"frames a second: {old_hz:.0f} → {new_hz:.0f}"
    rebuilt = before.build != now.build and None not in (before.build, now.build)
    if before.firmware != now.firmware or rebuilt:
        builds = [f"{one.firmware} ({one.build})" for one in (before, now)]
        yield f"detector, with its firmware: {' → '.join(builds)}"
    yield from _settings(before, now)
    if before.simulated != now.simulated:
        yield "simulated" if now.simulated else "no longer simulated"
    if NEW_PLACE in (now.tags or "").split(","):
        yield "a new place, by a note"
    if before.changed or now.changed:
        which = now if now.changed else before
        yield f"sensor, settings or firmware changed during the night of {which.night}"


def _settings(before: Instrument, now: Instrument) -> Iterator[str]:
    if not (before.settings and now.settings):
        hashes = before.config_crc, now.config_crc
        if hashes[0] != hashes[1] and None not in hashes:
            yield f"hash of the settings: {before.config_crc} → {now.config_crc}"
        elif before.settings != now.settings and None in hashes:
            yield "settings: of one of the two nights the log does not hold them"
        return
    old, new = (
        dict(p.split("=") for p in text.split()) for text in (before.settings, now.settings)
    )
    for name in sorted(old.keys() | new.keys()):
        if name not in _OF_THE_LOG and old.get(name) != new.get(name):
            what = "tap test" if name in _TAP else "setting"
            yield f"{what}, {name}: {old.get(name, 'unknown')} → {new.get(name, 'unknown')}"


def since(last: Instrument, before: Iterable[Instrument]) -> int:
    """How many of the nights `before` it, in their order, are under one instrument with it."""
    count = 0
    for one in reversed(list(before)):
        if any(differs(one, last)):
            break
        last, count = one, count + 1
    return count
