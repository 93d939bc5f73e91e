"""The paper's eight combinations, by the recipes' own pipelines and preprocessors, on photographs: what they do."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from mmengine.dataset import default_collate
from mmengine.registry import DefaultScope
from PIL import Image

from agmax_mm.datasets.transforms.auto_augment import POLICIES
from agmax_mm.engine.config import load_config
from agmax_mm.registry import DATASETS, MODELS

CONFIGS = Path(__file__).parents[2] / 'configs' / 'agmax'
AUGMENTATIONS = ['standard', 'cutout', 'mixup', 'cutmix', 'aa', 'cutout_aa', 'mixup_aa', 'cutmix_aa']
RECIPES = [
    *((augmentation, f'wrn40-2_{augmentation}_200e_cifar10') for augmentation in AUGMENTATIONS),
    *((augmentation, f'resnet50_{augmentation}_90e') for augmentation in AUGMENTATIONS),
]
IMAGES = 4
# Inverting twice is nothing; both policies draw as often, so that what follows them is the same.
IDENTITY = [[('Invert', 1.0, 5), ('Invert', 1.0, 5)]]
POSTERISED_NEGATIVE = [[('Invert', 1.0, 5), ('Posterize', 1.0, 0)]]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Both data sets in the layouts that the recipes expect, with one class per image."""
    root = tmp_path_factory.mktemp('data')
    photos = [Image.fromarray(photo) for photo in (skimage.data.astronaut(), skimage.data.chelsea())]
    photos += [Image.fromarray(skimage.data.coffee()), Image.fromarray(skimage.data.rocket())]
    batches = root / 'cifar10' / 'cifar-10-batches-py'
    batches.mkdir(parents=True)
    pixels = [np.asarray(photo.resize((32, 32))).transpose(2, 0, 1) for photo in photos]
    for index in range(1, 6):
        content = {'data': np.stack(pixels).reshape(IMAGES, -1), 'labels': list(range(IMAGES))}
        (batches / f'data_batch_{index}').write_bytes(pickle.dumps(content))
    for index, photo in enumerate(photos):
        folder = root / 'imagenet' / 'train' / f'n{index:08d}'
        folder.mkdir(parents=True)
        photo.resize((256, 240)).save(folder / 'photo.JPEG', quality=95)
    return root


def _views(dataset, policy, monkeypatch):
    """A collated batch, with AutoAugment reduced to one policy."""
    for name in POLICIES:
        monkeypatch.setitem(POLICIES, name, policy)
    np.random.seed(1)
    torch.manual_seed(1)
    return default_collate([dataset[index] for index in range(IMAGES)])


def _preprocess(config, batch, **changes):
    options = {'num_classes': config.model.head.num_classes, **config.data_preprocessor, **changes}
    preprocessor = MODELS.build(options)
    np.random.seed(1)  # the coin falls on mixing
    torch.manual_seed(2)
    out = preprocessor({'inputs': batch['inputs'], 'data_samples': batch['data_samples']}, training=True)
    scores = [sample.gt_score[:IMAGES] for sample in out['data_samples'] if 'gt_score' in sample]
    return out['inputs'].double(), torch.stack(scores).double() if scores else None


@pytest.mark.parametrize(('augmentation', 'recipe'), RECIPES)
def test_effect(augmentation, recipe, data, monkeypatch):
    config = load_config(str(CONFIGS / f'{recipe}.py'))
    cifar = 'cifar' in recipe
    options = config.train_dataloader.dataset
    options.data_root = str(data / ('cifar10' if cifar else 'imagenet'))
    for step in options.pipeline[-2].transforms:
        if step.type == 'agmax_mm.ColorJitter':
            step.update(brightness=0, contrast=0, saturation=0)  # follows AutoAugment and would hide it
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = DATASETS.build(options)
        batch = _views(dataset, IDENTITY, monkeypatch)
        changed = _views(dataset, POSTERISED_NEGATIVE, monkeypatch)
        views = torch.cat(batch['inputs'])
        assert not torch.equal(*batch['inputs'])

        # AutoAugment, where it is named, is the last step but for the colour jitter, and touches both views.
        expected = (255 - views) & 0xF0 if augmentation.endswith('aa') else views
        assert torch.equal(torch.cat(changed['inputs']), expected)

        result, scores = _preprocess(config, batch)
        clean, _ = _preprocess(config, batch, batch_augments=None)

    # Normalised RGB out of BGR, and on ImageNet one shift of colour per view, in both directions and unclamped.
    mean, std = (torch.tensor(config.data_preprocessor[key]).double().view(3, 1, 1) for key in ('mean', 'std'))
    shifts = (clean - (views.flip(1).double() - mean) / std).flatten(2)
    erased = (clean == 0).all(dim=1)
    kept = ~erased.flatten(1)
    for shift, mask in zip(shifts, kept, strict=True):
        first = shift[:, int(mask.nonzero()[0])]
        assert (shift - first[:, None])[:, mask].abs().max() < 1e-5
        assert (first.abs() > 1e-4).all() != cifar

    # CutOut leaves zeros, one box per view; nothing else does.
    half = (16 if cifar else 112) // 2
    if augmentation.startswith('cutout'):
        for mask in erased:
            rows, columns = mask.any(1).sum(), mask.any(0).sum()
            assert mask.sum() == rows * columns
            assert half <= rows <= 2 * half
            assert half <= columns <= 2 * half
        assert len({mask.nonzero()[0].numpy().tobytes() for mask in erased}) > IMAGES
    else:
        assert not erased.any()

    # Mixing: pixels and labels by the same shares, which differ between the views.
    if not augmentation.startswith(('mixup', 'cutmix')):
        assert scores is None
        assert torch.equal(result, clean)
        return
    ratios = []
    for rows, mixed, plain in zip(scores.chunk(2), result.chunk(2), clean.chunk(2), strict=True):
        ratios.append(rows.diagonal().min().item())
        assert 0 < ratios[-1] < 1
        for index, row in enumerate(rows):
            if augmentation.startswith('mixup'):
                blend = torch.einsum('k,kchw->chw', row, plain)
                torch.testing.assert_close(mixed[index], blend, atol=1e-5, rtol=1e-5)
            else:
                # Padding is black in all images, so some pixels could be of either.
                partner = int(row.clone().index_fill_(0, torch.tensor(index), 0).argmax())
                mine, theirs = ((mixed[index] == plain[owner]).all(dim=0) for owner in (index, partner))
                assert (mine | theirs).all()
                share = row[index].item() * mine.numel()
                assert (mine & ~theirs).sum().item() - 0.01 <= share <= mine.sum().item() + 0.01
    assert abs(ratios[0] - ratios[1]) > 1e-3
