"""Files as other trainers write them: the network is found wherever it is in them."""

from __future__ import annotations

import argparse

import pytest
import torch
import torchvision
from mmengine.optim import OneCycleLR
from torch import nn

from agmax_mm.checkpoints.checkpoint import read_checkpoint


@pytest.fixture(scope='module')
def resnet18():
    torch.manual_seed(0)
    return torchvision.models.resnet18().state_dict()


def prefixed(state, prefix):
    return {prefix + name: value for name, value in state.items()}


def one_cycle(state):
    """A training file with the state of torch's optimiser and one-cycle schedule."""
    network = nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    schedule.step()
    return {'model': state, 'optimizer': optimizer.state_dict(), 'lr_scheduler': schedule.state_dict(), 'epoch': 3}


def moco(state):
    """Two encoders and a queue; the one that learns is meant."""
    other = prefixed({name: value + 1 for name, value in state.items()}, 'module.encoder_k.')
    return {'state_dict': {**other, **prefixed(state, 'module.encoder_q.'), 'module.queue': torch.zeros(128, 8)}}


FILES = {
    'references of torchvision': lambda state: {
        'model': state,
        'model_ema': {'n_averaged': torch.tensor(3), **prefixed(state, 'module.')},
        'args': argparse.Namespace(lr=0.1, data_path='/data'),
    },
    'timm': lambda state: {'state_dict': state, 'args': argparse.Namespace(model='resnet18'), 'version': 2},
    'net': lambda state: {'net': state, 'acc': 93.0, 'epoch': 3},
    'two levels': lambda state: {'model': {'state_dict': state}, 'step': 3},
    'Lightning': lambda state: {
        'state_dict': {**prefixed(state, 'model.'), 'criterion.weight': torch.ones(1000)},
        'pytorch-lightning_version': '2.4.0',
    },
    'compiled': lambda state: {'state_dict': prefixed(state, '_orig_mod.')},
    'compiled and parallel': lambda state: prefixed(state, 'module._orig_mod.'),
    'compiled within Lightning': lambda state: {'state_dict': prefixed(state, 'model._orig_mod.')},
    'MoCo': moco,
    'MoCo v3': lambda state: {'state_dict': prefixed(state, 'module.base_encoder.')},
    'one cycle': one_cycle,
}


@pytest.mark.parametrize('name', FILES)
def test_the_network_is_found(name, resnet18, tmp_path):
    torch.save(FILES[name](resnet18), tmp_path / 'x.pth')
    checkpoint = read_checkpoint(tmp_path / 'x.pth')
    assert checkpoint.format == 'torchvision'
    assert checkpoint.tensors.keys() == resnet18.keys()
    assert all(torch.equal(value, resnet18[key]) for key, value in checkpoint.tensors.items())


def test_average_of_torchvisions_references(resnet18, tmp_path):
    average = {name: value + 1 for name, value in resnet18.items()}
    content = {'model': resnet18, 'model_ema': {'n_averaged': torch.tensor(3), **prefixed(average, 'module.')}}
    torch.save(content, tmp_path / 'x.pth')
    for weights, expected in (('auto', resnet18), ('plain', resnet18), ('average', average)):
        checkpoint = read_checkpoint(tmp_path / 'x.pth', weights=weights)
        assert checkpoint.weights == ('average' if weights == 'average' else 'plain')
        assert torch.equal(checkpoint.tensors['conv1.weight'], expected['conv1.weight'])


def test_tensors_in_an_unknown_place_are_counted_and_named(tmp_path):
    torch.save({'run': {'parts': {'a': torch.zeros(1), 'b': torch.zeros(1)}}, 'epoch': 1}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match="x.pth': expected one of agmax, .* got 2 tensors under 'run.parts'"):
        read_checkpoint(tmp_path / 'x.pth').backbone()
    torch.save({'epoch': 1}, tmp_path / 'y.pth')
    with pytest.raises(ValueError, match="y.pth': expected one of agmax, .* got no tensors"):
        read_checkpoint(tmp_path / 'y.pth').backbone()


def test_names_of_the_hosts_own_runs_stay(resnet18, tmp_path):
    """A classifier of the host's may hold its network as ``model``."""
    content = {'state_dict': prefixed(resnet18, 'model.'), 'meta': {'mmengine_version': '0.10.12'}}
    torch.save(content, tmp_path / 'x.pth')
    own = read_checkpoint(tmp_path / 'x.pth').own()
    assert own.tensors.keys() == content['state_dict'].keys()


@pytest.mark.parametrize('strategy', ['cos', 'linear'])
def test_runs_with_the_hosts_one_cycle_schedule_go_on(strategy, tmp_path):
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    schedule = OneCycleLR(optimizer, eta_max=0.1, total_steps=10, anneal_strategy=strategy)
    torch.save({'state_dict': {}, 'param_schedulers': [schedule.state_dict()]}, tmp_path / 'x.pth')
    state = read_checkpoint(tmp_path / 'x.pth').content['param_schedulers'][0]
    assert state['anneal_func'] is schedule.anneal_func
    resumed = OneCycleLR(torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1), eta_max=0.1, total_steps=10)
    resumed.load_state_dict(state)
    assert resumed.anneal_func is schedule.anneal_func
