import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpretrain.structures import DataSample

from agmax_mm.batch_augments import CutMix
from agmax_mm.models import TwoViewDataPreprocessor

MEAN, STD = [120.0, 110.0, 100.0], [60.0, 55.0, 50.0]
CLASSES = 8


def _preprocessor(**options):
    return TwoViewDataPreprocessor(mean=MEAN, std=STD, to_rgb=True, num_classes=CLASSES, **options)


def _items(images=8, side=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        {
            'inputs': [torch.randint(256, (3, side, side), generator=generator, dtype=torch.uint8) for _ in range(2)],
            'data_samples': DataSample(metainfo={'sample_idx': index}).set_gt_label(index % CLASSES),
        }
        for index in range(images)
    ]


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_order_normalisation_and_labels(collate):
    items = _items()
    out = _preprocessor()(collate(copy.deepcopy(items)), training=True)
    assert out['inputs'].shape == (16, 3, 16, 16)
    for view in range(2):
        for index, item in enumerate(items):
            bgr = item['inputs'][view].double()
            for channel in range(3):  # RGB, out of BGR
                expected = (bgr[2 - channel] - MEAN[channel]) / STD[channel]
                got = out['inputs'][view * 8 + index, channel]
                torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-6)
            sample = out['data_samples'][view * 8 + index]
            assert sample.gt_label.tolist() == [index % CLASSES]
            assert sample.sample_idx == index


def test_one_coin_and_a_draw_per_view():
    """Both views are mixed or neither; when they are, each has its own ratio, partners and box."""
    np.random.seed(0)
    torch.manual_seed(0)
    preprocessor = _preprocessor(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5]))
    plain = _preprocessor()
    coins, same = [], 0
    steps = 400
    for step in range(steps):
        batch = default_collate(_items(seed=step))
        out = preprocessor(copy.deepcopy(batch), training=True)
        scores = torch.stack([sample.gt_score for sample in out['data_samples']])
        a, b = scores.chunk(2)
        mixed = [bool((view.max(1).values < 1).any()) for view in (a, b)]
        clean = plain(copy.deepcopy(batch), training=True)['inputs']
        touched = [not torch.equal(x, y) for x, y in zip(out['inputs'].chunk(2), clean.chunk(2), strict=True)]
        if not any(touched):
            coins.append(0)
            assert not any(mixed)
            continue
        coins.append(1)
        same += int(torch.equal(a, b))
        torch.testing.assert_close(scores.sum(1), torch.ones(16))
    assert np.mean(coins) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(steps))
    assert same < 0.1 * sum(coins)
    # An empty box, or a batch of self-partners, leaves a view as it was; with one coin per view half of the mixed
    # steps would touch only one of them.


def test_a_coin_is_shared_by_both_views():
    class Recorder:
        def __init__(self):
            self.calls = 0

        def __call__(self, images, scores):
            self.calls += 1
            return images, scores

    recorder = Recorder()
    preprocessor = _preprocessor(batch_augments=dict(augments=[recorder], probs=[0.5]))
    np.random.seed(1)
    calls = []
    for step in range(60):
        recorder.calls = 0
        preprocessor(default_collate(_items(images=2, seed=step)), training=True)
        calls.append(recorder.calls)
    assert set(calls) == {0, 2}


def test_mixing_pairs_pixels_with_their_labels_in_each_view():
    torch.manual_seed(0)
    preprocessor = _preprocessor(batch_augments=dict(augments=[CutMix()], probs=[1.0]))
    items = _items()
    for index, item in enumerate(items):  # constant images: the value tells whose pixel it is
        item['inputs'] = [torch.full((3, 16, 16), 30 * index, dtype=torch.uint8)] * 2
    out = preprocessor(default_collate(items), training=True)
    for row, sample in zip(out['inputs'], out['data_samples'], strict=True):
        owner = ((row[0] * STD[0] + MEAN[0]) / 30).round()
        shares = torch.stack([(owner == index).float().mean() for index in range(CLASSES)])
        torch.testing.assert_close(sample.gt_score, shares, atol=1e-5, rtol=0)


def test_nothing_is_augmented_outside_of_training():
    preprocessor = _preprocessor(
        batch_augments=dict(augments=[dict(type='agmax_mm.CutMix')], probs=[1.0]),
        image_augments=[dict(type='agmax_mm.PCALighting')],
    )
    batch = default_collate(_items())
    out = preprocessor(copy.deepcopy(batch), training=False)
    assert torch.equal(out['inputs'], _preprocessor()(copy.deepcopy(batch), training=False)['inputs'])


def test_lighting_shifts_each_image_as_a_whole_and_before_normalisation():
    torch.manual_seed(0)
    batch = default_collate(_items())
    plain = _preprocessor()(copy.deepcopy(batch), training=True)['inputs']
    preprocessor = _preprocessor(image_augments=[dict(type='agmax_mm.PCALighting', alpha_std=0.1)])
    shifts = preprocessor(copy.deepcopy(batch), training=True)['inputs'] - plain
    per_image = shifts.flatten(2)
    torch.testing.assert_close(per_image, per_image[..., :1].expand_as(per_image), atol=1e-5, rtol=0)
    torch.manual_seed(0)
    from agmax_mm.functional import pca_lighting

    expected = pca_lighting(16, alpha_std=0.1) * 255 / torch.tensor(STD)
    torch.testing.assert_close(per_image[..., 0], expected, atol=1e-5, rtol=1e-4)


def test_a_config_can_be_built_twice():
    augments = dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5])
    for _ in range(2):
        assert _preprocessor(batch_augments=augments).batch_augments.probs == [0.5, 0.5]
    assert augments == dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5])


def test_bad_labels_are_named():
    preprocessor = _preprocessor(batch_augments=dict(augments=[CutMix()], probs=[1.0]))
    items = _items()
    items[3]['data_samples'].set_gt_label(CLASSES)
    with pytest.raises(ValueError, match=r'expected labels of 0 to 7, got \[8\] for sample 3'):
        preprocessor(default_collate(items), training=True)


@pytest.mark.parametrize('mixed', [True, False])
def test_samples_are_those_that_the_host_would_make(mixed):
    """The samples of a view hold what the host's own setters write, and what is set on them stays theirs."""
    options = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix')], probs=[1.0])) if mixed else {}
    preprocessor = _preprocessor(**options)
    views = [torch.randint(256, (4, 3, 8, 8), dtype=torch.uint8) for _ in range(2)]
    given = [DataSample(metainfo={'img_path': f'{index}.png'}).set_gt_label(index % 3) for index in range(4)]
    made = preprocessor({'inputs': views, 'data_samples': given}, training=True)['data_samples']
    assert len(made) == 8
    for index, sample in enumerate(made):
        expected = DataSample(metainfo={'img_path': f'{index % 4}.png', 'num_views': 2}).set_gt_label(index % 4 % 3)
        if mixed:
            expected.set_gt_score(sample.gt_score)
        assert sample.to_dict().keys() == expected.to_dict().keys()
        assert sample.metainfo == expected.metainfo
        assert sample.gt_label.tolist() == expected.gt_label.tolist()
        assert set(sample.keys()) == set(expected.keys())
    made[0].set_metainfo({'img_path': 'other.png'})
    assert given[0].img_path == made[4].img_path == '0.png'
