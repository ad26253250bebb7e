"""The boots of a log, in a row on one time line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from cribtrace import log_records, logfile
from cribtrace.device import config, records
from cribtrace.scale import Scale

_WIPED = b"what=wiped"
_REFUSED = b"what=fault fault=records_lost"  # once a boot, with the first one
_SAYS_SO = 4  # among so many records behind a hole stands what the board said of a wipe


class Hole(NamedTuple):
    """Facts are missing from frame `first` to `end`, None where nobody knows until when."""

    first: int
    end: int | None
    wiped: bool  # with the board's whole log


@dataclass
class Boot:
    """One boot: its header and records, and where it begins on the log's time line."""

    header: dict
    records: list[dict]  # facts, in the order of their numbers
    start_s: float  # since the first boot's first frame
    away_s: float | None = None  # before it, where anybody knows
    waveforms: list[dict] = field(default_factory=list)  # numbered apart
    cut_off_by: "Boot | None" = None  # the next one, where facts are missing at the end of this

    @property
    def number(self) -> int:
        """Number of the boot, as the board counts them."""
        return self.header["boot"]

    @property
    def frames(self) -> int:
        """Frame index at which this boot's log ends."""
        told = self.all_records() if self.cut_off_by else self.records
        return max(record["frame"] for record in told)

    @property
    def has_facts(self) -> bool:
        """Whether any are here; else `records` are waveforms."""
        return self.records[0]["type"] != records.SNIPPET

    def all_records(self) -> list[dict]:
        """Facts, then waveforms."""
        return self.records + self.waveforms

    def last(self, *types: int) -> dict | None:
        """The last record of one of these types."""
        return next((r for r in reversed(self.records) if r["type"] in types), None)

    def written(self) -> int:
        """Records the board made in this boot, whether or not they are here.

        From their numbers, and from the board's own count where the first ones are missing.
        """
        streams = [stream for stream in (self.records, self.waveforms) if stream]
        numbered = sum(_distance(stream[0], stream[-1]) + 1 for stream in streams)
        if self.cut_off_by and self.cut_off_by.records[0]["type"] == records.BOOT:
            numbered += _ahead(self.records[-1], self.cut_off_by.records[0])
        told = self.last(records.STOP, records.RECORDER)
        if not told:
            return numbered
        coded = [wave for wave in self.waveforms if wave["frame"] > told["frame"]]
        since = _distance(told, self.records[-1]) + len(coded)
        return max(numbered, told["records"] + 1 + since)

    def holes(self) -> Iterator[Hole]:
        """Where facts of this boot are missing here."""
        if not self.has_facts:
            yield Hole(0, self.frames, False)
            return
        at = 0
        expected = self.records[0]["seq"] + (self.records[0]["type"] != records.BOOT)
        for k, record in enumerate(self.records):
            if record["seq"] != expected & records.UNKNOWN:
                yield Hole(at, record["frame"], _wiped(self.records[k:]))
            at, expected = record["frame"], record["seq"] + 1
        if self.cut_off_by:
            end = self.frames if self.frames > at else None
            yield Hole(at, end, _wiped(self.cut_off_by.records))

    def no_room(self) -> Iterator[tuple[int, int]]:
        """(first, end) frames of which a full log says nothing: no epoch, no gap tells of them."""
        last = self.last(records.RECORDER)
        if any(r["type"] == records.TEXT and r["rest"] == _REFUSED for r in self.records):
            last = self.records[-1]
        elif not last or not last["records_lost"]:
            return
        known = [r for r in self.records if r["type"] in (records.EPOCH, records.GAP)]
        spans = [(r["first"], r["frames"]) for r in known if r["frames"] != records.UNKNOWN]
        at = 0
        for first, frames in sorted(spans):
            if first > at:
                yield at, first
            at = max(at, first + frames)
        epoch = (config.EPOCH_SECONDS + 1) * self.header["rate_mhz"] // 1000
        if last["frame"] - at > epoch:  # else that of the moment is under way
            yield at, last["frame"]

    def waveforms_untold(self) -> int:
        """How many more waveforms the board counted at its stop than are here."""
        stop = self.last(records.STOP)
        if not stop or self.records[0]["type"] != records.BOOT:
            return 0
        waves = sum(wave["frame"] <= stop["frame"] for wave in self.waveforms)
        return max(0, stop["records"] - _distance(self.records[0], stop) - waves)

    def seen(self) -> int:
        """Frames the detector's own counter had reached; from the epochs where none tells."""
        told = self.last(records.STOP, records.RECORDER)
        epochs = [r for r in self.records if r["type"] == records.EPOCH]
        return max(told["seen"] if told else 0, sum(r["seen"] for r in epochs))

    @property
    def length_s(self) -> float:
        """How long its log is, by the rate in its header."""
        return Scale(self.header).seconds(self.frames)


def _distance(first: dict, last: dict) -> int:
    return last["seq"] - first["seq"] & records.UNKNOWN


def _ahead(last: dict, following: dict) -> int:
    """How many records are missing between two: none where the second's number was freed."""
    return max(0, log_records.numbers_between(last["seq"], following["seq"]))


def _wiped(behind: list[dict]) -> bool:
    """Whether what was before these records went with the whole log."""
    told = [r["rest"] for r in behind[:_SAYS_SO] if r["type"] == records.TEXT]
    return any(text.startswith(_WIPED) for text in told)


def _cut_off(boot: Boot, following: Boot) -> bool:
    """Whether facts are missing at the end of a boot, by the numbers of the next one's."""
    count = _ahead(boot.records[-1], following.records[0])
    if following.records[0]["type"] == records.BOOT:
        return count > 0
    # The following one's beginning is missing too. What came to its stop is told to its end.
    whole = boot.records[-1]["type"] == records.STOP and following.number == boot.number + 1
    return count > 1 and not whole


def waveforms_missing(boots: list[Boot]) -> int:
    """How many waveforms are known to have been made and are not here, at least.

    By their numbers; from 0 on where the log begins with the board's first record. By the board's
    own count at a stop where the last ones are missing.
    """
    rows = [boot.waveforms if boot.has_facts else boot.records for boot in boots]
    waves = [wave for row in rows for wave in row]
    counted = sum(boot.waveforms_untold() for boot in boots)
    numbered = sum(_ahead(last, wave) for last, wave in pairwise(waves))
    first = boots[0].records[0]
    if waves and first["type"] == records.BOOT and first["seq"] == 0:
        numbered += _ahead({"seq": records.UNKNOWN}, waves[0])
    return max(numbered, counted)


def by_number(segments: Iterable[logfile.Segment]) -> dict[int, list[logfile.Segment]]:
    """The segments of each boot, in their order, wherever they lie among those of others."""
    found: dict[int, list[logfile.Segment]] = {}
    for segment in segments:
        if segment.header:
            found.setdefault(segment.header["boot"], []).append(segment)
    return found


def in_a_row(segments: list[logfile.Segment]) -> Iterator[Boot]:
    """Boots in a row on one time line; an interruption of unknown length takes none of it."""
    found = [_boot(of_boot) for of_boot in by_number(segments).values()]
    boots = [boot for boot in found if boot]
    for boot, following in pairwise(boot for boot in boots if boot.has_facts):
        if _cut_off(boot, following):
            boot.cut_off_by = following
    start_s = 0.0
    for boot in boots:
        start_s += boot.away_s or 0.0
        boot.start_s = round(start_s, 3)
        yield boot
        start_s += boot.length_s


def _boot(segments: list[logfile.Segment]) -> Boot | None:
    """The boot that these segments are of, not yet on a time line; None without any record."""
    told = logfile.records_of(segments, records.FACTS)
    waveforms = logfile.records_of(segments, records.WAVEFORMS)
    headers = [segment.header for segment in segments if segment.header]
    header = next((h for h in headers if h["rate_mhz"]), headers[0])
    away = [r for r in told if r["type"] == records.GAP and r["first"] == r["frame"] == 0]
    known = away and away[0]["duration_ms"] != records.UNKNOWN
    away_s = away[0]["duration_ms"] / 1000 if known else None
    if not told and not waveforms:
        return None
    return Boot(header, told or waveforms, 0.0, away_s, waveforms if told else [])
