"""The boots of a log, in a row on one time line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cribtrace import logfile
from cribtrace.device import records
from cribtrace.scale import Scale


@dataclass
class Boot:
    """One boot: its header and records, and where it begins on the log's time line."""

    header: dict
    records: list[dict]  # facts, in the order of their numbers
    start_s: float  # since the first boot's first frame
    away_s: float | None = None  # before it, where anybody knows
    waveforms: list[dict] = field(default_factory=list)  # numbered apart

    @property
    def number(self) -> int:
        """Number of the boot, as the board counts them."""
        return self.header["boot"]

    @property
    def frames(self) -> int:
        """Frame index at which this boot's log ends."""
        return max(record["frame"] for record in self.records)

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
        told = self.last(records.STOP, records.RECORDER)
        if not told:
            return numbered
        coded = [wave for wave in self.waveforms if wave["frame"] > told["frame"]]
        since = _distance(told, self.records[-1]) + len(coded)
        return max(numbered, told["records"] + 1 + since)

    def holes(self) -> Iterator[tuple[int, int]]:
        """(first, end) frame between which facts of this boot are missing here."""
        at = 0
        expected = self.records[0]["seq"] + (self.records[0]["type"] != records.BOOT)
        for record in self.records:
            if record["seq"] != expected & records.UNKNOWN:
                yield at, record["frame"]
            at, expected = record["frame"], record["seq"] + 1

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


def by_number(segments: Iterable[logfile.Segment]) -> dict[int, list[logfile.Segment]]:
    """The segments of each boot, in their order, wherever they lie among those of others."""
    found: dict[int, list[logfile.Segment]] = {}
    for segment in segments:
        if segment.header:
            found.setdefault(segment.header["boot"], []).append(segment)
    return found


def in_a_row(segments: list[logfile.Segment]) -> Iterator[Boot]:
    """Boots in a row on one time line; an interruption of unknown length takes none of it."""
    start_s = 0.0
    for of_boot in by_number(segments).values():
        told = logfile.records_of(of_boot, records.FACTS)
        waveforms = logfile.records_of(of_boot, records.WAVEFORMS)
        headers = [segment.header for segment in of_boot if segment.header]
        header = next((h for h in headers if h["rate_mhz"]), headers[0])
        away = [r for r in told if r["type"] == records.GAP and r["first"] == r["frame"] == 0]
        known = away and away[0]["duration_ms"] != records.UNKNOWN
        away_s = away[0]["duration_ms"] / 1000 if known else None
        start_s += away_s or 0.0
        if told or waveforms:
            both = (told, waveforms) if told else (waveforms, [])
            boot = Boot(header, both[0], round(start_s, 3), away_s, both[1])
            yield boot
            start_s += boot.length_s
