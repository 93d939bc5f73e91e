"""The training set against the model, before the first step."""

from __future__ import annotations

from typing import Any

from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook

from agmax_mm.host import unwrap
from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Refuse training data that the classifier cannot be trained on, before hours are spent.

    Fewer classes than outputs are allowed, as with a part of ImageNet under a recipe for all of it, and logged.
    Detectors are left to the host.

    Raises:
        ValueError: Before training, if the head has fewer outputs than the data has classes, or if an epoch ends with a
            batch of a single image whose views could agree with nothing, if there is no step to make, or if the
            preprocessor lacks data of its own.
    """

    def before_train(self, runner: Any) -> None:
        """Compare the training set with the model."""
        check_steps(runner)
        model = unwrap(runner.model)
        self._check_classes(runner, model)
        preprocessor = getattr(model, 'data_preprocessor', None)
        if preprocessor is not None and hasattr(preprocessor, 'read_data'):
            preprocessor.read_data()
        if getattr(model, 'agreement', None) is not None and runner.world_size == 1:
            _check_last_batch(runner.train_dataloader)

    def _check_classes(self, runner: Any, model: Any) -> None:
        outputs = getattr(getattr(model, 'head', None), 'num_classes', None)
        classes = getattr(runner.train_dataloader.dataset, 'metainfo', {}).get('classes')
        if outputs is None or classes is None:
            return
        if len(classes) > outputs:
            raise ValueError(
                f'model.head.num_classes: expected at least the {len(classes)} classes of the training set, '
                f'got {outputs}'
            )
        if len(classes) < outputs:
            runner.logger.info(f'The training set has {len(classes)} classes, the head {outputs} outputs.')


def check_steps(runner: Any) -> None:
    """Refuse a run without a step.

    Raises:
        ValueError: If the images are fewer than a batch that may not be smaller, or the run has no epochs.
    """
    loader = runner.train_dataloader
    steps = len(loader)
    if steps and runner.max_iters > 0:
        return
    if not steps:
        images, batch = len(loader.sampler), loader.batch_size
        raise ValueError(
            f'train_dataloader: expected at least one step in an epoch, got none: {images} images are fewer than a '
            f'batch of {batch}, and drop_last leaves out the rest; set a smaller total_batch_size, or '
            'train_dataloader.drop_last=False'
        )
    raise ValueError(f'train_cfg: expected at least one step, got a run of {runner.max_epochs} epochs')


def _check_last_batch(loader: Any) -> None:
    batch_size, images = loader.batch_size, len(loader.sampler)
    # Other batch samplers have no batch size, and endless samplers no last batch.
    if batch_size is None or loader.drop_last or isinstance(loader.sampler, InfiniteSampler):
        return
    if batch_size == 1:
        raise ValueError('total_batch_size: expected at least 2 images a step for an agreement, got 1')
    if images % batch_size == 1:
        raise ValueError(
            f'train_dataloader: expected at least 2 images in each step for an agreement, got 1 in the last step of an '
            f'epoch, number {images // batch_size + 1}, with {images} images in batches of {batch_size}; set '
            'train_dataloader.drop_last=True or another total_batch_size'
        )
