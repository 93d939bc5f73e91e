"""Which process hangs, and which only works for long: by hand, and with real processes that are stopped."""

import multiprocessing
import os
import signal
import time
from types import SimpleNamespace

import pytest
import torch.distributed as dist

from agmax_mm.engine.hooks.watch import Judge, Sign, WatchHook

# A look every 5 s, and 45 s of patience.
LOOKS = [5.0] * 40


def signs(seconds, **changes):
    """Signs of three processes that train and make a step a second; a change gives a sign's parts by the seconds."""
    found = {}
    for rank in range(3):
        sign = Sign(int(seconds), 'training', int(seconds), 1.0, 'here', 100 + rank)
        found[rank] = sign._replace(**changes.get(f'rank{rank}', lambda _: {})(seconds))
    return found


def verdict(**changes):
    """When the judge says what, in seconds; None after 200 s of silence on its part."""
    judge = Judge(45.0)
    for count, elapsed in enumerate(LOOKS, start=1):
        found = judge.judge(signs(5.0 * count, **changes), elapsed)
        if found is not None:
            return 5.0 * count, *found
    return None


def from_20(**parts):
    """Parts of a sign that hold from second 20 on."""
    return lambda seconds: parts if seconds >= 20 else {}


def test_processes_that_work_are_left_alone():
    assert verdict() is None


def test_a_process_that_is_stopped_gives_no_sign():
    assert verdict(rank1=from_20(beat=20, step=20)) == (65.0, [1], 'no sign of life for 45 s')


def test_a_process_behind_the_others_is_named():
    others = from_20(step=21)
    assert verdict(rank0=others, rank1=from_20(step=20), rank2=others) == (65.0, [1], 'no step for 45 s')


def test_where_all_wait_in_one_step_all_hang():
    same = from_20(step=21)
    assert verdict(rank0=same, rank1=same, rank2=same) == (65.0, [0, 1, 2], 'no step for 45 s')


@pytest.mark.parametrize('phase', ['first step', 'validation', 'checkpoint', 'end'])
def test_one_process_that_works_for_long_holds_up_the_others(phase):
    waits = from_20(step=21)
    assert verdict(rank0=from_20(step=20, phase=phase), rank1=waits, rank2=waits) is None


def test_slow_steps_have_their_time():
    # The longest one took 30 s, so 90 s of silence are nothing to worry about.
    waits = from_20(step=21, longest_s=30.0)
    assert verdict(rank0=waits, rank1=waits, rank2=waits) == (110.0, [0, 1, 2], 'no step for 90 s')


def test_signs_come_through_text():
    sign = Sign(3, 'first step', 7, 0.25, 'node-1.cluster', 4321)
    assert Sign.decode(sign.encode()) == sign


def _train(rank, folder, port, hanging):
    """What the hook sees of a run of two processes, the second of which stops or sleeps in its third step."""
    os.environ.update(RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    descriptor = os.open(f'{folder}/{rank}.txt', os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 2)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    hook = WatchHook(timeout=3.0)
    runner = SimpleNamespace(rank=rank, world_size=2, work_dir=folder, iter=0, max_iters=1000)
    if hanging == (rank, 'late'):
        # Its looks come after the first process has found out.
        watch, hook._watch = hook._watch, lambda: time.sleep(0.8) or watch()
    hook.before_train(runner)
    for runner.iter in range(1000):
        hook.before_train_iter(runner, 0)
        if runner.iter == 2 and rank == hanging[0]:
            if hanging[1] == 'stopped':
                os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(600)
        dist.barrier()
        hook.after_train_iter(runner, 0)
        time.sleep(0.05)


@pytest.mark.parametrize('hanging', [(1, 'stopped'), (0, 'stopped'), (1, 'asleep'), (1, 'late')])
def test_one_that_hangs_ends_all(tmp_path, hanging):
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['agmax_mm.models', 'agmax_mm.batch_augments'])
    processes = [
        context.Process(target=_train, args=(rank, str(tmp_path), 0, hanging), daemon=True) for rank in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    live = 1 - hanging[0]
    codes = [process.exitcode for process in processes]
    assert codes[live] == 1
    # One that is stopped is killed; one that sleeps finds out for itself.
    assert codes[hanging[0]] == (-signal.SIGKILL if hanging[1] == 'stopped' else 1)
    lines = [line for rank in range(2) for line in (tmp_path / f'{rank}.txt').read_text().splitlines()]
    told = [line for line in lines if line.startswith('error: ')]
    assert len(told) == 1
    assert 'of 2: no s' in told[0]
    assert 'of the training; all processes were stopped' in told[0]
    assert 'hang_timeout=SECONDS waits longer' in told[0]
