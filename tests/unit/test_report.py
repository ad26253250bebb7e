"""The report as text: complete, escaped, self-contained, and whole whatever the log lacks."""

import base64
import colorsys
import hashlib
import json
import re
from dataclasses import fields
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from cribtrace import criteria
from cribtrace.analysis import Night, Snippet
from cribtrace.device import seconds, settings
from cribtrace.interpretation import read
from cribtrace.pattern_wording import made_of
from cribtrace.report import render
from cribtrace.report.embed import least_reaching, motions, thinned, waveform
from cribtrace.report.shapes import SHAPES, named
from cribtrace.tally import tally
from cribtrace.wording import DISTURBANCES, MOVEMENTS, NOT_THIS, forbidden, length, since_start
from tests.support.example_night import (
    COUNTS,
    CUT_S,
    EPOCHS,
    HOSTILE,
    LSB_PER_G,
    empty,
    example_night,
    hostile_night,
)
from tests.support.pattern_truth import told

MOST_BYTES = 6_000_000


class Page(HTMLParser):
    """Elements, attributes and text of a page; scripts and styles by themselves."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else None

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        (self.raw[self._inside] if self._inside else self.texts).append(data)

    def of(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def night(self) -> dict:
        return json.loads(self.raw["script"][0])


@pytest.fixture(scope="module")
def text() -> str:
    return render(example_night())


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_the_first_screen_holds_the_numbers(page):
    first = page.text.split("Counts per hour")[0]
    assert "248 movements in 9.99 covered hours of 10.23 recorded" in first
    assert (
        "190 twitches, 38 limb movements, 11 gross movements, 6 rhythmic bouts, 1 large" in first
    )
    assert "; apart from these 3 handlings of the crib and 2 disturbances from outside." in first
    assert "97.6 %" in first
    assert "24.8 per covered hour" in first
    assert "twitch up to 0.5 s 190 19.0" in first
    assert "Disturbances of the crib, counted apart" in first
    assert "fast oscillation" not in first
    assert "without an event" not in first


def test_the_longest_stretch_without_an_event_is_explained_where_it_stands(page):
    first, end = tally(example_night()).longest or (0.0, 0.0)
    assert (
        f"Longest covered stretch without an event: {length(end - first)}, from"
        f" {since_start(first)}. It says that nothing was detected, not why: an infant who does"
        " not move and an empty crib look the same."
    ) in page.text.split("Coverage and gaps")[1]


def test_people_read_words_and_programs_code_names(text, page):
    codes = [kind for kind in (*MOVEMENTS, *DISTURBANCES) if "_" in kind]
    assert len(codes) == 4
    assert [code for code in codes if code in page.text] == []
    attributes = [value for _, found in page.tags for value in found.values() if value]
    assert [code for code in codes if code not in attributes] == []
    assert page.night["kinds"][1] == "limb_move"
    assert page.night["names"][1] == "limb movement"
    assert "limb movement 0.5 s to 3 s 38 3.8" in page.text
    assert "stronger than an infant moves, a lasting lean, or slow rocking" in page.text
    assert named("hop") == "hop"
    assert len({named(kind) for kind in (*MOVEMENTS, *DISTURBANCES)}) == len(SHAPES)


@pytest.mark.parametrize(("frames", "simulated"), [(0, False), (3_744_000, True)])
def test_a_simulated_recording_says_so_first(frames, simulated):
    night = example_night()
    night.header["recording_frames"] = frames
    page = Page(render(night))
    assert page.text.split("(")[0].count("Simulated") == (3 if simulated else 0)
    assert any(e.get("class") == "simulated" for e in page.of("p")) is simulated
    assert ("nothing on this page was measured by a real one" in page.text) is simulated


def test_an_injected_recording_says_so_first():
    night = example_night()
    assert "Injected" not in Page(render(night)).text
    night.injected = [2, 4]
    page = Page(render(night))
    assert page.text.split("(")[0].count("Injected") == 3
    assert "In boot 2, 4 a file was played to the board" in page.text


def minute(number: int, **given) -> dict:
    line = {"seen": 6240 * number, "in_gaps": 0, "records": 4 * number, "records_lost": 0,
            "fifo_high": 65, "loop_max_us": 60_000, "heap_used": 104_512,
            "heap_free": 55_488}  # fmt: skip
    return {"type": "recorder", "what": "recorder", "t_s": 60.0 * number, **line, **given}


def test_the_recorders_minutes_are_folded_by_the_hour():
    boot = {"type": "recorder", "t_s": 0.0, "what": "boot", "cause": "power_on"}
    minutes = [minute(n, in_gaps=128 * (n > 90)) for n in range(1, 181)]
    minutes[99] |= {"loop_max_us": 412_665, "fifo_high": 104, "records_lost": 3}
    summary = {"hours": 3.0, "frames_in_gaps": 128, "frames_lost": 0}
    page = Page(render(empty(recorder=[boot, *minutes], summary=summary)))
    folded = next(a for tag, a in page.tags if tag == "details" and a.get("class") == "recorder")
    assert "open" not in folded
    assert (
        "The board about itself: 181 lines; longest loop 413 ms; 128 frames in gaps, 0 lost"
        in page.text
    )
    assert "0:00:00 60 60 ms 65 102 KiB 0 0 1:00:00 60 413 ms 104 102 KiB 128 3" in page.text
    assert "2:00:00 60 60 ms 65 102 KiB 128 0" in page.text
    assert "0:00:00 boot cause power_on" in page.text
    assert page.text.count("104512") == 0


@pytest.mark.parametrize(
    ("nights", "said"),
    [
        (
            [4.2, 3.4],
            "when this log ended: the facts of 3 more nights of ten hours.",
        ),
        ([1.4], "when this log ended: the facts of 1 more night of ten hours."),
        (
            [0.0],
            "when this log ended: less than the facts of one more night of ten",
        ),
        ([None], None),
        ([], None),
    ],
)
def test_the_report_says_for_how_many_nights_there_is_room(nights, said):
    minutes = [minute(10 * n, nights_left=left) for n, left in enumerate(nights, 1)]
    text = Page(render(empty(recorder=minutes))).text
    assert said in text if said else "Room on the board" not in text


def test_the_settings_in_force_stand_beside_their_defaults():
    texts = ("schema=2 tilt_mg=9", "schema=2 tilt_mg=7 twitch_ms=500 hop=1")
    lines = [{"what": "config", "t_s": 60.0 * i, "text": text} for i, text in enumerate(texts)]
    text = Page(render(empty(recorder=lines))).text
    default = settings.DEFAULTS["tilt_mg"]
    said = f"Settings in force Name Value schema 2 tilt_mg 7, by default {default} twitch_ms 500"
    assert f"{said} hop 1" in text
    assert "Settings in force" not in Page(render(empty())).text


def test_what_the_recorder_cannot_say_is_a_dash():
    lines = [minute(1, loop_max_us=None, heap_used="x"), {"what": "recorder"}, {"what": "boot"}]
    text = Page(render(empty(recorder=lines))).text
    assert "3 lines; longest loop –; – frames in gaps" in text
    assert "0:00:00 1 – 65 – 0 0" in text


def test_disturbances_are_counted_and_drawn_apart():
    events = [{"kind": kind, "onset_s": 60.0 * i, "duration_s": 1.0}
              for i, kind in enumerate(("twitch", "handling", "environment", "hop"))]  # fmt: skip
    night = empty(events=events, summary={"hours": 1.0})
    counts, page = tally(night), Page(render(night))
    assert counts.movements == 2
    assert list(counts.counts)[-2:] == ["handling", "environment"]
    bars = [rect["class"] for rect in page.of("rect") if "%" in rect.get("x", "")]
    assert bars == ["k0", "k3"]


def test_what_is_the_developers_is_not_listed_but_said_to_be_there():
    kinds = ("fast_oscillation", "twitch", "fast_oscillation", "gross")
    events = [
        {"kind": kind, "onset_s": 60.0 * i, "duration_s": 1.0} for i, kind in enumerate(kinds)
    ]
    wave = Snippet(60.0, 104.0, np.ones((20, 3), dtype=np.float32))
    night = empty(events=events, summary={"hours": 1.0}, snippets={1: wave, 2: wave},
                  contexts={3: {"state": "awake_likely"}})  # fmt: skip
    page = Page(render(night))
    assert len([item for item in page.of("li") if "id" in item]) == 2
    assert "Not listed: 2 fast oscillations; `cribtrace decode` has them." in page.text
    assert list(page.night["waveforms"]) == ["0"]
    assert "While: likely awake" in page.text
    assert "Not listed" not in Page(render(empty())).text


def test_every_kind_has_a_shape_of_its_own_on_the_page_and_in_its_script():
    script = files("cribtrace.report").joinpath("assets/page.js").read_text()
    drawn = dict(re.findall(r"(\w+): \"(k\d)\"", script))
    assert drawn == {kind: name for kind, (name, _) in SHAPES.items()}
    assert set(SHAPES) == {*MOVEMENTS, *DISTURBANCES}
    assert len({path for _, path in SHAPES.values()}) == len(SHAPES)


def test_activity_is_drawn_on_one_scale():
    """The two codes of a second, either side of the loud one, stand for the same motion."""
    motion = motions()
    for x in (1, 2, 4, 8):
        code = seconds.code(round((18 * x**2) ** 2), int(8 * x * 2**0.5))
        assert motion[code] == pytest.approx(x, rel=0.03)
    for x in (16, 32, 64, 128):
        assert motion[seconds.code(10**6, 8 * x)] == pytest.approx(x, rel=0.12)
    assert motion[0] == 0
    assert len(motion) == 256


@pytest.mark.parametrize("threshold", [1.0, 6.44, criteria.DEFAULT_STRENGTH, 40.0])
def test_a_second_is_drawn_as_reached_by_the_readers_own_rule(threshold):
    least = least_reaching(threshold)
    assert [criteria.reached(code, threshold) for code in range(256)] == [
        code >= least for code in range(256)
    ]


def test_each_epoch_is_drawn_against_its_own_threshold():
    lines = [{"onset_s": 30.0 * i, "duration_s": 30.0, "levels": [70, 90], "threshold": strength}
             for i, strength in enumerate((6.44, 40.0, None))]  # fmt: skip
    lines += [{"onset_s": 90.0, "levels": levels} for levels in ([300], ["x"], [], None)]
    drawn = Page(render(empty(epochs=lines))).night["levels"]
    own = [6.44, 40.0, criteria.DEFAULT_STRENGTH]
    assert [entry[2] for entry in drawn] == [least_reaching(strength) for strength in own]
    assert base64.b64decode(drawn[0][1]) == bytes([70, 90])


def test_every_event_is_listed_with_its_reason(page):
    assert len([item for item in page.of("li") if item.get("id", "").startswith("event-")]) == 253
    assert page.text.count("0.79 mg on one axis would have been enough") == 253


def test_gaps_are_listed_with_their_reasons(page):
    assert "3:12:00.2 0.40 s gap fifo_overrun — the sensor’s buffer filled up" in page.text
    assert "6:24:00.0 14 min 00 s gap power_cut — the board had no power" in page.text
    assert "0:00:00.0 10.0 s unusable warm-up" in page.text


def test_the_disclaimer_is_there_whole(page):
    assert " ".join(NOT_THIS) in page.text


def test_no_word_on_the_page_is_a_verdict(text):
    without_numbers = re.sub(r'"[A-Za-z0-9+/]{16,}={0,2}"', '""', text)
    assert len(without_numbers) < len(text) / 2
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', without_numbers)
    assert policy
    assert forbidden(without_numbers.replace(policy.group(), "")) == []


def test_colours_are_one_hue_and_greys():
    style = files("cribtrace.report").joinpath("assets/report.css").read_text()
    colours = re.findall(r"#([0-9a-f]{6})\b", style)
    assert len(colours) > 20
    assert not re.search(r"\b(rgb|hsl|red|green|orange|yellow)\b", style)
    for colour in colours:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
        hue, _, _ = colorsys.rgb_to_hls(red, green, blue)
        strength = max(red, green, blue) - min(red, green, blue)
        assert strength < 0.06 or 215 <= hue * 360 <= 245, colour


def test_the_page_asks_nothing_of_the_network(text, page):
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|import\(", text)
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_policy_names_exactly_this_style_and_this_script(page):
    policy = next(m["content"] for m in page.of("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for part in (page.raw["style"][0], page.raw["script"][1]):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not [tag for tag, attributes in page.tags if "style" in attributes]
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_tables_and_controls_are_named(page):
    assert len(page.of("table")) == len(page.of("caption")) >= 7
    assert all(cell.get("scope") in ("col", "row") for cell in page.of("th"))
    for group in (a for _, a in page.tags if a.get("role") == "group"):
        assert group["aria-label"]
    for labelled in (a for _, a in page.tags if "aria-labelledby" in a):
        assert any(a.get("id") == labelled["aria-labelledby"] for _, a in page.tags)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_waveforms_come_back_out_as_they_went_in(page):
    night = example_night()
    assert len(page.night["waveforms"]) == 253
    drawn, snippet = page.night["waveforms"]["7"], night.snippets[7]
    for axis in range(3):
        steps = np.frombuffer(base64.b64decode(drawn["xyz"][axis]), "<i2")
        column = snippet.mg[:, axis].astype(float)
        assert np.abs(steps * drawn["step"] - (column - np.median(column))).max() < 0.04
    assert drawn["from"] == pytest.approx(-1.0)
    assert drawn["step"] == pytest.approx(1000 / LSB_PER_G)


def test_a_swing_beyond_16_bits_is_drawn_in_larger_steps():
    mg = np.zeros((200, 3))
    mg[50, 2], mg[60, 2] = 3900.0, -3900.0
    drawn = waveform(Snippet(0.0, 104.0, mg), 0.5, 1024, 1000 / LSB_PER_G)
    assert drawn
    z = np.frombuffer(base64.b64decode(drawn["xyz"][2]), "<i2") * drawn["step"]
    assert z.max() == pytest.approx(3900, abs=0.2)
    assert z.min() == pytest.approx(-3900, abs=0.2)


@pytest.mark.parametrize(
    "snippet",
    [
        Snippet(0.0, 104.0, np.zeros((0, 3))), Snippet(0.0, 104.0, np.zeros((5, 2))),
        Snippet(0.0, 104.0, np.full((5, 3), np.nan)), Snippet(0.0, 0.0, np.zeros((5, 3))),
        Snippet(0.0, float("nan"), np.zeros((5, 3))), Snippet(float("inf"), 1.0, np.zeros((5, 3))),
    ],
)  # fmt: skip
def test_a_waveform_that_cannot_be_drawn_is_left_out(snippet):
    assert waveform(snippet, 0.0, 1024, 0.06) is None


def test_thinning_keeps_the_extremes():
    mg = np.random.default_rng(1).normal(0.0, 1.0, (5001, 3))
    mg[1234, 1] = 40.0
    mg[5000, 2] = -40.0
    few, run = thinned(mg, 200)
    assert len(few) <= 200
    assert len(few) // 2 * run >= len(mg)
    assert few.max(axis=0).tolist() == mg.max(axis=0).tolist()
    assert few.min(axis=0).tolist() == mg.min(axis=0).tolist()


@pytest.mark.parametrize("seconds", [8, 60])
def test_a_full_night_stays_below_six_megabytes(seconds):
    night = example_night()
    noise = np.random.default_rng(3).normal(0.0, 9.0, (seconds * 208, 3)).astype("f4")
    night.events = [dict(night.events[i % 253], onset_s=i * 80.0) for i in range(400)]
    night.snippets = {i: Snippet(i * 80.0 - 1, 208.0, noise) for i in range(400)}
    text = render(night)
    assert len(Page(text).night["waveforms"]) == 400
    assert len(text.encode("utf-8")) <= MOST_BYTES


@pytest.mark.parametrize("timed", [True, False])
def test_what_came_from_a_device_or_a_file_stays_text(timed, page):
    night = hostile_night()
    if not timed:
        for event in night.events:
            event.pop("utc", None)
    text = render(night)
    hostile = Page(text)
    known = {tag for tag, _ in page.tags} - (set() if timed else {"time"})
    assert {tag for tag, _ in hostile.tags} == known
    assert len(hostile.of("script")) == 2
    assert not [a for _, attributes in hostile.tags for a in attributes if a.startswith("on")]
    assert hostile.text.count("</script><script>alert(1)</script>") > 12
    assert hostile.night["marks"][0][1] == HOSTILE
    assert not set("<>&") & set(hostile.raw["script"][0])
    text.encode("utf-8")


@pytest.mark.parametrize("part", [f.name for f in fields(Night) if f.name != "zone"])
def test_any_part_may_be_empty(part):
    night = example_night()
    setattr(night, part, type(getattr(night, part))())
    assert NOT_THIS[0] in render(night)


def test_any_field_of_any_entry_may_be_missing_or_none():
    for part in ("events", "epochs", "gaps", "states", "recorder", "marks"):
        for key in getattr(example_night(), part)[0]:
            night = example_night()
            entries = getattr(night, part)
            entries[0][key] = None
            entries[-1].pop(key, None)
            assert NOT_THIS[0] in render(night), (part, key)


def test_nothing_recorded():
    page = Page(render(empty()))
    assert "0 movements in 0.00 covered hours of 0.00 recorded." in page.text
    assert "No gap is on record." in page.text
    assert "nan" not in page.text.lower().split()


def test_a_night_that_is_all_gap_has_no_rates():
    gap = {"onset_s": 0.0, "duration_s": 36000.0, "reason": "power_cut", "frames": 3_744_000}
    night = empty(gaps=[gap], summary={"hours": 10.0, "coverage": 0.0})
    page, counts = Page(render(night)), tally(night)
    assert "0 movements in 0.00 covered hours of 10.00 recorded." in page.text
    assert "twitch up to 0.5 s 0 –" in page.text
    assert counts.longest is None
    assert all(hour.covered_s == 0 for hour in counts.hours)


def test_what_could_not_be_read_is_named():
    night = empty(faults=["00000003.log: CRC at byte 512", HOSTILE])
    page = Page(render(night))
    assert "Could not be read: 00000003.log: CRC at byte 512" in page.text
    assert len(page.of("script")) == 2


def test_hours_add_up_to_the_night():
    counts = tally(example_night())
    assert len(counts.hours) == 11
    for kind, count in COUNTS.items():
        assert sum(hour.counts[kind] for hour in counts.hours) == count == counts.counts[kind]
    covered_s = sum(hour.covered_s for hour in counts.hours)
    assert covered_s == pytest.approx(counts.covered_s, abs=0.01)
    assert covered_s == pytest.approx(EPOCHS * 30 - 20 - 42 / 104, abs=0.01)
    assert counts.hours[6].covered_s == pytest.approx(3600 - CUT_S - 10)


def test_the_longest_stretch_holds_neither_event_nor_gap():
    night = empty(
        summary={"hours": 1.0},
        events=[{"kind": "twitch", "onset_s": 600.0, "duration_s": 1.0}],
        gaps=[{"onset_s": 2000.0, "duration_s": 10.0}],
        states=[{"state": "unusable", "onset_s": 0.0, "duration_s": 10.0},
                {"state": "asleep_likely", "onset_s": 700.0, "duration_s": 900.0}],
    )  # fmt: skip
    counts = tally(night)
    assert counts.longest == (2010.0, 3600.0)
    assert counts.covered_s == pytest.approx(3580.0)


def test_overlapping_gaps_count_once():
    gaps = [{"onset_s": a, "duration_s": 60.0} for a in (100.0, 130.0, 130.0)]
    assert tally(empty(summary={"hours": 1.0}, gaps=gaps)).covered_s == pytest.approx(3510.0)


def test_clock_times_only_where_an_event_carries_one(page):
    assert "Recording of 2026-01-02, from 21:40 UTC" in page.text
    assert len(page.of("time")) == 253
    without = Page(render(example_night(utc=False)))
    assert not without.of("time")
    assert "Recording of device example" in without.text


@pytest.mark.parametrize(
    "utc", ["2026-01-02T21:40:42Z", "2026-01-02T21:40:42", 1767390042, 1767390042.5]
)
def test_clock_times_are_read_in_every_form(utc):
    night = empty(events=[{"kind": "twitch", "onset_s": 30.0, "utc": utc}])
    assert "from 21:40 UTC" in Page(render(night)).text


@pytest.mark.parametrize("utc", ["soon", "", 1e300, -1e300, True, [], "9999-99-99"])
def test_a_clock_time_that_is_none_is_left_out(utc):
    night = empty(events=[{"kind": "twitch", "onset_s": 30.0, "utc": utc}])
    assert not Page(render(night)).of("time")


@pytest.mark.parametrize(("duration_s", "said"), [(6.7, True), (1.0, False)])
def test_a_waveform_that_ends_before_its_event_says_so(duration_s, said):
    event = {"type": "event", "kind": "gross", "onset_s": 10.0, "duration_s": duration_s}
    snippet = Snippet(9.5, 100.0, np.zeros((250, 3), dtype=np.float32))
    page = render(empty(events=[event], snippets={0: snippet}))
    assert ("The stored waveform holds its first 2.0 s." in page) is said


def grouped() -> Night:
    """Four limb moves in a row, then a bout that ends in a gross movement, while asleep."""
    shared = {"type": "event", "peak_mg": 3.0, "jerks": 5, "rate_hz": 2.0, "regularity": 0.9}
    moves = [("limb_move", 400.0 + 20 * i, 1.0) for i in range(4)]
    moves += [("handling", 700.0, 5.0), ("rhythmic_bout", 1300.0, 12.0), ("gross", 1314.0, 4.0)]
    events = [{**shared, "kind": kind, "onset_s": at, "duration_s": long, "why": {"vetoes": []}}
              for kind, at, long in moves]  # fmt: skip
    found = read(told(events, 1800))
    return empty(
        events=events,
        patterns=[line for line in found.lines if line["type"] == "event"],
        likely=[line for line in found.lines if line["type"] == "state"],
        contexts={events.index(one.event): one.facts for one in found.contexts},
        summary={"hours": 0.5},
    )


def test_what_belongs_together_is_listed_with_its_moment():
    text = Page(render(grouped())).text
    assert (
        "0:06:40 1 min 01 s Periodic series (10 to 90 s timing): 4 movements 20.0 s apart"
        " intervals ± 0 % likely asleep, 4 min no none" in text
    )
    assert (
        "0:21:40 12.0 s Rhythmic bout: 5 jerks 2.0 per second likeness 0.90 likely asleep, 7 min"
        " yes 9 min 55 s, handling" in text
    )


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ({"kind": "bout", "count": 2, "jerks": 18, "rate_hz": 2.25},
         "Rhythmic bout: 18 jerks in 2 pieces, 2.2 per second"),
        ({"kind": "bout", "of": "rhythmic_large", "count": 1, "jerks": 1, "rate_hz": None},
         "Large rhythmic bout: 1 jerk"),
        ({"kind": "twitch_cluster", "count": 5, "interval_s": 4.173},
         "Twitch cluster: 5 twitches, 4.2 s from one to the next (median)"),
        ({"kind": "slow_regular", "count": 10, "interval_s": 6.0},
         "Slow regular train (2 to 10 s apart): 10 movements, 6.0 s from one to the next"
         " (median)"),
        ({"kind": "twitch_cluster", "count": 3, "interval_s": None}, "Twitch cluster: 3 twitches"),
    ],
)  # fmt: skip
def test_a_pattern_says_what_it_counts(pattern, said):
    assert made_of(pattern) == said


def test_likely_states_are_worded_as_what_the_rule_sees():
    text = Page(render(grouped())).text
    assert "looks like sleep by the movement rule (likely asleep)" in text
    assert "It cannot tell lying awake without moving from sleep." in text
    assert "looks like waking by the movement rule (likely awake) 0 none" in text
    assert " 0.00 s" not in text


def test_each_movement_says_when_it_was_and_how_it_stopped():
    text = Page(render(grouped())).text
    assert (
        "While: likely asleep for 6.9 min. Disturbance before it: 9 min 55 s, handling."
        " Stopped with an arousal: yes." in text
    )
    assert text.count("While: ") == 6, "hands have none"


def test_likely_states_are_added_up():
    text = Page(render(grouped())).text
    states = (
        r"from sleep. 2 23 min 5\d s looks like waking [^.]*? 0 none cannot tell: [^.]*? 2 6 min"
    )
    assert re.search(states, text)


def test_patterns_name_nothing_that_must_not_be_said():
    assert forbidden(Page(render(grouped())).text) == []
    moved = [count for kind, count in COUNTS.items() if kind in MOVEMENTS]
    assert len(example_night().contexts) == sum(moved)
