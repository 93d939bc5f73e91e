"""The modern recipe: what torchvision's options say, and a twin that differs in views and agreement alone."""

import numpy as np
import torch
from mmpretrain.registry import TRANSFORMS

from agmax_mm.engine.config import load_config, prepare_config


def _config(name):
    config = load_config(f'configs/modern/{name}.py')
    prepare_config(config, world_size=1)
    return config.to_dict()


def _flat(value, key=''):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {} if items else {key: value}
    for name, item in items:
        found |= _flat(item, f'{key}.{name}')
    return found


def test_the_twin_differs_in_views_and_agreement_alone():
    plain, agmax = (_flat(_config(name)) for name in ('resnet50_600e', 'resnet50_600e_agmax'))
    differing = {key for key in plain.keys() | agmax.keys() if plain.get(key) != agmax.get(key)}
    assert all('agreement' in key or key.endswith('.num_views') for key in differing), differing
    assert any(key.endswith('.num_views') for key in differing)


def test_the_average_of_the_weights_is_torchvision_s():
    """Its reference script: alpha = (1 - decay) * (processes * images * steps / epochs), from the warm-up on."""
    (hook,) = _config('resnet50_600e')['custom_hooks']
    assert abs(hook['momentum'] - (1 - 0.99998) * 8 * 128 * 32 / 600) < 5e-6
    assert (hook['interval'], hook['begin_epoch']) == (32, 5)


def test_views_are_crops_of_176_pixels_in_8_bits_of_the_same_colours():
    """An image that is blue all over is still so where the augmentations leave it alone: no channels are swapped."""
    (step,) = [
        step for step in _config('resnet50_600e')['train_dataloader']['dataset']['pipeline'] if 'transforms' in step
    ]
    transforms = [TRANSFORMS.build(dict(part)) for part in step['transforms']]
    torch.manual_seed(0)
    np.random.seed(0)
    blue = 0
    for _ in range(40):
        results = {'img': np.full((200, 240, 3), (230, 40, 20), np.uint8), 'img_shape': (200, 240)}
        for part in transforms:
            results = part(results)
        assert (results['img'].shape, results['img'].dtype) == ((176, 176, 3), np.uint8)
        blue += bool((results['img'] == (230, 40, 20)).all(axis=2).mean() > 0.5)
    assert blue > 10
