"""The screen of `cribtrace live`: a thin Textual app over `live_view`. Textual is an extra.

Made for a slow line: nothing is drawn but once in `every_s`, nothing blinks or slides, and no
mouse is asked for.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from cribtrace.asides import Asides
from cribtrace.cli.endings import Ended
from cribtrace.cli.output import say
from cribtrace.errors import CribtraceError
from cribtrace.heard import Item
from cribtrace.live_layout import heights
from cribtrace.live_view import View
from cribtrace.tail_line import Line

_LABEL = 8  # characters left of a curve
_COLOURS = {
    "movement": "cyan", "disturbance": "bright_black", "host": "blue", "fault": "yellow",
    "mark": "magenta", "board": "bright_black",
}  # fmt: skip
_KEYS = "m mark   p pause   q quit"
_PAUSED = "paused: p go on   m mark   q quit"
_NARROW = 80  # columns; below them an event's line leaves out
_DATE = 6  # characters, "11-21 ", and the alignment of its figures


class LiveScreen(App[None]):
    """Draws a View of what `items` yields; `asides` are the same that these were made with."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    Static { width: 100%; height: 1; background: ansi_default;
             text-wrap: nowrap; text-overflow: ellipsis; }
    Input { height: 1; border: none; padding: 0; background: ansi_default; display: none; }
    Input:focus { border: none; }
    """
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    BINDINGS: ClassVar = [
        Binding("m", "mark", "mark"),
        Binding("p", "pause", "pause"),
        Binding("q,ctrl+c,ctrl+q", "leave", "quit", priority=False),
        Binding("escape", "no_mark", "back", priority=True),
    ]

    def __init__(
        self, items: Iterator[Item], asides: Asides, *, every_s: float, span_s: float,
        colour: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self.view = View(asides.clock, span_s)
        self.failed: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._items, self._asides = items, asides
        self._every_s, self._colour = every_s, colour
        self._heard: deque[Item] = deque()
        self._paused = self._marking = False
        self._rows: dict[str, int] = {}
        self._listening = threading.Thread(target=self._listen, daemon=True)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        with Vertical():
            for name in heights(0):
                yield Static(id=name)
            field = Input(placeholder="mark: a word, then Enter; Esc for none", id="mark")
            field.cursor_blink = False
            yield field

    def on_mount(self) -> None:
        """Begin to listen and to draw."""
        self.loop = asyncio.get_running_loop()
        self.screen.set_focus(None)
        self._listening.start()
        if self._asides.ended.is_set():
            self.action_leave()
            return
        self.set_interval(self._every_s, self.draw)
        self.call_after_refresh(self.draw)

    def _listen(self) -> None:
        try:
            for item in self._items:
                self._heard.append(item)
        except BaseException as error:  # told when the screen is the terminal's again
            self.failed = error
            if self.is_running:
                self.call_from_thread(self.exit)

    def draw(self) -> None:
        """Take in what was heard, and draw what has changed by it."""
        while self._heard:
            self.view.take(self._heard.popleft())
        self._lay_out()
        view, away = self.view, self.view.away_s is not None
        if not self._paused:
            self._put("who", Text(view.who(), "bold"))
            self._put("waves", self._waves(self._style("board" if away else "movement")))
            self._put("strength", self._strength(self._style("board" if away else "host")))
            self._put("events", self._events())
        self._put("link", Text(view.link_told(), self._style("fault") if away else ""))
        self._put("loop", Text(view.loop_told()))
        self._put("keys", Text(_PAUSED if self._paused else _KEYS, self._style("board")))

    def on_resize(self) -> None:
        """Draw for the new size at once."""
        self.call_after_refresh(self.draw)

    def _lay_out(self) -> None:
        """Give each part its rows; a field for a mark has those of the keys."""
        rows = heights(self.size.height)
        if self._marking:
            rows["keys"] = 0
        if rows == self._rows:
            return
        self._rows = rows
        for name, height in rows.items():
            styles = self.query_one(f"#{name}", Static).styles
            styles.height, styles.display = height, "block" if height else "none"

    def _put(self, name: str, text: Text) -> None:
        """Give a widget its text, unless it shows just that: then nothing goes to the terminal."""
        widget = self.query_one(f"#{name}", Static)
        shown = getattr(widget, "shown", None)
        if shown is None or shown.plain != text.plain or shown.spans != text.spans:
            widget.shown = text  # pyright: ignore[reportAttributeAccessIssue]
            widget.update(text)

    def _style(self, role: str) -> str:
        return _COLOURS[role] if self._colour else ""

    def _room(self, name: str) -> tuple[int, int]:
        return max(1, self.size.width - _LABEL), max(1, self._rows[name])

    def _waves(self, style: str) -> Text:
        width, height = self._room("waves")
        waves = self.view.waves(width, max(1, height // 3))
        text = Text()
        for axis, rows in zip("xyz", waves.rows, strict=True):
            for k, row in enumerate(rows):
                label = f"{axis} ±{waves.reach_mg:g}mg" if k == len(rows) // 2 else ""
                text.append(label.ljust(_LABEL)[:_LABEL], self._style("board"))
                text.append(row + "\n", style)
        return text

    def _strength(self, style: str) -> Text:
        width, height = self._room("strength")
        strength = self.view.strength(width, height)
        # In the unit that events have theirs in: the motion drawn goes with the root of it.
        needed = f"{strength.threshold**2:.2f}" if strength.threshold else ""
        limit = f"a movement counts from strength {needed}" if needed else ""
        said = [piece for piece in (limit, self.view.floor_told(), strength.source) if piece]
        self._put("heading", Text("; ".join(said), self._style("board")))
        text = Text()
        for k, row in enumerate(strength.rows):
            here = k == strength.threshold_row
            label = needed if here else ""
            text.append(label.ljust(_LABEL)[:_LABEL], self._style("board"))
            text.append((row.replace(" ", "╌") if here else row) + "\n", style)
        return text

    def _events(self) -> Text:
        text = Text()
        lines = list(self.view.lines)
        for line in lines[max(0, len(lines) - self._rows["events"]) :]:
            text.append_text(self._line(line))
        return text

    def _line(self, line: Line) -> Text:
        name, stamp, figures = line.name.ljust(15), line.stamp, line.figures
        if self.size.width < _NARROW:
            stamp, figures = stamp[_DATE:], " ".join(figures.split())
        styled = (stamp, self._style("board")), " ", (name, self._style(line.role))
        return Text.assemble(*styled, " ", figures, " ", line.reason, "\n")

    def action_mark(self) -> None:
        """Ask for its text."""
        field = self.query_one("#mark", Input)
        field.styles.display = "block"
        self._marking = True
        self._lay_out()
        self.screen.set_focus(field)

    def action_no_mark(self) -> None:
        """None after all."""
        field = self.query_one("#mark", Input)
        field.value = ""
        field.styles.display = "none"
        self._marking = False
        self._lay_out()
        self.screen.set_focus(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Have the mark put into the board's log; it comes back as a line when it is there."""
        self._asides.mark(event.value.strip() or "mark")
        self.action_no_mark()

    def action_pause(self) -> None:
        """Keep the picture; what comes meanwhile is drawn afterwards."""
        self._paused = not self._paused
        self.draw()

    def action_leave(self) -> None:
        """End it."""
        self._asides.end()
        self.exit()

    def leave_soon(self, _number: int) -> None:
        """End it by a signal, which may come before there is a screen, or when there is none."""
        if not self.loop:
            self._asides.end()
        elif not self.loop.is_closed():  # it may sleep until the next picture
            self.loop.call_soon_threadsafe(self.call_later, self.action_leave)

    def stop_listening(self) -> None:
        """Give the listener a moment to say goodbye to the board."""
        self._asides.end()
        if self._listening.is_alive():
            self._listening.join(3)


def run(
    client, asides: Asides, ended: Ended, *, every_s: float, span_s: float, colour: bool
) -> None:
    """Show the board of `client` until q or a signal (`ended`). Raises what ended it otherwise."""
    from cribtrace import facts, tail
    from cribtrace.client import Client
    from cribtrace.link import Link

    items = tail.follow(client, lambda name: Client(Link(name)), facts.json_line, asides)
    app = LiveScreen(items, asides, every_s=every_s, span_s=span_s, colour=colour)
    ended.end = app.leave_soon
    try:
        app.run(mouse=False)
    finally:
        app.stop_listening()
    if left := asides.marks_left():
        say(f"{left} marks were not put: the board was not there")
    if app.failed:
        raise app.failed
    if app.return_code:
        raise CribtraceError("live ended by a fault of its own, told above: please report it")
