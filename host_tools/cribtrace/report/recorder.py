"""The report's pieces about the recording: coverage, marks, what the board says of itself."""

from cribtrace.analysis import Night
from cribtrace.report.content import Content, clock
from cribtrace.report.parts import esc, own, row, table
from cribtrace.tally import HOUR_S, Tally, interval
from cribtrace.wording import MISSING, fixed, length, number, reason, since_start

SHORTEST_S = 0.005  # what would be rounded to 0.00 s
_MINUTELY = "recorder"


def coverage_table(night: Night, counts: Tally) -> str:
    """Everything that was not covered, and why."""
    unusable = [state for state in night.states if state.get("state") == "unusable"]
    entries = [*((gap, "gap") for gap in night.gaps), *((state, "unusable") for state in unusable)]
    entries.sort(key=lambda entry: interval(entry[0]) or (0.0, 0.0))
    lost_s = max(0.0, counts.span_s - counts.covered_s)
    lost = length(lost_s) if lost_s >= SHORTEST_S else "none"
    said = (
        f'<p class="note">{length(counts.covered_s)} covered of {length(counts.span_s)} recorded; '
        f"not covered: {lost}.</p>"
    )
    if counts.longest:
        first, end = counts.longest
        said += (
            f'<p class="note">Longest covered stretch without an event: {length(end - first)}, '
            f"from {since_start(first)}. It says that nothing was detected, not why: an infant "
            "who does not move and an empty crib look the same.</p>"
        )
    said += "".join(
        f'<p class="note">Could not be read: {own(fault)}</p>' for fault in night.faults
    )
    if not entries:
        return f'{said}<p class="note">No gap is on record.</p>'
    rows = []
    for entry, what in entries:
        why, words = entry.get("reason"), reason(entry.get("reason"))
        told = f"{own(why)}{' — ' + esc(words) if words else ''}"
        frames = number(entry.get("frames"))
        span = (
            since_start(number(entry.get("onset_s")), 1),
            length(number(entry.get("duration_s"))),
        )
        rows.append(row(span[0], span[1], what, told, fixed(frames, 0)))
    head = ("Since start", "Length", "What", "Reason", "Frames")
    return said + table("gaps", "Time that was not covered", head, rows)


def observed(told: Content) -> list[tuple[str, str, str]]:
    """When, what, in which words: notes about all of the night, then the rest in order."""
    marks = [(number(mark.get("t_s")), "mark", mark.get("text")) for mark in
             told.night.marks]  # fmt: skip
    notes = [(note.t_s, note.told, note.text) for note in told.notes]
    found = sorted([*notes, *marks], key=lambda one: -1.0 if one[0] is None else one[0])
    return [
        ("all night" if t_s is None else clock(told, t_s), what, str(text or ""))
        for t_s, what, text in found
    ]


def marks_table(told: Content) -> str:
    """The observer's marks and notes."""
    rows = [row(esc(when), esc(what), own(text)) for when, what, text in observed(told)]
    return table("plain marks", "Marks and notes", ("When", "What", "Text"), rows) if rows else ""


def _most(entries: list[dict], key: str) -> float | None:
    found = [value for entry in entries if (value := number(entry.get(key))) is not None]
    return max(found, default=None)


def _milliseconds(value_us: float | None) -> str:
    return MISSING if value_us is None else f"{value_us / 1000:.0f} ms"


def _kib(value: float | None) -> str:
    return MISSING if value is None else f"{value / 1024:.0f} KiB"


def _by_hour(entries: list[dict]) -> dict[int, list[dict]]:
    """The lines of each hour; a line at its very end is about that hour."""
    hours: dict[int, list[dict]] = {}
    for entry in entries:
        t_s = number(entry.get("t_s"))
        if t_s is not None:
            hours.setdefault(max(0, int(-(-t_s // HOUR_S)) - 1), []).append(entry)
    return dict(sorted(hours.items()))


def _hours_table(entries: list[dict]) -> str:
    rows = [
        row(
            since_start(hour * HOUR_S),
            str(len(found)),
            _milliseconds(_most(found, "loop_max_us")),
            fixed(_most(found, "fifo_high"), 0),
            _kib(_most(found, "heap_used")),
            fixed(_most(found, "in_gaps"), 0),
            fixed(_most(found, "records_lost"), 0),
        )
        for hour, found in _by_hour(entries).items()
    ]
    head = (
        "Hour from",
        "Lines",
        "Longest loop",
        "Frames waiting, most",
        "Heap used, most",
        "Frames in gaps so far",
        "Records refused so far",
    )
    caption = "An hour to a row; `cribtrace decode` has every line"
    return table("minutes", caption, head, rows) if rows else ""


def _others_table(entries: list[dict]) -> str:
    rows = []
    for entry in entries:
        rest = {key: value for key, value in entry.items() if key not in ("type", "t_s", "what")}
        told = "; ".join(f"{own(key)} {own(value)}" for key, value in rest.items())
        rows.append(row(since_start(number(entry.get("t_s"))), own(entry.get("what")), told))
    head = ("Since start", "What", "With")
    return table("plain", "Starts, settings and messages", head, rows) if rows else ""


def _summary_line(night: Night) -> str:
    in_gaps, lost = (number(night.summary.get(name)) for name in ("frames_in_gaps", "frames_lost"))
    count = len(night.recorder)
    return (
        f"The board about itself: {count} {'line' if count == 1 else 'lines'}; "
        f"longest loop {_milliseconds(_most(night.recorder, 'loop_max_us'))}; "
        f"{fixed(in_gaps, 0)} frames in gaps" + (f", {lost:.0f} lost" if lost is not None else "")
    )


def recorder_lines(night: Night) -> str:
    """What the board says about itself, folded under one line."""
    if not night.recorder:
        return ""
    minutes = [entry for entry in night.recorder if entry.get("what") == _MINUTELY]
    others = [entry for entry in night.recorder if entry.get("what") != _MINUTELY]
    return (
        f'<details class="recorder"><summary>{_summary_line(night)}</summary>'
        f"{_hours_table(minutes)}{_others_table(others)}</details>"
    )


def _room(night: Night) -> str:
    told = (number(entry.get("nights_left")) for entry in night.recorder)
    left = [nights for nights in told if nights is not None]
    if not left:
        return ""
    whole = int(left[-1])
    more = f"the facts of {whole} more {'night' if whole == 1 else 'nights'}"
    said = more if whole else "less than the facts of one more night"
    return f'<p class="note">Room on the board when this log ended: {said} of ten hours.</p>'


def marks_and_recorder(told: Content) -> str:
    """The observer's marks and notes, and what the board says about itself."""
    found = marks_table(told) + _room(told.night) + recorder_lines(told.night)
    return found or '<p class="note">None on record.</p>'
