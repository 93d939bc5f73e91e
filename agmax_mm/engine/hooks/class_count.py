"""The number of classes, in the data and in the head."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook

from agmax_mm.models.contract import unwrap
from agmax_mm.registry import HOOKS


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Refuse data with more classes than the classifier has outputs, before the first step.

    Fewer are allowed, as with a part of ImageNet under a recipe for all of it, and logged.

    Raises:
        ValueError: Before training, if there are too few outputs.
    """

    def before_train(self, runner: Any) -> None:
        """Compare the training set with the head; detectors, whose heads count otherwise, are left to the host."""
        model = unwrap(runner.model)
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
