"""The registered agreement terms: their process group, their gradient paths, their monitors and their constants."""

import math

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from agmax_mm.functional import pair_entropy
from agmax_mm.models.agreements.pair_head import PairHead
from agmax_mm.registry import MODELS
from tests.ranks import run_ranks

IMAGES, CLASSES, FEATURES = 6, 5, 4
HALVES = [slice(0, 3), slice(3, 6)]  # equal: the consistency term is a plain mean, which the wrapper averages
KINDS = ['mi', 'mi_qnet']
MONITORS = {'mi': 'mutual_info', 'mi_qnet': 'entropy_pair'}


def _agreement(kind, **options):
    torch.manual_seed(0)
    if kind == 'mi':
        config = dict(type='agmax_mm.MutualInfoAgreement')
    else:
        head = dict(type='agmax_mm.PairHead', num_classes=CLASSES, hid_channels=7)
        config = dict(type='agmax_mm.PairEntropyAgreement', pair_head=head)
    return MODELS.build({**config, **options}).double()


class _Net(nn.Module):
    """Features of two views in, the term's outputs out."""

    def __init__(self, kind, **options):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(FEATURES, CLASSES, generator=generator, dtype=torch.float64))
        self.agreement = _agreement(kind, **options)

    def forward(self, a, b):
        return self.agreement([a @ self.weight, b @ self.weight])


def _views():
    generator = torch.Generator().manual_seed(1)
    return [2 * torch.randn(IMAGES, FEATURES, generator=generator, dtype=torch.float64) for _ in range(2)]


def _run(net, rows):
    """Outputs and the gradient of every parameter, by name."""
    outputs = net(*(view[rows] for view in _views()))
    sum(value for name, value in outputs.items() if 'loss' in name).backward()
    gradients = {name.removeprefix('module.'): parameter.grad for name, parameter in net.named_parameters()}
    return {name: value.detach() for name, value in outputs.items()}, gradients


def _worker(rank):
    return {
        (kind, global_batch): _run(DistributedDataParallel(_Net(kind, global_batch=global_batch)), HALVES[rank])
        for kind in KINDS
        for global_batch in (True, False)
    }


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    return run_ranks(_worker, 2, tmp_path_factory.mktemp('agreement'))


@pytest.mark.parametrize('kind', KINDS)
def test_two_processes_equal_one(kind, ranks):
    expected, expected_gradients = _run(_Net(kind), slice(None))
    batch_statistics = [name for name in expected if name not in ('loss_agreement_consistency', 'view_agreement')]
    assert MONITORS[kind] in batch_statistics
    assert len(batch_statistics) == 2
    for rank in range(2):
        outputs, gradients = ranks[rank][kind, True]
        for name in batch_statistics:
            torch.testing.assert_close(outputs[name], expected[name], rtol=1e-10, atol=0)
        assert gradients.keys() == expected_gradients.keys()
        for name, gradient in gradients.items():
            torch.testing.assert_close(gradient, expected_gradients[name], rtol=1e-10, atol=1e-14)
    for name in expected.keys() - set(
        batch_statistics
    ):  # means over images: those of the halves average to the whole's
        mean = torch.stack([ranks[rank][kind, True][0][name] for rank in range(2)]).mean()
        torch.testing.assert_close(mean, expected[name], rtol=1e-7 if name == 'view_agreement' else 1e-10, atol=0)


@pytest.mark.parametrize('kind', KINDS)
def test_without_the_global_batch_each_process_sees_its_own_images(kind, ranks):
    whole, _ = _run(_Net(kind), slice(None))
    monitor = MONITORS[kind]
    for rank in range(2):
        outputs, _ = ranks[rank][kind, False]
        alone, _ = _run(_Net(kind), HALVES[rank])
        torch.testing.assert_close(outputs[monitor], alone[monitor], rtol=1e-10, atol=0)
        assert abs((outputs[monitor] - whole[monitor]).item()) > 1e-3


@pytest.mark.parametrize('kind', KINDS)
def test_monitors_are_values_without_gradient_and_without_weight(kind):
    agreement = _agreement(kind, loss_weight=0.25)  # seeds what follows
    outputs = agreement([torch.randn(IMAGES, CLASSES, dtype=torch.float64, requires_grad=True) for _ in range(2)])
    monitors = {name for name in outputs if 'loss' not in name}
    assert monitors == {MONITORS[kind], 'view_agreement'}
    assert {name for name, value in outputs.items() if not value.requires_grad} == monitors
    term = next(value for name, value in outputs.items() if 'loss' in name)
    assert -0.25 * outputs[MONITORS[kind]].item() == pytest.approx(term.item(), rel=1e-12)


def test_gradients_reach_both_views_through_the_pair_head():
    torch.manual_seed(0)
    head = PairHead(CLASSES)
    a, b = (torch.randn(3, CLASSES, requires_grad=True) for _ in range(2))
    head(a, b).square().sum().backward()
    for logits in (a, b):
        assert (logits.grad.abs().sum(dim=1) > 1e-4).all()
    # Image by image: no row of the pair's logits depends on another image.
    a_grad, b_grad = torch.autograd.grad(head(a, b)[0].square().sum(), [a, b])
    for gradient in (a_grad, b_grad):
        assert (gradient[0] != 0).any()
        assert (gradient[1:] == 0).all()


def test_the_term_s_gradient_is_that_of_the_whole_path():
    """Numerical derivatives of the weighted objective, pair head included."""
    agreement = _agreement('mi_qnet')
    torch.manual_seed(1)
    a, b = (torch.randn(3, CLASSES, dtype=torch.float64, requires_grad=True) for _ in range(2))
    for name in ('loss_agreement_entropy', 'loss_agreement_consistency'):
        assert torch.autograd.gradcheck(lambda a, b, name=name: agreement([a, b])[name], (a, b))


@pytest.mark.parametrize(
    ('classes', 'hid_channels', 'parameters'),
    [
        (1000, 2048, 2000 * 2048 + 2048 + 2048 * 1000 + 1000),  # 6,147,048, as in the published ResNet-50 checkpoints
        (1000, None, 2000 * 4096 + 4096 + 4096 * 1000 + 1000),
        (100, None, 200 * 512 + 512 + 512 * 100 + 100),
        (10, None, 20 * 128 + 128 + 128 * 10 + 10),
    ],
)
def test_pair_head_s_size(classes, hid_channels, parameters):
    with torch.device('meta'):  # counted, not filled
        head = PairHead(classes, hid_channels=hid_channels)
    assert sum(parameter.numel() for parameter in head.parameters()) == parameters


@pytest.mark.parametrize(('dtype', 'rel'), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_rare_classes_count_as_the_floor_and_pass_no_gradient(dtype, rel):
    r"""Two classes of probability 1e-20 beside one of 1 (to rounding): the entropy is that of the floors alone.

    With p = (1, e, e): :math:`H = -2 \cdot 2^{-52} \ln 2^{-52}`, where 1e-20 unclamped would give 9e-19. The only
    gradient that a rare class's logit receives is the softmax's coupling to the frequent class:
    :math:`\partial H / \partial p_0 \cdot \partial p_0 / \partial z_i = (-1) (-e)`; its own entropy would add 45e.
    """
    rare = 1e-20
    logits = [torch.tensor([[0.0, math.log(rare), math.log(rare)]] * 2, dtype=dtype) for _ in range(3)]
    for view in logits:
        view.requires_grad_()
    entropy = pair_entropy(*logits)
    expected = 2 * 2.0**-52 * 52 * math.log(2)
    assert entropy.item() == pytest.approx(expected, rel=rel, abs=0)
    entropy.backward()
    for view in logits:
        # A third per view, half per image. The log in float32 is only good to 4e-6, which its exponential passes on.
        coupling = torch.full((2, 2), rare / 6, dtype=dtype)
        torch.testing.assert_close(view.grad[:, 1:], coupling, rtol=1e-5, atol=0)
