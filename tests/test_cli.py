import os
import re
import signal
import subprocess
import sys
import time

import pytest

from agmax_mm import cli
from agmax_mm.signals import EXIT_RESUME, STOP_SIGNALS


@pytest.fixture(autouse=True)
def _restored_handlers():
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _fail(error):
    raise error


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('expected a,\n   got b'), 'error: expected a, got b'),
        (IsADirectoryError(21, 'Is a directory', 'x'), "error: [Errno 21] Is a directory: 'x'"),
        (
            ValueError(
                'Caught ValueError in worker.\nOriginal Traceback (most recent call last):\n  x\nValueError: bad y: z'
            ),
            'error: bad y: z',
        ),
    ],
)
def test_mistakes_are_one_line(error, line, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['tool'])
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: _fail(error))
    assert stop.value.code == 1
    assert capsys.readouterr().err.splitlines() == [line]


def test_other_errors_tell_their_kind_and_place(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['tool'])
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: _fail(TypeError('no lrr')))
    assert stop.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: TypeError in ')
    assert re.search(r'test_cli\.py:\d+: no lrr', line)
    assert '--debug' in line


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['tool', '--debug'])
    with pytest.raises(ValueError, match='bad'):
        cli.run(lambda: _fail(ValueError('bad')))


@pytest.mark.parametrize(('result', 'code'), [(None, 0), (0, 0), (3, 3)])
def test_exit_codes(result, code, monkeypatch):
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: result)
    assert stop.value.code == code


@pytest.mark.parametrize('number', STOP_SIGNALS)
def test_stopping_is_no_error_and_said_in_a_line(number, capsys):
    signal.signal(number, signal.SIG_DFL)  # where the tests run under nohup, SIGHUP is ignored
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: signal.raise_signal(number))
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'


def test_what_can_go_on_says_how_and_has_its_own_exit_code(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: signal.raise_signal(signal.SIGTERM), '--resume goes on')
    assert stop.value.code == EXIT_RESUME == os.EX_TEMPFAIL
    assert capsys.readouterr().err == 'interrupted; --resume goes on\n'


@pytest.mark.parametrize('lines', [1, 100_000])
@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_a_reader_that_leaves_ends_the_command_without_a_word(lines, unbuffered):
    code = (
        'import sys\nfrom agmax_mm import cli\n'
        f"cli.run(lambda: (sys.stdin.read(), [print('a line') for _ in range({lines})]) and None)"
    )
    environment = {**os.environ, 'PYTHONUNBUFFERED': unbuffered}
    pipes = dict.fromkeys(('stdin', 'stdout', 'stderr'), subprocess.PIPE)
    with subprocess.Popen([sys.executable, '-c', code], env=environment, **pipes) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b''
    assert process.returncode == 128 + signal.SIGPIPE


def test_a_command_whose_output_is_closed_ends_as_ever():
    code = "from agmax_mm import cli\ncli.run(lambda: print('a line'))"
    done = subprocess.run(['bash', '-c', '"$0" -c "$1" >&-', sys.executable, code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b'')


def test_a_broken_pipe_elsewhere_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['tool'])
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: _fail(BrokenPipeError(32, 'Broken pipe')))
    assert (stop.value.code, capsys.readouterr().err) == (1, 'error: [Errno 32] Broken pipe\n')


def test_nohup_is_heeded():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: signal.raise_signal(signal.SIGHUP))
    assert stop.value.code == 0


def test_forked_workers_end_at_once():
    """A data loader's worker must not turn the signal that ends it into an exception."""

    def main():
        worker = os.fork()
        if worker == 0:
            time.sleep(60)
            os._exit(0)
        time.sleep(0.2)
        os.kill(worker, signal.SIGTERM)
        return os.WTERMSIG(os.waitpid(worker, 0)[1])

    with pytest.raises(SystemExit) as stop:
        cli.run(main)
    assert stop.value.code == signal.SIGTERM


@pytest.mark.parametrize(
    ('handle', 'code'), [('handle_stops(ignore)', -15), ('signal.signal(signal.SIGTERM, ignore)', 3)]
)
def test_a_forked_worker_ends_with_sigterm_where_this_package_handles_stops_and_nowhere_else(handle, code):
    # At once, so that a signal that comes before the child has changed anything is among the cases.
    script = (
        'import os, signal, sys, time\n'
        'from agmax_mm.signals import handle_stops\n'
        'def ignore(*signal): pass\n'
        f'{handle}\n'
        'child = os.fork()\n'
        'if child == 0:\n'
        '    time.sleep(1)\n'
        '    os._exit(3)\n'
        'os.kill(child, signal.SIGTERM)\n'
        'print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n'
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert done.stdout == f'{code}\n', done.stderr
