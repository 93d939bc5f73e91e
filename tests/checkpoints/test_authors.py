"""The AgMax authors' checkpoints: the same logits here, and the same tensors on the way back."""

from __future__ import annotations

import hashlib

import pytest
import torch
import torchvision
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from agmax_mm.checkpoints.authors import to_agmax_mm, to_authors
from agmax_mm.checkpoints.checkpoint import read_checkpoint
from agmax_mm.checkpoints.convert import authors_checkpoint
from tests.checkpoints import authors_reference as reference
from tests.checkpoints.states import flat_state

HIDDEN = 6


def build(name, *, pair_head=True):
    _, _, width, backbone = reference.NETWORKS[name]
    head = dict(type='LinearClsHead', num_classes=reference.CLASSES, in_channels=width)
    pair = dict(type='agmax_mm.PairHead', hid_channels=HIDDEN)
    agreement = dict(type='agmax_mm.PairEntropyAgreement', pair_head=pair) if pair_head else None
    neck = dict(type='GlobalAveragePooling')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(type='agmax_mm.AgMaxClassifier', backbone=dict(backbone), neck=neck, head=head, agreement=agreement)
        )
    model.double().eval()
    return model


def without_unused(state):
    """All but the classifier that timm builds and their code never calls."""
    marks = ('features.head.fc.', 'features.classifier.')
    return {key: value for key, value in state.items() if not any(mark in key for mark in marks)}


@pytest.mark.parametrize('name', reference.NETWORKS)
def test_logits_are_identical_and_the_way_back_is_exact(name, generator):
    state = reference.authors_state(name, generator, hidden=HIDDEN)
    own = to_agmax_mm(flat_state(reference.authors_checkpoint(state)))
    model = build(name)
    model.load_state_dict(own, strict=True)
    images = torch.randn(2, reference.CHANNELS.get(name, 3), 64, 64, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        logits, expected = model(images), reference.authors_logits(name, state, images)
        assert expected.std(dim=0).min() > 1e-3  # the images are told apart
        torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
        pair = model.agreement.pair_head(logits, logits.flip(0))
        torch.testing.assert_close(pair, reference.authors_pair_logits(state, expected, expected.flip(0)))
    back = to_authors(model.state_dict())
    assert list(back) == list(state)
    assert all(back[key].shape == value.shape for key, value in state.items())
    assert all(torch.equal(back[key], value) for key, value in without_unused(state).items())
    assert not any(back[key].any() for key in state.keys() - without_unused(state).keys())


@pytest.mark.parametrize('name', ['WideResNet40-2', 'RegNetX002'])
def test_baselines_have_no_pair_head_on_either_side(name, generator):
    state = reference.authors_state(name, generator)
    own = to_agmax_mm(flat_state(state))
    build(name, pair_head=False).load_state_dict(own, strict=True)
    back = to_authors(own)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], value) for key, value in without_unused(state).items())


def test_files_written_without_data_parallelism_are_the_same(generator):
    state = reference.authors_state('WideResNet40-2', generator, hidden=HIDDEN)
    plain = {key.removeprefix('module.'): value for key, value in state.items()}
    expected = to_agmax_mm(flat_state(state))
    assert all(torch.equal(value, expected[key]) for key, value in to_agmax_mm(plain).items())


def test_other_agreements_of_theirs_have_the_two_view_layout_without_pair_head(generator):
    state = reference.authors_state('WideResNet40-2', generator, hidden=HIDDEN)
    own = to_agmax_mm(flat_state({key: value for key, value in state.items() if 'qnet' not in key}))
    build('WideResNet40-2', pair_head=False).load_state_dict(own, strict=True)


def test_provenance_and_preprocessing_travel_along(generator, tmp_path):
    torch.save(
        reference.authors_checkpoint(reference.authors_state('WideResNet40-2', generator)), tmp_path / 'their.pth'
    )
    note = read_checkpoint(tmp_path / 'their.pth').own().note
    assert note['num_classes'] == reference.CLASSES
    assert note['contract']['mean'] == pytest.approx([0.4914 * 255, 0.4822 * 255, 0.4465 * 255])
    assert note['contract']['std'] == pytest.approx([0.2023 * 255, 0.1994 * 255, 0.2010 * 255])
    assert note['contract']['channel_order'] == 'rgb'
    assert note['converted'] == {
        'from': 'their.pth',
        'sha256': hashlib.sha256((tmp_path / 'their.pth').read_bytes()).hexdigest(),
        'epoch': 268,
        'best_top1': 79.12,
        'best_top5': 94.4,
        'best_epoch': 268,
        'best_model': 'imagenet-agmax-mi-ResNet50-cutmix-auto_augment-79.12-mlp-2048.pth',
    }
    torch.save(
        reference.authors_checkpoint(reference.authors_state('RegNetY004', generator)), tmp_path / 'imagenet.pth'
    )
    note = read_checkpoint(tmp_path / 'imagenet.pth').own().note
    assert note['contract']['mean'] == pytest.approx([0.485 * 255, 0.456 * 255, 0.406 * 255])


def test_own_checkpoints_pass_as_they_are(tmp_path):
    torch.save({'state_dict': {'backbone.stem.weight': torch.zeros(1)}, 'meta': {'epoch': 3}}, tmp_path / 'x.pth')
    checkpoint = read_checkpoint(tmp_path / 'x.pth')
    assert checkpoint.owner is None
    assert checkpoint.own() == checkpoint


def test_their_optimiser_and_scheduler_accept_what_is_written(generator):
    """With as many parameters as the network has: the trained ones of the model, and timm's unused classifier."""
    own = to_agmax_mm(flat_state(reference.authors_state('RegNetY004', generator, hidden=HIDDEN)))
    model = build('RegNetY004')
    model.load_state_dict(own)
    written = authors_checkpoint(model.state_dict())
    idle = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD([*model.parameters(), *idle.parameters()], lr=1.0, momentum=0.9, nesterov=True)
    optimizer.load_state_dict(written['optimizer_state_dict'])
    assert optimizer.param_groups[0]['weight_decay'] == 5e-5
    torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10).load_state_dict(written['scheduler_state_dict'])
    assert {'epoch', 'best_top1', 'best_top5', 'best_epoch', 'best_model'} <= written.keys()


@pytest.mark.parametrize(('name', 'decay'), [('WideResNet40-2', 5e-4), ('ResNet18', 1e-4), ('RegNetX002', 5e-5)])
def test_layout_is_chosen_and_weight_decay_is_the_authors(name, decay, generator):
    if name == 'ResNet18':
        state = {f'backbone.{key}': value for key, value in torchvision.models.resnet18().state_dict().items()}
        own = {key: value for key, value in state.items() if '.fc.' not in key}
        own |= {'head.fc.weight': state['backbone.fc.weight'], 'head.fc.bias': state['backbone.fc.bias']}
    else:
        own = to_agmax_mm(flat_state(reference.authors_state(name, generator, hidden=HIDDEN)))
        assert not any('qnet' in key for key in to_authors(own, 'baseline'))
        assert all(key.startswith('module.') for key in to_authors(own, 'baseline'))
    plain = {key: value for key, value in own.items() if not key.startswith('agreement.')}
    written = authors_checkpoint(plain, 'two-views')
    assert written['optimizer_state_dict']['param_groups'][0]['weight_decay'] == decay
    assert all(key.startswith('module.backbone.') for key in written['model_state_dict'])
    assert to_agmax_mm(flat_state(written)).keys() == plain.keys()
    with pytest.raises(ValueError, match="layout: expected one of auto, two-views, baseline, got 'x'"):
        to_authors(own, 'x')


def test_lenets_hidden_layers_are_part_of_the_backbone_here(generator):
    state = reference.lenet_state(generator, HIDDEN)
    own = to_agmax_mm(flat_state(state))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(
                type='agmax_mm.AgMaxClassifier',
                backbone=dict(type='agmax_mm.LeNet5'),
                head=dict(type='LinearClsHead', num_classes=reference.CLASSES, in_channels=84),
                agreement=dict(
                    type='agmax_mm.PairEntropyAgreement', pair_head=dict(type='agmax_mm.PairHead', hid_channels=HIDDEN)
                ),
            )
        )
    model.double().eval().load_state_dict(own, strict=True)
    images = torch.randn(3, 1, 32, 32, generator=generator, dtype=torch.float64)
    expected = reference.lenet_logits(state, images)
    assert expected.std(dim=0).min() > 1e-3
    torch.testing.assert_close(model(images), expected)
    back = to_authors(own)
    assert list(back) == list(state)
    assert all(torch.equal(back[key], value) for key, value in state.items())


@pytest.mark.parametrize(('name', 'decay'), [('VGG11', 1e-4), ('LeNet5', 5e-4)])
def test_speech_networks_are_read_and_go_back_with_adam(name, decay, generator, tmp_path):
    if name == 'LeNet5':
        state = reference.lenet_state(generator, HIDDEN)
    else:
        state = reference.authors_state(name, generator, hidden=HIDDEN)
    torch.save(reference.authors_checkpoint(state), tmp_path / 'their.pth')
    own = read_checkpoint(tmp_path / 'their.pth').own()
    assert own.note['contract']['mean'] == [0.0]
    group = authors_checkpoint(own.tensors)['optimizer_state_dict']['param_groups'][0]
    assert (group['weight_decay'], group['betas'], 'momentum' in group) == (decay, (0.9, 0.999), False)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1)) for _ in group['params']])
    optimizer.load_state_dict({'state': {}, 'param_groups': [group]})


LENET = {'backbone.feature_extractor.conv1.weight': torch.zeros(6, 1, 5, 5)}


@pytest.mark.parametrize(
    ('state', 'text'),
    [
        (LENET, 'expected a wide ResNet, .* got the keys backbone.feature_extractor.conv1.weight'),
        ({'backbone.conv1.weight': torch.zeros(1)}, 'expected a wide ResNet'),
        ({}, 'got the keys no tensors'),
    ],
)
def test_other_files_are_refused(state, text):
    with pytest.raises(ValueError, match=text):
        to_agmax_mm(state)


def test_a_bare_extractor_and_stray_tensors_are_refused(generator):
    state = reference.authors_state('WideResNet40-2', generator, parallel=False)
    bare = {key: value for key, value in state.items() if key.startswith('feature_extractor.')}
    with pytest.raises(ValueError, match='extractors alone are read by'):
        to_agmax_mm(bare)
    with pytest.raises(ValueError, match='expected its tensors alone, got 1 others'):
        to_agmax_mm({**state, 'ema.weight': torch.zeros(1)})


@pytest.mark.parametrize(
    'state',
    [
        {
            'backbone.patch_embed.weight': torch.zeros(1),
            'head.fc.weight': torch.zeros(2, 3),
            'head.fc.bias': torch.zeros(2),
        },
        {'backbone.stem.weight': torch.zeros(1)},
    ],
)
def test_networks_they_do_not_have_are_refused(state):
    with pytest.raises(ValueError, match='expected a network that the AgMax authors have'):
        to_authors(state)


def test_a_file_of_theirs_that_is_unknown_here_is_named(tmp_path):
    torch.save({'model_state_dict': LENET}, tmp_path / 'lenet.pth')
    with pytest.raises(ValueError, match=r"lenet.pth': expected a wide ResNet"):
        read_checkpoint(tmp_path / 'lenet.pth').own()
