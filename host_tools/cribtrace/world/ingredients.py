"""What a scenario can be made of, by name."""

from collections.abc import Callable

from cribtrace.world import infant, others
from cribtrace.world.chance import Chance
from cribtrace.world.movements import Group


def _named(*draws: Callable[[Chance], Group]) -> dict[str, Callable[[Chance], Group]]:
    return {draw.__name__: draw for draw in draws}


INFANT = _named(
    infant.twitch,
    infant.twitch_burst,
    infant.limb_move,
    infant.periodic_series,
    infant.gross,
    infant.startle,
    infant.sleep_onset_jerk,
    infant.rhythmic_bout,
    infant.short_bout,
    infant.bout_then_stir,
    infant.slowing_bout,
    infant.fast_oscillation,
    infant.rhythmic_large,
    infant.sucking,
    infant.hiccups,
    infant.swelling_series,
    infant.wake_episode,
)
HANDS = _named(
    others.put_down,
    others.pick_up,
    others.hands,
    others.bump,
    others.rocking,
    others.patting,
    others.visit,
)
SURROUNDINGS = _named(
    others.footsteps,
    others.washer,
    others.fan,
    others.truck,
    others.door_slam,
    others.soother,
)
ALL = {**INFANT, **HANDS, **SURROUNDINGS}
