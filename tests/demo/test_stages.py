"""Stages with real commands: order, skipping, going on, failing, stopping."""

import json
import signal
import sys
import threading
import time

import pytest

from agmax_mm.demo.stages import Pipeline, Stage, StageError


def _stage(root, name, code, needs=(), inputs=None):
    script = f'open({str(root / "trace")!r}, "a").write({name + " "!r})\n{code}'
    return Stage(name, f'the {name}', [sys.executable, '-c', script], root / name, needs, inputs)


def _run(root, stages, jobs=2):
    return Pipeline(stages, root / 'logs', jobs=jobs).run()


def _trace(root):
    return (root / 'trace').read_text().split()


def test_stages_run_after_what_they_need_and_only_once(tmp_path, capsys):
    stages = [
        _stage(tmp_path, 'first', 'import time; time.sleep(0.5)'),
        _stage(tmp_path, 'second', '', ['first']),
        _stage(tmp_path, 'apart', ''),
        _stage(tmp_path, 'third', '', ['second', 'apart']),
    ]
    assert _run(tmp_path, stages) == 4
    assert sorted(_trace(tmp_path)) == ['apart', 'first', 'second', 'third']
    assert _trace(tmp_path).index('first') < _trace(tmp_path).index('second')
    assert _trace(tmp_path)[-1] == 'third'
    assert 'stage 4 of 4: starting the third' in capsys.readouterr().err
    assert _run(tmp_path, stages) == 0
    assert len(_trace(tmp_path)) == 4


def test_a_changed_stage_starts_afresh_with_all_that_need_it(tmp_path):
    def stages(value):
        return [
            _stage(tmp_path, 'first', 'pass', inputs=value),
            _stage(tmp_path, 'second', '', ['first']),
            _stage(tmp_path, 'apart', ''),
        ]

    _run(tmp_path, stages(1))
    (tmp_path / 'first' / 'epoch_1.pth').write_text('weights of the old config')
    assert _run(tmp_path, stages(2)) == 2
    assert not (tmp_path / 'first' / 'epoch_1.pth').exists()
    assert sorted(_trace(tmp_path)) == ['apart', 'first', 'first', 'second', 'second']


def test_failure_shows_the_end_of_the_log_and_keeps_what_is_there(tmp_path, capsys):
    code = (
        f'import pathlib, sys\nprint("reason")\nsys.exit(0 if pathlib.Path({str(tmp_path / "ok")!r}).exists() else 3)'
    )
    stages = [_stage(tmp_path, 'only', code)]
    with pytest.raises(StageError, match=r'(?s)the only: the command ended with code 3.*\| reason.*only\.log'):
        _run(tmp_path, stages)
    (tmp_path / 'only' / 'epoch_1.pth').write_text('weights to go on from')
    (tmp_path / 'ok').touch()
    assert _run(tmp_path, stages) == 1
    assert (tmp_path / 'only' / 'epoch_1.pth').exists()
    assert 'going on with the only' in capsys.readouterr().err


def test_a_command_that_writes_nothing_has_failed(tmp_path):
    stage = Stage('only', 'the only', [sys.executable, '-c', ''], tmp_path / 'only', result=[tmp_path / 'model.pth'])
    with pytest.raises(StageError, match=r'expected the command to write .*model\.pth'):
        _run(tmp_path, [stage])


def test_interruption_stops_the_commands_and_the_next_run_goes_on(tmp_path):
    # Both set their handlers: where the tests run in the background, SIGINT is ignored and that is inherited.
    waiting = (
        'import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print("stopped in order")\n    raise'
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pipeline = Pipeline([_stage(tmp_path, 'long', waiting)], tmp_path / 'logs')

    def interrupt():
        limit = time.monotonic() + 30
        while not (tmp_path / 'trace').exists() and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(0.5)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        pipeline.run()
    assert 'stopped in order' in (tmp_path / 'logs' / 'long.log').read_text()
    stamp = json.loads((tmp_path / 'long' / 'stage.json').read_text())
    assert stamp['status'] == 'interrupted'
    assert not pipeline.is_done(pipeline.stages[0])
