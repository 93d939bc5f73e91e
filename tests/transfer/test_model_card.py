"""Exports with their cards, read by timm itself."""

from __future__ import annotations

import json

import pytest
import timm
import torch
import yaml

from agmax_mm.transfer.backbone import Backbone, read_backbone
from agmax_mm.transfer.export import write_export
from agmax_mm.transfer.model_card import DataStatement
from tests.transfer.test_feature_maps import randomise

NOTE = {
    'recipe': 'agmax/resnet18.py',
    'config_sha256': 'ab' * 32,
    'num_classes': 5,
    'scores': {'accuracy/top1': 61.5, 'epoch': 9},
    'contract': {'mean': [127.5] * 3, 'std': [63.75] * 3, 'channel_order': 'rgb', 'style': 'pytorch'},
}


@pytest.fixture(scope='module', params=['resnet18', 'regnetx_002', 'regnety_004', 'efficientnet_b0'])
def exported(request, tmp_path_factory):
    """A network of timm, and the backbone that was read from its file."""
    torch.manual_seed(0)
    network = randomise(timm.create_model(request.param))
    folder = tmp_path_factory.mktemp('card')
    torch.save({'state_dict': network.state_dict()}, folder / 'x.pth')
    backbone = read_backbone(folder / 'x.pth')
    return request.param, network, Backbone(backbone.tensors, {**backbone.info, **NOTE}, backbone.path)


def features(network, images):
    with torch.no_grad():
        return network.eval().forward_head(network.forward_features(images), pre_logits=True)


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
def test_timm_takes_the_export_to_its_names(suffix, exported, tmp_path):
    name, network, backbone = exported
    write_export(backbone, tmp_path / f'out{suffix}', 'timm')
    again = timm.create_model(name, num_classes=0, checkpoint_path=str(tmp_path / f'out{suffix}'))
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(features(again, images), features(network, images))
    assert json.loads((tmp_path / 'out.card.json').read_text())['architecture'] == name
    assert f"timm.create_model('{name}', num_classes=0" in (tmp_path / 'out.card.md').read_text()


def test_a_folder_has_the_hubs_layout(exported, tmp_path):
    """timm reads architecture, weights and preprocessing from the folder."""
    _, network, backbone = exported
    write_export(backbone, tmp_path / 'mine', 'timm', DataStatement('pictures of mine', 'cc-by-4.0'))
    assert {path.name for path in (tmp_path / 'mine').iterdir()} == {'model.safetensors', 'config.json', 'README.md'}
    again = timm.create_model(f'local-dir:{tmp_path / "mine"}', pretrained=True, num_classes=0)
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(features(again, images), features(network, images))
    assert again.pretrained_cfg['mean'] == pytest.approx([0.5] * 3)
    assert again.pretrained_cfg['std'] == pytest.approx([0.25] * 3)
    card = (tmp_path / 'mine' / 'README.md').read_text()
    _, front, text = card.split('---\n', 2)
    assert yaml.safe_load(front)['license'] == 'cc-by-4.0'
    assert text.startswith('# mine\n')
    for line in (
        '| Recipe | agmax/resnet18.py |',
        '| Data | pictures of mine |',
        '| Licence of the data | cc-by-4.0 |',
        '| Classes | 5 |',
        '| Scores | accuracy/top1 61.5, epoch 9 |',
        '| Channels | rgb |',
    ):
        assert line in text


def test_what_nobody_said_is_not_stated(exported, tmp_path):
    _, _, backbone = exported
    bare = Backbone(backbone.tensors, {'format': 'openmmlab', 'source': 'x.pth', 'source_sha256': '0'}, 'x.pth')
    write_export(bare, tmp_path / 'out.safetensors')
    card = (tmp_path / 'out.card.md').read_text()
    assert '| Data | not stated |' in card
    assert '| Licence of the data | not stated |' in card
    assert 'license:' not in card
    assert '## Preprocessing (not stated)' in card
    with pytest.raises(ValueError, match='licence: expected one line of text'):
        DataStatement(licence='a\nb')


def test_other_files_are_not_written_over(exported, tmp_path):
    (tmp_path / 'README.md').write_text('mine')
    with pytest.raises(ValueError, match='expected a new folder or one of an earlier export, got .* with README.md'):
        write_export(exported[2], tmp_path, 'timm')
    assert (tmp_path / 'README.md').read_text() == 'mine'
