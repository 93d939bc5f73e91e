"""A batch of a single image, of which nothing can be learnt, is found before training."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from agmax_mm.engine.hooks import DataCheckHook


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
