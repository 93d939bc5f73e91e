"""Tensors of a file against those of a module."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from agmax_mm.checkpoints.matching import match, require_match


def network():
    model = nn.Module()
    model.backbone = nn.Linear(3, 2)
    model.head = nn.Linear(2, 4)
    model.agreement = nn.Linear(1, 1)
    return model


def test_each_kind_of_difference_is_listed():
    tensors = {'backbone.weight': torch.zeros(2, 3), 'head.weight': torch.zeros(5, 2), 'ema': torch.zeros(1)}
    tensors |= {'agreement.weight': torch.zeros(1, 1), 'agreement.bias': torch.zeros(1)}
    found = match(tensors, network())
    assert (found.expected, found.missing, found.unknown) == (6, ('backbone.bias', 'head.bias'), ('ema',))
    assert found.reshaped == {'head.weight': ((5, 2), (4, 2))}
    assert str(found) == (
        'expected all 6 tensors by name and shape, got 2 missing in the file (backbone.bias, head.bias); '
        '1 unknown to the model (ema); 1 of another shape (head.weight (5, 2) for (4, 2))'
    )


def test_equal_tensors_match():
    found = match(network().state_dict(), network())
    assert found.is_whole
    assert found.names == ()


def test_other_parts_and_optional_ones_may_differ():
    backbone = {name: value for name, value in network().state_dict().items() if name.startswith('backbone.')}
    assert match(backbone, network(), within='backbone.').is_whole
    whole = network().state_dict()
    without = {name: value for name, value in whole.items() if not name.startswith('agreement.')}
    assert match(without, network(), optional=('agreement.',)).is_whole
    assert match({**whole, 'agreement.more': torch.zeros(1)}, network(), optional=('agreement.',)).is_whole
    reshaped = {**whole, 'agreement.bias': torch.zeros(7)}
    assert match(reshaped, network(), within='backbone.', optional=('agreement.',)).names == ('agreement.bias',)


def test_refusal_names_the_file_and_the_option_of_the_pair_head():
    with pytest.raises(
        ValueError, match=r"checkpoint 'x.pth': expected the tensors of the Linear, got another network"
    ):
        require_match('x.pth', {}, nn.Linear(1, 1))
    model = nn.ModuleDict({'pair_head': nn.Linear(1, 1)})
    with pytest.raises(ValueError, match=r'hid_channels sets the width of the pair head'):
        require_match('x.pth', {'pair_head.weight': torch.zeros(2, 2), 'pair_head.bias': torch.zeros(2)}, model)


def test_values_that_are_not_finite_are_refused_where_they_are_used():
    tensors = network().state_dict()
    tensors['head.bias'] = torch.tensor([0.0, float('nan'), 0.0, 0.0])
    require_match('x.pth', tensors, network(), within='backbone.')
    with pytest.raises(ValueError, match=r'x.pth.: expected finite weights, got .* NaN values in head.bias'):
        require_match('x.pth', tensors, network())
