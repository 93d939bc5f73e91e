"""Agreement terms by name, their options, several views, and what does not matter to them."""

from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import nn

from agmax_mm import functional as AF
from agmax_mm.engine.config import load_config
from agmax_mm.models.agreements import AGREEMENTS, BaseAgreement, build_agreement, register_agreement
from agmax_mm.registry import MODELS
from tests import reference

RECIPE = Path(__file__).parents[2] / 'configs' / 'baseline' / 'wrn40-2_standard_200e_cifar10.py'
CLASSES = 5
NAMES = [name for name in AGREEMENTS if name != 'none']
SYMMETRIC = ['mi', 'mse', 'jsd']


def _build(agreement):
    torch.manual_seed(0)
    return build_agreement(agreement, CLASSES).double()


def _objective(term, views):
    return sum(value for name, value in term(views).items() if 'loss' in name)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('mi', -0.0140674147),
        ('mse', 1.6666666667),
        ('kl', 0.5441793644),
        ('ce', 0.4857123233),
        ('jsd', None),  # worked out in the test
    ],
)
def test_names_stand_for_the_paper_s_and_the_released_code_s_forms(name, expected):
    a = torch.tensor([[1.0, 2, 3], [0, 0, 1]], dtype=torch.float64)
    b = torch.tensor([[1.0, 1, 1], [2, 0, 0]], dtype=torch.float64)
    if expected is None:
        mean = ((a.softmax(1) + b.softmax(1)) / 2).log()
        expected = (reference.kl(a, mean) + reference.kl(b, mean)) / 2
    assert _objective(build_agreement(name, 3), [a, b]).item() == pytest.approx(expected, abs=1e-9)


def test_the_surrogate_has_the_authors_widths_and_weights():
    term = build_agreement('mi_qnet', 1000)
    assert [layer.out_features for layer in term.pair_head.layers if isinstance(layer, nn.Linear)] == [4096, 1000]
    assert (term.loss_weight, term.consistency_weight, term.consistency_reduction) == (1.0, 4.0, 'mean')


def test_none_is_no_term():
    assert build_agreement('none', CLASSES) is None
    assert build_agreement(None, CLASSES) is None


@pytest.mark.parametrize('name', SYMMETRIC)
def test_the_order_of_views_does_not_matter(name):
    views = reference.batch_logits(0, 6, CLASSES, views=3)
    term = _build(name)
    value = _objective(term, views)
    torch.testing.assert_close(_objective(term, views[::-1]), value)


@pytest.mark.parametrize('name', ['mi_qnet', 'kl', 'ce'])
def test_where_the_order_of_views_matters_there_is_a_reason(name):
    """Both have a fixed direction in the released code; the symmetric options of KL and CE have not."""
    views = reference.batch_logits(0, 6, CLASSES)
    assert not torch.isclose(_objective(_build(name), views), _objective(_build(name), views[::-1]))
    if name != 'mi_qnet':
        term = build_agreement({**AGREEMENTS[name], 'symmetric': True}, CLASSES)
        torch.testing.assert_close(_objective(term, views), _objective(term, views[::-1]))


@pytest.mark.parametrize('name', NAMES)
def test_the_order_of_images_does_not_matter(name):
    views = reference.batch_logits(0, 9, CLASSES)
    term = _build(name)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(_objective(term, [view[order] for view in views]), _objective(term, views))
    assert not torch.isclose(_objective(term, [views[0], views[1][order]]), _objective(term, views))


@pytest.mark.parametrize('name', NAMES)
def test_three_views_average_over_the_pairs(name):
    views = reference.batch_logits(2, 6, CLASSES, views=3)
    term = _build(name)
    if name == 'jsd':
        expected = AF.jsd_agreement(*views)
        assert not torch.isclose(expected, sum(AF.jsd_agreement(*pair) for pair in combinations(views, 2)) / 3)
    else:
        expected = sum(_objective(term, list(pair)) for pair in combinations(views, 2)) / 3
    torch.testing.assert_close(_objective(term, views), expected)


@pytest.mark.parametrize('name', NAMES)
def test_weight_is_a_factor_and_zero_is_none(name):
    views = [view.requires_grad_() for view in reference.batch_logits(3, 6, CLASSES)]
    term = _build(name)
    whole = torch.autograd.grad(_objective(term, views), views)
    term.loss_weight = 0.25
    for quarter, full in zip(torch.autograd.grad(_objective(term, views), views), whole, strict=True):
        torch.testing.assert_close(4 * quarter, full)
    term.loss_weight = 0.0
    value = _objective(term, views)
    assert value.item() == 0.0
    assert not any(gradient.any() for gradient in torch.autograd.grad(value, views))


def test_detached_pair_head_follows_without_steering():
    views = [view.requires_grad_() for view in reference.batch_logits(4, 6, CLASSES)]
    terms = [_build({**AGREEMENTS['mi_qnet'], 'detach': detach}) for detach in (False, True)]
    torch.testing.assert_close(_objective(terms[0], views), _objective(terms[1], views))
    parameters = [list(term.pair_head.parameters()) for term in terms]
    grads = [torch.autograd.grad(_objective(t, views), [*p, *views]) for t, p in zip(terms, parameters, strict=True)]
    for attached, detached in zip(grads[0][:4], grads[1][:4], strict=True):
        torch.testing.assert_close(attached, detached)
    # Without the pair head's inputs: as if its output were a constant.
    constant = terms[0].pair_head(*views).detach()
    rest = AF.pair_consistency(*views, constant) * 4 - AF.pair_entropy(*views, constant)
    for got, expected, attached in zip(grads[1][4:], torch.autograd.grad(rest, views), grads[0][4:], strict=True):
        torch.testing.assert_close(got, expected)
        assert not torch.allclose(got, attached)


@pytest.mark.parametrize('name', ['kl', 'ce'])
def test_options_reach_the_function(name):
    function = {'kl': AF.kl_agreement, 'ce': AF.cross_entropy_agreement}[name]
    views = [view.requires_grad_() for view in reference.batch_logits(6, 6, CLASSES)]
    for options in (dict(detach=True), dict(symmetric=True), dict(reduction='batchmean')):
        if name == 'kl' and 'reduction' in options:
            continue
        term = _objective(build_agreement({**AGREEMENTS[name], **options}, CLASSES), views)
        expected = function(*views, **options)
        torch.testing.assert_close(term, expected)
        grads = (torch.autograd.grad(value, views, allow_unused=True) for value in (term, expected))
        for got, wanted in zip(*grads, strict=True):
            assert (got is None) == (wanted is None)
            if got is not None:
                torch.testing.assert_close(got, wanted)


def test_summed_consistency_is_as_many_times_the_mean_as_there_are_classes():
    views = reference.batch_logits(5, 6, CLASSES)
    mean, summed = (
        _build({**AGREEMENTS['mi_qnet'], 'consistency_reduction': reduction})(views)['loss_agreement_consistency']
        for reduction in ('mean', 'batchmean')
    )
    torch.testing.assert_close(summed, CLASSES * mean)


def test_building_a_pair_head_draws_nothing_from_the_run_s_generator():
    torch.manual_seed(0)
    build_agreement('mi_qnet', CLASSES)
    after = torch.rand(3)
    torch.manual_seed(0)
    torch.testing.assert_close(torch.rand(3), after, rtol=0, atol=0)


@pytest.mark.parametrize(
    ('agreement', 'message'),
    [
        ('mutual', "model.agreement: expected one of ce, jsd, kl, mi, mi_qnet, mse, none, got 'mutual'"),
        (
            dict(type='agmax_mm.MIAgreement'),
            r'expected an agreement term, such as .*agmax_mm.MutualInfoAgreement, .* got',
        ),
        (dict(type='agmax_mm.PairHead'), r"expected an agreement term, .*got 'agmax_mm.PairHead'"),
        (dict(loss_weight=1.0), 'expected an agreement term, .*got None'),
    ],
)
def test_unknown_agreements_list_the_known_ones(agreement, message):
    with pytest.raises(ValueError, match=message):
        build_agreement(agreement, CLASSES)


def test_one_decorator_makes_an_agreement_that_configs_can_name(monkeypatch):
    """Configs take the short name and the class's name, and errors list it, without an entry anywhere else."""
    monkeypatch.setattr(MODELS, '_module_dict', dict(MODELS._module_dict))
    try:

        @register_agreement('power', exponent=3)
        class PowerAgreement(BaseAgreement):
            def __init__(self, exponent=1, **options):
                super().__init__(**options)
                self.exponent = exponent

            def pair_terms(self, logits_a, logits_b):
                return {'loss_agreement': (logits_a - logits_b).abs().pow(self.exponent).mean()}

        views = [torch.zeros(2, 2), torch.tensor([[2.0, 0.0], [0.0, 0.0]])]
        assert _objective(build_agreement('power', 2), views).item() == 2.0  # 2 ** 3 / 4
        halved = dict(type='agmax_mm.PowerAgreement', loss_weight=0.5)
        assert _objective(build_agreement(halved, 2), views).item() == 0.25  # 0.5 * 2 / 4
        with pytest.raises(ValueError, match='none, power, got'):
            build_agreement('pover', 2)
        assert load_config(str(RECIPE), {'model.agreement': 'power'}).model.agreement.exponent == 3
        with pytest.raises(ValueError, match="expected a new name, got 'power'"):
            register_agreement('power')
    finally:
        AGREEMENTS.pop('power')
