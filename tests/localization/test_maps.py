"""Maps of the host's classifiers: exact ones, Grad-CAM as a second opinion, and networks that have none."""

from __future__ import annotations

import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

from agmax_mm.localization.maps import exact_maps, grad_cam_maps, last_map
from agmax_mm.registry import MODELS

HEAD = dict(type='LinearClsHead', num_classes=4, in_channels=64, loss=dict(type='CrossEntropyLoss'))
RESNET = dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, strides=(1, 2, 2, 1))
NECK = dict(type='GlobalAveragePooling')


def build(head=HEAD, neck=NECK, backbone=RESNET):
    torch.manual_seed(0)
    config = dict(type='agmax_mm.LocalizingClassifier', backbone=backbone, neck=neck, head=head, _scope_='mmpretrain')
    return MODELS.build(config).eval()


@pytest.fixture
def images(generator):
    return torch.randn(2, 3, 64, 64, generator=generator)


class Logits(nn.Module):
    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, images):
        return self.classifier(images, mode='tensor')


def kept(classifier, images):
    with torch.no_grad(), last_map(classifier) as maps:
        logits = classifier(images, mode='tensor')
    return maps[-1], logits


def test_exact_maps_average_to_the_logits(images):
    classifier = build()
    features, logits = kept(classifier, images)
    assert features.shape == (2, 64, 4, 4)  # 64 / 16: the last stage has a stride of 1
    classes = torch.tensor([[0, 3], [2, 2]])
    maps = exact_maps(classifier, features, logits, classes)
    assert maps.shape == (2, 2, 4, 4)
    torch.testing.assert_close(
        maps.mean(dim=(2, 3)) + classifier.head.fc.bias[classes], logits.gather(1, classes), atol=1e-5, rtol=1e-4
    )
    assert not classifier.neck._forward_pre_hooks


def test_grad_cam_is_the_positive_part_of_the_exact_map(images):
    """For such networks both are one map, up to a factor; the library scales each to 0 to 1 and enlarges it."""
    pytest.importorskip('pytorch_grad_cam')
    classifier = build().requires_grad_(False)
    features, logits = kept(classifier, images)
    classes = torch.tensor([[0, 3], [2, 1]])
    exact = exact_maps(classifier, features, logits, classes).clamp(min=0)
    assert (exact.amax(dim=(2, 3)) > 0).sum() >= 2
    found = grad_cam_maps(Logits(classifier), classifier, images, classes)
    assert found.shape == (2, 2, 64, 64)
    for one, other in zip(exact.flatten(0, 1), found.flatten(0, 1), strict=True):
        enlarged = nn.functional.interpolate(one[None, None], size=(64, 64), mode='bilinear')[0, 0]
        # A class that nothing speaks for has no positive part.
        scaled = (enlarged - enlarged.min()) / (enlarged.max() - enlarged.min()).clamp(min=1e-9)
        torch.testing.assert_close(other, scaled, atol=1e-4, rtol=0)
    assert not classifier.neck._forward_pre_hooks


def test_predictions_have_the_maps_of_the_predicted_class_and_of_the_label(images):
    classifier = build()
    features, logits = kept(classifier, images)
    samples = [DataSample().set_gt_label(label) for label in (1, 3)]
    found = classifier.predict(images, samples)
    classes = torch.stack([logits.argmax(dim=1), torch.tensor([1, 3])], dim=1)
    expected = exact_maps(classifier, features, logits, classes)
    for sample, maps, label in zip(found, expected, classes[:, 0], strict=True):
        assert sample.pred_label.item() == label
        torch.testing.assert_close(sample.class_maps, maps)
    # New pictures have no label.
    alone = classifier.predict(images)
    torch.testing.assert_close(alone[0].class_maps[0], alone[0].class_maps[1])


def test_a_network_whose_maps_are_those_of_the_classes_has_them_as_they_are(images):
    classifier = build(head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')))
    with torch.no_grad(), last_map(classifier) as maps:
        logits = classifier.head(classifier.extract_feat(images))
    found = exact_maps(classifier, maps[-1], logits, torch.tensor([[5], [63]]))
    torch.testing.assert_close(found[1, 0], maps[-1][1, 63])


def test_vgg_gap_ends_in_a_convolution_of_its_own(images):
    vgg = dict(type='VGG', depth=11, with_last_pool=False)
    neck = dict(type='agmax_mm.PooledConvolution', in_channels=512, out_channels=64)
    classifier = build(neck=neck, backbone=vgg)
    with torch.no_grad(), last_map(classifier) as maps:
        (pooled,) = classifier.extract_feat(images)
    assert maps[-1].shape == (2, 64, 4, 4)  # a stride of 16
    assert maps[-1].min() == 0
    torch.testing.assert_close(pooled, maps[-1].mean(dim=(2, 3)))
    classes = torch.zeros(2, 1, dtype=torch.long)
    exact_maps(classifier, maps[-1], classifier.head((pooled,)), classes)


def test_networks_of_another_form_are_refused(images):
    stacked = dict(type='StackedLinearClsHead', num_classes=4, in_channels=64, mid_channels=[8])
    classifier = build(head=stacked)
    with pytest.raises(ValueError, match='expected a classifier that averages its last map .*--maps grad-cam'):
        classifier.predict(images)
    pytest.importorskip('pytorch_grad_cam')
    classes = torch.tensor([[0], [1]])
    found = grad_cam_maps(Logits(classifier), classifier.requires_grad_(False), images, classes)
    assert found.shape == (2, 1, 64, 64)
    with pytest.raises(ValueError, match='expected a classifier with one GlobalAveragePooling, .* got 0'):
        build(neck=None).predict(images)
