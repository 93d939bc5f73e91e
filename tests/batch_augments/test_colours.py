"""Colour jitter and lighting of the ImageNet recipes: order, channels, and no limit at white."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image, ImageEnhance
from torchvision.transforms import ColorJitter

from agmax_mm.functional import pca_lighting
from agmax_mm.registry import BATCH_AUGMENTS, TRANSFORMS

CONFIG = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets' / 'imagenet_aa.py'


@pytest.fixture
def steps():
    """The training pipeline's steps by name, in order: to PIL, then those of a view."""
    pipeline = Config.fromfile(CONFIG).train_dataloader.dataset.pipeline
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return {step.type: TRANSFORMS.build(step) for step in [pipeline[1], *pipeline[2].transforms]}


def test_order(steps):
    assert [name.split('/')[-1].split('.')[-1] for name in steps] == [
        'NumpyToPIL',
        'RandomResizedCrop',
        'RandomHorizontalFlip',
        'AutoAugment',
        'ColorJitter',
        'PILToNumpy',
    ]


def test_jitter_works_on_rgb(steps):
    """Strengths within 0.6 to 1.4, in a random order, each by PIL on the RGB image; BGR arrays in and out."""
    photo = Image.fromarray(skimage.data.astronaut()[20:84, 180:244])
    enhancers = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]
    orders = set()
    for seed in range(20):
        results = {'img': np.asarray(photo)[..., ::-1].copy()}
        torch.manual_seed(seed)
        for name in ('NumpyToPIL', 'torchvision/ColorJitter', 'PILToNumpy'):
            results = steps[name](results)
        torch.manual_seed(seed)
        order, *factors, _ = ColorJitter.get_params([0.6, 1.4], [0.6, 1.4], [0.6, 1.4], None)
        expected = photo
        for index in order.tolist():
            if index < 3:  # the fourth is the hue
                expected = enhancers[index](expected).enhance(factors[index])
        assert np.array_equal(results['img'][..., ::-1], np.asarray(expected))
        orders.add(tuple(index for index in order.tolist() if index < 3))
    assert len(orders) > 3


@pytest.mark.parametrize('grey', [0, 255])
def test_lighting_goes_beyond_black_and_white(grey):
    """In the papers' own words: the shift is added to the image in [0, 1], unclamped, before normalisation."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
    images = (torch.full((64, 3, 2, 2), float(grey)) - mean) / std
    before = images.clone()
    lighting = BATCH_AUGMENTS.build(dict(type='agmax_mm.PCALighting', alpha_std=0.1))
    torch.manual_seed(0)
    result = lighting(images, std)
    torch.manual_seed(0)
    shift = pca_lighting(64, alpha_std=0.1)[:, :, None, None]
    expected = (grey / 255 + shift - mean / 255) / (std / 255)
    torch.testing.assert_close(result, expected.expand_as(result), atol=1e-5, rtol=1e-5)
    pixels = result * std + mean
    assert pixels.min() < grey < pixels.max()
    assert (pixels - grey).abs().max() < 0.1 * 255 * 4 * 0.3  # no wrap-around
    assert torch.equal(images, before)


def test_bad_strength():
    with pytest.raises(ValueError, match='PCALighting.alpha_std: expected a number of at least 0, got -1'):
        BATCH_AUGMENTS.build(dict(type='agmax_mm.PCALighting', alpha_std=-1))
