"""The classifier's options beside the agreement: names, initialisation, label smoothing, and what it refuses."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from agmax_mm.registry import MODELS

CLASSES = 5
MIXING = dict(augments=[dict(type='agmax_mm.CutMix')], probs=[1.0])


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def _model(head=None, preprocessor=None, **options):
    config = dict(
        type='agmax_mm.AgMaxClassifier',
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64, **(head or {})),
        data_preprocessor=dict(mean=[120.0] * 3, std=[60.0] * 3, **(preprocessor or {})),
    )
    return MODELS.build({**config, **options})


def _batch(images=4, views=2, seed=0, side=32):
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.randint(256, (images, 3, side, side), generator=generator, dtype=torch.uint8) for _ in range(views)]
    samples = [
        DataSample(metainfo={'img_path': f'{index}.jpg', 'sample_idx': index}).set_gt_label(index % CLASSES)
        for index in range(images)
    ]
    return {'inputs': inputs if views > 1 else inputs[0], 'data_samples': samples}


def _losses(model, batch):
    torch.manual_seed(1)
    np.random.seed(1)
    data = model.data_preprocessor(batch, training=True)
    return data, model(**data, mode='loss')


@pytest.mark.parametrize('name', ['mi', 'mi_qnet', 'mse', 'kl', 'ce', 'jsd'])
def test_agreement_by_name_joins_the_objective(name):
    model = _model(agreement=name).train()
    data, losses = _losses(model, _batch())
    logits = model(data['inputs'], mode='tensor').chunk(2)
    expected = {key: value for key, value in model.agreement(logits).items() if 'loss' in key}
    assert expected.keys() == {key for key in losses if 'loss' in key} - {'loss_cls'}
    total = model.parse_losses(losses)[0]
    torch.testing.assert_close(total, losses['loss_cls'] + sum(expected.values()))


def test_none_is_the_two_view_control():
    model = _model(agreement='none').train()
    _, losses = _losses(model, _batch())
    assert set(losses) == {'loss_cls'}


@pytest.mark.parametrize('views', [1, 2], ids=['baseline', 'agmax'])
@pytest.mark.parametrize('mixing', [None, MIXING], ids=['labels', 'mixed'])
def test_label_smoothing_is_torch_s(views, mixing):
    """On mixed labels too, where the released code leaves it out under AgMax."""
    smoothing = dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1, num_classes=CLASSES)
    model = _model(
        head=dict(loss=smoothing),
        preprocessor=dict(batch_augments=copy.deepcopy(mixing)),
        agreement='mi' if views == 2 else None,
    ).train()
    data, losses = _losses(model, _batch(views=views))
    logits = model(data['inputs'], mode='tensor')
    samples = data['data_samples']
    labels = torch.cat([s.gt_label for s in samples]) if mixing is None else torch.stack([s.gt_score for s in samples])
    assert mixing is None or (labels.max(dim=1).values < 1).any()
    torch.testing.assert_close(losses['loss_cls'], F.cross_entropy(logits, labels, label_smoothing=0.1))
    assert not torch.isclose(losses['loss_cls'], F.cross_entropy(logits, labels))


def test_label_smoothing_worked_by_hand():
    """Two views, two images: 0.8243 without, 0.8743 with smoothing 0.1, as the authors' code gives."""
    views = torch.tensor([[1.0, 2, 3], [0, 0, 1], [1, 1, 1], [2, 0, 0]], dtype=torch.float64)
    labels = torch.tensor([2, 0, 2, 0])
    for options, expected in (
        (dict(type='CrossEntropyLoss'), 0.8243019333),
        (dict(type='LabelSmoothLoss', mode='original', label_smooth_val=0.1, num_classes=3), 0.8743019333),
    ):
        loss = MODELS.build(options)
        assert loss(views, labels, avg_factor=4).item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize('share', [False, True])
def test_shared_mixing(share):
    """With it both views of a step get the same ratio, partners and box: equal views stay equal."""
    model = _model(agreement='mi', preprocessor=dict(batch_augments=copy.deepcopy(MIXING), share_mix=share))
    batch = _batch(images=8)
    batch['inputs'][1] = batch['inputs'][0]
    equal = 0
    for seed in range(20):
        torch.manual_seed(seed)
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        a, b = data['inputs'].chunk(2)
        scores_a, scores_b = torch.stack([sample.gt_score for sample in data['data_samples']]).chunk(2)
        equal += torch.equal(a, b) and torch.equal(scores_a, scores_b)
    assert equal == 20 if share else equal <= 2


def test_shared_mixing_pairs_images_with_their_labels():
    """The share of a partner's pixels is its share of the label, in both views."""
    classes = 8
    model = MODELS.build(
        dict(type='agmax_mm.TwoViewDataPreprocessor', num_classes=classes, batch_augments=MIXING, share_mix=True)
    )
    # View, image and channel are all told by the value of the pixels.
    values = torch.arange(2 * classes).view(2, classes, 1, 1, 1).expand(2, classes, 3, 16, 16)
    values = values * 6 + torch.arange(3).view(3, 1, 1)
    samples = [DataSample().set_gt_label(label) for label in range(classes)]
    torch.manual_seed(3)
    out = model({'inputs': list(values.to(torch.uint8)), 'data_samples': samples}, training=True)
    for row, (image, sample) in enumerate(zip(out['inputs'].double(), out['data_samples'], strict=True)):
        view = row // classes
        for channel in range(3):
            sources = (image[channel] - channel) / 6 - view * classes
            shares = torch.bincount(sources.flatten().long(), minlength=classes) / 256
            torch.testing.assert_close(shares.float(), sample.gt_score)


def test_initialisation_by_the_authors():
    model = _model(agreement='mi_qnet', init_std=0.2)
    model.init_weights()
    for weight in (model.backbone.layer4[0].conv1.weight, model.agreement.pair_head.layers[0].weight):
        assert weight.std().item() == pytest.approx(0.2, rel=0.1)
    assert (model.head.fc.bias == 0).all()
    plain = _model(agreement='mi_qnet')
    plain.init_weights()
    assert plain.head.fc.weight.std().item() < 0.1


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(init_std=0.0), 'init_std: expected a number above 0, got 0.0'),
        (dict(init_std=0.2, pretrained='x.pth'), 'init_std: expected no pretrained weights beside it'),
        (
            dict(
                init_std=0.2, backbone=dict(type='ResNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint='x'))
            ),
            'init_std: expected no pretrained weights beside it',
        ),
        (dict(agreement='mi', num_views=1), 'num_views: expected at least 2 with an agreement, got 1'),
        (dict(agreement='kld'), "model.agreement: expected one of ce, .*, none, got 'kld'"),
        (
            dict(agreement='mi', head=dict(type='ArcFaceClsHead', num_classes=CLASSES, in_channels=64)),
            'expected a head with .* such as LinearClsHead, .* got ArcFaceClsHead',
        ),
    ],
)
def test_contradictions_are_refused(options, message):
    config = dict(
        type='agmax_mm.AgMaxClassifier',
        backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64),
    )
    with pytest.raises(ValueError, match=message):
        MODELS.build({**config, **options})


def test_heads_with_a_loss_of_their_own_work_without_agreement():
    head = dict(type='ArcFaceClsHead', num_classes=CLASSES, in_channels=64)
    model = MODELS.build(
        dict(
            type='agmax_mm.AgMaxClassifier',
            backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8),
            neck=dict(type='GlobalAveragePooling'),
            head=head,
        )
    ).train()
    _, losses = _losses(model, _batch(views=1, images=8))
    assert losses['loss_cls'].item() > 10  # the margin's scale


@pytest.mark.parametrize('agreement', [None, 'mi'], ids=['baseline', 'agmax'])
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_logit_that_is_not_finite_stops_with_step_and_sample(agreement, value):
    model = _model(agreement=agreement).train()
    data = model.data_preprocessor(_batch(views=2 if agreement else 1), training=True)

    def spoil(module, inputs, output):
        output[2, 1] = value

    model.head.register_forward_hook(lambda module, inputs, output: spoil(module, inputs, output.data))
    MessageHub.get_current_instance().update_info('iter', 41)
    try:
        with pytest.raises(
            ValueError, match=r"step 42: expected finite logits, got NaN .* for 1 of \d images.*'2.jpg'"
        ):
            model.loss(**data)
    finally:
        MessageHub.get_current_instance().pop_info('iter')


def test_a_step_of_one_image_is_refused():
    model = _model(agreement='mi').train()
    data = model.data_preprocessor(_batch(images=1), training=True)
    with pytest.raises(ValueError, match=r"expected at least 2 images in a step, got 1, '0.jpg'; .*drop_last=True"):
        model.loss(**data)


def test_a_step_of_one_image_that_the_network_cannot_take_is_named_too():
    """At 32 pixels this backbone's last maps have one."""
    model = _model().train()
    data = model.data_preprocessor(_batch(images=1, views=1), training=True)
    with pytest.raises(ValueError, match=r"at least 2 images in a step, got 1, '0.jpg'; .*Expected more than 1 value"):
        model.loss(**data)


def test_scores_of_other_classes_are_refused():
    model = _model().train()
    batch = _batch(views=2)
    for sample in batch['data_samples']:
        sample.set_gt_score(torch.ones(CLASSES + 1) / (CLASSES + 1))
    with pytest.raises(ValueError, match='expected gt_score of 5 classes, got 6'):
        model.data_preprocessor(batch, training=True)


@pytest.mark.parametrize('label', [-1, CLASSES])
@pytest.mark.parametrize('views', [1, 2])
def test_labels_without_an_output_are_named(label, views):
    model = _model(agreement=None).train()
    batch = _batch(views=views)
    batch['data_samples'][3].set_gt_label(label)
    with pytest.raises(ValueError, match=rf"this step: expected labels of 0 to 4, got \[{label}\] for '3.jpg'"):
        model.data_preprocessor(batch, training=True)


def test_backbone_by_name():
    model = _model(backbone='timm/resnet18d', head=dict(init_cfg=[]))
    logits = model(torch.zeros(2, 3, 64, 64), mode='tensor')
    assert logits.shape == (2, CLASSES)
    assert model.head.in_channels == 512
    model = _model(backbone=dict(type='timm/vit_tiny_patch16_224', img_size=32), head=dict(init_cfg=[]))
    assert model(torch.zeros(2, 3, 32, 32), mode='tensor').shape == (2, CLASSES)
    with pytest.raises(ValueError, match='timm/resnet18d'):
        _model(backbone='timm/resnet18dd')
