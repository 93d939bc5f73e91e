"""Several backbones in one detector: the same setup for all, and a table of the differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from agmax_mm.experiments.executors import Executor
from agmax_mm.experiments.finetuning import Transfer, prepare, run_all
from agmax_mm.fileio import write_json
from agmax_mm.results.summary import differences

SCRATCH = 'scratch'

_SETUP = ('task', 'detector', 'config_sha256', 'batch_size', 'processes', 'learning_rate')


def compare(jobs: Sequence[Transfer], path: Path, *, executor: Executor | None = None) -> dict[str, dict[str, Any]]:
    """Run the transfers of several backbones: the first seed of all, then the next one.

    Nothing is trained unless all backbones fit the detector and all setups are equal but for the backbone.

    Args:
        jobs: One for each backbone, each with a work directory of its own, whose name is the backbone's. One without
            a backbone starts from scratch, with a network of the size of the first one's.
        path: JSON file for the results and the differences to the first backbone, written after each run.
        executor: Where the runs take place; by default on this machine, one at a time.

    Returns:
        Name of the backbone to what its transfer returned.

    Raises:
        ValueError: As :func:`~agmax_mm.experiments.finetuning.transfer`, or if the setups differ.
    """
    like = next((job.backbone for job in jobs if job.backbone is not None), None)
    # All jobs read the same data: looking at it once is enough.
    prepared = [prepare(job, like=like, check=job is jobs[0]) for job in jobs]
    first = prepared[0].setup
    for other in prepared[1:]:
        differing = [key for key in _SETUP if other.setup[key] != first[key]]
        if differing:
            raise ValueError(
                f'backbones: expected the same setup for {jobs[0].work_dir.name} and {other.job.work_dir.name}, '
                f'got another {", ".join(differing)}: are they networks of one kind and size?'
            )
    names = [one.job.work_dir.name for one in prepared]

    def write(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        results = dict(zip(names, found, strict=True))
        reference, *others = results
        compared = {name: differences(results[name], results[reference]) for name in others}
        write_json({'reference': reference, 'results': results, 'differences': compared}, path)
        return results

    return write(run_all(prepared, path.parent / 'logs', executor=executor, after_run=write))


def backbone_names(checkpoints: Sequence[str]) -> list[str]:
    """Names that tell checkpoints apart: file and folder, and more folders where these are the same.

    Raises:
        ValueError: If one is given twice.
    """
    paths = [PurePath(checkpoint).with_suffix('').parts for checkpoint in checkpoints]
    for depth in range(2, max(map(len, paths)) + 2):
        names = ['_'.join(part.strip('/') for part in parts[-depth:]) for parts in paths]
        if len(set(names)) == len(names):
            return names
    raise ValueError(f'backbones: expected different ones, got {", ".join(checkpoints)}')
