"""The runs of a study, one after the other."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from agmax_mm.engine.config import load_config
from agmax_mm.engine.launch import train
from agmax_mm.experiments.study import Study
from agmax_mm.fileio import RESULT_FILE, write_text
from agmax_mm.results.runs import Run, load_run

_DATA_ROOT = 'train_dataloader.dataset.data_root'


def run_study(
    study: Study, work_dir: Path, after_run: Callable[[list[Run]], None], say: Callable[[str], None] = print
) -> list[Run]:
    """Train what is not trained yet: the first seed of all arms, then the next one.

    Each run is that of ``tools/train.py`` with the arm's config ``<work_dir>/<arm>/<arm>.py``, in ``seed_<seed>``
    beside it. Finished runs are taken as they are, interrupted ones go on.

    Args:
        study: What to train.
        work_dir: Folder of all runs.
        after_run: Called with the finished runs, before the first one that is missing and after each.
        say: Takes a line of progress.

    Returns:
        The finished runs, seed by seed; their names are ``<arm>/seed_<seed>``, their configs ``<arm>.py``.

    Raises:
        ValueError: If an arm's options don't fit the base, ``work_dir`` holds runs of another setup, or a run fails.
    """
    configs = {arm: _write_config(study, arm, work_dir / arm) for arm in study.arms}
    keys = [(arm, seed) for seed in study.seeds for arm in study.arms]
    finished = {key: run for key in keys if (run := _finished(work_dir, *key)) is not None}
    missing = [key for key in keys if key not in finished]
    say(f'{study.name}: {len(finished)} of {len(keys)} runs finished before')
    after_run(_ordered(finished, keys))
    started = time.monotonic()
    for count, (arm, seed) in enumerate(missing):
        left = (time.monotonic() - started) * (len(missing) - count) / max(count, 1) / 60
        say(
            f'{study.name}: run {len(finished) + 1} of {len(keys)}: {arm}, seed {seed}'
            + (f', about {left:.0f} min left' if count else '')
        )
        try:
            train(str(configs[arm]), work_dir=str(_folder(work_dir, arm, seed)), resume=True, seed=seed)
        except ValueError as error:
            raise ValueError(f'{arm}, seed {seed}: {error}') from error
        run = _finished(work_dir, arm, seed)
        assert run is not None
        finished[arm, seed] = run
        after_run(_ordered(finished, keys))
    return _ordered(finished, keys)


def _write_config(study: Study, arm: str, folder: Path) -> Path:
    """Write the arm's whole config, unless runs have begun with one that says something else."""
    place = {} if study.data_root is None else {_DATA_ROOT: study.data_root}
    try:
        text = load_config(str(study.base), {**study.options, **study.arms[arm], **place}).dump()
    except ValueError as error:
        raise ValueError(f'{arm}: {error}') from error
    path = folder / f'{arm}.py'
    if path.is_file():
        earlier = path.read_text(encoding='utf-8').splitlines()
        for old, new in zip_longest(earlier, text.splitlines(), fillvalue=''):
            if old != new:
                raise ValueError(
                    f'{arm}: expected the setup that {str(folder)!r} was begun with, which has {_short(old)}, got '
                    f'{_short(new)}; another --work-dir begins anew'
                )
    write_text(text, path)
    return path


def _short(line: str) -> str:
    return repr(textwrap.shorten(line, 60, placeholder=' ...'))


def _ordered(finished: dict[tuple[str, int], Run], keys: list[tuple[str, int]]) -> list[Run]:
    return [finished[key] for key in keys if key in finished]


def _folder(work_dir: Path, arm: str, seed: int) -> Path:
    return work_dir / arm / f'seed_{seed}'


def _finished(work_dir: Path, arm: str, seed: int) -> Run | None:
    folder = _folder(work_dir, arm, seed)
    if not (folder / RESULT_FILE).is_file():
        return None
    run = load_run(folder, f'{arm}/{folder.name}')
    return run if run.status == 'completed' else None
