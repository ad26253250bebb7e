"""Simulated recordings with labelled truth: `generate("night", seed=1)`.

A plausible infant on a plausible mattress, not a measured one: nothing found in a simulated
recording is a figure of sensitivity. docs/SCENARIOS.md says what is modelled and what is not.
"""

from cribtrace.recording import Recording
from cribtrace.world import plan, simulate
from cribtrace.world.truth import kind_of

__all__ = ["described", "generate", "kind_of", "names"]


def names() -> tuple[str, ...]:
    """List the scenarios that are shipped."""
    return plan.names()


def described() -> tuple[tuple[str, str], ...]:
    """List the scenarios that are shipped, each with a sentence of what it holds."""
    return tuple((name, plan.find(name).about) for name in plan.names())


def generate(name: str, seed: int) -> Recording:
    """Simulate a shipped scenario, or the file at the path `name`, for a seed of 0..2**32-1.

    The same scenario and seed give the same recording. Its truth has a line for each event
    (`type` "event"), for each group of a host kind ("group") and for each stretch of the
    sleeper's state ("state"); docs/SCENARIOS.md has their fields. `snr` is the largest |x| of
    the movement alone on its strongest axis after a 1-20 Hz second-order Butterworth, over the
    rms of that axis' sensor noise after the same filter. Raises Usage for an unknown name or
    seed, CribtraceError for a file that is no scenario.
    """
    return simulate.recorded(plan.find(name), seed)
