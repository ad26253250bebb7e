"""Clocks: the host's, the sensor's, a clock chip's; simulated mattress, real firmware."""

import time
from datetime import datetime, timezone

import numpy as np
import pytest

from cribtrace import analysis, exchange
from cribtrace.pull import pull
from cribtrace.recording import Recording

RATE_HZ, LSB_PER_G = 104.0, 16393.443


def still(seconds):
    """A sensor that lies still, z up."""
    mg = np.random.default_rng(5).normal((0, 0, 1000), 0.4, (int(seconds * RATE_HZ), 3))
    return Recording(np.rint(mg * LSB_PER_G / 1000).astype(np.int16), RATE_HZ, LSB_PER_G)


def utc_s(line):
    text = line["utc"].replace("Z", "+00:00")
    return datetime.fromisoformat(text).astimezone(timezone.utc).timestamp()


def test_the_drift_of_a_board_that_lives_faster_is_measured(bench, tmp_path):
    """At 1.03 times real speed the sensor is 3 % fast, by the host's clock."""
    with bench(still(120), speed=1.03) as b, b.client() as client:
        hello = client.hello()
        used = [exchange.anchor(client, hello)]
        for _ in range(3):
            time.sleep(2)
            used.append(exchange.anchor(client, hello))
        time.sleep(0.1)  # of two anchors at one frame the last alone counts, and `pull` tells one
        # What the line and a board at work take; an erase or a collection is chosen away.
        assert max(one.trip_ms for one in used) < 200
        pull(client, tmp_path)
    (clock,) = analysis.read_night(tmp_path).clocks
    assert clock["source"] == "host" and clock["anchors"] == 5
    assert clock["drift_ppm"] == pytest.approx(30_000, abs=clock["drift_within_ppm"])
    assert clock["drift_within_ppm"] < 30_000, "else this test says nothing"
    assert clock["residual_ms"] < 20


def test_a_night_between_two_visits_is_bracketed_until_somebody_says_more(bench, tmp_path):
    """Read, taken to a charger that no host sees, and read again."""
    with bench(still(700), speed=1) as b:
        with b.client() as client:
            pull(client, tmp_path)
        b.board.kill()
        b.board.start()
        began_s = time.time()
        time.sleep(3)
        b.board.kill()
        b.board.start()
        with b.client() as client:
            pull(client, tmp_path)
    night = analysis.read_night(tmp_path)
    assert [clock["source"] for clock in night.clocks] == ["host", "bracket", "host"]
    begun = night.clocks[1]
    bounds = [utc_s({"utc": begun[key]}) for key in ("earliest", "latest")]
    # Its log is shorter than it lived: what was not committed yet went with its power.
    assert bounds[0] < began_s + 1 < bounds[1] + 1 < began_s + 6
    of_second = [line for line in night.recorder if line.get("boots") == 2]
    assert ["utc_about" in line or "utc" in line for line in of_second] == [True]


def test_a_clock_chip_that_was_set_tells_a_night_that_no_host_saw(bench, tmp_path):
    chip = tmp_path / "chip"
    chip.write_text("0")
    began_s = time.time()
    with bench(still(3700), clock_chip=chip) as b:
        assert b.ended.wait(100)
        b.board.kill()
        b.board.start()
        with b.client() as client:
            pull(client, tmp_path / "log")
    first = analysis.read_night(tmp_path / "log").clocks[0]
    assert (first["source"], first["anchors"]) == ("clock_chip", 2)
    assert utc_s(first) == pytest.approx(began_s, abs=8)
    assert abs(first["drift_ppm"]) < 300, "a second of reading in an hour"


def test_a_host_sets_the_chip_and_the_next_boot_has_its_time(bench, tmp_path):
    chip = tmp_path / "chip"
    chip.write_text("")
    with bench(still(400), speed=20, clock_chip=chip) as b:
        with b.client() as client:
            exchange.anchor(client, client.hello())
            client.flush()
        assert abs(float(chip.read_text())) < 40, "2 s of the board's time are 0.1 s here"
        b.board.kill()
        b.board.start()
        time.sleep(5)  # 100 s of its own: a minute, and a commit
        b.board.kill()
        b.board.start()
        with b.client() as client:
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    assert [clock["source"] for clock in night.clocks][:2] == ["host", "clock_chip"]
