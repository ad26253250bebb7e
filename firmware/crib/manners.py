"""A board's button and its light, where it has them: `button()`, `blink()`.

A press writes an observer's mark; one blink says that it is in the log. Else the light is dark
but for a blink now and then while nothing is recorded.
"""

from micropython import const

from . import protocol

_EVERY_SECONDS = const(5)  # chosen: seen by whoever looks, and dark for all but a fiftieth
_START_SECONDS = const(60)  # until then it may say that it records
_last_s = 0


def poll(app):
    """Answer a press; blink where it is time."""
    global _last_s  # noqa: PLW0603 - a module holds less heap than an object
    if hasattr(app.board, "button") and app.board.button():
        try:
            app.answers.answer(0, "mark", "button")
        except protocol.Refused:
            return
        _blink(app)
    seconds = app.clock.seconds
    dark = app.sensing.fault == "none" and seconds >= _START_SECONDS
    if not dark and seconds - _last_s >= _EVERY_SECONDS:
        _last_s = seconds
        _blink(app)


def _blink(app):
    if hasattr(app.board, "blink"):
        app.board.blink()
