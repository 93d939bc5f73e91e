"""Run the whole demonstration: pre-train with and without AgMax, transfer to detection, and write a report.

It takes a few minutes on two CPU cores. It can be stopped at any time; run again, it goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from agmax_mm.commands.arguments import check_least

EXAMPLE = """example:
  agmax-mm demo --work-dir work_dirs/demo --seed 0
"""
# After an interruption, see agmax_mm.cli.run.
GOES_ON = 'the same command goes on from here'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument('--work-dir', help='(default: work_dirs/demo; with --full, work_dirs/demo_full)')
    parser.add_argument('--full', action='store_true', help='train the detectors for 300 steps instead of 150')
    parser.add_argument('--seed', type=int, default=0, help='seed of the data and of every run (default: 0)')
    parser.add_argument('--jobs', type=int, help='number of commands at a time (default: 2, or 1 on one core)')


def main(args: argparse.Namespace) -> int:
    """Run the remaining stages of the demonstration."""
    check_least(args, jobs=1)
    from agmax_mm.machine import usable_cores

    cores = usable_cores()
    jobs = args.jobs or min(2, cores)
    started = time.monotonic()
    print('checking what is there ...', file=sys.stderr, flush=True)
    from agmax_mm.demo.layout import Layout
    from agmax_mm.demo.plan import SHORT, build_plan
    from agmax_mm.experiments.executors import Processes, thread_variables
    from agmax_mm.experiments.stages import Pipeline
    from agmax_mm.locks import locked
    from agmax_mm.progress import duration

    work_dir = Path(args.work_dir or ('work_dirs/demo_full' if args.full else 'work_dirs/demo'))
    layout = Layout(work_dir)
    with locked(work_dir, 'demo', inherited=True) as lock:
        plan = build_plan(layout, args.seed, None if args.full else SHORT)
        # Two commands of one thread each: much of a detector's training runs on one core anyway.
        executor = Processes(jobs, thread_variables(cores // jobs), [lock])
        count = Pipeline(plan, work_dir / 'logs', executor=executor).run()
    took = f'{count} of {len(plan)} stages run in {duration(time.monotonic() - started)}' if count else 'up to date'
    print(f'{took}; the report: {layout.report / "index.html"}')
    return 0
