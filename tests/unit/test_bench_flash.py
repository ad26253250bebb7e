"""What the log costs the flash, and how many nights of facts fit beside it."""

import pytest

from bench.link import flash


def test_a_still_crib_takes_three_and_a_half_bytes_a_frame_at_most():
    assert 3.0 < flash.snippet_bytes_per_frame() <= 3.5
    assert flash.snippet_bytes_per_frame(noise_mg=4.0) > 3.5, "it is measured"


def test_events_back_to_back_erase_a_block_in_three(micropython):
    assert 600 / 4096 < flash.erases_per_event() <= 0.35


@pytest.mark.campaign
def test_the_demo_night_erases_a_hundred_blocks_an_hour_at_most(micropython):
    assert 30 < flash.demo_night()["erases"] <= 100
