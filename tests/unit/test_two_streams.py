"""Logs of facts and waveforms in which something is missing or damaged: what they read as."""

import pytest

from cribtrace import analysis, boots, log_records, logfile, rerun
from cribtrace.device import records
from tests.support.peer import encoded, header, record

EPOCH_FRAMES = 3120
SEQUENCES = 1 << 32


def packed(number, boot, stream, bodies):
    """A segment of these records; the first of them tells its `first_seq`."""
    first_seq = int.from_bytes(bodies[0][2:6], "little")
    facts = {**header(number, boot), "first_seq": first_seq, "stream": stream}
    return log_records.pack_header(facts) + b"".join(map(encoded, bodies))


def boot_record(seq, boot):
    return record(records.BOOT, seq % SEQUENCES, 0, (1, boot))


def epochs(seq, first, count):
    """`count` epochs from the `first` of a boot on, numbered from `seq`."""
    return [
        record(
            records.EPOCH,
            (seq + k) % SEQUENCES,
            (first + k + 1) * EPOCH_FRAMES,
            ((first + k) * EPOCH_FRAMES, EPOCH_FRAMES, EPOCH_FRAMES, 10, 10, 5, 0, 100, 100, 100),
            bytes(16),
        )
        for k in range(count)
    ]


def snippets(seq, *runs):
    return [
        record(
            records.SNIPPET,
            (seq + k) % SEQUENCES,
            run + 200,
            (run, run, 1, 32768, 32768, 32768, 0, 0, *[0] * 15),
        )
        for k, run in enumerate(runs)
    ]


def two_boots(seq=0, wave_seq=0):
    """Segments by number: boot 1 in 1 (facts) and 2, boot 2 in 3 (facts), 4, 5 (facts) and 6."""
    facts = [boot_record(seq, 1), *epochs(seq + 1, 0, 100)]
    more = [boot_record(seq + 101, 2), *epochs(seq + 102, 0, 100)]
    waves = snippets(wave_seq, 500, 9000, 500, 9000, 200_000)
    return {
        1: packed(1, 1, records.FACTS, facts),
        2: packed(2, 1, records.WAVEFORMS, waves[:2]),
        3: packed(3, 2, records.FACTS, more[:51]),
        4: packed(4, 2, records.WAVEFORMS, waves[2:4]),
        5: packed(5, 2, records.FACTS, more[51:]),
        6: packed(6, 2, records.WAVEFORMS, waves[4:]),
    }


def written(folder, log):
    folder.mkdir(exist_ok=True)
    for number, content in log.items():
        (folder / f"{number:08d}.crib").write_bytes(content)
    return folder


def beheaded(content):
    return content[:60] + bytes((content[60] ^ 1,)) + content[61:]


def in_a_row(folder):
    """(number, facts, waveforms, where it begins) of each boot of a log."""
    found = boots.in_a_row([s for s in logfile.read(folder) if s.header])
    return [(b.number, len(b.records), len(b.waveforms), b.start_s) for b in found]


BOTH = [(1, 101, 2, 0.0), (2, 101, 3, 3000.0)]


def test_a_whole_log_is_two_boots(tmp_path):
    assert in_a_row(written(tmp_path / "log", two_boots())) == BOTH
    night = analysis.read_night(tmp_path / "log")
    assert night.faults == [] and night.gaps == []


@pytest.mark.parametrize(("number", "waveforms"), [(2, (0, 3)), (4, (2, 3)), (6, (2, 3))])
def test_a_damaged_header_of_waveforms_costs_at_most_these(tmp_path, number, waveforms):
    """The one between the boots may be of either; the others are of the facts around them."""
    log = two_boots()
    folder = written(tmp_path / "log", log | {number: beheaded(log[number])})
    assert in_a_row(folder) == [
        (b, facts, count, start_s)
        for (b, facts, _, start_s), count in zip(BOTH, waveforms, strict=True)
    ]
    night = analysis.read_night(folder)
    assert night.gaps == [] and night.summary["hours"] == pytest.approx(6000 / 3600, abs=1e-4)
    assert len(night.clocks) == 2
    assert [fault.split(":")[0] for fault in night.faults] == [f"{number:08d}.crib"] * (
        1 + (number == 2)
    )


def test_behind_the_last_facts_a_segment_that_is_not_here_leaves_the_boot_open(tmp_path):
    log = two_boots()
    del log[5], log[3]
    folder = written(tmp_path / "log", log | {4: beheaded(log[4])})
    assert [one[:3] for one in in_a_row(folder)] == [(1, 101, 2), (2, 1, 0)]


def test_boots_are_grouped_by_their_number_wherever_their_segments_lie(tmp_path):
    log = two_boots()
    log[3], log[2] = log[2], log[3]
    assert in_a_row(written(tmp_path / "log", log)) == BOTH
    assert list(rerun.verdicts(tmp_path / "log")) == []
