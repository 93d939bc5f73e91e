"""Which of a run's weights are exported, and in whose names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torchvision
from mmengine.hooks import EMAHook
from torch import nn

from agmax_mm.checkpoints.files import find_checkpoint
from agmax_mm.transfer.backbone import read_backbone
from agmax_mm.transfer.export import write_export


class Small(nn.Module):
    """A backbone as far as its names are concerned."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


@pytest.fixture
def averaged(tmp_path):
    """A checkpoint of a run with the host's moving average: plain weights 2, average between 0 and 2."""
    model = Small()
    for tensor in model.state_dict().values():
        tensor.zero_()
    runner = SimpleNamespace(model=model, iter=5, epoch=0)
    hook = EMAHook(momentum=0.5)
    hook.before_run(runner)
    for step in range(3):
        for parameter in model.parameters():
            parameter.data.fill_(step)
        hook.ema_model.update_parameters(model)
        runner.iter += step
    checkpoint = {'state_dict': {name: value.clone() for name, value in model.state_dict().items()}, 'meta': {}}
    hook.before_save_checkpoint(runner, checkpoint)
    torch.save(checkpoint, tmp_path / 'epoch_1.pth')
    return tmp_path / 'epoch_1.pth', float(hook.ema_model.state_dict()['module.backbone.0.weight'].mean())


def test_average_and_plain_weights_of_our_own_runs(averaged):
    path, average = averaged
    assert 0 < average < 2
    found = {}
    for weights in ('auto', 'average', 'plain'):
        backbone = read_backbone(path, weights=weights)
        assert set(backbone.tensors) == set(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).state_dict())
        found[weights] = float(backbone.tensors['0.weight'].mean()), backbone.info['weights']
    assert found == {'auto': (average, 'average'), 'average': (average, 'average'), 'plain': (2.0, 'plain')}


def test_average_and_plain_weights_of_timm(tmp_path):
    plain = torchvision.models.resnet18().state_dict()
    average = {name: torch.full_like(value, 2) for name, value in plain.items()}
    torch.save({'state_dict': plain, 'state_dict_ema': average, 'arch': 'resnet18', 'metric': 71.2}, tmp_path / 'a.pth')
    for weights, expected, said in (
        ('auto', plain, 'plain'),
        ('plain', plain, 'plain'),
        ('average', average, 'average'),
    ):
        backbone = read_backbone(tmp_path / 'a.pth', weights=weights)
        assert torch.equal(backbone.tensors['conv1.weight'], expected['conv1.weight'])
        assert (backbone.info['weights'], len(backbone.tensors)) == (said, 120)
        assert backbone.info['run'] == {'arch': 'resnet18', 'metric': 71.2}


def test_wishes_that_a_file_cannot_meet(tmp_path, averaged):
    state = torchvision.models.resnet18().state_dict()
    torch.save(state, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r"a.pth': expected a checkpoint with a moving average .* got one without"):
        read_backbone(tmp_path / 'a.pth', weights='average')
    with pytest.raises(ValueError, match="weights: expected one of auto, average, plain, got 'best'"):
        read_backbone(tmp_path / 'a.pth', weights='best')
    with pytest.raises(ValueError, match='names: expected one of openmmlab, torchvision, timm, ssdvgg'):
        write_export(read_backbone(tmp_path / 'a.pth'), tmp_path / 'b.pth', 'keras')
    with pytest.raises(ValueError, match='expected a name ending in .safetensors or .pth'):
        write_export(read_backbone(tmp_path / 'a.pth'), tmp_path / 'b.bin', 'timm')
    broken = torch.load(averaged[0], weights_only=True)
    broken['ema_state_dict']['module.backbone.0.bias'][0] = float('nan')
    torch.save(broken, tmp_path / 'c.pth')
    with pytest.raises(ValueError, match='expected finite weights, got infinite or NaN values in 0.bias'):
        read_backbone(tmp_path / 'c.pth', weights='plain')


def test_best_and_last_of_a_run(tmp_path):
    for value, name in enumerate(('epoch_1', 'epoch_2', 'best_accuracy_top1_epoch_1'), start=1):
        state = {'backbone.weight': torch.full((2,), float(value))}
        torch.save({'state_dict': state, 'meta': {'agmax_mm': {'recipe': 'x.py'}}}, tmp_path / f'{name}.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_2.pth'))
    for pick, value in (('last', 2), ('best', 3)):
        backbone = read_backbone(find_checkpoint(tmp_path, pick))
        assert (backbone.tensors['weight'][0], backbone.info['recipe']) == (value, 'x.py')


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_names_of_other_libraries_keep_the_provenance_and_can_be_read_again(tmp_path, suffix):
    state = torchvision.models.resnet18().state_dict()
    torch.save(
        {'state_dict': state, 'best_err1': 23.7, 'best_err5': 7.1, 'epoch': 299}, tmp_path / 'model_best.pth.tar'
    )
    backbone = read_backbone(tmp_path / 'model_best.pth.tar')
    line = write_export(backbone, tmp_path / f'out{suffix}', 'timm')
    assert line.endswith('in the names of timm, without classifier')
    again = read_backbone(tmp_path / f'out{suffix}')
    assert again.info == backbone.info
    assert (again.info['format'], again.info['run']) == ('cutmix', {'epoch': 299, 'best_err1': 23.7, 'best_err5': 7.1})
    assert all(torch.equal(again.tensors[name], state[name]) for name in again.tensors)
    assert again.tensors.keys() == {name for name in state if not name.startswith('fc.')}


def test_ssdvgg_file_says_whether_it_is_complete(tmp_path):
    state = {}
    for layer in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28):
        state |= {f'features.{layer}.weight': torch.ones(64, 3, 3, 3), f'features.{layer}.bias': torch.ones(64)}
    torch.save(state, tmp_path / 'features.pth')
    line = write_export(read_backbone(tmp_path / 'features.pth'), tmp_path / 'a.safetensors', 'ssdvgg')
    assert 'without its two further layers' in line
    assert len(read_backbone(tmp_path / 'a.safetensors').tensors) == 26
    for layer in (0, 3):
        shape = (8, 512 * 49) if layer == 0 else (8, 8)
        state |= {f'classifier.{layer}.weight': torch.ones(shape), f'classifier.{layer}.bias': torch.ones(8)}
    torch.save(state, tmp_path / 'whole.pth')
    line = write_export(read_backbone(tmp_path / 'whole.pth'), tmp_path / 'b.safetensors', 'ssdvgg')
    assert line.endswith('with its two further layers from the classifier')
    tensors = read_backbone(tmp_path / 'b.safetensors').tensors
    assert tensors['features.31.weight'].shape == (2, 512, 3, 3)
    assert tensors['features.33.weight'].shape == (2, 2, 1, 1)
