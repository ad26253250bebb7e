"""`info`, `calibrate` and `tap-test` towards boards that cannot do what is asked of them."""

import pytest

from cribtrace import cli, guided
from cribtrace.device import protocol, records
from cribtrace.errors import CribtraceError
from cribtrace.floors import Floor
from tests.support.peer import Peer, record, wait_for

ANCHOR = records.ANCHOR, (9, 9, 9, 1, 9, 0)


@pytest.fixture
def board():
    with Peer() as peer:
        yield peer


@pytest.fixture
def run(run, board):
    """Run `cribtrace ...` on the board: (exit code, stdout, stderr)."""
    return lambda command, *arguments: run(command, "--port", board.port, *arguments)


def test_info_names_an_axis_whose_noise_is_no_longer_the_empty_cribs(run, board):
    board.gain = 1872457 // 2
    assert run("info")[2] == ""  # nothing was calibrated yet
    board.kept_floor = True
    code, _, err = run("info")
    assert code == 0
    assert "x: the noise floor is" in err and "2.0 times the empty crib's" in err
    assert "y:" not in err and "z:" not in err
    board.gain = 1872457
    assert run("info")[2] == ""


class Refusing(Peer):
    """A board that answers `floor` with an error."""

    error = b""

    def do_floor(self, number, *_):
        self.push(protocol.ERROR, self.error, number)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (b"unsettled ask again in half a minute", "warming up"),
        (b"unknown_verb known are hello", "`cribtrace deploy` renews it"),
        (b"flash_error errno 5", "the board refused `floor`: flash_error errno 5"),
    ],
)
@pytest.mark.parametrize("command", ["calibrate", "tap-test"])
def test_a_board_that_cannot_tell_its_floor_is_named(capsys, command, error, says):
    with Refusing() as board:
        board.error = error
        assert cli.run([command, "--port", board.port]) == 1
        assert says in capsys.readouterr().err
        assert cli.run(["info", "--port", board.port]) == 0
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ([(records.GAP, (9, 9, 9, 0))], "frames are missing"),
        ([(records.STATE, (9, 9, 0, 1))], "the detector began anew"),
        ([(records.STOP, (9, 0, 9, 1))], "the recording was ended"),
        ([ANCHOR, None, ANCHOR], "1 records went by"),
    ],
    ids=["gap", "state", "stop", "missing"],
)
def test_what_interrupts_a_measurement_is_named(board, said, cause):
    from cribtrace.client import Client
    from cribtrace.link import Link

    def tell(_):
        wait_for(lambda: board.tail)
        for seq, one in enumerate(said):
            if one:
                board.push(protocol.RECORD, record(one[0], seq, 6300, one[1]))

    with (
        Client(Link(board.port)) as client,
        pytest.raises(CribtraceError, match=f"interrupted: {cause}.*run this again"),
    ):
        guided.tap_test(client, tell, 3)


def test_a_floor_that_wandered_off_between_epochs_is_not_settled():
    still = [Floor(0.2, 0.2, 0.2), Floor(0.21, 0.19, 0.2), Floor(0.2, 0.2, 0.22)]
    guided._settled(still)
    with pytest.raises(CribtraceError, match=r"not settled: z went from 0\.20 to 0\.25 mg"):
        guided._settled([*still, Floor(0.2, 0.2, 0.25)])
