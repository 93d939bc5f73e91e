"""Data sets of a few real images in the layouts of CIFAR and ImageNet, to try recipes on."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agmax_mm.datasets.cifar import CIFAR10, CIFAR100
from agmax_mm.demo.digits.source import load_digits

# A few classes are enough: ImageNet's heads keep their 1000 outputs, and so do CIFAR's.
_CLASSES = 8
# An ordinary photograph's size, so that the recipes' crops and resizes have something to do.
_IMAGENET_SIZE = (400, 300)
_CIFAR = {'cifar10': CIFAR10, 'cifar100': CIFAR100}


def write_small_data(root: Path) -> dict[str, Path]:
    """Write ``root/{cifar10,cifar100,imagenet}`` from scanned digits of 8 classes.

    CIFAR comes in its official files, 8 images in each; ImageNet in class folders, one image in each.

    Returns:
        The folder of each data set by its name.
    """
    pool = load_digits()
    images = [_padded(pool.images[pool.labels == label][0]) for label in range(_CLASSES)]
    for name, kind in _CIFAR.items():
        folder = root / name / kind._FOLDER
        folder.mkdir(parents=True)
        rows = np.stack(images).transpose(0, 3, 1, 2).reshape(_CLASSES, -1)
        content = pickle.dumps({'data': rows, kind._LABEL_KEY: list(range(_CLASSES))}, protocol=2)
        for file in [*kind._FILES['train'], *kind._FILES['test']]:
            (folder / file).write_bytes(content)
    for split in ('train', 'val'):
        for label, image in enumerate(images):
            path = root / 'imagenet' / split / f'n{label:08d}' / '0.png'
            path.parent.mkdir(parents=True)
            if not cv2.imwrite(str(path), cv2.resize(image, _IMAGENET_SIZE, interpolation=cv2.INTER_CUBIC)):
                raise OSError(f'could not write the image {str(path)!r}')
    return {name: root / name for name in (*_CIFAR, 'imagenet')}


def _padded(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A digit of 28 x 28 as a colour image of 32 x 32."""
    return cv2.cvtColor(cv2.copyMakeBorder(digit, 2, 2, 2, 2, cv2.BORDER_CONSTANT), cv2.COLOR_GRAY2BGR)
