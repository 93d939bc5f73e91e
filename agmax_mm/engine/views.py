"""Training batches as the network gets them, turned back into pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner, set_random_seed
from numpy.typing import NDArray
from torch import Tensor

from agmax_mm.engine.config import prepare_config
from agmax_mm.engine.hooks.set_progress import progress_listeners
from agmax_mm.registry import MODELS

# Letters of a line below a picture.
_LINE = 22
# A picture (RGB, uint8, shape (H, W, 3)) and its label in words.
LabelledPicture = tuple[NDArray[np.uint8], str]


def training_views(config: Config, batches: int, seed: int) -> Iterator[list[list[LabelledPicture]]]:
    """The first training batches of a recipe: for each batch its views, for each view its pictures.

    Where the batches outnumber those of an epoch, the next epoch follows.

    Args:
        config: The recipe.
        batches: Number of batches.
        seed: Seed of loading, augmentation and mixing.

    Raises:
        ValueError: If the recipe is not one of classification or captioning.
    """
    if 'data_preprocessor' not in config or 'head' not in config.model:
        raise ValueError('views: expected a classification recipe, got one without data_preprocessor or model.head')
    prepare_config(config, world_size=1)
    set_random_seed(seed)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        loader = Runner.build_dataloader(config.train_dataloader, seed=seed)
        preprocessor = MODELS.build({'num_classes': config.model.head.get('num_classes'), **config.data_preprocessor})
        names = loader.dataset.metainfo.get('classes') or ()
        for part in progress_listeners(preprocessor):
            part.set_progress(1.0)  # what changes in the course of training is shown as it ends
        for data in islice(_epoch_after_epoch(loader), batches):
            num_images = len(data['data_samples'])
            batch = preprocessor(data, training=True)
            pictures = [
                (_to_picture(image, preprocessor), _label(sample, names))
                for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True)
            ]
            yield [pictures[start : start + num_images] for start in range(0, len(pictures), num_images)]


def _epoch_after_epoch(loader: Any) -> Iterator[dict[str, Any]]:
    if len(loader) == 0:
        raise ValueError(
            f'views: expected at least {loader.batch_size} images, a batch, got {len(loader.dataset)}; set a smaller '
            'total_batch_size'
        )
    for epoch in count():
        if hasattr(loader.sampler, 'set_epoch'):
            loader.sampler.set_epoch(epoch)
        yield from loader


def _to_picture(image: Tensor, preprocessor: Any) -> NDArray[np.uint8]:
    """Undo the normalisation of an image of shape ``(3, H, W)``; a preprocessor of another kind knows its own way."""
    if hasattr(preprocessor, 'to_picture'):
        return preprocessor.to_picture(image)
    pixels = image * preprocessor.std + preprocessor.mean if preprocessor._enable_normalize else image
    if not preprocessor.to_rgb:
        pixels = pixels.flip(0)
    return pixels.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()


def _label(sample: Any, names: Sequence[str]) -> str:
    """``'cat'``, or where images were mixed ``'cat (62 %)'`` and ``'dog (38 %)'`` on two lines; a caption."""
    if 'gt_caption' in sample:
        return textwrap.fill(sample.gt_caption, _LINE)

    def name(label: Tensor) -> str:
        return names[int(label)] if int(label) < len(names) else str(int(label))

    if 'gt_score' not in sample:
        return name(sample.gt_label)
    shares, classes = sample.gt_score.sort(descending=True)
    if float(shares[0]) > 0.995:
        return name(classes[0])
    shown = [(c, float(s)) for s, c in zip(shares, classes, strict=True) if float(s) > 0.005]
    return '\n'.join(f'{name(label)} ({100 * share:.0f} %)' for label, share in shown)
