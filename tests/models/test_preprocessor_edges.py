"""Soft labels through the preprocessor, CutMix's centres at the border, and when dropout is active."""

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.structures import DataSample

from agmax_mm.functional import cutmix_bbox
from agmax_mm.models import TwoViewDataPreprocessor, WideResNet

CLASSES, IMAGES, SIDE = 4, 6, 16
CUTMIX = dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0])


def _soft_scores():
    return torch.rand(IMAGES, CLASSES, generator=torch.Generator().manual_seed(0)).softmax(dim=1)


def _soft_batch():
    """Constant images, 30 times their index, each with class probabilities of its own."""
    return default_collate(
        [
            {
                'inputs': [torch.full((3, SIDE, SIDE), 30 * index, dtype=torch.uint8)] * 2,
                'data_samples': DataSample(metainfo={'sample_idx': index}).set_gt_score(score),
            }
            for index, score in enumerate(_soft_scores())
        ]
    )


def _run(training=True, **options):
    preprocessor = TwoViewDataPreprocessor(mean=[0.0] * 3, std=[30.0] * 3, num_classes=CLASSES, **options)
    out = preprocessor(_soft_batch(), training=training)
    assert len(out['data_samples']) == len(out['inputs']) == 2 * IMAGES
    assert [sample.sample_idx for sample in out['data_samples']] == 2 * list(range(IMAGES))
    assert not any('gt_label' in sample for sample in out['data_samples'])
    return out['inputs'], torch.stack([sample.gt_score for sample in out['data_samples']]).chunk(2)


@pytest.mark.parametrize(
    'options',
    [dict(), dict(to_onehot=True), dict(batch_augments=CUTMIX, training=False)],
    ids=['plain', 'onehot', 'evaluation'],
)
def test_soft_labels_are_kept_for_each_view(options):
    _, views = _run(**options)
    for scores in views:
        assert torch.equal(scores, _soft_scores())


def test_soft_labels_are_mixed_by_area_in_each_view():
    torch.manual_seed(0)
    np.random.seed(0)
    inputs, views = _run(batch_augments=CUTMIX)
    owners = inputs[:, 0].round()
    shares = torch.stack([(owners == index).flatten(1).float().mean(dim=1) for index in range(IMAGES)], dim=1)
    torch.testing.assert_close(torch.cat(views), shares @ _soft_scores(), rtol=0, atol=1e-6)
    for scores in views:
        assert not torch.allclose(scores, _soft_scores(), atol=1e-3)
    assert not torch.allclose(*views, atol=1e-3)


def test_cutmix_centres_are_uniform_to_the_last_row_and_column():
    """With both half sides 1 the box ends right after its centre's row and column, at the border too."""
    height, width, draws = 8, 12, 6000
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(height, width)
    for _ in range(draws):
        y1, y2, x1, x2 = cutmix_bbox(height, width, 1 - 0.25**2, generator=generator)
        assert (y1, x1) == (max(y2 - 2, 0), max(x2 - 2, 0))
        counts[y2 - 1, x2 - 1] += 1
    for side, marginal in ((height, counts.sum(1)), (width, counts.sum(0))):
        share = 1 / side
        allowed = 5 * (draws * share * (1 - share)) ** 0.5
        torch.testing.assert_close(marginal, torch.full((side,), draws * share), rtol=0, atol=allowed)
    assert (counts > 0).all()  # corners too: rows and columns are drawn apart


def _inner(network, images):
    """What the first block's second convolution gets."""
    seen = []
    handle = network.layer1[0].conv2.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    network(images)
    handle.remove()
    return seen[0]


def test_dropout_is_active_in_training_alone():
    torch.manual_seed(0)
    dropping, plain = WideResNet(10, 2, drop_rate=0.5), WideResNet(10, 2)
    plain.load_state_dict(dropping.state_dict())
    images = torch.randn(4, 3, 16, 16)

    kept, full = _inner(dropping.train(), images), _inner(plain.train(), images)
    active = full > 0
    dropped = kept[active] == 0
    assert dropped.float().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / int(active.sum()) ** 0.5)
    torch.testing.assert_close(kept[active][~dropped], 2 * full[active][~dropped])

    plain.load_state_dict(dropping.state_dict())
    with torch.no_grad():
        assert torch.equal(dropping.eval()(images)[0], plain.eval()(images)[0])
        assert not torch.equal(dropping.train()(images)[0], plain.train()(images)[0])
