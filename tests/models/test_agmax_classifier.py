import copy

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS as HOST_MODELS
from mmpretrain.structures import DataSample

from agmax_mm.registry import MODELS
from tests import reference

CLASSES = 5
BACKBONE = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)
PREPROCESSOR = dict(mean=[120.0, 110.0, 100.0], std=[60.0, 55.0, 50.0], to_rgb=True)


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def _config(kind, **extra):
    return dict(
        type=kind,
        backbone=copy.deepcopy(BACKBONE),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(type='mmpretrain.LinearClsHead', num_classes=CLASSES, in_channels=64),
        **extra,
    )


def _agmax(agreement=None, preprocessor=None, **extra):
    return MODELS.build(
        _config(
            'agmax_mm.AgMaxClassifier',
            agreement=agreement,
            data_preprocessor={**PREPROCESSOR, **(preprocessor or {})},
            **extra,
        )
    )


def _samples(images):
    return [DataSample().set_gt_label(index % CLASSES) for index in range(images)]


def _batch(images=4, views=1, seed=0, side=32):
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.randint(256, (images, 3, side, side), generator=generator, dtype=torch.uint8) for _ in range(views)]
    return {'inputs': inputs if views > 1 else inputs[0], 'data_samples': _samples(images)}


def _train(model: BaseModel, mixing_seed: int) -> tuple[list[float], dict]:
    torch.manual_seed(mixing_seed)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4))
    model.train()
    losses = [model.train_step(_batch(seed=step), optimizer)['loss'].item() for step in range(10)]
    return losses, model.state_dict()


@pytest.mark.parametrize('mixing', [None, dict(augments=[dict(type='agmax_mm.CutMix')], probs=[0.5])])
def test_one_view_without_agreement_is_the_host_bit_for_bit(mixing):
    import numpy as np

    ours = _agmax(preprocessor=dict(batch_augments=copy.deepcopy(mixing)))
    host = HOST_MODELS.build(
        _config(
            'mmpretrain.ImageClassifier',
            data_preprocessor={
                'type': 'mmpretrain.ClsDataPreprocessor',
                'num_classes': CLASSES,
                'batch_augments': copy.deepcopy(mixing),
                **PREPROCESSOR,
            },
        )
    )
    host.load_state_dict(ours.state_dict())
    np.random.seed(0)
    losses, weights = _train(ours, 7)
    np.random.seed(0)
    host_losses, host_weights = _train(host, 7)
    assert losses == host_losses
    assert losses[0] != losses[-1]
    assert weights.keys() == host_weights.keys()
    assert all(torch.equal(weights[name], host_weights[name]) for name in weights)


def test_loss_is_the_views_mean_cross_entropy_minus_their_mutual_information():
    model = _agmax(dict(type='agmax_mm.MutualInfoAgreement', loss_weight=0.7)).train()
    data = model.data_preprocessor(_batch(views=2), training=True)
    losses = model(**data, mode='loss')
    with torch.no_grad():
        logits_a, logits_b = model.train()(data['inputs'], mode='tensor').chunk(2)
    labels = torch.arange(4) % CLASSES
    cross_entropy = torch.nn.functional.cross_entropy
    expected = 0.5 * (cross_entropy(logits_a, labels) + cross_entropy(logits_b, labels))
    torch.testing.assert_close(losses['loss_cls'], expected)
    information = reference.mutual_information(logits_a, logits_b)
    # It is a small difference of large terms in float32.
    assert losses['loss_agreement'].item() == pytest.approx(-0.7 * information, rel=1e-4, abs=5e-7)
    assert losses['mutual_info'].item() == pytest.approx(information, rel=1e-4, abs=5e-7)
    total, logged = model.parse_losses(losses)
    torch.testing.assert_close(total, losses['loss_cls'] + losses['loss_agreement'])
    torch.testing.assert_close(logged['loss'], total)


def test_terms_of_the_released_code():
    model = _agmax(dict(type='agmax_mm.PairEntropyAgreement', pair_head=dict(type='agmax_mm.PairHead'))).train()
    data = model.data_preprocessor(_batch(views=2), training=True)
    losses = model(**data, mode='loss')
    with torch.no_grad():
        logits_a, logits_b = model(data['inputs'], mode='tensor').chunk(2)
        pair = model.agreement.pair_head(logits_a, logits_b)
    entropy = reference.pair_entropy(logits_a, logits_b, pair)
    consistency = reference.pair_consistency(logits_a, logits_b, pair)
    assert losses['loss_agreement_entropy'].item() == pytest.approx(-entropy, rel=1e-4)
    assert losses['loss_agreement_consistency'].item() == pytest.approx(4 * consistency, rel=1e-4)
    assert losses['entropy_pair'].item() == pytest.approx(entropy, rel=1e-4)


def test_the_pair_head_is_trained_but_unused_at_inference():
    model = _agmax(dict(type='agmax_mm.PairEntropyAgreement', pair_head=dict(type='agmax_mm.PairHead')))
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    before = copy.deepcopy(model.agreement.pair_head.state_dict())
    model.train().train_step(_batch(views=2), optimizer)
    assert all(not torch.equal(before[name], tensor) for name, tensor in model.agreement.pair_head.state_dict().items())

    model.eval()
    expected = [sample.pred_score for sample in model.test_step(_batch())]
    for parameter in model.agreement.parameters():
        parameter.data.fill_(float('nan'))
    scores = [sample.pred_score for sample in model.test_step(_batch())]
    assert all(torch.equal(a, b) for a, b in zip(scores, expected, strict=True))


def test_weight_zero_trains_like_no_agreement():
    weights = []
    for agreement in (dict(type='agmax_mm.MutualInfoAgreement', loss_weight=0.0), None):
        torch.manual_seed(0)
        model = _agmax(agreement)
        optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        model.train()
        for step in range(3):
            model.train_step(_batch(views=2, seed=step), optimizer)
        weights.append(model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])


def test_more_views_average_over_pairs():
    model = MODELS.build(dict(type='agmax_mm.MutualInfoAgreement'))
    a, b, c = reference.batch_logits(0, 6, 4, views=3)
    expected = sum(reference.mutual_information(*pair) for pair in [(a, b), (a, c), (b, c)]) / 3
    assert model([a, b, c])['loss_agreement'].item() == pytest.approx(-expected, rel=1e-9)


def test_view_agreement_is_the_share_of_equal_decisions():
    a = torch.eye(4)
    b = a[[0, 1, 3, 2]]
    assert MODELS.build(dict(type='agmax_mm.MSEAgreement'))([a, b])['view_agreement'].item() == 0.5


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [('MSEAgreement', 1.6666666667), ('KLAgreement', 0.5441793644), ('CrossEntropyAgreement', 0.4857123233)],
)
def test_other_agreements(kind, expected):
    a = torch.tensor([[1.0, 2, 3], [0, 0, 1]], dtype=torch.float64)
    b = torch.tensor([[1.0, 1, 1], [2, 0, 0]], dtype=torch.float64)
    term = MODELS.build(dict(type=f'agmax_mm.{kind}', loss_weight=2.0))([a, b])['loss_agreement']
    assert term.item() == pytest.approx(2 * expected, abs=1e-8)


@pytest.mark.parametrize(
    ('classes', 'width', 'parameters'), [(10, 128, 3978), (31, 128, 12063), (100, 512, 154212), (1000, 4096, 12293096)]
)
def test_pair_head_sizes_of_the_released_code(classes, width, parameters):
    head = MODELS.build(dict(type='agmax_mm.PairHead', num_classes=classes))
    assert head.layers[0].out_features == width
    assert sum(parameter.numel() for parameter in head.parameters()) == parameters


def test_bad_input():
    with pytest.raises(ValueError, match='loss_weight: expected a number of at least 0, got -1'):
        MODELS.build(dict(type='agmax_mm.MutualInfoAgreement', loss_weight=-1.0))
    model = _agmax(dict(type='agmax_mm.MutualInfoAgreement'))
    data = model.data_preprocessor(_batch(images=4), training=True)
    with pytest.raises(ValueError, match=r'expected a batch of 2 views, got 1; .*TwoView'):
        model(**data, mode='loss')
