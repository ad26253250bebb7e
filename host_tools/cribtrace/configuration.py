"""What the settings mean, and what a user may ask of them. Ranges are the firmware's own."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cribtrace.device import records, settings
from cribtrace.errors import Usage


class Meaning(NamedTuple):
    """What a setting does, and where its default comes from."""

    what: str
    source: str


MEANINGS = {
    "floor_min_ug": Meaning(
        "the noise floor in force is never below this",
        "chosen: a quarter of the floor that the LSM6DSO's own noise makes (DS12140, table 2)",
    ),
    "low_16": Meaning(
        "a segment lasts while the strength is at this many sixteenths of the noise's", "chosen"
    ),
    "high_16": Meaning(
        "it counts if the strength reached this many sixteenths of the noise's",
        "chosen on noise that is in no half of the benchmark (bench.detector --noise), after 103, "
        "from the training half, made 4 false events in the first test half's empty LSM6DSO crib",
    ),
    "hold_ms": Meaning(
        "a segment ends when the strength was below the low threshold for this long",
        "WASM 2016: movements less than 0.5 s apart are one",
    ),
    "join_ms": Meaning(
        "segments less than this apart are judged together, and are one where they are regular",
        "chosen on the training half of the benchmark (bench/detector)",
    ),
    "longest_ms": Meaning(
        "an event is cut when it has lasted this long",
        "chosen: with a commit every 30 s, at most 60 s are uncommitted",
    ),
    "warm_up_ms": Meaning(
        "after a start, or a change of settings, nothing is an event for this long", "chosen"
    ),
    "settle_ms": Meaning("after a gap nothing is an event for this long", "chosen"),
    "twitch_ms": Meaning("up to this long at 30 % of the peak: a twitch", "chosen"),
    "limb_ms": Meaning("up to this long: a limb movement; longer: a gross movement", "chosen"),
    "startle_mg": Meaning("a short single movement of this peak is startle-like", "chosen"),
    "large_mg": Meaning("slow regular movement of this peak is of the whole body", "chosen"),
    "handling_mg": Meaning("a single movement of this peak is somebody's at the crib", "chosen"),
    "tilt_mg": Meaning(
        "so is one that leaves an axis this much off, where lean times peak is half of both",
        "chosen",
    ),
    "pre_ms": Meaning("raw frames are kept from this long before an event", "chosen"),
    "waveforms_per_hour": Meaning(
        "of each kind of movement; long ones, whose kind is not known in time, are one more",
        "chosen: 0.9 KB each, 27 KB an hour of one kind",
    ),
    "ring_ms": Meaning(
        "the mattress rings this long from a peak to 30 % of it: taken off each duration",
        "0: not measured; `cribtrace tap-test` measures it",
    ),
    "resonance_mhz": Meaning(
        "the mattress rings at this frequency", "0: not measured; `cribtrace tap-test` measures it"
    ),
    "tell_events": Meaning(
        "0: seconds, epochs and the floor are kept, and nothing is told as an event", "chosen"
    ),
    "when_full": Meaning(
        "when the log is full, acknowledged segments go first; then, 0: it takes no more; 1: the"
        " oldest waveforms go; 2: these, and after them the oldest facts, counted",
        "chosen: facts that no host holds are not given up unasked",
    ),
}


def parsed(pairs: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE words as a dict. Raises Usage for another form, or a name that comes twice."""
    changes: dict[str, str] = {}
    words = list(pairs)
    for at, pair in enumerate(words):
        name, equals, value = pair.partition("=")
        if not (name and equals and value) or " " in pair:
            raise Usage(f"{pair!r} is not NAME=VALUE{_meant(words[at:])}")
        if name in changes:
            raise Usage(f"{name} is set twice: to {changes[name]} and to {value}")
        changes[name] = value
    return changes


def _meant(words: Sequence[str]) -> str:
    """What somebody meant who wrote no `=`: the setting and the number behind it."""
    name, value = words[0], words[1] if words[1:] and words[1].isdigit() else "VALUE"
    if name in settings.DEFAULTS:
        return f": write {name}={value}; `cribtrace config` lists the settings"
    near = suggestion([name], settings.DEFAULTS) if name.isidentifier() else ""
    return near or ": `cribtrace config` lists the settings"


def logged(found: Iterable[dict]) -> dict[int, dict[str, int]]:
    """The settings that CONFIG records hold, by their CRC-32; the defaults are always there."""
    known = {settings.crc(settings.DEFAULTS): dict(settings.DEFAULTS)}
    for record in found:
        if record["type"] == records.CONFIG and (values := told(record)):
            known[settings.crc(values)] = values
    return known


def told(record: dict) -> dict[str, int]:
    """The settings in a CONFIG record; empty where these are not the settings of this version."""
    text = record["rest"].decode("ascii", "replace")
    pairs = dict(pair.split("=", 1) for pair in text.split() if "=" in pair)
    schema = pairs.pop("schema", "")
    known = schema == str(settings.SCHEMA_VERSION) and pairs.keys() == settings.DEFAULTS.keys()
    try:
        return {name: int(value) for name, value in pairs.items()} if known else {}
    except ValueError:
        return {}


def in_force(changes: Mapping[str, int | str]) -> dict[str, int]:
    """The defaults with these changes. Raises Usage, naming the setting, as a board refuses it."""
    try:
        return settings.check(changes, settings.DEFAULTS)
    except settings.BadSetting as error:
        raise Usage(f"{error}{suggestion(changes, settings.DEFAULTS)}") from None


def suggestion(changes: Iterable[str], known: Iterable[str]) -> str:
    """`: did you mean ...`, or where the names stand, for the first that is not known, or "".

    At most three near names are given.
    """
    names = list(known)
    for name in sorted(changes):
        if name not in names and name != settings.ALL:
            near = difflib.get_close_matches(name, names, n=3)
            if not near:
                return ": `cribtrace config` lists them"
            return f": did you mean {' or '.join(near)}?"
    return ""
