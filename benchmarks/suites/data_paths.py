"""The data paths that are compared: the plain one, of Pillow and torchvision, and this package's."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.transforms as T
from mmengine.dataset import default_collate
from mmengine.registry import DefaultScope
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import default_collate as torch_collate

from agmax_mm.engine.config import load_config
from agmax_mm.engine.seeding import seed_samples
from agmax_mm.functional import pca_lighting
from agmax_mm.registry import DATASETS

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Runs over all samples once.
Epoch = Callable[[], None]


def _lighting(image: Tensor) -> Tensor:
    return image + pca_lighting(1, alpha_std=0.1)[0][:, None, None]


def plain_steps(*, small: bool, autoaugment: bool) -> list[tuple[str, Callable[[Any], Any]]]:
    """Transforms of a view by torchvision, by name and in order, from a Pillow image to a normalised float32 tensor."""
    policy = T.AutoAugmentPolicy.CIFAR10 if small else T.AutoAugmentPolicy.IMAGENET
    steps: list[tuple[str, Callable[[Any], Any]]] = [
        ('crop', T.RandomCrop(32, padding=4) if small else T.RandomResizedCrop(224)),
        ('mirror', T.RandomHorizontalFlip()),
    ]
    if autoaugment:
        steps.append(('AutoAugment', T.AutoAugment(policy)))
    if not small:
        steps.append(('colour jitter', T.ColorJitter(0.4, 0.4, 0.4)))
    steps.append(('to tensor', T.ToTensor()))
    if not small:
        steps.append(('lighting', _lighting))
    steps.append(('normalise', T.Normalize(_MEAN, _STD)))
    return steps


class _Plain(torch.utils.data.Dataset[Any]):
    def __init__(self, sources: Sequence[Any], *, small: bool, autoaugment: bool) -> None:
        self.sources = sources
        self.small = small
        self.steps = T.Compose([step for _, step in plain_steps(small=small, autoaugment=autoaugment)])

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> Any:
        source = self.sources[index]
        picture = Image.fromarray(source) if self.small else Image.open(io.BytesIO(source)).convert('RGB')
        return [self.steps(picture), self.steps(picture)], index % 10


def plain_path(sources: Sequence[Any], *, small: bool, autoaugment: bool, batch: int) -> Epoch:
    """Decode once, two views by torchvision, normalised, collated.

    Args:
        sources: Contents of JPEG files; with ``small`` arrays ``(32, 32, 3)``.
        small: CIFAR's augmentation instead of ImageNet's.
        autoaugment: With AutoAugment.
        batch: Samples in a batch.
    """
    data = _Plain(sources, small=small, autoaugment=autoaugment)
    loader = DataLoader(data, batch_size=batch, shuffle=True, collate_fn=torch_collate)
    return lambda: consume(loader)


def our_path(config: str, root: Path, *, batch: int) -> tuple[Epoch, Any]:
    """The training data of a recipe with two views, seeded and collated as in training, and its data set.

    Args:
        config: A recipe below ``configs/``.
        root: Folder of the data.
        batch: Samples in a batch.
    """
    recipe = load_config(config, {'train_dataloader.dataset.data_root': str(root)})
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        data = DATASETS.build(recipe.train_dataloader.dataset)
    loader = DataLoader(data, batch_size=batch, shuffle=True, collate_fn=default_collate)
    seed_samples(loader, 0)
    return lambda: consume(loader), data


def write_folder(contents: Sequence[bytes], root: Path) -> None:
    """Write files as a data set of one class."""
    folder = root / 'train' / 'pictures'
    folder.mkdir(parents=True)
    for index, content in enumerate(contents):
        (folder / f'{index:05d}.jpg').write_bytes(content)


def write_cifar(images: NDArray[np.uint8], root: Path) -> None:
    """Write images ``(N, 32, 32, 3)`` as CIFAR-10's training files, N a multiple of 5."""
    import pickle

    folder = root / 'cifar-10-batches-py'
    folder.mkdir(parents=True)
    for number, part in enumerate(np.split(images, 5), 1):
        rows = part.transpose(0, 3, 1, 2).reshape(len(part), -1)
        content = {'data': rows, 'labels': [index % 10 for index in range(len(part))]}
        (folder / f'data_batch_{number}').write_bytes(pickle.dumps(content, protocol=2))


def consume(loader: Any) -> None:
    """Take all batches."""
    for _ in loader:
        pass
