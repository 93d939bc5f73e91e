"""Where FeatureMix mixes: the draw of the layer, names of modules, and what cannot be mixed."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from agmax_mm.models import FeatureMix
from agmax_mm.registry import MODELS
from tests.models.test_feature_mix import build_model, labelled, mix_config, noise, seeded


def test_layers_are_drawn_uniformly_after_the_coin():
    np.random.seed(0)
    mix, draws = FeatureMix(dict(type='agmax_mm.CutMix', prob=0.5), layers=[0, 'layer2', 4]), 3000
    drawn = [mix.draw('cpu') for _ in range(draws)]
    assert drawn.count(None) / draws == pytest.approx(0.5, abs=5 * 0.5 / draws**0.5)
    layers = [layer for layer, _ in (draw for draw in drawn if draw is not None)]
    for layer in (0, 'layer2', 4):
        assert layers.count(layer) / draws == pytest.approx(1 / 6, abs=5 * (1 / 6 * 5 / 6 / draws) ** 0.5)
    state = np.random.get_state()[2]
    assert FeatureMix(dict(type='agmax_mm.MixUp'), layers=[3]).draw('cpu')[0] == 3
    assert np.random.get_state()[2] == state  # nothing to draw


def test_a_schedule_reaches_the_mix_inside():
    mix = FeatureMix(dict(type='agmax_mm.ScheduledCutMix'), layers=[1])
    with pytest.raises(ValueError, match='SetProgressHook'):
        mix.draw('cpu')
    mix.set_progress(0.0)
    assert mix.draw('cpu') is None
    mix.set_progress(1.0)
    assert mix.draw('cpu')[0] == 1
    FeatureMix(dict(type='agmax_mm.MixUp')).set_progress(0.5)  # which does not want to know


def test_modules_go_by_name():
    plain, ours = build_model('resnet'), build_model('resnet', feature_mix=mix_config(layers=['layer1.0.relu']))
    with pytest.raises(ValueError, match='expected layer layer1.0.relu to run once in a pass, got 2 times'):
        ours.loss(noise(), labelled())
    by_name, by_number = (build_model('resnet', feature_mix=mix_config(layers=[layer])) for layer in ('layer3', 4))
    for model in (by_name, by_number):
        model.load_state_dict(plain.state_dict())
    one, other = (seeded(0, model.loss, noise(), labelled())['loss_cls'] for model in (by_name, by_number))
    assert torch.equal(one, other)


def test_bad_layers():
    children = 'WideResNet, which has stem, layer1, layer2, layer3, norm; got'
    for layer, shown in ((5, '5'), (-1, '-1'), ('layer4', "'layer4'"), ('layer1.9', "'layer1.9'")):
        with pytest.raises(
            ValueError, match=f'FeatureMix.layers: expected 0 to 4, or names of modules of {children} {shown}'
        ):
            build_model(feature_mix=mix_config(layers=[0, layer]))
    with pytest.raises(ValueError, match=r'FeatureMix.layers: expected a list of at least one, got \[\]'):
        FeatureMix(dict(type='agmax_mm.CutMix'), layers=[])
    with pytest.raises(ValueError, match='FeatureMix.mix: expected agmax_mm.CutMix, a variant of it or agmax_mm.MixUp'):
        FeatureMix(dict(type='mmpretrain.CutMix', alpha=1.0))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        vgg = MODELS.build(dict(type='VGG', depth=11))
        regnet = MODELS.build(dict(type='RegNet', arch='regnetx_400mf'))
    with pytest.raises(ValueError, match='names of modules of VGG, which has features; got 1'):
        FeatureMix(dict(type='agmax_mm.CutMix'), layers=[1]).check(vgg)
    FeatureMix(dict(type='agmax_mm.CutMix'), layers=[0, 'features.3']).check(vgg)
    FeatureMix(dict(type='agmax_mm.CutMix'), layers=[1, 2, 3, 4]).check(regnet)


def test_only_maps_can_be_mixed():
    model = build_model(feature_mix=mix_config(layers=['layer1.0']))
    model.backbone.layer1[0] = torch.nn.Sequential(model.backbone.layer1[0], torch.nn.Flatten(2))
    with pytest.raises(ValueError, match=r'expected maps \(N, C, H, W\) at layer layer1.0, got \(6, 16, 1024\)'):
        model.loss(noise(), labelled())
