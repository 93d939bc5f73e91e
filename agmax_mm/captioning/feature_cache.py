"""Features of a frozen backbone, computed once for all epochs and runs."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.dist import all_gather, all_reduce, barrier, get_dist_info, get_rank
from mmengine.hooks import Hook
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from agmax_mm.checkpoints.files import write_weights
from agmax_mm.fileio import load_checkpoint_file
from agmax_mm.host import unwrap
from agmax_mm.progress import Bars
from agmax_mm.registry import HOOKS

if TYPE_CHECKING:
    from agmax_mm.captioning.captioner import Captioner
    from agmax_mm.captioning.datasets import CaptionDataset

_NAME = 'features'


@HOOKS.register_module()
class FeatureCacheHook(Hook):
    """Run a frozen backbone over each picture once, and train and evaluate on its features.

    They are kept in files, whose names tell the weights, the pictures, by path, size and time, and the pipeline: other
    runs with the same ones read them. Without such a file, each process computes its share, with as many workers as
    the data loader has.

    Args:
        folder: Where the files are.
        batch_size: Pictures at a time, of each process.

    Raises:
        ValueError: Before training or testing, if the backbone or the neck learns, or a pipeline draws at random.
    """

    # After the hook that loads the backbone.
    priority = 'NORMAL'

    def __init__(self, folder: str = 'work_dirs/features', batch_size: int = 64) -> None:
        if batch_size < 1:
            raise ValueError(f'FeatureCacheHook.batch_size: expected at least 1, got {batch_size}')
        self.folder = Path(folder)
        self.batch_size = batch_size

    def before_train(self, runner: Any) -> None:
        """Give the features to the data sets of training and validation."""
        self._give(runner, runner.train_dataloader)
        if runner.val_loop is not None:
            self._give(runner, runner.val_dataloader)

    def before_test(self, runner: Any) -> None:
        """Give the features to the test set."""
        self._give(runner, runner.test_dataloader)

    def _give(self, runner: Any, loader: Any) -> None:
        # Here, because runs of all tasks import this module with the others of hooks.
        from agmax_mm.captioning.captioner import Captioner
        from agmax_mm.captioning.datasets import CaptionDataset

        model, dataset = unwrap(runner.model), loader.dataset
        if not isinstance(model, Captioner) or not isinstance(dataset, CaptionDataset):
            raise ValueError(
                'FeatureCacheHook: expected a Captioner and a CaptionDataset, got '
                f'{type(model).__name__} and {type(dataset).__name__}'
            )
        if not model.freeze_backbone or 'batch_statistics' in model.legacy:
            raise ValueError(
                'FeatureCacheHook: expected a frozen backbone without batch_statistics, got one that changes; set '
                'model.freeze_backbone=True, or default_hooks.features=None'
            )
        if model.neck is not None and any(parameter.requires_grad for parameter in model.neck.parameters()):
            raise ValueError(
                f'FeatureCacheHook: expected a neck without weights, got {type(model.neck).__name__}, which would not '
                'learn; set default_hooks.features=None'
            )
        drawn = _step_of_chance(dataset)
        if drawn is not None:
            raise ValueError(
                f'FeatureCacheHook: expected a pipeline without chance, got {drawn}; take it out, or set '
                'default_hooks.features=None'
            )
        path = self.folder / f'{_key(model, dataset)}.safetensors'
        if _everywhere(path.is_file()):
            dataset.features = load_checkpoint_file(path)['state_dict'][_NAME]
        else:
            dataset.features = self._compute(model, dataset, loader.num_workers)
            # Once on each machine, whose folders may be its own.
            if int(os.environ.get('LOCAL_RANK', get_rank())) == 0:
                write_weights({_NAME: dataset.features}, {'pictures': len(dataset.paths)}, path)
            barrier()
        runner.logger.info(f'features of {len(dataset.paths)} pictures: {path}')

    @torch.no_grad()
    def _compute(self, model: Captioner, dataset: CaptionDataset, workers: int) -> Tensor:
        training = model.training
        model.eval()
        rank, processes = get_dist_info()
        # As many for each process; what is there twice is cut off.
        rows = [
            row % len(dataset.paths) for row in range(rank, -(-len(dataset.paths) // processes) * processes, processes)
        ]
        batches = DataLoader(_Pictures(dataset, rows), self.batch_size, num_workers=workers, collate_fn=list)
        found: list[Tensor] = []
        with Bars() as bars:
            bars.start(_NAME, len(rows))
            for pictures in batches:
                data = model.data_preprocessor({'inputs': pictures})
                found.append(model.extract_feat(data['inputs']).float().cpu())
                bars.update(_NAME, sum(map(len, found)))
            bars.finish(_NAME)
        model.train(training)
        shares = all_gather(torch.cat(found))
        return torch.stack(shares, dim=1).flatten(0, 1)[: len(dataset.paths)].contiguous()


class _Pictures(Dataset[Tensor]):
    """Some pictures of a data set, each once, as its pipeline makes them."""

    def __init__(self, dataset: CaptionDataset, rows: list[int]) -> None:
        self._paths = [dataset.paths[row] for row in rows]
        self._pipeline = dataset.pipeline

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: int) -> Tensor:
        picture: Tensor = self._pipeline({'img_path': self._paths[place]})['inputs']
        return picture


def _step_of_chance(dataset: CaptionDataset) -> str | None:
    """The first step of the pipeline that draws from a random generator, whatever its name."""
    facts: Any = {'img_path': dataset.paths[0]}
    for step in dataset.pipeline.transforms:
        before = _generators()
        facts = step(facts)
        if _generators() != before:
            return type(step).__name__
    return None


def _generators() -> bytes:
    return (
        repr((random.getstate(), np.random.get_state(legacy=False))).encode() + torch.get_rng_state().numpy().tobytes()
    )


def _everywhere(here: bool) -> bool:
    """Whether something holds in all processes."""
    held = torch.tensor(int(here))
    all_reduce(held, 'min')
    return bool(held)


def _key(model: Captioner, dataset: CaptionDataset) -> str:
    """A name for what the features depend on."""
    parts = hashlib.sha256(json.dumps(list(_facts(dataset))).encode())
    for name, value in [*_tensors(model.backbone), *_tensors(model.neck), *_tensors(model.data_preprocessor)]:
        parts.update(name.encode())
        parts.update(value.detach().cpu().contiguous().numpy().tobytes())
    # What has no weights may still count: which map the backbone hands on, and what the neck makes of it.
    taken = getattr(model.backbone, 'out_indices', None)
    parts.update(repr((model.backbone, taken, model.neck, model.data_preprocessor.to_rgb)).encode())
    return parts.hexdigest()[:32]


def _facts(dataset: CaptionDataset) -> Iterator[Any]:
    # The last one packs.
    yield repr(dataset.pipeline.transforms[:-1])
    for path in dataset.paths:
        state = os.stat(path)
        yield os.path.abspath(path), state.st_size, state.st_mtime_ns


def _tensors(module: nn.Module | None) -> list[tuple[str, Tensor]]:
    if module is None:
        return []
    # Also mean and deviation of the preprocessor, which are in no checkpoint.
    return [*module.named_parameters(), *module.named_buffers()]
