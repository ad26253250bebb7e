"""Light sleep between drains, where the board has the file /light_sleep: else it stays awake.

Only for boards whose serial line is a UART behind a bridge: native USB goes with the sleep.
"""

import os

from micropython import const

_FILE = "/light_sleep"
# Chosen. Asleep a UART hears nothing, and stock MicroPython does not let it wake the chip: so one
# second in four is spent awake, and a host's request, sent once a second, is heard by its fifth.
_CYCLE_MS = const(4000)
_LISTEN_MS = const(1000)
_AWAKE_MS = const(60_000)  # after the start, and after each input


def dozing(awake, asleep, ticks_ms, ticks_diff):
    """The board's idle(ms). `awake(ms)` rests, and is true where input waits; `asleep(ms)` sleeps.

    Where ticks wrap, once in days, a cycle is cut short.
    """
    try:
        os.stat(_FILE)
    except OSError:
        return awake
    heard = [ticks_ms()]

    def idle(ms):
        now = ticks_ms()
        at = now % _CYCLE_MS
        if heard and ticks_diff(now, heard[0]) > _AWAKE_MS:
            heard.clear()  # a while later ticks_diff would be negative
        if at >= _LISTEN_MS and not heard:
            asleep(min(ms, _CYCLE_MS - at))
        elif awake(ms):
            heard[:] = [now]

    return idle
