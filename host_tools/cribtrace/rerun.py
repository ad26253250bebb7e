"""Stored waveforms through the board's own detector again, to see that each gives its event."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cribtrace import boots, configuration, log_records, logfile
from cribtrace.device import config, kernels, records
from cribtrace.resumed import Resumed
from cribtrace.scale import Scale

SAME, DIFFERS, NOT_DERIVABLE = "same", "differs", "not_derivable"

CUT = "the waveform ends before the movement was over"
NONE = "no waveform of it is in the log"
SLOW = "slow motion that never reached the threshold, of which no waveform is kept"
TOO_LATE = "the waveform begins too late for the filters"
REST = "the rest of a movement that was cut"
NO_SETTINGS = "the settings in force are not in this log"

_NAMES = log_records.NAMES[records.EVENT]
_FILTERS = log_records.NAMES[records.SNIPPET][-kernels.FILTERS :]


def _bit(veto: str) -> int:
    return 1 << log_records.VETOES.index(veto)


# What an event has from after its waveform: when it was told, whether more followed, and, where
# the waveform ends right behind it, how the crib came to rest.
_OUTSIDE = {"closed": 0, "vetoes": ~(_bit("cut") | _bit("joined"))}
_OF_REST = {"tilt_x": 0, "tilt_y": 0, "tilt_z": 0}


class Verdict(NamedTuple):
    """What came of one event: why it cannot be had again, or in which fields it differs."""

    onset_s: float
    kind: str
    verdict: str
    why: str


def events_of(
    wave: dict, header: dict, settings: Mapping[str, int], *, apart: bool = False
) -> list[dict]:
    """The events (fields of a record) that a snippet record gives by itself.

    Whether the segments of its run are one movement is found again too; only where the waveform
    ends before its run does, `apart` has to say that they were told as several.
    """
    raw = bytearray((logfile.frames_of(wave) - 0x8000).astype("<i2").tobytes())
    det = Resumed(settings, header["rate_mhz"], header["mlsb_per_g"])
    if apart:
        det.movements.kinds.is_one = lambda found, at, apart, rest_of: False
    lead = 6 * max(det.cfg[kernels.WINDOW], wave["passed_until"])
    slow = wave["passed_from"], wave["passed_until"]
    det.resume(wave["first"], [wave[name] for name in _FILTERS], raw[:lead], slow)
    found = []
    for at in range(lead, len(raw), 6 * config.BURST):
        burst = raw[at : at + 6 * config.BURST]
        closed = det.step(burst, len(burst) // 6)
        found += [det.movements.fields(k) for k in range(closed)]
    found += [det.movements.fields(k) for k in range(det.end())]
    return [dict(zip(_NAMES, fields, strict=True)) for fields in found]


def verdicts(source: Path) -> Iterator[Verdict]:
    """One for each event of a log folder or segment file.

    Raises as `logfile.read`.
    """
    segments = [s for s in logfile.read(source) if s.header]
    in_force = configuration.logged(record for s in segments for record in s.records)
    starts_s = {boot.header["boot"]: boot.start_s for boot in boots.in_a_row(segments)}
    for number, of_boot in boots.by_number(segments).items():
        for one in _of_boot(of_boot, in_force):
            yield one._replace(onset_s=round(one.onset_s + starts_s[number], 3))


def _of_boot(
    segments: list[logfile.Segment], in_force: Mapping[int, Mapping[str, int]]
) -> Iterator[Verdict]:
    found = [(record, segment.header or {}) for segment in segments for record in segment.records]
    waves = {record["run"]: record for record, _ in found if record["type"] == records.SNIPPET}
    told: dict[tuple, list[dict]] = {}
    headers: dict[tuple, dict] = {}
    for event, header in found:
        if event["type"] == records.EVENT:
            run = event["run"], bool(event["largest"])
            told.setdefault(run, []).append(event)
            headers.setdefault(run, header)
    for run, events in told.items():
        header = headers[run]
        settings = in_force.get(header["config_crc"])
        number, moved = run
        if moved and number in waves:
            yield from _of_wave(waves[number], events, header, settings)
        else:
            why = NONE if moved else SLOW
            yield from (_verdict(event, header, NOT_DERIVABLE, why) for event in events)


def _of_wave(
    wave: dict, told: Sequence[dict], header: dict, settings: Mapping[str, int] | None
) -> Iterator[Verdict]:
    unfit = _unfit(wave, told, header, settings) if settings else NO_SETTINGS
    if unfit or settings is None:
        yield from (_verdict(event, header, NOT_DERIVABLE, unfit) for event in told)
        return
    hold = config.frames(settings["hold_ms"], header["rate_mhz"])
    held = [event for event in told if _over(event) <= _end(wave)]
    whole = len(held) == len(told) and _over(told[-1]) + hold <= _end(wave)
    found = events_of(wave, header, settings, apart=not whole and len(told) > 1) if held else []
    for k, event in enumerate(told):
        if k >= len(held):
            yield _verdict(event, header, NOT_DERIVABLE, CUT)
        elif k >= len(found):
            yield _verdict(event, header, DIFFERS, "no event")
        else:
            rests = _over(event) + hold <= _end(wave)
            yield _verdict(event, header, *_compared(event, found[k], rests))
    for event in found[len(told) :] if len(held) == len(told) else ():
        yield _verdict(event, header, DIFFERS, "an event that is not in the log")


def _over(event: dict) -> int:
    return event["start"] + event["span"]


def _end(wave: dict) -> int:
    return wave["first"] + wave["frames"]


def _verdict(event: dict, header: dict, verdict: str, why: str) -> Verdict:
    onset_s = Scale(header).seconds(event["onset"])
    return Verdict(onset_s, records.KINDS[event["kind"]], verdict, why)


def _unfit(wave: dict, told: Sequence[dict], header: dict, settings: Mapping[str, int]) -> str:
    """Why a waveform cannot give its events again, or nothing."""
    cfg, _ = config.kernel_words(settings, header["rate_mhz"], header["mlsb_per_g"], 6, 0, 1)
    if told[0]["vetoes"] & _bit("joined"):
        return REST
    # The measures look back over a window, and to the sums of the whole block before it.
    block = cfg[kernels.SHIFT_TICK] + 3
    late = (wave["run"] - cfg[kernels.WINDOW] >> block) - 1 < wave["first"] >> block
    return TOO_LATE if late or not any(wave[name] for name in _FILTERS) else ""


def _compared(event: dict, again: dict, rests: bool) -> tuple[str, str]:
    """The verdict on an event found again; `rests`: the waveform shows how it came to rest."""
    if not rests and (event["vetoes"] | again["vetoes"]) & _bit("tilt"):
        return NOT_DERIVABLE, CUT
    masks = _OUTSIDE if rests else _OUTSIDE | _OF_REST
    differ = [name for name in _NAMES if (event[name] ^ again[name]) & masks.get(name, -1)]
    return (DIFFERS, ", ".join(differ)) if differ else (SAME, "")
