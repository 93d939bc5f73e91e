"""Train variants of a recipe with several seeds each, and write the table of their means and spreads."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agmax_mm.experiments.executors import Executor

from agmax_mm.commands.arguments import check_least

EXAMPLE = """example:
  agmax-mm compare benchmarks/studies/mixing.py --data-root data/cifar10

A study is a Python file:
  '''A title.

  What is compared, in a few sentences.
  '''
  base = '../../configs/baseline/wrn40-2_standard_200e_cifar10.py'
  options = {'train_cfg.max_epochs': 100}  # for all arms; may be left out
  arms = dict(
      baseline={},
      smoothing={'model.head.loss': dict(type='LabelSmoothLoss', label_smooth_val=0.1)},
  )
  seeds = [0, 1, 2]
base is relative to the study's file, or the name of a recipe, such as 'baseline/wrn40-2_standard_200e_cifar10'.

A grid in place of the arms makes all combinations, each compared with the first level of the last factor:
  grid = dict(
      augmentation=dict(standard={}, cutmix={'data_preprocessor.batch_augments': dict(...)}),
      agreement=dict(baseline={}, mi={'model.agreement': 'mi'}),  # cutmix-mi is compared with cutmix-baseline
  )

From pictures to detections: transfers fine-tune a detector from the last backbone of each run, with the run's seed;
a config of its own is named relative to the study's file:
  transfers = dict(
      raccoon=dict(task='voc', data_root='data/raccoon', classes=['raccoon'], finetune='full', iters=200, batch_size=4),
  )

metrics names what is reported: differences are of the first one, the others have a table of their own. By default it is
the runs' first metric; of fine-tunings, which may have metrics of their own, the average precisions of boxes and masks:
  metrics = ['accuracy/top1', 'accuracy/top5']

All arms are built before the first one trains; --dry-run does no more than that. Runs take turns: the first seed of all
arms, then the next. Called again, the command goes on where it was interrupted, and takes finished runs as they are.
With --arms or --seeds it does a part; called without them once all parts are done, it writes the whole table.

FILE.runs.jsonl beside the table keeps a small record of every run. Finished runs whose folders are not there are taken
from it, where the arm's whole config and the data are still the same: a study goes on on another machine.
"""
# After an interruption, see agmax_mm.cli.run.
GOES_ON = 'the same command goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('study', metavar='STUDY.py', help='what to compare')
    parser.add_argument('--data-root', metavar='DIR', help="where the data are (default: the base config's)")
    parser.add_argument(
        '--arms', nargs='+', metavar='NAME', help="names or patterns such as 'cutmix-*' (default: all of the study)"
    )
    parser.add_argument('--seeds', nargs='+', type=int, metavar='N', help="(default: the study's)")
    parser.add_argument('--work-dir', metavar='DIR', help='folder of the runs (default: work_dirs/<name of the study>)')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='page, FILE.md and FILE.html, beside FILE.json (default: <work dir>/<name of the study>)',
    )
    parser.add_argument(
        '--format',
        nargs='+',
        choices=['html', 'markdown', 'csv', 'latex'],
        default=['html', 'markdown'],
        help='of the page: FILE.html, FILE.md, and each table as FILE_<section>.csv or .tex (default: html markdown)',
    )
    parser.add_argument(
        '--no-train', action='store_true', help='write the table of what is finished, also while another call trains'
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='build all arms, say what would be run, and train nothing'
    )
    parser.add_argument(
        '--executor',
        choices=('local', 'same-process', 'slurm'),
        default='local',
        help='run on this machine in processes, or one after the other in this very process, which suits many short '
        'runs, or as jobs of Slurm, which takes the library submitit (default: local)',
    )
    parser.add_argument('--jobs', type=int, metavar='N', help='runs at a time (default: 1; with Slurm, all)')
    parser.add_argument(
        '--slurm',
        nargs='+',
        metavar='KEY=VALUE',
        default=[],
        help='parameters of the jobs by their names in submitit: timeout_min, slurm_partition, gpus_per_node, ...',
    )


def main(args: argparse.Namespace) -> None:
    """Train the arms of a study, and write the table of their differences."""
    check_least(args, jobs=1)
    if args.executor == 'same-process' and args.jobs not in (None, 1):
        raise ValueError(f'--jobs: expected 1 in the same process, got {args.jobs}')
    if args.slurm and args.executor != 'slurm':
        raise ValueError('--slurm: expected --executor slurm beside it, got none')
    from agmax_mm.host_imports import quick_imports
    from agmax_mm.locks import locked
    from agmax_mm.machine import usable_cores

    with quick_imports():
        from agmax_mm.experiments.data_prints import check_same_data
        from agmax_mm.experiments.study import read_study
        from agmax_mm.experiments.study_records import (
            read_records,
            records_path,
            run_keys,
            takeable_runs,
            write_records,
        )
        from agmax_mm.experiments.study_report import write_study
        from agmax_mm.experiments.study_runs import check_arms, run_study
        from agmax_mm.experiments.study_transfers import check_transfers, run_transfers
        from agmax_mm.results.runs import Run

    study = read_study(Path(args.study)).part(arms=args.arms, seeds=args.seeds, data_root=args.data_root)
    work_dir = Path(args.work_dir or f'work_dirs/{study.name}')
    print(f'{study.name}: building {len(study.arms)} arms', flush=True)
    built = check_arms(study)
    tuned_on = check_transfers(study)
    if args.dry_run:
        for arm, found in built.items():
            reference = f', compared with {study.references[arm]}' if arm in study.references else ''
            print(f'{arm}: {found.parameters:,} parameters{reference}')
        print(f'{len(study.arms)} arms x {len(study.seeds)} seeds = {len(study.arms) * len(study.seeds)} runs')
        return
    out = Path(args.out) if args.out else work_dir / study.name
    stem = out.with_suffix('') if out.suffix in ('.md', '.json') else out
    threads = _threads(args.jobs or 1)
    trained_on = {arm: found.data for arm, found in built.items()}
    prints = {**trained_on, **{f'transfers.{name}': own for name, own in tuned_on.items()}}
    check_same_data(work_dir, prints, note=False)
    keys = run_keys(study, trained_on, tuned_on)
    recorded = read_records(records_path(stem), keys)

    def write(runs: list[Run], transfers: dict[str, list[Run]] | None = None) -> list[Path]:
        setup = {'command': _command(args), 'cores': usable_cores(), 'threads': threads}
        tuned = [run for found in (transfers or {}).values() for run in found]
        write_records(records_path(stem), [*runs, *tuned], keys)
        whole = transfers is not None
        return write_study(study, runs, setup, stem, transfers, formats=args.format, pictures=whole)

    def work(executor: Executor | None) -> list[Path]:
        train = executor is not None
        taken = takeable_runs(study, recorded) if train else recorded
        runs = run_study(study, work_dir, write, executor=executor, recorded=taken, train=train)
        gone = [run for run in runs if run.folder is None]
        if gone:
            print(f'{len(gone)} of {len(runs)} finished runs are taken from {records_path(stem)}, not from folders')
        tuned = run_transfers(study, work_dir, executor=executor, recorded=recorded, train=train)
        return write(runs, tuned)

    if args.no_train:
        written = work(None)
    else:
        # Commands hold the lock until they end. What trainings fork in this process may outlive them, and must not.
        with locked(work_dir, 'compare', inherited=args.executor != 'same-process') as lock:
            check_same_data(work_dir, prints, note=True)
            written = work(_executor(args, work_dir, threads, lock))
    print(f'wrote {", ".join(map(str, written))}')


def _executor(args: argparse.Namespace, work_dir: Path, threads: int, lock: int) -> Executor:
    from agmax_mm.engine.options import parse_options
    from agmax_mm.experiments.executors import InProcess, Processes, Slurm, thread_variables

    if args.executor == 'slurm':
        return Slurm(work_dir / 'logs' / 'slurm', args.jobs or 1000, options=parse_options(args.slurm))
    if args.executor == 'same-process':
        return InProcess()
    return Processes(args.jobs or 1, thread_variables(threads), [lock])


def _threads(jobs: int) -> int:
    """Threads of a run on this machine: as the environment says, or its share of the cores."""
    from agmax_mm.machine import usable_cores

    given = os.environ.get('OMP_NUM_THREADS', '')
    return int(given) if given.isdigit() else max(usable_cores() // jobs, 1)


def _command(args: argparse.Namespace) -> str:
    """The command that repeats the study; paths of the machine stay out of the record."""
    study = Path(args.study)
    command = ['agmax-mm', 'compare', study.name if study.is_absolute() else args.study]
    command += ['--data-root', 'DIR'] if args.data_root else []
    command += ['--arms', *args.arms] if args.arms else []
    command += ['--seeds', *map(str, args.seeds)] if args.seeds else []
    command += ['--executor', 'same-process'] if args.executor == 'same-process' else []
    return shlex.join(command)
