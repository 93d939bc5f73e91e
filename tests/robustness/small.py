"""A network that tells colours, pictures of three colours, and a config: what each suite does to it is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.model import BaseModule

from agmax_mm.registry import MODELS

SIDE = 32
# Blue, green, red, as the loader has them: class c is bright in channel c.
BRIGHT, DARK = 160, 60
MEAN, STD = 100.0, 50.0


@MODELS.register_module(force=True)
class ColourNetwork(BaseModule):
    """Its features are the images themselves."""

    def forward(self, x):
        return (x,)


def write_pictures(root, images=4, noise=0, folder='test'):
    """``root/folder/{a,b,c}/*.png``, a class each."""
    generator = np.random.default_rng(0)
    for label, name in enumerate('abc'):
        (root / folder / name).mkdir(parents=True)
        for index in range(images):
            image = np.full((SIDE, SIDE, 3), DARK, np.int64)
            image[..., label] = BRIGHT
            image += generator.integers(-noise, noise + 1, image.shape)
            cv2.imwrite(str(root / folder / name / f'{index}.png'), image.clip(0, 255).astype(np.uint8))
    return root


def write_config(path: Path, data: Path, batch_size=5):
    path.write_text(f"""
default_scope = 'mmpretrain'
custom_imports = dict(imports=['tests.robustness.small'], allow_failed_imports=False)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='agmax_mm.ColourNetwork'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=3, loss=dict(type='CrossEntropyLoss')),
)
data_preprocessor = dict(type='ClsDataPreprocessor', mean=[{MEAN}] * 3, std=[{STD}] * 3, to_rgb=False)
test_dataloader = dict(
    batch_size={batch_size},
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='agmax_mm.ImageFolder',
        data_root={str(data)!r},
        split='test',
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')],
    ),
)
test_evaluator = dict(type='Accuracy')
test_cfg = dict()
""")
    return str(path)


def write_checkpoint(path: Path, weight=None, bias=(0.0, 0.0, 0.0)):
    """The logit of a class is the mean of its channel, normalised, unless other weights are given."""
    weight = torch.eye(3) if weight is None else torch.tensor(weight)
    torch.save({'state_dict': {'head.fc.weight': weight, 'head.fc.bias': torch.tensor(bias)}, 'meta': {}}, path)
    return str(path)


def colours(data: Path, folder='test'):
    """Images ``(N, 3, H, W)`` as float and classes, read without the package."""
    files = sorted((data / folder).glob('*/*.png'))
    images = torch.stack([torch.from_numpy(cv2.imread(str(file))).permute(2, 0, 1).float() for file in files])
    return images, torch.tensor(['abc'.index(file.parent.name) for file in files])
