"""When each boot was: a line per boot from frames to UTC, by anchors, else by its neighbours.

An anchor ties a frame to UTC and names its source. Only those of a boot's best source count: the
host's, else the clock chip's, else a person's last one. Through them goes the line of least
squares, each weighted by how far off it may be. A boot without any lies between its neighbours.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from cribtrace import brackets, clock_steps, log_records, sensors
from cribtrace.boots import Boot
from cribtrace.clock_line import (
    RATE_FAULT_PPM,
    TOLD,
    TRIM_PPM,
    Anchor,
    Line,
    fit,
    of_best_source,
    rounded,
)
from cribtrace.device import records
from cribtrace.injected_boots import from_a_file

BRACKET = "bracket"
ABOUT_S = 1.0  # chosen: a time that may be further off than this is told as "about"


@dataclass(frozen=True)
class Clock:
    """What is known of the time of one boot. `fitted` is None where nobody can tell.

    `earliest_s` and `latest_s` bound its first frame, seconds since 1970, where it has no anchor.
    """

    boot: Boot
    source: str | None = None
    anchors: int = 0
    fitted: Line | None = None
    earliest_s: float | None = None
    latest_s: float | None = None
    step_s: float = 0.0  # by which the clock that gave the anchors jumped between two of them

    @functools.cached_property
    def about(self) -> bool:
        """Whether its times are further off than a clock's."""
        off_s = math.inf if self.within_s is None else self.within_s
        oddly = self.fitted is not None and self.fitted.oddly
        return (self.source == BRACKET or oddly) and off_s > ABOUT_S

    @property
    def within_s(self) -> float | None:
        """How far off its times may be; None where one end is open."""
        if self.source == BRACKET and None in (self.earliest_s, self.latest_s):
            return None
        return self.fitted.within_s if self.fitted else None

    def utc_s(self, since_boot_s: float) -> float | None:
        """Seconds since 1970 at a moment of the boot, itself told at its header's rate."""
        if self.fitted is None:
            return None
        return self.fitted.at(since_boot_s * self.boot.header["rate_mhz"] / 1000)

    def stamp(self, line: dict, since_boot_s: float) -> None:
        """Give a JSON line its `utc`, or its `utc_about`, where there is one."""
        utc_s = self.utc_s(since_boot_s)
        if utc_s is not None:
            try:  # noqa: SIM105 - a night has thousands, and this takes half as long
                line["utc_about" if self.about else "utc"] = iso(utc_s)
            except (ValueError, OverflowError):
                pass  # No board runs for millennia: then the log is not to be believed.

    def fault(self) -> str | None:
        """A clock that jumped, or a sensor further off than any should be, by its name."""
        line = self.fitted
        if self.step_s:
            return (
                f"clock_step: in boot {self.boot.number} the {self.source} clock jumped by"
                f" {self.step_s:+.0f} s between two of {self.anchors} anchors: times are off by"
                " up to as much; set that clock, and read the next nights with it"
            )
        if line is None or line.drift_ppm is None or line.drift_within_ppm is None:
            return None
        off_ppm = abs(line.drift_ppm) - line.drift_within_ppm
        most_ppm = max(RATE_FAULT_PPM, _stated_within_ppm(self.boot.header))
        if self.boot.header["recording_frames"] or off_ppm <= most_ppm:
            return None
        return (
            f"sensor_rate: in boot {self.boot.number} the sensor gave"
            f" {line.drift_ppm / 1e4:+.1f} % of frames against its own figure, by"
            f" {self.anchors} anchors: rates and durations are off by as much; check its wiring"
            " and supply, and that of the host's clock"
        )

    def line(self) -> dict:
        """The `clock` line of docs/SCHEMA.md."""
        line: dict = {
            "type": "clock",
            "boot": self.boot.number,
            "onset_s": self.boot.start_s,
            "duration_s": self.boot.length_s,
            "away_s": self.boot.away_s,
            "source": self.source,
            "anchors": self.anchors,
            "within_s": rounded(self.within_s, 3),
            "earliest": None if self.earliest_s is None else iso(self.earliest_s),
            "latest": None if self.latest_s is None else iso(self.latest_s),
        }
        line |= self.fitted.told() if self.fitted else dict.fromkeys(TOLD)
        self.stamp(line, 0.0)
        return line


def iso(utc_s: float) -> str:
    """Seconds since 1970 as ISO 8601, to the millisecond."""
    moment = datetime.fromtimestamp(round(utc_s, 3), timezone.utc)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def given(boots: Sequence[Boot]) -> dict[int, list[Anchor]]:
    """Of each boot the anchors that count, oldest first (see `of_best_source`)."""
    found: dict[int, list[Anchor]] = {boot.number: [] for boot in boots}
    for record in (record for boot in boots for record in boot.records):
        known = record["type"] == records.ANCHOR and record["boot"] in found
        if not known or record["source"] >= len(log_records.SOURCES):
            continue
        source = log_records.SOURCES[record["source"]]
        utc_s = record["utc_s"] + record["utc_ms"] / 1000
        anchor = Anchor(record["frame"], utc_s, record["within_ms"] / 1000, source)
        found[record["boot"]].append(anchor)
    return {number: of_best_source(of_boot) for number, of_boot in found.items()}


def _stated_within_ppm(header: dict) -> float:
    """How far off the rate in a boot's header may be; simulated, it is the header's own."""
    if header["recording_frames"]:
        return TRIM_PPM
    return sensors.rate_ppm(header["sensor"].rstrip(b"\0").decode("ascii", "replace"))


def line_through(of_boot: Sequence[Anchor], header: dict) -> Line:
    """The line through those anchors of a boot that count, of which there is at least one."""
    return fit(
        of_best_source(of_boot), header["rate_mhz"] / 1000,
        simulated=bool(header["recording_frames"]), stated_within_ppm=_stated_within_ppm(header),
    )  # fmt: skip


def clocks(boots: Sequence[Boot]) -> dict[int, Clock]:
    """The clock of each boot, by its number; `boots` in their order."""
    anchors = given(boots)
    own = {}
    for boot in boots:
        of_boot, rate_hz = anchors[boot.number], boot.header["rate_mhz"] / 1000
        if of_boot and rate_hz:
            line = line_through(of_boot, boot.header)
            most_ppm = max(RATE_FAULT_PPM, _stated_within_ppm(boot.header))
            simulated = boot.header["recording_frames"]
            step_s = 0.0 if simulated else clock_steps.largest_s(of_boot, rate_hz, most_ppm)
            own[boot.number] = Clock(boot, of_boot[0].source, len(of_boot), line, step_s=step_s)
    ends = {number: _ends(clock, anchors[number]) for number, clock in own.items()}
    return {
        boot.number: own.get(boot.number) or _bracketed(boots, index, ends)
        for index, boot in enumerate(boots)
    }


def _ends(clock: Clock, given: Sequence[Anchor]) -> tuple[float, float] | None:
    """When its boot began at the latest, and ended at the earliest; None where nobody knows.

    A file is played at any speed: of that only its anchors are known.
    """
    if from_a_file(clock.boot):
        return min(one.utc_s for one in given), max(one.utc_s for one in given)
    began_s, ended_s = clock.utc_s(0.0), clock.utc_s(clock.boot.length_s)
    return None if began_s is None or ended_s is None else (began_s, ended_s)


def _bracketed(boots: Sequence[Boot], index: int, ends: brackets.Ends) -> Clock:
    """A boot without an anchor of its own, between those neighbours that have one."""
    boot = boots[index]
    if not boot.header["rate_mhz"]:
        return Clock(boot)
    earliest_s, latest_s = brackets.bounds(boots, index, ends)
    known = [bound for bound in (earliest_s, latest_s) if bound is not None]
    if not known:
        return Clock(boot)
    middle_s = sum(known) / len(known)
    within_s = abs(known[-1] - known[0]) / 2
    line = Line(0.0, middle_s, boot.header["rate_mhz"] / 1000, within_s)
    return Clock(boot, BRACKET, 0, line, earliest_s, latest_s)
