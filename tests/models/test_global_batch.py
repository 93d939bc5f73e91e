"""A classifier on several processes trains as on one: the loss, and the gradient of every parameter."""

import pytest
import torch
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from agmax_mm.functional import distributed, joint
from agmax_mm.models import AgMaxClassifier
from agmax_mm.models.agreements import AGREEMENTS
from tests.ranks import run_ranks

IMAGES, CLASSES, WIDTH = 8, 5, 6
KINDS = [name for name in AGREEMENTS if name != 'none']
WORLD_SIZES = [1, 2, 4, 8]


class _Backbone(nn.Sequential):
    """No batch normalisation: that has statistics of its own, which SyncBN is for."""

    def __init__(self):
        super().__init__(nn.Conv2d(3, WIDTH, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        return (super().forward(x),)


class _Loss(nn.Module):
    """What DistributedDataParallel wraps: images in, the objective's terms out."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(0)
        head = LinearClsHead(CLASSES, WIDTH, init_cfg=[])
        self.classifier = AgMaxClassifier(_Backbone(), head=head, agreement=kind).double()
        # As confident as a trained one, so that the statistics of a part differ from those of the whole.
        self.classifier.head.fc.weight.data *= 30

    def forward(self, images, samples):
        losses = self.classifier.loss(images, samples)
        return self.classifier.parse_losses(losses)[0]


def _part(rank, world_size):
    """A rank's images, all of view A first, and their samples."""
    generator = torch.Generator().manual_seed(1)
    views = torch.randn(2, IMAGES, 3, 5, 5, generator=generator, dtype=torch.float64)
    rows = range(rank * IMAGES // world_size, (rank + 1) * IMAGES // world_size)
    images = views[:, rows.start : rows.stop].flatten(0, 1)
    return images, [DataSample(metainfo={'num_views': 2}).set_gt_label(row % CLASSES) for row in rows] * 2


def _train(model, rank=0, world_size=1):
    """The objective, and the gradient of every parameter by name."""
    loss = model(*_part(rank, world_size))
    loss.backward()
    gradients = {name.removeprefix('module.'): parameter.grad for name, parameter in model.named_parameters()}
    return loss.detach(), gradients


def _worker(rank, world_size):
    results = {kind: _train(DistributedDataParallel(_Loss(kind)), rank, world_size) for kind in KINDS}
    # The mistake to tell apart: the right sum, with the gradient of this rank's share alone.
    distributed.gradient_factor = joint.gradient_factor = lambda group: 1
    return results, {kind: _train(DistributedDataParallel(_Loss(kind)), rank, world_size) for kind in ('mi', 'mi_qnet')}


@pytest.fixture(scope='module', params=WORLD_SIZES)
def ranks(request, tmp_path_factory):
    return run_ranks(_worker, request.param, tmp_path_factory.mktemp('ranks'), request.param)


@pytest.mark.parametrize('kind', KINDS)
def test_processes_equal_one(kind, ranks):
    loss, gradients = _train(_Loss(kind))
    mean = torch.stack([results[kind][0] for results, _ in ranks]).mean()
    torch.testing.assert_close(mean, loss, rtol=1e-10, atol=0)
    assert len(gradients) >= 4
    for results, _ in ranks:
        assert results[kind][1].keys() == gradients.keys()
        for name, gradient in gradients.items():
            scale = gradient.abs().max().item()
            assert scale > 0, name
            torch.testing.assert_close(results[kind][1][name], gradient, rtol=1e-10, atol=1e-10 * scale)


@pytest.mark.parametrize('kind', ['mi', 'mi_qnet'])
def test_the_gradient_of_a_share_would_not(kind, ranks):
    """It leaves the statistics' part of the gradient too small by the number of ranks."""
    _, gradients = _train(_Loss(kind))
    without = _Loss(kind)
    without.classifier.agreement.loss_weight = 0.0
    _, cross_entropy = _train(without)
    worst = 0.0
    for _, plain in ranks:
        name = 'classifier.head.fc.weight'
        agreement = gradients[name] - cross_entropy[name]
        got = plain[kind][1][name] - cross_entropy[name]
        if kind == 'mi':
            torch.testing.assert_close(got * len(ranks), agreement, rtol=1e-8, atol=1e-12)
        worst = max(worst, ((got - agreement).norm() / agreement.norm()).item())
    assert (worst > 0.05) == (len(ranks) > 1)
    assert distributed.gradient_factor(None) == 1
    assert joint.gradient_factor is distributed.gradient_factor  # only the ranks made the mistake
