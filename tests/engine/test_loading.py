"""What the runner takes from files: whole classifiers of others, other forms, other agreements."""

from __future__ import annotations

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from tests.engine.small import make_runner, model_config

RESNET = {
    'backbone': {'type': 'ResNet', 'depth': 18},
    'head': {'type': 'LinearClsHead', 'num_classes': 5, 'in_channels': 512},
}
PAIR = {'type': 'agmax_mm.PairEntropyAgreement', 'pair_head': {'type': 'agmax_mm.PairHead', 'hid_channels': 6}}


@pytest.fixture(scope='module')
def resnet18():
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=5).state_dict()


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('training', [True, False])
def test_torchvisions_whole_classifier(suffix, training, resnet18, tmp_path):
    runner = make_runner(tmp_path / 'run', model=model_config(**RESNET))
    if training:
        assert runner.train_loop is not None  # as in a training with load_from
    path = tmp_path / f'x{suffix}'
    if suffix == '.pth':
        torch.save({'model': resnet18, 'epoch': 3}, path)
    else:
        save_file(resnet18, path)
    runner.load_checkpoint(str(path))
    found = runner.model.state_dict()
    assert torch.equal(found['backbone.layer4.1.bn2.weight'], resnet18['layer4.1.bn2.weight'])
    assert torch.equal(found['head.fc.weight'], resnet18['fc.weight'])


def test_testing_does_without_the_pair_head_of_the_file(tmp_path):
    wide = make_runner(
        tmp_path / 'wide', model=model_config(agreement=PAIR | {'pair_head': PAIR['pair_head'] | {'hid_channels': 9}})
    )
    torch.save({'state_dict': wide.model.state_dict(), 'meta': {}}, tmp_path / 'wide.pth')
    runner = make_runner(tmp_path / 'run', model=model_config(agreement=PAIR))
    runner.load_checkpoint(str(tmp_path / 'wide.pth'))
    assert torch.equal(runner.model.head.fc.weight, wide.model.head.fc.weight)
    assert runner.train_loop is not None
    with pytest.raises(ValueError, match='hid_channels sets the width of the pair head'):
        runner.load_checkpoint(str(tmp_path / 'wide.pth'))


def test_weights_that_are_not_finite_are_one_line(tmp_path):
    runner = make_runner(tmp_path / 'run', model=model_config())
    state = runner.model.state_dict()
    state['backbone.stem.weight'][0, 0, 0, 0] = float('nan')
    torch.save({'state_dict': state, 'meta': {}}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='expected finite weights, got .* NaN values in backbone.stem.weight'):
        runner.load_checkpoint(str(tmp_path / 'x.pth'))
