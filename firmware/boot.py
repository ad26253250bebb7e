"""MicroPython runs this first, at each start and each soft reset."""

_MINUTES = 10  # chosen: the file /resume_minutes holds another number, 0 for a day
_DAY = 24 * 60


def _left_alone():
    try:
        with open("/resume_minutes") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _MINUTES


def hold(minutes=_DAY):
    """Keep the board at the prompt, 1 to 1440 minutes at most, until the next start."""
    import board

    watchdog = board.watchdog()
    watchdog.park_ms = int(min(max(minutes or _DAY, 1), _DAY) * 60000)
    watchdog.park()


# main.py arms it anew; a board that somebody left at the prompt records again after a while.
hold(_left_alone())
