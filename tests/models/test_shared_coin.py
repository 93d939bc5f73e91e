"""On several processes the batch is one: all mix in the same steps, each with its own partners and boxes."""

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample

from agmax_mm.models import FeatureMix, TwoViewDataPreprocessor
from tests.ranks import run_ranks

STEPS = 40


def _worker(rank, augment, prob, views):
    # As a run's ranks are seeded: differently.
    np.random.seed(rank)
    torch.manual_seed(rank)
    preprocessor = TwoViewDataPreprocessor(
        num_classes=4, batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', **augment)], probs=[prob])
    )
    # One image a class, so that rows tell whether and how they were mixed.
    items = [
        {
            'inputs': [torch.zeros(3, 16, 16, dtype=torch.uint8)] * views if views > 1 else torch.zeros(3, 16, 16),
            'data_samples': DataSample().set_gt_label(label),
        }
        for label in range(4)
    ]
    mixed, scores = [], []
    for _ in range(STEPS):
        samples = preprocessor(default_collate(items), training=True)['data_samples']
        score = torch.stack([sample.gt_score for sample in samples])
        mixed.append(bool((score.max(dim=1).values < 1).any()))
        scores.append(score.tolist())
    return mixed, scores


@pytest.mark.parametrize('views', [1, 2])
@pytest.mark.parametrize(('augment', 'prob'), [({}, 0.5), (dict(prob=0.5), 1.0)], ids=['probs', 'prob'])
def test_ranks_mix_in_the_same_steps(augment, prob, views, tmp_path):
    (mixed, scores), (other_mixed, other_scores) = run_ranks(_worker, 2, tmp_path, augment, prob, views)
    assert 8 < sum(mixed) < 32
    # An empty box or a batch of self-partners leaves a mixed step unmixed on one rank, but seldom.
    assert sum(one != other for one, other in zip(mixed, other_mixed, strict=True)) <= 2
    both = [index for index in range(STEPS) if mixed[index] and other_mixed[index]]
    assert any(scores[index] != other_scores[index] for index in both)


def _features(rank, with_hook):
    """Where each step mixes, by a coin and a drawn layer."""
    np.random.seed(rank)
    torch.manual_seed(rank)
    mix = FeatureMix(dict(type='agmax_mm.CutMix', prob=0.5), layers=[0, 1, 2, 3])
    hub, drawn = MessageHub.get_current_instance(), []
    if with_hook:
        hub.update_info('shared_seed', 5)
    preprocessor = TwoViewDataPreprocessor(
        num_classes=4, batch_augments=dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5])
    )
    for step in range(STEPS):
        hub.update_info('iter', step)
        draw = mix.draw('cpu')
        drawn.append((None if draw is None else draw[0], preprocessor._draw_mixing() is not None))
    return drawn


@pytest.mark.parametrize('with_hook', [False, True])
def test_ranks_mix_the_same_layers(with_hook, tmp_path):
    drawn, other = run_ranks(_features, 2, tmp_path, with_hook)
    assert drawn == other
    layers = [layer for layer, _ in drawn]
    assert set(layers) == {None, 0, 1, 2, 3}
    assert 8 < layers.count(None) < 32
    # Coins of their own: not always, nor never, do images and features fall alike.
    assert 8 < sum((layer is not None) == image for layer, image in drawn) < 32


def _resumed(rank, start):
    """The coins of the steps from ``start`` on, in a run whose hook noted seed and step."""
    np.random.seed(rank)
    preprocessor = TwoViewDataPreprocessor(
        num_classes=4, batch_augments=dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5])
    )
    hub = MessageHub.get_current_instance()
    hub.update_info('shared_seed', 5)
    coins = []
    for step in range(start, STEPS):
        hub.update_info('iter', step)
        coins.append(preprocessor._draw_mixing() is not None)
    return coins


def test_a_resumed_run_tosses_the_same_coins(tmp_path):
    folders = [tmp_path / name for name in ('whole', 'rest')]
    for folder in folders:
        folder.mkdir()
    whole, other = run_ranks(_resumed, 2, folders[0], 0)
    rest, _ = run_ranks(_resumed, 2, folders[1], 20)
    assert whole == other
    assert rest == whole[20:]
    assert 8 < sum(whole) < 32
