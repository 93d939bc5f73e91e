"""One of several processes ends: the reason is one line, whoever's it is. Real processes of torchrun's."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agmax_mm import ranks

ROOT = Path(__file__).parents[1]
# What the processes do; none imports torch.
PROGRAM = """
import os, signal, sys, time
from agmax_mm.cli import make_parser, run

rank = int(os.environ['RANK'])

def main():
    what = args.what
    if what == 'alike':
        raise ValueError('lr: expected a number above 0, got -1')
    if what == 'second' and rank == 1:
        raise ValueError('photo.jpg: expected an image, got text')
    if what == 'lost':
        if rank == 1:
            raise ValueError('photo.jpg: expected an image, got text')
        time.sleep(1)
        raise RuntimeError('[../gloo/pair.cc:534] Connection closed by peer [127.0.0.1]:5000')
    if what == 'network':
        raise RuntimeError('[../gloo/pair.cc:534] Connection closed by peer [127.0.0.1]:5000')
    if what == 'killed' and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if what == 'exits' and rank == 1:
        os._exit(7)
    if what == 'stops':
        os._exit(75)
    if what == 'late':  # one process is gone before the other, which the launcher then ends
        if rank == 1:
            os._exit(75)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if what == 'again' and os.environ['TORCHELASTIC_RESTART_COUNT'] == '0':
        os.kill(os.getpid(), signal.SIGKILL)
    if what not in ('fine', 'again'):
        time.sleep(60)

parser = make_parser('A program.', '')
choices = ['alike', 'second', 'lost', 'network', 'killed', 'exits', 'again', 'fine', 'stops', 'late']
parser.add_argument('what', choices=choices)
args = parser.parse_args()
run(main)
"""
PHOTO = 'error: photo.jpg: expected an image, got text (process 1 of 2)'
STOPPED = 'all processes were stopped, and --resume goes on'
ENDS = {
    'fine': (0, []),
    'alike': (1, ['error: lr: expected a number above 0, got -1']),
    'second': (1, [PHOTO]),
    'lost': (1, [PHOTO]),
    'network': (
        1,
        [
            'error: the connection to the other processes broke: one of them has ended, or the network failed; '
            + STOPPED
        ],
    ),
    'killed': (
        137,
        [f'error: process 1 was ended by SIGKILL, which is what the system does where memory runs out; {STOPPED}'],
    ),
    'exits': (7, [f'error: process 1 ended with code 7; {STOPPED}']),
    'again': (0, []),
    # They have said so themselves.
    'stops': (75, []),
    'late': (75, []),
}


def launch(argv, out):
    """Run the launcher in this process, a fork in which torch is imported already, with its output in a file."""
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv[1:] = argv
    from agmax_mm.launcher import main

    sys.exit(main())


@pytest.fixture(scope='module')
def ends(tmp_path_factory):
    """Exit code and output of each case; all run side by side, since they wait rather than compute."""
    folder = tmp_path_factory.mktemp('launcher')
    program = folder / 'program.py'
    program.write_text(PROGRAM)
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['torch.distributed.run', 'agmax_mm.models', 'agmax_mm.batch_augments'])
    running = {}
    for what in [*ENDS, 'nonsense']:
        argv = ['--nproc-per-node', '2', '--rdzv-backend', 'c10d', '--rdzv-endpoint', 'localhost:0']
        argv += ['--max-restarts', '1'] if what == 'again' else []
        running[what] = context.Process(target=launch, args=([*argv, str(program), what], str(folder / what)))
        running[what].start()
    for process in running.values():
        process.join(120)
    return {what: (process.exitcode, (folder / what).read_text().splitlines()) for what, process in running.items()}


@pytest.mark.parametrize('what', ENDS)
def test_the_reason_is_one_line(what, ends):
    assert ends[what] == ENDS[what]


def test_wrong_arguments_are_told_once(ends):
    code, lines = ends['nonsense']
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith("error: program.py: argument what: invalid choice: 'nonsense'")


def test_only_the_end_of_another_process_is_none_of_its_own(monkeypatch):
    gloo = RuntimeError('[../gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.1.1]:1')
    assert not ranks.has_lost_another(gloo)  # one process alone
    monkeypatch.setenv('RANK', '1')
    monkeypatch.setenv('WORLD_SIZE', '2')
    assert ranks.has_lost_another(gloo)
    assert not ranks.has_lost_another(ValueError('Connection closed by peer'))
    assert not ranks.has_lost_another(RuntimeError('CUDA out of memory'))


@pytest.mark.parametrize('number', ['0', '00', '1.5', '-1', 'two', ''])
@pytest.mark.parametrize('script', ['tools/slurm_train.sh', 'tools/dist_train.sh'])
def test_a_number_of_processes_that_is_none(script, number):
    before = ['partition', 'name'] if 'slurm' in script else []
    done = subprocess.run(['bash', script, *before, 'config.py', number], cwd=ROOT, capture_output=True, text=True)
    line = f"error: N: expected a number of processes of at least 1, got '{number}'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, '', line)
