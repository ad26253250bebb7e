"""From noon to noon, local, with naps and desk time apart."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from cribtrace import nights
from cribtrace.anchors import iso
from cribtrace.errors import Usage
from cribtrace.tally import later, tally
from tests.support.example_night import empty

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = date(2026, 3, 28)  # at 2:00 on the 29th clocks are set to 3:00
AUTUMN = date(2026, 10, 24)  # at 3:00 on the 25th to 2:00


def log(*boots, zone=BERLIN):
    """A log of boots (begin, hours, options), each an event every ten minutes.

    `away_s`: known before it; `hosts`: seconds of a host's anchors; `about`: bracketed.
    """
    clocks, events, epochs, recorder, at_s = [], [], [], [], 0.0
    for number, (begin, hours, more) in enumerate(boots, 1):
        begun_s = begin.replace(tzinfo=zone).timestamp()
        at_s += more.get("away_s") or 0.0
        key = "utc_about" if more.get("about") else "utc"
        clocks.append({
            "type": "clock", "boot": number, "onset_s": at_s, "duration_s": hours * 3600.0,
            "away_s": more.get("away_s"), "source": "bracket" if more.get("about") else "host",
            "anchors": 1, "within_s": 0.1, "earliest": "2026-03-28T18:30:00.000Z", "latest": None,
            "drift_ppm": None, key: iso(begun_s),
        })  # fmt: skip
        for k in range(round(hours * 6)):
            utc = {key: iso(begun_s + 600 * k)}
            events.append({"type": "event", "kind": "twitch", "onset_s": at_s + 600 * k,
                           "duration_s": 0.3, **utc})  # fmt: skip
            epochs.append({"type": "epoch", "onset_s": at_s + 600 * k, "duration_s": 600.0,
                           "seen": 62_400, "closest": {"t_s": at_s + 600 * k + 5},
                           **utc})  # fmt: skip
        recorder += [
            {"type": "recorder", "what": "anchor", "source": "host", "t_s": at_s + s}
            for s in more.get("hosts", ())
        ]
        at_s += hours * 3600.0
    return empty(clocks=clocks, events=events, epochs=epochs, recorder=recorder,
                 summary={"hours": at_s / 3600})  # fmt: skip


def at(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute)


def kinds(night, zone=BERLIN):
    return [(session.kind, session.of.isoformat()) for session in nights.sessions(night, zone)]


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_night_is_as_long_as_its_clock_makes_it(day, hours):
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN)
    then = nights.next_noon(noon.astimezone(timezone.utc), BERLIN)
    assert (then - noon.astimezone(timezone.utc)) == timedelta(hours=hours)
    assert then.astimezone(BERLIN).hour == 12


@pytest.mark.parametrize(("day", "shown"), [(SPRING, "07:00 CEST"), (AUTUMN, "05:00 CET")])
def test_nine_hours_across_a_change_end_by_the_new_clock(day, shown):
    night = nights.choose(log((at(day, 21), 9.0, {})), BERLIN)
    (session,) = night.sessions
    assert (session.kind, session.of) == ("night", day)
    assert f"{session.begins:%H:%M}" == "21:00"
    assert f"{session.ends:%H:%M %Z}" == shown
    counts = tally(night)
    assert counts.start.strftime("%H:%M %Z").startswith("21:00")
    assert later(counts.start, 9 * 3600, BERLIN).strftime("%H:%M %Z") == shown
    assert "9 h 00 min" in session.told()


def test_round_the_clock_is_cut_at_local_noon_across_the_change():
    night = log((at(SPRING, 12), 23 + 24 + 2, {}))
    found = nights.sessions(night, BERLIN)
    assert [(s.of.day, round((s.end_s - s.onset_s) / 3600, 3)) for s in found] == [
        (28, 23), (29, 24), (30, 2),
    ]  # fmt: skip
    assert [s.kind for s in found] == ["night", "night", "nap"]
    first, last = (nights.choose(night, BERLIN, date(2026, 3, day)) for day in (28, 29))
    assert len(first.events) == 23 * 6 and len(last.events) == 24 * 6
    assert last.events[0]["onset_s"] == 0.0
    assert last.events[0]["utc"] == "2026-03-29T10:00:00.000Z"
    assert last.epochs[3]["closest"]["t_s"] == 1805
    assert last.summary["hours"] == 24
    assert last.summary["frames_seen"] == 24 * 6 * 62_400
    # In UTC that noon is another.
    assert nights.choose(night, timezone.utc, SPRING).events[0]["utc"][11:16] == "12:00"


def test_naps_and_desk_time_are_apart():
    night = log(
        (at(SPRING, 13), 1.5, {}),
        (at(SPRING, 19, 30), 0.5, {"hosts": [20.0]}),
        (at(SPRING, 21), 9.0, {"about": True}),
        (datetime(2026, 3, 29, 8), 0.1, {}),
    )
    assert kinds(night) == [
        ("nap", "2026-03-28"), ("desk", "2026-03-28"), ("night", "2026-03-28"),
        ("desk", "2026-03-28"),
    ]  # fmt: skip
    chosen = nights.choose(night, BERLIN)
    assert len(chosen.events) == 54
    assert chosen.events[0]["onset_s"] == 0.0
    told = nights.sentences(chosen)
    assert told[0].startswith(
        "the night of 2026-03-28: about 2026-03-28 21:00 to about 07:00 CEST"
    )
    assert (
        told[1]
        == "its times are about right: by its neighbours it began after 2026-03-28 19:30 CET"
    )
    assert [line.split(",")[0] for line in told[2:]] == [
        "apart: nap",
        "apart: desk",
        "apart: desk",
    ]


def test_the_last_night_is_taken_and_another_by_its_evening():
    night = log(*[(at(date(2026, 6, day), 22), 8.0, {}) for day in (1, 2, 3)])
    assert nights.choose(night, BERLIN).of == date(2026, 6, 3)
    assert nights.choose(night, BERLIN, date(2026, 6, 1)).events[0]["utc"].startswith("2026-06-01")
    with pytest.raises(Usage, match="it has 2026-06-01, 2026-06-02, 2026-06-03"):
        nights.choose(night, BERLIN, date(2026, 6, 4))


def test_a_short_known_interruption_parts_no_night():
    night = log((at(SPRING, 21), 2.0, {}), (at(SPRING, 23), 2.0, {"away_s": 40.0}))
    assert kinds(night) == [("night", "2026-03-28")]
    night = log((at(SPRING, 13), 2.0, {}), (at(SPRING, 17), 2.0, {"away_s": 7200.0}))
    assert kinds(night) == [("nap", "2026-03-28")] * 2


def test_a_power_cut_within_the_night_leaves_both_halves_in_it():
    night = log((at(SPRING, 21), 2.0, {}), (datetime(2026, 3, 29, 0, 5), 6.0, {}))
    assert kinds(night) == [("night", "2026-03-28")] * 2
    assert len(nights.choose(night, BERLIN).events) == 48


def test_without_a_clock_or_a_night_the_log_stays_whole():
    night = log((at(SPRING, 14), 1.0, {}))
    assert nights.choose(night, BERLIN).events == night.events
    assert nights.sentences(nights.choose(night, BERLIN)) == []
    for clock in night.clocks:
        clock.pop("utc")
    assert nights.sessions(night, BERLIN) == []


def test_gaps_and_states_are_clipped_and_counted():
    night = log((at(SPRING, 12), 47.0, {}))
    cut_s = 23 * 3600.0
    night.gaps = [{"onset_s": cut_s - 60, "duration_s": 120.0, "frames": 12_480, "reason": "x"},
                  {"onset_s": cut_s + 5, "duration_s": None, "frames": None,
                   "reason": "y"}]  # fmt: skip
    night.states = [{"onset_s": 0.0, "duration_s": 10.0, "state": "unusable", "reason": "z"}]
    last = nights.choose(night, BERLIN)
    assert [(g["onset_s"], g["duration_s"]) for g in last.gaps] == [(0.0, 60.0), (5.0, None)]
    assert last.states == []
    assert last.summary["coverage"] == pytest.approx(1 - 60 / 86_400, abs=1e-5)


def test_without_a_zone_it_is_this_machines(in_zone):
    in_zone("Europe/Berlin")
    night = log((at(SPRING, 12), 47.0, {}))
    assert [len(nights.choose(night, None, SPRING).events)] == [23 * 6]


def test_times_of_a_simulation_at_another_speed_say_how_far_off_they_may_be():
    clock = {"source": "host", "within_s": 3360.0}
    assert nights.bracket(clock, BERLIN).startswith("about right, ± 56 min: simulated at")
    assert nights.bracket({**clock, "within_s": 20.0}, BERLIN).startswith("about right, ± 20 s:")
