"""A training step never waits for the GPU, so that the next one is prepared while it computes."""

from __future__ import annotations

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.registry import MODELS

pytestmark = pytest.mark.gpu

MIXING = {
    'none': {},
    'CutMix': {'batch_augments': {'augments': [{'type': 'agmax_mm.CutMix', 'alpha': 1.0}], 'probs': [1.0]}},
    'MixUp': {'batch_augments': {'augments': [{'type': 'agmax_mm.MixUp', 'alpha': 1.0}], 'probs': [1.0]}},
    'CutOut': {'image_augments': [{'type': 'agmax_mm.CutOut', 'length': 8}]},
}


def model_of(agreement, views, options):
    preprocessor = {'type': 'agmax_mm.TwoViewDataPreprocessor', 'mean': [120.0] * 3, 'std': [60.0] * 3}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(
            {
                'type': 'agmax_mm.AgMaxClassifier',
                'backbone': {'type': 'agmax_mm.WideResNet', 'depth': 10, 'widen_factor': 1},
                'neck': {'type': 'GlobalAveragePooling'},
                'head': {'type': 'LinearClsHead', 'num_classes': 10, 'in_channels': 64},
                'agreement': agreement,
                'num_views': views,
                'data_preprocessor': {**preprocessor, 'num_classes': 10, **options},
            }
        ).cuda()


@pytest.mark.parametrize('mixing', MIXING)
@pytest.mark.parametrize('agreement', ['none', 'mi', 'mi_qnet', 'mse', 'kl', 'ce'])
def test_no_step_waits(mixing, agreement):
    model = model_of(agreement, 2, MIXING[mixing]).train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    views = [torch.randint(256, (8, 3, 16, 16), dtype=torch.uint8).pin_memory() for _ in range(2)]
    batch = {'inputs': views, 'data_samples': [DataSample().set_gt_label(index % 10) for index in range(8)]}
    model.train_step(batch, wrapper)  # libraries begin with waiting
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('error')
    try:
        logged = model.train_step(batch, wrapper)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert torch.isfinite(logged['loss'])


def test_batches_that_come_late_are_read_whole():
    """The copy to the GPU goes on while the process does: the step after it sees all of the batch."""
    model = model_of('none', 2, {})
    views = [torch.randint(256, (256, 3, 128, 128), dtype=torch.uint8).pin_memory() for _ in range(2)]
    busy = torch.randn(4096, 4096, device='cuda')
    for _ in range(20):
        busy = busy @ busy / 64
    images = model.data_preprocessor({'inputs': views}, training=True)['inputs']
    expected = (torch.cat(views).float() - 120) / 60
    torch.testing.assert_close(images.cpu(), expected)
