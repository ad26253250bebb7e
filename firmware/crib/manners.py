"""A board's button and its light, where it has them: `button()`, `blink()`.

A press writes an observer's mark; one blink says that it is in the log. Else the light is dark
but for a blink now and then while nothing is recorded: no frames come, or the log takes nothing.
"""

from micropython import const

from . import protocol, seldom

_EVERY_SECONDS = const(5)  # chosen: seen by whoever looks, and dark for all but a fiftieth
_START_SECONDS = const(60)  # until then it may say that it records
_last_s = 0
_lost = 0  # records that the log has not taken
_held = -1  # those that it held then; -1: since then it has taken one


def poll(app):
    """Answer a press; blink where it is time."""
    global _last_s, _lost, _held  # noqa: PLW0603 - a module holds less heap than an object
    if hasattr(app.board, "button") and app.board.button():
        try:
            from . import request_line

            request_line.answer(app.answers, 0, "mark", "button")
            _blink(app)
        except MemoryError:  # as in `Server`
            seldom.forget()
            _last_s = app.clock.seconds
        except protocol.Refused:
            _last_s = app.clock.seconds  # a blink now would say that it is in the log
    journal = app.journal
    if journal.lost != _lost:
        _lost, _held = journal.lost, journal.written
    elif journal.written > _held and not journal.facts.at_risk:
        _held = -1
    seconds = app.clock.seconds
    dark = _held < 0 and app.sensing.fault == "none" and seconds >= _START_SECONDS
    if not dark and seconds - _last_s >= _EVERY_SECONDS:
        _last_s = seconds
        _blink(app)


def _blink(app):
    if hasattr(app.board, "blink"):
        app.board.blink()
