"""The network of the suites is the classifier that testing runs: same scores, with gradient down to the pixels."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.registry import MODELS
from agmax_mm.robustness.network import Network
from tests.engine.small import model_config


@pytest.fixture(params=['mi', 'mi_qnet', None])
def classifier(request):
    torch.manual_seed(0)
    changes = {'agreement': request.param, 'head': {'type': 'LinearClsHead', 'num_classes': 5, 'in_channels': 64}}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        config = model_config(**changes)
        config['data_preprocessor']['to_rgb'] = True
        config['data_preprocessor']['mean'] = [120.0, 110.0, 100.0]
        return MODELS.build(config)


def test_logits_are_those_that_testing_turns_into_scores(classifier):
    images = torch.randint(256, (4, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    network = Network(classifier.train())
    tested = classifier.test_step({'inputs': images, 'data_samples': [DataSample() for _ in images]})
    expected = torch.stack([sample.pred_score for sample in tested])
    torch.testing.assert_close(network.logits(images.float()).softmax(1), expected)
    labels = expected.argmax(1)
    assert network.right(images.float(), labels).all()
    assert not network.right(images.float(), (labels + 1) % 5).any()


def test_gradients_go_to_the_pixels_and_not_to_the_weights(classifier):
    network = Network(classifier)
    images = torch.full((2, 3, 16, 16), 100.0).requires_grad_()
    network.logits(images)[:, 0].sum().backward()
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in classifier.parameters())


def test_what_was_fed_is_kept_as_pixels(classifier):
    network = Network(classifier)
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 255
    network.logits(images)
    assert network.fed is None
    with network.recording():
        network.logits(images)
    torch.testing.assert_close(network.fed, images.flip(1), atol=1e-3, rtol=0)
    calls = []
    for _ in range(2):
        assert network.remembered('seven', lambda: calls.append(0) or 7) == 7
    assert len(calls) == 1


def test_other_models_are_refused():
    with pytest.raises(ValueError, match='expected a classifier with a data_preprocessor'):
        Network(torch.nn.Linear(2, 2))
