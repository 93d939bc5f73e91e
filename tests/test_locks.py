"""One run in a folder at a time, and what killed ones leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from agmax_mm.fileio import atomic_path
from agmax_mm.locks import locked
from agmax_mm.temporary import remove_leftovers

# Holds the lock and has a child that lives on, as the workers of data loaders do after a kill. The child says so: by
# then it has closed what it must not hold.
_HOLD = """
import os, pathlib, sys, time
from agmax_mm.locks import locked
with locked(pathlib.Path(sys.argv[1]), 'train', inherited=bool(int(sys.argv[2]))) as lock:
    if not os.fork():
        print(os.getpid(), flush=True)
    time.sleep(600)
"""


def _holder(folder, inherited):
    command = [sys.executable, '-c', _HOLD, str(folder), str(int(inherited))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    return process, int(process.stdout.readline())


def _is_free(folder):
    try:
        with locked(folder, 'train'):
            return True
    except ValueError:
        return False


def test_the_second_run_is_told_who_holds_the_folder_and_a_dead_holder_blocks_nobody(tmp_path):
    process, child = _holder(tmp_path / 'run', inherited=False)
    try:
        message = rf"run': expected no other run in it, got train \(process {process.pid} on .*, since 2.*--work-dir"
        with pytest.raises(ValueError, match=message), locked(tmp_path / 'run', 'train'):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        os.kill(child, 0)  # alive
        assert _is_free(tmp_path / 'run')
        assert _is_free(tmp_path / 'run')
    finally:
        os.killpg(process.pid, signal.SIGKILL)


def test_commands_that_were_given_the_lock_hold_it_too(tmp_path):
    process, child = _holder(tmp_path, inherited=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not _is_free(tmp_path)
    os.kill(child, signal.SIGKILL)
    limit = time.monotonic() + 10
    while not _is_free(tmp_path) and time.monotonic() < limit:
        time.sleep(0.01)
    assert _is_free(tmp_path)


def test_leftovers_of_dead_writers_go_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, '-c', ''])
    dead.wait()
    ours = [f'.epoch_2.{dead.pid}.tmp.pth', f'.result.{dead.pid}.tmp.json', f'.last_checkpoint.{dead.pid}.tmp']
    ours.append(f'.epoch_2.{dead.pid}.pth')  # of earlier versions
    kept = [
        'epoch_2.pth',
        '.notes.20240501.txt',
        f'.epoch_2.{os.getpid()}.tmp.pth',
        f'notes.{dead.pid}.tmp.txt',
        '.tmp',
    ]
    for name in (*ours, *kept):
        (tmp_path / name).touch()
    assert remove_leftovers(tmp_path) == sorted(ours)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    # The names are those by which files are written.
    with atomic_path(tmp_path / 'new.json') as temporary:
        temporary.touch()
        assert temporary.name == f'.new.{os.getpid()}.tmp.json'


def test_a_folder_that_was_refused_before_anything_was_written_is_gone(tmp_path):
    there = tmp_path / 'there'
    there.mkdir()
    for folder, left in ((tmp_path / 'new' / 'run', False), (there, True)):
        with pytest.raises(ValueError, match='refused'), locked(folder, 'test'):
            raise ValueError('refused')
        assert folder.exists() is left
    assert [path.name for path in tmp_path.iterdir()] == ['there']
    with locked(tmp_path / 'new' / 'run', 'test'):
        (tmp_path / 'new' / 'run' / 'result.json').write_text('{}')
    assert (tmp_path / 'new' / 'run' / 'result.json').is_file()
