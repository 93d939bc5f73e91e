"""Feature CutMix and Manifold Mixup against a network that is run in two halves by hand."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.functional import cutmix, mixup, mutual_information
from agmax_mm.registry import MODELS

CLASSES, IMAGES, SIDE = 6, 6, 32

RESNET = dict(type='ResNet', depth=18, base_channels=4, stem_channels=4)
DEEP_STEM = dict(RESNET, deep_stem=True, stem_channels=8)
NEXT = dict(type='ResNeXt', depth=50, groups=2, width_per_group=4, base_channels=8, stem_channels=4)
BACKBONES = {
    'resnet': (RESNET, 32),
    'deep_stem': (DEEP_STEM, 32),
    'resnext': (NEXT, 256),
    'resnet_cifar': (dict(RESNET, type='ResNet_CIFAR'), 32),
    'wide': (dict(type='agmax_mm.WideResNet', depth=10, widen_factor=1), 64),
    'pyramid': (dict(type='agmax_mm.PyramidNet', depth=11, alpha=9), 100),
    'resnet110': (dict(type='agmax_mm.CIFARResNet', depth=11), 256),
}


def _stages(name, net):
    """What a backbone does, in order: up to layer 1, to 2, to 3, to 4, and to the end."""
    stages = [net.layer1, net.layer2, net.layer3]
    if name == 'deep_stem':
        return [net.stem, lambda x: net.layer1(net.maxpool(x)), net.layer2, net.layer3, net.layer4]
    if name in ('resnet', 'resnext'):
        first = lambda x: net.layer1(net.maxpool(F.relu(x)))  # noqa: E731
        return [lambda x: net.bn1(net.conv1(x)), first, net.layer2, net.layer3, net.layer4]
    if name == 'resnet_cifar':
        return [lambda x: net.bn1(net.conv1(x)), lambda x: net.layer1(F.relu(x)), net.layer2, net.layer3, net.layer4]
    if name == 'wide':
        return [net.stem, *stages, lambda x: F.relu(net.norm(x))]
    if name == 'pyramid':
        return [lambda x: net.bn1(net.conv1(x)), *stages, lambda x: F.relu(net.bn_final(x))]
    return [lambda x: net.bn1(net.conv1(x)), lambda x: net.layer1(F.relu(x)), net.layer2, net.layer3, lambda x: x]


def build_model(name='wide', **options):
    backbone, channels = BACKBONES[name]
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        config = dict(
            type='agmax_mm.AgMaxClassifier',
            backbone=copy.deepcopy(backbone),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=channels),
        )
        model = MODELS.build({**config, **options})
    model.init_weights()
    return model.train()


def mix_config(kind='CutMix', layers=(0, 1, 2, 3), **options):
    return dict(type='agmax_mm.FeatureMix', mix=dict(type=f'agmax_mm.{kind}', **options), layers=layers)


def noise(views=1, side=SIDE):
    return torch.randn(views * IMAGES, 3, side, side, generator=torch.Generator().manual_seed(3))


def labelled(views=1):
    metainfo = {'num_views': views, 'sample_idx': 7}
    return [DataSample(metainfo=metainfo).set_gt_label(label % CLASSES) for label in list(range(IMAGES)) * views]


def _by_hand(name, model, inputs, layer, mix, views=1):
    """Logits and mixed labels of a model without FeatureMix, run up to the layer and on from there."""
    stages = _stages(name, model.backbone)
    for stage in stages[:layer]:
        inputs = stage(inputs)
    mixed = [mix(view, torch.eye(CLASSES)) for view in inputs.chunk(views)]
    maps, scores = (torch.cat(parts) for parts in zip(*mixed, strict=True))
    for stage in stages[layer:]:
        maps = stage(maps)
    return model.head((maps.mean(dim=(2, 3)),)), scores


def _cross_entropy(logits, scores):
    return -(scores * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def seeded(seed, call, *args, **kwargs):
    torch.manual_seed(seed)
    np.random.seed(seed)
    return call(*args, **kwargs)


CASES = [('resnet', layer) for layer in range(5)]
CASES += [(name, layer) for name in ('wide', 'pyramid', 'resnet110') for layer in (1, 2, 4)]
CASES += [('deep_stem', 1), ('resnext', 1), ('resnet_cifar', 1), ('resnet_cifar', 2)]


@pytest.mark.parametrize(('name', 'layer'), CASES)
def test_is_the_network_in_two_halves(name, layer):
    """Loss and every weight's gradient, under two views and an agreement; ReLUs in place included."""
    # A norm commutes with CutMix, which leaves the batch's statistics alone: MixUp tells before from after.
    kind, mix = ('MixUp', mixup) if layer == 1 else ('CutMix', cutmix)
    plain = build_model(name, agreement='mi')
    ours = build_model(name, agreement='mi', feature_mix=mix_config(kind, layers=[layer]))
    ours.load_state_dict(plain.state_dict())
    inputs = noise(views=2, side=64 if name in ('resnet', 'deep_stem', 'resnext') else SIDE)

    losses = seeded(1, ours.loss, inputs.clone(), labelled(2))
    sum(losses[key] for key in ('loss_cls', 'loss_agreement')).backward()
    logits, scores = seeded(1, _by_hand, name, plain, inputs.clone(), layer, mix, views=2)
    expected = _cross_entropy(logits, scores), -mutual_information(*logits.chunk(2))
    sum(expected).backward()

    assert 0 < scores.diagonal(dim1=0, dim2=1).mean() < 1
    assert not torch.equal(*scores.chunk(2))  # each view has its own draws
    torch.testing.assert_close(losses['loss_cls'], expected[0])
    torch.testing.assert_close(losses['loss_agreement'], expected[1])
    gradients = {key: value.grad for key, value in plain.named_parameters()}
    for key, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, gradients[key], rtol=1e-4, atol=1e-6)


def test_manifold_mixup():
    plain, ours = build_model(), build_model(feature_mix=mix_config('MixUp', [3], alpha=0.5))
    losses = seeded(2, ours.loss, noise(), labelled())
    logits, scores = seeded(2, _by_hand, 'wide', plain, noise(), 3, lambda *pair: mixup(*pair, alpha=0.5))
    torch.testing.assert_close(losses['loss_cls'], _cross_entropy(logits, scores))
    assert list(losses) == ['loss_cls']


def _given_to_the_head(model, inputs, samples, seed):
    """The data samples that the loss is computed of."""
    given, get_loss = [], model.head._get_loss
    model.head._get_loss = lambda logits, seen: (given.extend(seen), get_loss(logits, seen))[1]
    seeded(seed, model.loss, inputs, samples)
    model.head._get_loss = get_loss
    return given


def test_the_label_s_weight_is_the_share_of_the_map():
    """The last map has 8 x 8 pixels, so every share is a number of 64ths."""
    model, shares = build_model(feature_mix=mix_config(layers=[4])), set()
    for seed in range(20):
        given = _given_to_the_head(model, noise(), labelled(), seed)
        assert all((sample.num_views, sample.sample_idx) == (1, 7) for sample in given)
        shares |= {64 * float(sample.gt_score.max()) for sample in given}
    assert all(share == round(share) for share in shares)
    assert len(shares) > 4


def test_share_mix_gives_all_views_the_same():
    """Two equal views come out equal; mixed apart they don't."""
    for share in (True, False):
        model = build_model(feature_mix=mix_config(layers=[2]), data_preprocessor=dict(share_mix=share))
        seen = []
        model.backbone.layer2.register_forward_pre_hook(lambda module, args, seen=seen: seen.append(args[0].detach()))
        seeded(1, model.loss, noise().repeat(2, 1, 1, 1), labelled(2))
        assert torch.equal(*seen[0].chunk(2)) == share
        clean = model.backbone.layer1(model.backbone.stem(noise()))
        assert not torch.allclose(seen[0][:IMAGES], clean, atol=1e-3)


@pytest.mark.parametrize(('second_view', 'sizes'), [(dict(share=0.5), [9]), (dict(scale=0.5), [6, 6])])
def test_with_a_cheaper_second_view(second_view, sizes):
    """Each view is mixed among its own images, at its own resolution, with labels to match."""
    model = build_model(agreement='mse', second_view=second_view, feature_mix=mix_config('MixUp', [1]))
    stems, seen = [], []
    model.backbone.stem.register_forward_pre_hook(lambda module, args: stems.append(args[0]))
    model.backbone.layer1.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    samples = _given_to_the_head(model, noise(2), labelled(2), 4)
    assert [len(images) for images in seen] == sizes
    scores = torch.stack([sample.gt_score for sample in samples])
    views = [view for images in stems for view in images.split(IMAGES)]
    mixed = [view for maps in seen for view in maps.split(IMAGES)]
    for view, maps, rows in zip(views, mixed, scores.split([len(view) for view in views]), strict=True):
        assert rows[:, len(view) :].eq(0).all()  # partners are of the same view
        clean = F.conv2d(view, model.backbone.stem.weight, model.backbone.stem.bias, padding=1)
        expected = torch.einsum('nm,mchw->nchw', rows[:, : len(view)], clean)
        torch.testing.assert_close(maps, expected, atol=1e-5, rtol=1e-4)
    assert not torch.equal(scores[:3], scores[6:9])


def test_sharing_needs_views_of_one_size():
    for second_view in (dict(share=0.5), dict(scale=0.5)):
        with pytest.raises(ValueError, match='expected no second_view beside feature_mix with share_mix'):
            build_model(second_view=second_view, feature_mix=mix_config(), data_preprocessor=dict(share_mix=True))


def test_labels_that_are_soft_already_are_mixed_again():
    model = build_model(feature_mix=mix_config('MixUp', [0]))
    soft = torch.rand(IMAGES, CLASSES, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    samples = [DataSample().set_gt_score(row) for row in soft]
    losses = seeded(5, model.loss, noise(), samples)
    images, scores = seeded(5, mixup, noise(), soft)
    torch.testing.assert_close(losses['loss_cls'], _cross_entropy(build_model()(images), scores))
    assert all(torch.equal(sample.gt_score, row) for sample, row in zip(samples, soft, strict=True))


def _hooks(model):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_evaluation_is_untouched():
    plain, ours = build_model(), build_model(feature_mix=mix_config(layers=[2]))
    assert plain.state_dict().keys() == ours.state_dict().keys()
    losses = seeded(0, ours.loss, noise(), labelled())
    assert losses['loss_cls'] != seeded(0, plain.loss, noise(), labelled())['loss_cls']
    assert _hooks(ours) == 0
    for training in (True, False):
        plain.train(training)
        ours.train(training)
        ours.load_state_dict(plain.state_dict())
        assert torch.equal(ours(noise(), mode='tensor'), plain(noise(), mode='tensor'))
        assert torch.equal(ours.extract_feat(noise())[0], plain.extract_feat(noise())[0])
        for one, other in zip(*(model(noise(), mode='predict') for model in (ours, plain)), strict=True):
            assert torch.equal(one.pred_score, other.pred_score)
    assert torch.equal(ours.loss(noise(), labelled())['loss_cls'], plain.loss(noise(), labelled())['loss_cls'])


@pytest.mark.parametrize('layer', [0, 2])
def test_nothing_stays_when_the_network_fails(layer):
    model = build_model(feature_mix=mix_config(layers=[layer]))
    samples = labelled()
    with pytest.raises(RuntimeError):
        model.loss(torch.zeros(IMAGES, 5, SIDE, SIDE), samples)
    assert _hooks(model) == 0
    model.loss(noise(), samples)
    assert not any('gt_score' in sample for sample in samples)  # the caller's


def test_without_mixing_training_is_the_plain_one_bit_by_bit():
    plain, ours = build_model(agreement='mi'), build_model(agreement='mi', feature_mix=mix_config(prob=0.0))
    for model in (plain, ours):
        losses = seeded(0, model.loss, noise(2), labelled(2))
        sum(losses[key] for key in ('loss_cls', 'loss_agreement')).backward()
    for one, other in zip(plain.parameters(), ours.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
