"""Progress as lines, where there is no terminal, and as a file."""

import io
import logging
import sys

import pytest

from agmax_mm.progress import Bars, duration, note_progress, read_progress


@pytest.mark.parametrize(
    ('seconds', 'text'), [(41.6, '42 s'), (59.7, '1 min 00 s'), (185, '3 min 05 s'), (7800, '2 h 10 min')]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_one_line_for_each_tenth(capsys):
    with Bars() as bars:
        bars.start('train', 40)
        for done in range(1, 41):
            bars.update('train', done, 'loss 1.0')
        bars.finish('train', 'over')
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(',')[0] for line in lines[:-1]] == [
        f'train: {4 * tenth}/40 ({10 * tenth} %)' for tenth in range(1, 11)
    ]
    assert lines[-1] == 'over'


def test_time_left_counts_from_where_a_resumed_run_began(capsys, monkeypatch):
    now = iter([0.0, 0.0, 10.0])
    monkeypatch.setattr('agmax_mm.progress.time.monotonic', lambda: next(now))
    with Bars() as bars:
        bars.start('train')
        bars.update('train', 50, total=100)  # known only now; half was done by an earlier run
        bars.update('train', 60)  # 10 steps in 10 s, 40 are left
    assert capsys.readouterr().err == 'train: 60/100 (60 %), 40 s left\n'


def test_bars_share_a_terminal_with_the_log(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stdout', terminal)
    monkeypatch.setattr(sys, 'stderr', terminal)
    logger = logging.getLogger('test_bars')
    handler = logging.StreamHandler(terminal)
    logger.addHandler(handler)
    with Bars([logger]) as bars:
        bars.start('train', 10)
        assert handler.stream is not terminal
        logger.warning('a line of the log')
        bars.update('train', 10, 'loss 0.5')
    assert handler.stream is terminal
    assert 'a line of the log' in terminal.getvalue()
    assert '10/10' in terminal.getvalue()
    assert 'loss 0.5' in terminal.getvalue()


def test_progress_file_round_trip(tmp_path):
    path = tmp_path / 'progress.json'
    assert read_progress(path) is None
    note_progress(path, 3, 10, 'loss 0.5')
    assert read_progress(path) == (3, 10, 'loss 0.5')
    assert [file.name for file in tmp_path.iterdir()] == ['progress.json']


def test_update_of_an_unknown_task_is_our_mistake():
    with Bars() as bars, pytest.raises(KeyError):
        bars.update('never started', 1)
