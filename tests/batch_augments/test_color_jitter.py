"""The colour jitter on normalised batches: draws, inverse normalisation, and its switch."""

import pytest
import torch

from agmax_mm.batch_augments import FloatColorJitter
from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.engine.options import parse_options
from agmax_mm.registry import MODELS

MEANS = [123.675, 116.28, 103.53]
MEAN = torch.tensor(MEANS)[:, None, None]
STD = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
IMAGENET = 'configs/cutmix/resnet50_cutmix_300e.py'


def test_brightness_is_that_of_the_pixels_and_its_own_for_each_image():
    torch.manual_seed(0)
    pixels = torch.full((4000, 3, 1, 1), 200.0)
    changed = FloatColorJitter(MEANS, 0.4, 0.0, 0.0)((pixels - MEAN) / STD, STD) * STD + MEAN
    factors = (changed / 200.0).mean((1, 2, 3))
    torch.testing.assert_close(changed, 200.0 * factors[:, None, None, None].expand_as(changed), rtol=1e-4, atol=1e-3)
    # Uniform in [0.6, 1.4]: mean 1, variance 0.8^2 / 12.
    assert 0.6 <= factors.min() < 0.605
    assert 1.395 < factors.max() <= 1.4001
    assert abs(factors.mean() - 1) < 0.02
    assert abs(factors.var() - 0.8**2 / 12) < 0.003


def test_widths_of_0_change_nothing():
    images = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(FloatColorJitter(MEANS, 0, 0, 0)(images, STD), images, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r'FloatColorJitter\.saturation: expected a number of at least 0, got -1'):
        FloatColorJitter(MEANS, saturation=-1)


def test_the_switch_moves_the_jitter_from_the_pictures_to_the_batch():
    config = load_config(IMAGENET, parse_options(['jitter=float']))
    prepare_config(config, world_size=1)
    steps = config.train_dataloader.dataset.pipeline[1].transforms
    assert [step.type for step in steps] == ['agmax_mm.RandomResizedCrop', 'agmax_mm.RandomMirror']
    augments = config.data_preprocessor.image_augments
    widths = {'brightness': 0.4, 'contrast': 0.4, 'saturation': 0.4}
    assert [dict(augment) for augment in augments] == [
        {'type': 'agmax_mm.FloatColorJitter', 'mean': MEANS, **widths},
        {'type': 'agmax_mm.PCALighting', 'alpha_std': 0.1},
    ]
    assert 'jitter' not in config


def test_black_stays_black_in_the_preprocessor_of_the_recipe():
    config = load_config(IMAGENET, parse_options(['jitter=float']))
    prepare_config(config, world_size=1)
    config.data_preprocessor.image_augments[0].update(contrast=0.0, saturation=0.0)
    config.data_preprocessor.update(image_augments=config.data_preprocessor.image_augments[:1], batch_augments=None)
    preprocessor = MODELS.build(config.data_preprocessor)
    black = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    made = preprocessor({'inputs': black}, training=True)['inputs']
    torch.testing.assert_close(made, (-MEAN / STD).expand(2, 3, 4, 4), rtol=1e-4, atol=1e-4)


def test_other_values_and_other_recipes_are_refused():
    with pytest.raises(ValueError, match="jitter: expected True, False or 'float', got 'maybe'"):
        prepare_config(load_config(IMAGENET, parse_options(['jitter=maybe'])), world_size=1)
    cifar = 'configs/cutmix/pyramidnet200_cutmix_300e_cifar100.py'
    with pytest.raises(ValueError, match='jitter: expected a recipe with one colour jitter, got one with 0'):
        prepare_config(load_config(cifar, parse_options(['jitter=float'])), world_size=1)
