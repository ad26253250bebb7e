"""What `make bench-link` makes of its measurements; the measuring itself takes minutes."""

import json

import pytest

from bench.link import __main__ as bench_link
from bench.link import log_image, rates
from cribtrace import log_records
from cribtrace.device import records, segment_header
from tests.support.peer import header, segment

LOG_BYTES = 1 << 20


def line(baud, pull_s, mpremote_s, wire_bytes=LOG_BYTES):
    return rates.Rates(baud, LOG_BYTES, wire_bytes, pull_s, mpremote_s, 9000, 0)


def measured(slow_mpremote_s=270.0):
    return {
        115200: line(115200, 94.0, slow_mpremote_s, int(LOG_BYTES * 1.017)),
        921600: line(921600, 12.4, 60.0, int(LOG_BYTES * 1.018)),
    }


def test_a_share_is_log_bytes_over_what_the_line_carries_meanwhile():
    full = rates.Rates(115200, 11520 * 7, 0, 7.0, 14.0, 0, 0)
    assert (full.pull_share, full.mpremote_share) == (1.0, 0.5)


def test_the_figures_hold_every_key_and_the_dearest_wire():
    found = bench_link.figures(measured(), dict.fromkeys(bench_link.FLASH_FIGURES))
    assert set(found) == {
        "115200", "921600", "wire_bytes_per_log_byte", "erases_per_600_byte_event",
        "erases_per_hour", "snippet_bytes_per_frame",
    }  # fmt: skip
    assert found["115200"]["pull_share"] == pytest.approx(0.9683, abs=1e-4)
    assert found["115200"]["ratio"] == pytest.approx(270 / 94, abs=1e-3)
    assert found["wire_bytes_per_log_byte"] == pytest.approx(1.018, abs=1e-5)
    assert json.loads(json.dumps(found)) == found


def test_a_hobbled_mpremote_is_no_yardstick_on_either_line():
    found = bench_link.figures(measured(slow_mpremote_s=310.0), {})
    assert found["115200"]["mpremote_share"] < 0.30
    assert found["115200"]["ratio"] is None and found["921600"]["ratio"] is None


def test_the_simulated_lines_figures_never_come_without_the_ceiling():
    lines = measured()
    text = bench_link.told(
        bench_link.figures(lines, dict.fromkeys(bench_link.FLASH_FIGURES)), lines
    )
    after = text[text.index("921600 baud") :]
    assert "12.8 kB/s" in after and "CONFIG_FREERTOS_HZ=1000" in after
    assert "erases_per_hour: not measured here" in text


def test_the_log_is_made_of_the_boards_own_records_in_full_segments():
    lived = [segment(1, 4000), segment(2, 3000)]
    made = log_image.repeated(lived, 100_000)
    assert sum(map(len, made.values())) >= 100_000
    assert list(made) == list(range(1, len(made) + 1))
    own = {r for s in lived for r in s[segment_header.BYTES :].split(b"\0")}
    for content in made.values():
        assert records.SEGMENT_LIMIT - 4000 < len(content) <= records.SEGMENT_LIMIT
        assert set(content[segment_header.BYTES :].split(b"\0")) <= own | {b""}


def waveforms(number, size_bytes):
    """A segment whose header says that it is of waveforms."""
    facts = {**header(number), "stream": records.WAVEFORMS}
    return log_records.pack_header(facts) + segment(number, size_bytes)[segment_header.BYTES :]


def test_most_bytes_of_the_log_are_waveforms_as_in_a_night():
    lived = [segment(1, 4000), waveforms(2, 3000), segment(3, 900), waveforms(4, 2000)]
    made = log_image.repeated(lived, 1 << 20)
    assert list(made) == list(range(1, len(made) + 1))
    bytes_of = {records.FACTS: 0, records.WAVEFORMS: 0}
    for number, content in made.items():
        found = log_records.unpack_header(content)
        assert found and found["segment"] == number
        stream = found["stream"]
        bytes_of[stream] += len(content)
        own = b"\0".join(s[segment_header.BYTES :] for s in lived[stream::2])
        assert {*content[segment_header.BYTES :].split(b"\0")} <= {*own.split(b"\0")} | {b""}
        assert records.SEGMENT_LIMIT - 3000 < len(content) <= records.SEGMENT_LIMIT
    apart = bytes_of[records.WAVEFORMS] / 5 - bytes_of[records.FACTS] / 2
    assert abs(apart) <= records.SEGMENT_LIMIT / 2, "as near as whole segments come"
    names = [name for name in log_image.files(made) if name != "device"]
    assert [name.endswith("w.crib") for name in names] == [c[36] == 1 for c in made.values()]
