"""Features of a frozen backbone, computed once for all epochs and runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from torch import Tensor, nn

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
    runs with the same ones read them. Without such a file, the main process computes it.

    Args:
        folder: Where the files are.
        batch_size: Pictures at a time.

    Raises:
        ValueError: Before training or testing, if the backbone learns, or a pipeline draws at random.
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
        drawn = [name for step in dataset.pipeline.transforms if 'Random' in (name := type(step).__name__)]
        if drawn:
            raise ValueError(
                f'FeatureCacheHook: expected a pipeline without chance, got {drawn[0]}; take it out, or set '
                'default_hooks.features=None'
            )
        path = self.folder / f'{_key(model, dataset)}.safetensors'
        if is_main_process() and not path.is_file():
            write_weights({_NAME: self._compute(model, dataset)}, {'pictures': len(dataset.paths)}, path)
        barrier()
        dataset.features = load_checkpoint_file(path)['state_dict'][_NAME]
        runner.logger.info(f'features of {len(dataset.paths)} pictures: {path}')

    @torch.no_grad()
    def _compute(self, model: Captioner, dataset: CaptionDataset) -> Tensor:
        training = model.training
        model.eval()
        found = []
        with Bars() as bars:
            bars.start(_NAME, len(dataset.paths))
            for start in range(0, len(dataset.paths), self.batch_size):
                paths = dataset.paths[start : start + self.batch_size]
                pictures = [dataset.pipeline({'img_path': path})['inputs'] for path in paths]
                data = model.data_preprocessor({'inputs': pictures})
                found.append(model.extract_feat(data['inputs']).float().cpu())
                bars.update(_NAME, start + len(paths))
            bars.finish(_NAME)
        model.train(training)
        return torch.cat(found)


def _key(model: Captioner, dataset: CaptionDataset) -> str:
    """A name for what the features depend on."""
    parts = hashlib.sha256(json.dumps(list(_facts(dataset))).encode())
    for name, value in [*_tensors(model.backbone), *_tensors(model.neck), *_tensors(model.data_preprocessor)]:
        parts.update(name.encode())
        parts.update(value.detach().cpu().contiguous().numpy().tobytes())
    parts.update(repr((model.backbone, model.data_preprocessor.to_rgb)).encode())
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
