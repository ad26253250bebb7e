"""Nights of a pulled log into a library: which are new, which have grown, which are refused."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timezone, tzinfo
from pathlib import Path

from cribtrace import __version__, analysis, anchors, logfile, nights
from cribtrace.analysis import Night
from cribtrace.boots import Boot, in_a_row
from cribtrace.device import records
from cribtrace.errors import CribtraceError
from cribtrace.library import parquet, reading, rows
from cribtrace.library.store import Change, Library
from cribtrace.library.tables import FORMAT
from cribtrace.log_records import SOURCES
from cribtrace.scale import Scale

Clocks = dict[int, anchors.Clock]
INJECTED = "injected"
_AT_ONCE = 32  # nights a change, so that what is staged stays small and a sync serves many


OUTCOMES = ("new", "updated", "same", "kept")


@dataclass
class Added:
    """What became of the nights of a log, each by its evening; why of those that did not come."""

    device: str
    crib: str = ""
    new: list[date] = field(default_factory=list)
    updated: list[date] = field(default_factory=list)
    same: list[date] = field(default_factory=list)
    kept: list[date] = field(default_factory=list)  # the library's is of more records
    refused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Group:
    """Boots that hold nights together, and the injected ones among them."""

    boots: list[Boot]
    nights: set[date]
    injected: list[Boot] = field(default_factory=list)
    _read: Night | None = None

    def digest(self, clocks: Clocks, about: dict) -> str:
        """Of all that its nights are made from; a record never changes once it has its number."""
        found = [
            [boot.number, boot.start_s, boot.away_s, clocks[boot.number].line()]
            + [(len(row), row[:1], row[-1:]) for row in (boot.records, boot.waveforms)]
            for boot in self.boots + self.injected
        ]
        text = repr((FORMAT, __version__, sorted(about.items()), found))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def read(self, clocks: Clocks, zone: tzinfo | None, of: date) -> tuple[Night, list[Boot]]:
        """One night of it, with the boots that it lies in."""
        if self._read is None:
            self._read = analysis.of_boots(self.boots, clocks, waveforms=False)
            for boot in self.injected:
                lasted = {"onset_s": boot.start_s, "duration_s": boot.length_s, "frames": None}
                self._read.gaps.append({"type": "gap", **lasted, "reason": INJECTED})
        night = nights.choose(self._read, zone, of)
        return night, self.inside(night.sessions[0].onset_s, night.sessions[-1].end_s)

    def inside(self, from_s: float, until_s: float) -> list[Boot]:
        """Its boots that lie between two moments of the log, in part or whole."""
        return [b for b in self.boots if b.start_s < until_s and b.start_s + b.length_s > from_s]


def groups(boots: list[Boot], clocks: Clocks, zone: tzinfo | None) -> list[Group]:
    """The nights of a log, each with all the boots it can lie in, and no more than that."""
    ours = [boot for boot in boots if not analysis.from_a_file(boot)]
    found: list[Group] = []
    for row in _rows(ours):
        outline = Night({}, clocks=[clocks[boot.number].line() for boot in row])
        outline.recorder = [anchor for boot in row for anchor in _anchors(boot)]
        sessions = nights.sessions(outline, zone)
        of = {session.of for session in sessions if session.kind == nights.NIGHT}
        if found and found[-1].nights & of:  # what lies between is of that night's time too
            between = slice(ours.index(found[-1].boots[-1]) + 1, ours.index(row[0]))
            found[-1].boots += ours[between] + row
            found[-1].nights |= of
        elif of:
            found.append(Group(list(row), of))
    for group in found:
        first, last = group.boots[0].number, group.boots[-1].number
        between = [boot for boot in boots if first < boot.number < last]
        group.injected = [boot for boot in between if analysis.from_a_file(boot)]
    return found


def _rows(boots: list[Boot]) -> Iterator[list[Boot]]:
    """Boots between which nothing but a short, known time went by."""
    row: list[Boot] = []
    for boot in boots:
        if row and (boot.away_s is None or boot.away_s > nights.JOIN_S):
            yield row
            row = []
        row.append(boot)
    if row:
        yield row


def _anchors(boot: Boot) -> Iterator[dict]:
    scale = Scale(boot.header)
    for record in boot.records:
        if record["type"] == records.ANCHOR and record["source"] < len(SOURCES):
            at_s = boot.start_s + scale.seconds(record["frame"])
            yield {"source": SOURCES[record["source"]], "t_s": at_s}


def add(
    library: Library,
    source: Path,
    zone: tzinfo | None = None,
    crib: str | None = None,
    take_less: bool = False,
    tags: Callable[[date], str] = lambda _: "",
    progress: Callable[[int, int], None] | None = None,
) -> Added:
    """Bring the nights of a log folder into the library; naps and desk time stay out.

    A night that is there is replaced where the log now tells more of it (`take_less`: or less).
    `crib` names where the board lies; else it is what it was the last time, else the device.
    `tags` gives those of a night's notes. Raises CribtraceError as `logfile.read`, and where no
    night of it can come in.
    """
    segments = logfile.read(source)
    boots = list(in_a_row([s for s in segments if s.header]))
    added = Added(boots[0].header["device"].hex())
    added.faults = [fault for s in segments for fault in s.faults] + logfile.unfinished(source)
    added.refused = [_refused(boot) for boot in boots if analysis.from_a_file(boot)]
    known = {row["night"]: row for row in reading.nights(library, device=added.device)}
    added.crib = crib or (known[max(known)]["crib"] if known else added.device)
    coming = _Coming(library, added, known, zone, take_less, tags)
    clocks = anchors.clocks(boots)
    found = groups(boots, clocks, zone)
    for first in range(0, len(found), _AT_ONCE):
        coming.take(found[first : first + _AT_ONCE], clocks)
        if progress:
            progress(min(first + _AT_ONCE, len(found)), len(found))
    if not (added.new or added.updated or added.same or added.kept):
        why = [*added.refused, "it holds no night of which anybody knows the time"]
        raise CribtraceError(f"{source}: nothing came into the library: {why[0]}")
    return added


@dataclass
class _Coming:
    library: Library
    added: Added
    known: dict[date, dict]
    zone: tzinfo | None
    take_less: bool
    tags: Callable[[date], str]

    def take(self, some: list[Group], clocks: Clocks) -> None:
        with self.library.changing() as change:
            for group in some:
                for of in sorted(group.nights):
                    self._night(change, group, of, clocks)

    def _night(self, change: Change, group: Group, of: date, clocks: Clocks) -> None:
        about = {
            "crib": self.added.crib,
            "zone": getattr(self.zone, "key", None) or "of this machine",
            "tags": self.tags(of),
            "faults": len(self.added.faults),
        }
        digest = group.digest(clocks, about)
        before = self.known.get(of)
        if before and before["digest"] == digest:
            self.added.same.append(of)
            return
        night, boots = group.read(clocks, self.zone, of)
        when = datetime.now(timezone.utc)
        found = rows.of_night(night, boots, {**about, "digest": digest, "added": when})
        if before and before["records"] > found["nights"][0]["records"] and not self.take_less:
            self.added.kept.append(of)
            return
        for table, of_table in found.items():
            parquet.write(change.path(table, (self.added.device, of)), table, of_table)
        (self.added.updated if before else self.added.new).append(of)


def _refused(boot: Boot) -> str:
    return f"boot {boot.number} is no night: a host played a file in its sensor's place"
