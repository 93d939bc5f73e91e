"""A batch of a single image, of which nothing can be learnt, is found before training."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from agmax_mm.engine.hooks import DataCheckHook
from agmax_mm.engine.launch import train


@pytest.mark.parametrize(
    ('images', 'batch_size', 'agreement', 'refused'),
    [(13, 4, 'mi', True), (14, 4, 'mi', False), (13, 4, None, False), (12, 1, 'mi', True)],
)
def test_a_last_batch_of_one_image_is_refused_before_the_first_step(images, batch_size, agreement, refused):
    loader = torch.utils.data.DataLoader(range(images), batch_size=batch_size)
    runner = SimpleNamespace(
        model=SimpleNamespace(agreement=agreement), train_dataloader=loader, world_size=1, max_iters=len(loader)
    )
    if refused:
        with pytest.raises(ValueError, match='expected at least 2 images .* got 1'):
            DataCheckHook().before_train(runner)
    else:
        DataCheckHook().before_train(runner)
    loader = torch.utils.data.DataLoader(range(13), batch_size=4, drop_last=True)
    runner.train_dataloader = loader
    DataCheckHook().before_train(runner)


def test_fewer_images_than_a_batch_are_told_before_the_schedule_is_made(tmp_path):
    """Of a schedule that goes by epochs and counts steps, which the host makes first."""
    for split in ('train', 'test'):
        for name in ('a', 'b'):
            folder = tmp_path / 'data' / split / name
            folder.mkdir(parents=True)
            cv2.imwrite(str(folder / '0.png'), np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match='expected at least one step in an epoch, got none: 2 images are fewer'):
        train(
            'configs/demo/pretrain_baseline.py',
            work_dir=str(tmp_path / 'run'),
            options={'data_root': str(tmp_path / 'data'), 'train_dataloader.num_workers': 0},
        )
