"""What a soak says of a heap: of a leak, of a host that asks, of what is needed once."""

from types import SimpleNamespace

import pytest

from tests.soak import holds

# Bytes, every ten minutes of six hours: a start whose first pull loads what later ones need, too.
HEALTHY = [113_264] * 12 + [113_504] * 6 + [113_904] * 18


def told(used, asked=None):
    """What `holds.heap` says of these, and of `asked`: bytes measured while a host asked."""
    facts = [{"seq": seq, "heap_used": each} for seq, each in enumerate(used)]
    asked = asked or []
    facts += [{"seq": 1000 + k, "heap_used": each} for k, each in enumerate(asked)]
    log = SimpleNamespace(of=lambda _start, _kind: facts)
    start = SimpleNamespace(
        told=[SimpleNamespace(seq=r["seq"], asked=r["seq"] >= 1000) for r in facts]
    )
    return list(holds.heap(start, log))


def leaking(bytes_an_hour):
    """HEALTHY, less and less so; a heap is given out in 16 bytes."""
    return [used + bytes_an_hour * k // 6 // 16 * 16 for k, used in enumerate(HEALTHY)]


def test_what_is_needed_once_is_no_leak():
    assert told(HEALTHY) == []


@pytest.mark.parametrize("bytes_an_hour", [32, 100, 300])
def test_a_leak_is_told_however_small_it_is(bytes_an_hour):
    assert any("its heap rose 1" in breach for breach in told(leaking(bytes_an_hour)))


def test_what_stays_of_one_occasion_is_told():
    grown = [used + 1100 * (k > 30) for k, used in enumerate(HEALTHY)]
    assert told(grown) == ["its heap grew from 113504 to 115004 bytes"]


def test_a_pull_however_long_is_no_growth_of_the_heap():
    plateau = [119_264, 119_520, 119_536]
    assert told(HEALTHY, plateau) == []
    assert told(HEALTHY + plateau) != []  # that nobody asked for


def test_what_a_session_needs_has_a_bound():
    assert told(HEALTHY, [119_264, 130_288]) == []
    assert told(HEALTHY, [119_264, 130_304]) == [
        "its heap was 130304 bytes while a host asked, 113904 at most else"
    ]
