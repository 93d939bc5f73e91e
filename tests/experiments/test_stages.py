"""Stages with real commands: order, skipping, going on, failing, stopping; here, in this process and as jobs."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agmax_mm.experiments.call import Call
from agmax_mm.experiments.executors import InProcess, Processes, Slurm
from agmax_mm.experiments.stages import Pipeline, Stage, StageError


def _stage(root, name, code, needs=(), inputs=None):
    script = f'open({str(root / "trace")!r}, "a").write({name + " "!r})\n{code}'
    return Stage(name, f'the {name}', [sys.executable, '-c', script], root / name, needs, inputs)


def _run(root, stages, jobs=2, **options):
    return Pipeline(stages, root / 'logs', executor=Processes(jobs), **options).run()


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


def test_a_stage_whose_result_is_gone_runs_again(tmp_path):
    result = tmp_path / 'result.txt'
    stage = replace(_stage(tmp_path, 'first', f'open({str(result)!r}, "w").close()'), result=[result])
    assert (_run(tmp_path, [stage]), _run(tmp_path, [stage])) == (1, 0)
    result.unlink()
    assert _run(tmp_path, [stage]) == 1
    assert result.exists()


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


def test_failure_is_one_line_with_its_log_and_keeps_what_is_there(tmp_path, capsys):
    code = (
        f'import pathlib, sys\nprint("reason")\nsys.exit(0 if pathlib.Path({str(tmp_path / "ok")!r}).exists() else 3)'
    )
    stages = [_stage(tmp_path, 'only', code)]
    with pytest.raises(StageError, match=r'^the only: it ended with code 3: reason; the whole log: \S+only\.log$'):
        _run(tmp_path, stages)
    (tmp_path / 'only' / 'epoch_1.pth').write_text('weights to go on from')
    (tmp_path / 'ok').touch()
    assert _run(tmp_path, stages) == 1
    assert (tmp_path / 'only' / 'epoch_1.pth').exists()
    assert 'going on with the only' in capsys.readouterr().err


def test_a_command_that_writes_nothing_has_failed(tmp_path):
    stage = Stage('only', 'the only', [sys.executable, '-c', ''], tmp_path / 'only', result=[tmp_path / 'model.pth'])
    with pytest.raises(StageError, match=r'expected it to write .*model\.pth'):
        _run(tmp_path, [stage])


@pytest.mark.parametrize('name', ['SIGINT', 'SIGUSR1'])
def test_interruption_stops_the_commands_and_the_next_run_goes_on(tmp_path, name):
    # Both set their handlers: where the tests run in the background, SIGINT is ignored and that is inherited.
    waiting = (
        'import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n'
        'try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print("stopped in order")\n    raise'
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pipeline = Pipeline([_stage(tmp_path, 'long', waiting)], tmp_path / 'logs')
    number = getattr(signal, name)

    def interrupt():
        limit = time.monotonic() + 60
        while not (tmp_path / 'trace').exists() and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        pipeline.run()
    assert 'stopped in order' in (tmp_path / 'logs' / 'long.log').read_text()
    stamp = json.loads((tmp_path / 'long' / 'stage.json').read_text())
    assert stamp['status'] == 'interrupted'
    assert not pipeline.is_done(pipeline.stages[0])


def test_after_a_failure_only_what_needs_it_is_given_up_where_the_rest_goes_on(tmp_path):
    stages = [
        _stage(tmp_path, 'bad', 'import sys; print("error: no luck"); print("noise"); sys.exit(1)'),
        _stage(tmp_path, 'child', '', ['bad']),
        _stage(tmp_path, 'grandchild', '', ['child']),
        _stage(tmp_path, 'apart', ''),
        _stage(tmp_path, 'worse', 'import os; os.kill(os.getpid(), 9)'),
    ]
    with pytest.raises(StageError) as caught:
        _run(tmp_path, stages, jobs=1, keep_going=True)
    bad, worse = str(caught.value).splitlines()
    assert bad.startswith('the bad: it ended with code 1: no luck; the whole log: ')
    assert worse.startswith('the worse: it ended with code -9: it said nothing; ')
    assert _trace(tmp_path) == ['bad', 'apart', 'worse']


def test_folders_that_must_stay_are_refused_or_gone_on_with(tmp_path):
    stage = _stage(tmp_path, 'only', 'import sys; sys.exit(1)', inputs=1)
    (tmp_path / 'only').mkdir()
    (tmp_path / 'only' / 'weights').touch()  # of a version that wrote no stamps
    with pytest.raises(StageError):
        _run(tmp_path, [stage], keep_folders=True)
    assert (tmp_path / 'only' / 'weights').exists()
    with pytest.raises(ValueError, match=r'the only: expected the setup that .*only. was begun with, got another one'):
        _run(tmp_path, [_stage(tmp_path, 'only', '', inputs=2)], keep_folders=True)
    assert (tmp_path / 'only' / 'weights').exists()
    assert _trace(tmp_path) == ['only']


def test_an_outcome_without_a_stamp_counts_by_its_own_account(tmp_path):
    def stage(whole):
        return Stage('only', 'the only', ['false'], tmp_path / 'only', finished=lambda: whole)

    (tmp_path / 'only').mkdir()
    assert Pipeline([stage(True)], tmp_path / 'logs', keep_folders=True).run() == 0
    assert not Pipeline([stage(False)], tmp_path / 'logs', keep_folders=True).is_done(stage(False))
    # Where folders are emptied, nobody knows what it was made from.
    assert not Pipeline([stage(True)], tmp_path / 'logs').is_done(stage(True))


def test_functions_run_here_and_their_errors_do_not_end_the_plan(tmp_path):
    stages = [
        Stage('good', 'the good', Call('json:loads', {'s': '{}'}), tmp_path / 'a'),
        Stage('bad', 'the bad', Call('json:loads', {'s': '{'}), tmp_path / 'b'),
        Stage('last', 'the last', Call('json:loads', {'s': '{}'}), tmp_path / 'c'),
    ]
    with pytest.raises(StageError, match=r'^the bad: it ended with code 1: Expecting property name .*bad\.log$'):
        Pipeline(stages, tmp_path / 'logs', executor=InProcess(), keep_going=True).run()
    statuses = [json.loads((stage.folder / 'stage.json').read_text())['status'] for stage in stages]
    assert statuses == ['completed', 'failed', 'completed']
    assert 'Traceback' in (tmp_path / 'logs' / 'bad.log').read_text()


def test_a_function_as_a_command_says_the_same(tmp_path):
    bad = Stage('bad', 'the bad', Call('json:loads', {'s': '{'}), tmp_path / 'b')
    with pytest.raises(StageError, match=r'^the bad: it ended with code 1: Expecting property name .*bad\.log$'):
        _run(tmp_path, [bad])
    assert Pipeline([Stage('c', 'c', Call('json:loads', {'s': '1'}), tmp_path / 'c')], tmp_path / 'logs').run() == 1


def test_a_stage_that_was_stopped_itself_has_not_failed(tmp_path):
    """As by a scheduler that signals all processes: nothing else is started, and the next run goes on."""
    stages = [_stage(tmp_path, 'stopped', 'raise SystemExit(75)'), _stage(tmp_path, 'next', '')]
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, stages, jobs=1, keep_going=True)
    assert json.loads((tmp_path / 'stopped' / 'stage.json').read_text())['status'] == 'interrupted'
    assert not (tmp_path / 'next').exists()


def _jobs(tmp_path):
    pytest.importorskip('submitit')
    return Slurm(tmp_path / 'jobs', cluster='local', options={'timeout_min': 5})


def test_jobs_run_go_wrong_and_are_cancelled(tmp_path):
    waiting = 'import time\nprint("waiting")\ntime.sleep(600)'
    stages = [
        _stage(tmp_path, 'first', f'open({str(tmp_path / "model")!r}, "w")'),
        _stage(tmp_path, 'second', 'print("error: no luck"); raise SystemExit(3)', ['first']),
        _stage(tmp_path, 'long', waiting),
    ]
    with pytest.raises(StageError, match=r'^the second: it ended with code 3: no luck; the whole log: \S+second\.log$'):
        Pipeline(stages, tmp_path / 'logs', executor=_jobs(tmp_path)).run()
    statuses = [json.loads((stage.folder / 'stage.json').read_text())['status'] for stage in stages]
    assert statuses == ['completed', 'failed', 'interrupted']
    assert sorted(_trace(tmp_path)) == ['first', 'long', 'second']


def test_a_job_whose_time_is_up_goes_on_in_another(tmp_path):
    """What Slurm does when it takes a job away: the signal that submitit answers by queueing the job again."""
    code = f'import os, time\nif open({str(tmp_path / "trace")!r}).read().count("only") < 2: time.sleep(600)'
    stage = _stage(tmp_path, 'only', code)
    executor = _jobs(tmp_path)
    started = []
    start = executor.start
    executor.start = lambda *args, **options: started.append(start(*args, **options)) or started[-1]

    def take_away():
        limit = time.monotonic() + 120
        while not (tmp_path / 'trace').exists() and time.monotonic() < limit:
            time.sleep(0.1)
        time.sleep(0.5)
        controller = started[0].submitted._process.pid
        (task,) = Path(f'/proc/{controller}/task/{controller}/children').read_text().split()
        os.kill(int(task), signal.SIGUSR2)

    threading.Thread(target=take_away).start()
    assert Pipeline([stage], tmp_path / 'logs', executor=executor).run() == 1
    assert _trace(tmp_path) == ['only', 'only']


def test_options_that_submitit_does_not_know_are_named(tmp_path):
    pytest.importorskip('submitit')
    with pytest.raises(ValueError, match=r'executor: expected a cluster and options that submitit takes, got .*nodez'):
        Slurm(tmp_path, cluster='local', options={'nodez': 1})
