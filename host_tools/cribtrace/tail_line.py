"""One record as one line for a person: when, what, how long, how large, why. No colours here.

Short ones fit 80 columns, beside each other in a terminal. Long ones are for a file or a bug
report: date and zone, boot and second of the boot, and the reason in whole words.
"""

import time
from typing import Any, NamedTuple

from cribtrace.facts import RULES
from cribtrace.frame_clock import FrameClock, local
from cribtrace.patterns import MOVEMENTS
from cribtrace.tail_filter import is_fault

MOVEMENT, DISTURBANCE, HOST, FAULT, MARK, BOARD = (
    "movement", "disturbance", "host", "fault", "mark", "board",
)  # fmt: skip
"""What a line is about, for its colour: none of them says how much or how good."""
_NAME = 15
_REASON = 23  # what 80 columns leave
_BRIEF = (  # each in words of the long one, so that who has read the one knows the other
    "slow, below 1 Hz", "slow, 1 Hz or faster", "vibration of 5-12 Hz", "vibration 12 Hz or 25 s",
    "regular steps", "through the floor", "stronger than an infant", "a lasting lean",
    "large and regular", "regular jerks", "one strong movement", "short", "middle length", "long",
)  # fmt: skip
_SHORT = dict(zip(RULES, _BRIEF, strict=True))


class Line(NamedTuple):
    """Its pieces; `text()` is all of them in a row."""

    stamp: str
    name: str
    figures: str
    reason: str
    role: str

    def text(self) -> str:
        """The line without colours."""
        pieces = (self.stamp, self.name.ljust(_NAME), self.figures, self.reason)
        return " ".join(piece for piece in pieces if piece).rstrip()

    def cut(self, width: int) -> "Line":
        """It in at most `width` characters: blanks between figures go first, then `…` ends it."""
        if len(self.text()) <= width:
            return self
        line = self._replace(figures=" ".join(self.figures.split()))
        left = width
        for piece, least in (("stamp", 0), ("name", _NAME), ("figures", 0), ("reason", 0)):
            text = getattr(line, piece)
            if len(text) > left:
                text = text[: left - 1] + "…" if left > 0 else ""
                line = line._replace(**{piece: text})
            left -= max(least, len(text)) + bool(text)
        return line


def made(line: dict[str, Any], clock: FrameClock, boot: int, *, whole: bool = False) -> Line:
    """The line for a JSON-line dict; `whole`: the long one."""
    moment = line.get("onset_s", line.get("t_s"))
    told = clock.stamped(line)
    utc = told.get("utc") or told.get("utc_about")
    stamp = _stamp(utc, moment, boot, whole=whole, about="utc_about" in told)
    name = line.get("kind") or line.get("state") or line.get("what") or line["type"]
    figures = _figures(line, whole=whole)
    if line["type"] == "recorder" and name == "recorder":
        name = "health"
    return Line(stamp, name, figures, cleaned(_reason(line, whole=whole)), _role(line))


def noted(text: str, *, name: str = "line", whole: bool = False) -> Line:
    """A line of the host's, or of the board's text, of this moment."""
    stamp = _stamp(time.time(), None, 0, whole=whole)
    role = FAULT if name == "line" else BOARD
    return Line(stamp, name, "", cleaned(text), role)


def _stamp(
    utc: float | str | None, t_s: float | None, boot: int, *, whole: bool, about: bool = False
) -> str:
    of_boot = "" if t_s is None else f"boot {boot} +{t_s:.1f}s"
    if utc is None:
        return of_boot if whole else f"+{t_s or 0:.1f}s".rjust(16)
    then = local(utc)
    if whole:
        told = then.isoformat(timespec="seconds" if about else "milliseconds")
        return f"{'~' * about}{told} {of_boot}".rstrip()
    if about:
        return f"{then:%m-%d ~%H:%M:%S} "
    return f"{then:%m-%d %H:%M:%S}.{then.microsecond // 100_000}"


def _figures(line: dict[str, Any], *, whole: bool) -> str:
    length_s, peak_mg = line.get("duration_s"), line.get("peak_mg")
    axis, margin = line.get("axis", ""), line.get("why", {}).get("margin")
    lasted = "" if length_s is None else f"{_three(length_s)}s"
    large = "" if peak_mg is None else f"{_three(peak_mg)}mg"
    times = "" if margin is None else f"{_three(margin)}x"
    if not whole:
        return f"{lasted:>7} {large:>6} {axis:1} {times:>5}"
    pieces = [lasted, f"{large} {axis}".strip(), f"{times} threshold" if times else ""]
    told = ", ".join(piece for piece in pieces if piece)
    return f"{told}:" if told else ""


def _three(value: float) -> str:
    """With at most three figures, as far as they fit."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _reason(line: dict[str, Any], *, whole: bool) -> str:
    kind = line["type"]
    if kind == "event":
        return _of_host(line) if line.get("by") else _of_board(line, whole=whole)
    if kind == "gap":
        frames = line["frames"]
        return f"{line['reason']}" + (f", {frames} frames" if frames is not None else "")
    if kind == "state":
        return line["reason"]
    if kind == "epoch":
        nearest = line["closest"]["margin"]
        return f"floor {line['floor_mg']}mg" + (f", nearest {nearest}x" if nearest else "")
    return line.get("text") or _pairs(line)


def _of_board(line: dict[str, Any], *, whole: bool) -> str:
    why = line["why"]
    rate = f", {line['rate_hz']:.1f}Hz" if line["rate_hz"] else ""
    if not whole:
        # Of a disturbance the reason says it, and 80 columns hold no more.
        told = why["vetoes"] if line["kind"] in MOVEMENTS else []
        rule = _SHORT[why["rule"]]
        return " +".join([rule + rate if len(rule + rate) <= _REASON else rule, *told])
    text = f"{why['rule']}{rate}; strength {why['strength']} of {why['threshold']}"
    against = f"; {', '.join(why['vetoes'])}" if why["vetoes"] else ""
    cut = ", cut" * why["cut"] + ", joined" * why["joined"]
    return f"{text}, floor {why['floor_mg']}mg, {line['jerks']} jerks{cut}{against}"


def _of_host(line: dict[str, Any]) -> str:
    every = f" every {line['interval_s']}s" if line["interval_s"] else ""
    rate = f", {line['rate_hz']:.1f}Hz" if line.get("rate_hz") else ""
    return f"{line['count']}{every}{rate}"


def _pairs(line: dict[str, Any]) -> str:
    plain = {key: value for key, value in line.items() if not isinstance(value, dict | list)}
    left_out = ("type", "t_s", "what", "utc", "utc_about", "onset_s", "duration_s")
    return " ".join(f"{k}={v}" for k, v in plain.items() if k not in left_out and v is not None)


def _role(line: dict[str, Any]) -> str:
    if line.get("by") == "host":
        return HOST
    if line["type"] == "event":
        return MOVEMENT if line["kind"] in MOVEMENTS else DISTURBANCE
    if is_fault(line):
        return FAULT
    return MARK if line["type"] == "mark" else BOARD


def cleaned(text: str) -> str:
    """No character that a terminal would obey, whatever a board has sent."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
