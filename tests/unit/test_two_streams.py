"""Logs of facts and waveforms in which something is missing or damaged: what they read as."""

import pytest

from cribtrace import analysis, boots, cli, log_records, logfile, missing, rerun
from cribtrace.device import records
from tests.support.peer import encoded, header, record

EPOCH_FRAMES = 3120
SEQUENCES = 1 << 32
GAIN = 8 << 12 | 4000  # a quiet sensor's


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
            (EPOCH_FRAMES, EPOCH_FRAMES, 10, 10, 5, 0, *[GAIN] * 3),
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
    told = [f"{number:08d}.crib"] + [f"{number:08d}.crib", "2 waveforms are not here"] * (
        number == 2
    )
    assert [fault.split(":")[0] for fault in night.faults] == told


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


def without_records(night):
    return [gap for gap in night.gaps if gap["reason"] == missing.RECORDS_MISSING]


def split(log):
    """The same with the facts of boot 1 in two segments, 1 and 7; 7 is the later one."""
    facts = [boot_record(0, 1), *epochs(1, 0, 100)]
    halves = packed(1, 1, records.FACTS, facts[:51]), packed(2, 1, records.FACTS, facts[51:])
    moved = {number + 10: content for number, content in log.items() if number > 1}
    return {1: halves[0], 2: halves[1], **moved}


def test_facts_missing_at_the_end_of_a_boot_are_a_gap_and_a_fault(tmp_path):
    log = split(two_boots())
    whole = analysis.read_night(written(tmp_path / "whole", log))
    assert whole.faults == [] and whole.gaps == []
    del log[2], log[12]
    night = analysis.read_night(written(tmp_path / "log", log))
    (gap,) = without_records(night)
    assert (gap["onset_s"], gap["duration_s"], gap["frames"]) == (1500.0, None, None)
    assert night.faults[0] == (
        "records are missing at the end of boot 1, from 1500 s on: pull again into the same folder"
    )
    assert night.summary["records_written"] - night.summary["records_pulled"] == 50


def test_waveforms_tell_how_long_the_facts_at_the_end_of_a_boot_are_missing_at_least(tmp_path):
    log = split(two_boots())
    log[12] = packed(12, 1, records.WAVEFORMS, snippets(0, 500, 208_000))
    del log[2]
    night = analysis.read_night(written(tmp_path / "log", log))
    (gap,) = without_records(night)
    assert (gap["onset_s"], gap["duration_s"]) == (1500.0, pytest.approx(501.923))
    assert night.clocks[1]["onset_s"] == pytest.approx(2001.923)
    assert night.summary["coverage"] == pytest.approx(4500 / 5001.9, abs=1e-4)


def test_a_missing_boot_and_a_missing_seam_are_named_too(tmp_path):
    log = split(two_boots())
    third = packed(20, 3, records.FACTS, [boot_record(202, 3), *epochs(203, 0, 9)])
    gone = {k: v for k, v in log.items() if k < 3} | {20: third}
    (gap,) = without_records(analysis.read_night(written(tmp_path / "boot", gone)))
    assert (gap["onset_s"], gap["duration_s"]) == (3000.0, None)
    seam = {k: v for k, v in log.items() if k not in (2, 13)}
    night = analysis.read_night(written(tmp_path / "seam", seam))
    assert [gap["duration_s"] for gap in without_records(night)] == [None, 1530.0]
    assert "at the end of boot 1" in night.faults[0]
    head = {k: v for k, v in log.items() if k != 13}
    (gap,) = without_records(analysis.read_night(written(tmp_path / "head", head)))[1:]
    assert gap["duration_s"] == 1530.0


def test_of_a_boot_with_waveforms_alone_nothing_is_covered(tmp_path):
    log = two_boots()
    del log[3], log[5]
    night = analysis.read_night(written(tmp_path / "log", log))
    assert [gap["duration_s"] for gap in without_records(night)] == [pytest.approx(1925.0)]
    assert night.summary["coverage"] == pytest.approx(3000 / 4925, abs=1e-3)


@pytest.mark.parametrize("back", [0, 1, 30])
def test_numbers_that_a_power_cut_freed_are_no_hole(tmp_path, back):
    """The board goes on behind the last committed record, whatever a host has heard of."""
    log = {
        1: packed(1, 1, records.FACTS, [boot_record(0, 1), *epochs(1, 0, 50)]),
        2: packed(2, 1, records.WAVEFORMS, snippets(0, 500, 9000)),
        3: packed(3, 2, records.FACTS, [boot_record(51 - back, 2), *epochs(52 - back, 0, 9)]),
        4: packed(4, 2, records.WAVEFORMS, snippets(2 - (back > 0), 500)),
    }
    night = analysis.read_night(written(tmp_path / "log", log))
    assert night.faults == [] and night.gaps == []


@pytest.mark.parametrize(("number", "count"), [(2, 2), (4, 2)])
@pytest.mark.parametrize("first", [0, SEQUENCES - 3])
def test_missing_waveforms_are_counted_and_are_no_gap(tmp_path, number, count, first):
    log = two_boots(0, first)
    whole = analysis.read_night(written(tmp_path / "whole", log))
    assert whole.faults == [] or first
    del log[number]
    night = analysis.read_night(written(tmp_path / "log", log))
    assert night.gaps == [] and night.summary["coverage"] == whole.summary["coverage"] == 1.0
    counted = [fault for fault in night.faults if "waveforms" in fault]
    if number == 2 and first:
        assert counted == [], "where the log does not begin with the board's first record"
    else:
        assert counted == [
            f"{count} waveforms are not here: pull again into the same folder, unless the board"
            " has given them up for room"
        ]


def test_waveforms_missing_at_the_end_are_told_by_the_count_at_the_stop(tmp_path):
    facts = [boot_record(0, 1), *epochs(1, 0, 9)]
    end = 10 * EPOCH_FRAMES
    stop = record(records.STOP, 10, end, (end, 0, len(facts) + 3, 1))
    log = {
        1: packed(1, 1, records.FACTS, [*facts, stop]),
        2: packed(2, 1, records.WAVEFORMS, snippets(0, 500, 9000)),
        3: packed(3, 1, records.WAVEFORMS, snippets(2, 12000)),
    }
    assert analysis.read_night(written(tmp_path / "whole", log)).faults == []
    del log[3]
    (fault,) = analysis.read_night(written(tmp_path / "log", log)).faults
    assert fault.startswith("1 waveforms are not here")


@pytest.mark.parametrize("kept", [0, 51])
def test_a_wipe_is_named_and_no_pull_is_advised(tmp_path, kept):
    """Facts of boot 1: those pulled before the wipe, then what the board told of it."""
    facts = [boot_record(0, 1), *epochs(1, 0, 50)]
    at = 90 * EPOCH_FRAMES
    settings = record(records.CONFIG, 91, at, (), b"schema=2 x=1")
    told = record(records.TEXT, 92, at, (), b"what=wiped segments=2")
    log = {9: packed(9, 1, records.FACTS, [settings, told, *epochs(93, 90, 9)])}
    if kept:
        log[1] = packed(1, 1, records.FACTS, facts)
    night = analysis.read_night(written(tmp_path / "log", log))
    assert len(without_records(night)) == 1
    (fault,) = night.faults
    assert "the log was wiped" in fault and "pull again" not in fault


@pytest.mark.parametrize("number", range(1, 7))
def test_a_single_whole_segment_is_one_of_a_log_and_no_damage(tmp_path, capsys, number):
    folder = written(tmp_path / "log", two_boots())
    path = folder / f"{number:08d}.crib"
    for command in (["decode", str(path)], ["why", "3", str(path)]):
        assert cli.run(command) == 0
        said = capsys.readouterr().err
        assert f"{path} is one segment of a log: name the folder {folder} for the rest" in said
    if number < 6:  # which has a single record
        path.write_bytes(path.read_bytes()[:-3])
        assert cli.run(["decode", str(path)]) == 3
        assert "one segment of a log" in capsys.readouterr().err


def test_of_a_single_segment_the_time_before_it_is_not_covered(tmp_path):
    folder = written(tmp_path / "log", two_boots())
    night = analysis.read_night(folder / "00000005.crib")
    assert [gap["duration_s"] for gap in without_records(night)] == [1530.0], "to the first record"
    assert night.summary["coverage"] == 0.49
