"""What the recipes amount to once built: the paper's values, looked up in the objects that act on them."""

import math

import numpy as np
import pytest
import timm.scheduler
import torch
from mmengine.dataset import DefaultSampler
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope
from mmengine.runner import Runner
from PIL import Image
from torch import nn
from torchvision import transforms as T

from agmax_mm.registry import MODELS, TRANSFORMS
from tests.configs.catalogue import NAMES, config_of, groups, promise_of
from tests.loops import for_all

# The paper's sections 4.1 (CIFAR) and 4.2 (ImageNet) and the constants of the authors' code, independent of configs/.
CIFAR = dict(
    mean=[0.4914, 0.4822, 0.4465],
    std=[0.2023, 0.1994, 0.2010],
    lighting=[],
    cutout=16,
    mixing={'mixup': ('MixUp', 1.0, 1.0), 'cutmix': ('CutMix', 1.0, 0.5)},
)
IMAGENET = dict(
    mean=[0.485, 0.456, 0.406],
    std=[0.229, 0.224, 0.225],
    lighting=[('PCALighting', 0.1)],
    cutout=112,
    mixing={'mixup': ('MixUp', 0.2, 1.0), 'cutmix': ('CutMix', 1.0, 1.0)},
)
# Learning rates at the beginning of an epoch.
SCHEDULES = {
    200: dict(
        weight_decay=5e-4,
        batch_size=128,
        rates={0: 0.1, 50: 0.05 * (1 + math.sqrt(0.5)), 100: 0.05, 199: 0.05 * (1 + math.cos(0.995 * math.pi))},
        last=0.0,
    ),
    90: dict(
        weight_decay=1e-4,
        batch_size=256,
        rates={0: 0.1, 29: 0.1, 30: 1e-2, 59: 1e-2, 60: 1e-3, 79: 1e-3, 80: 1e-4, 89: 1e-4},
        last=1e-4,
    ),
    270: dict(
        weight_decay=1e-4,
        batch_size=256,
        rates={0: 0.1, 74: 0.1, 75: 1e-2, 149: 1e-2, 150: 1e-3, 224: 1e-3, 225: 1e-4, 269: 1e-4},
        last=1e-4,
    ),
}
WARMED_UP = dict(weight_decay=5e-5, batch_size=128)  # the schedule of 100 epochs


@pytest.fixture(autouse=True)
def _host_scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def _paper(promise):
    return IMAGENET if promise.dataset == 'imagenet' else CIFAR


@for_all(NAMES)
def test_preprocessing_and_mixing(name):
    promise = promise_of(name)
    paper = _paper(promise)
    preprocessor = MODELS.build({**config_of(name).data_preprocessor, 'num_classes': 10})
    for got, expected in ((preprocessor.mean, paper['mean']), (preprocessor.std, paper['std'])):
        torch.testing.assert_close(got.flatten() / 255, torch.tensor(expected), rtol=1e-5, atol=0)
    colours = torch.arange(3, dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 8, 8)  # blue 0, green 1, red 2
    rgb = preprocessor({'inputs': colours})['inputs'] * preprocessor.std + preprocessor.mean
    torch.testing.assert_close(rgb[0, :, 0, 0], torch.tensor([2.0, 1.0, 0.0]), rtol=0, atol=1e-4)

    parts = promise.augmentation.split('_')
    expected = paper['lighting'] + ([('CutOut', paper['cutout'])] if 'cutout' in parts else [])
    got = [
        (type(augment).__name__, getattr(augment, 'alpha_std', getattr(augment, 'length', None)))
        for augment in preprocessor.image_augments
    ]
    assert got == expected  # lighting belongs before normalisation, what CutOut erases is not lit
    mixing = paper['mixing'].get(parts[0])
    if mixing is None:
        assert preprocessor.batch_augments is None
        return
    first, *nothing = preprocessor.batch_augments.augments
    assert (type(first).__name__, first.alpha, preprocessor.batch_augments.probs[0]) == pytest.approx(mixing)
    assert getattr(first, 'correct_lam', True) is True
    assert set(nothing) <= {None}
    assert preprocessor.share_mix is False


def _training(config):
    keys = ('optim_wrapper', 'param_scheduler', 'train_cfg', 'total_batch_size', 'auto_scale_lr')
    return {key: config.to_dict()[key] for key in keys}


@pytest.fixture(scope='module')
def schedules():
    found = groups(_training, lambda promise: promise.epochs)
    assert set(found) == {*SCHEDULES, 100}
    return found


def _optimizer(config, weight_decay):
    """Of a small network, after a look at its settings."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = build_optim_wrapper(network, config.optim_wrapper).optimizer
    assert type(optimizer) is torch.optim.SGD
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    assert {id(parameter) for parameter in parameters} == {id(parameter) for parameter in network.parameters()}
    for group in optimizer.param_groups:  # biases and norms are no exception
        assert group['weight_decay'] == weight_decay
        assert (group['lr'], group['momentum'], group['dampening'], group['nesterov']) == (0.1, 0.9, 0, True)
    return optimizer


@pytest.mark.parametrize('epochs', SCHEDULES)
def test_optimiser_and_schedule(schedules, epochs):
    config, paper = config_of(schedules[epochs]), SCHEDULES[epochs]
    optimizer = _optimizer(config, paper['weight_decay'])
    assert config.train_cfg.max_epochs == epochs
    assert config.auto_scale_lr == dict(enable=True, base_batch_size=paper['batch_size'])
    scheduler = PARAM_SCHEDULERS.build(config.param_scheduler, default_args=dict(optimizer=optimizer))
    assert scheduler.by_epoch
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    for epoch, rate in paper['rates'].items():
        assert rates[epoch] == pytest.approx(rate, rel=1e-6), epoch
    assert optimizer.param_groups[0]['lr'] == pytest.approx(paper['last'], rel=1e-6, abs=1e-12)


def test_warmed_up_schedule_is_timm_s(schedules):
    config = config_of(schedules[100])
    optimizer = _optimizer(config, WARMED_UP['weight_decay'])
    assert config.train_cfg.max_epochs == 100
    assert config.auto_scale_lr == dict(enable=True, base_batch_size=WARMED_UP['batch_size'])
    steps = 100  # of an epoch; in truth 10,010
    built = [
        PARAM_SCHEDULERS.build(options, default_args=dict(optimizer=optimizer, epoch_length=steps))
        for options in config.param_scheduler
    ]
    assert not any(scheduler.by_epoch for scheduler in built)
    rates = []
    for _ in range(100 * steps):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in built:
            scheduler.step()
    theirs = timm.scheduler.CosineLRScheduler(
        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1), t_initial=100, warmup_t=5, warmup_prefix=True
    )
    expected = [theirs._get_lr(step / steps)[0] for step in range(100 * steps)]
    # The host reaches the top with the last step of the warm-up, timm with the step after it.
    np.testing.assert_allclose(rates[: 5 * steps], expected[: 5 * steps], rtol=0, atol=0.101 / (5 * steps))
    np.testing.assert_allclose(rates[5 * steps :], expected[5 * steps :], rtol=1e-6)
    # By hand: 0 at first, half way up, the top, half way down, and what is left of a cosine over 105 epochs.
    at = [rates[round(epoch * steps)] for epoch in (0, 2.5, 5, 55)]
    assert at == pytest.approx([0.0, 0.05, 0.1, 0.05], abs=2e-4)
    assert rates[-1] == pytest.approx(6.2e-4, abs=0.1e-4)


def _loaders(config):
    options = {}
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = config[name].to_dict()
        options[name] = {key: value for key, value in loader.items() if key != 'dataset'}
    return options | {'seeds': config.randomness.to_dict()}


def test_loaders_and_seeds():
    found = groups(_loaders, lambda promise: (promise.dataset == 'imagenet', promise.epochs))
    assert len(found) == 4
    for (_, epochs), name in found.items():
        config, batch_size = config_of(name), {**SCHEDULES, 100: WARMED_UP}[epochs]['batch_size']
        images = list(range(batch_size + 1))
        for loader_name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            options = {
                **config[loader_name].to_dict(),
                'dataset': images,
                'num_workers': 0,
                'persistent_workers': False,
                'prefetch_factor': None,
            }
            loader = Runner.build_dataloader(options, seed=0)
            assert isinstance(loader.sampler, DefaultSampler)
            assert loader.sampler.shuffle == (loader_name == 'train_dataloader')
            assert not loader.drop_last
            assert not loader.batch_sampler.drop_last
            assert sum(len(batch) for batch in loader.batch_sampler) == len(images)
        assert config.train_dataloader.batch_size == batch_size
        assert config.randomness.diff_rank_seed is True  # else all ranks would draw the same augmentations


def _steps(loader):
    """The steps of a loader's pipeline, those inside of the views too, without the number of views."""
    steps = [step.to_dict() for step in loader.dataset.pipeline]
    return [inner for step in steps for inner in step.get('transforms', [step])]


def _built(name, loader, kind):
    """The one transform of a type in a loader's pipeline, built."""
    (step,) = [step for step in _steps(config_of(name)[loader]) if step['type'] == kind]
    built = TRANSFORMS.build(step)
    return getattr(built, 't', built)  # the host wraps torchvision's


@pytest.fixture(scope='module')
def views():
    """A recipe for each kind of training pipeline: the data set, and whether there is AutoAugment."""
    return groups(
        lambda config: [
            _steps(config.train_dataloader),
            {key: value for key, value in config.train_dataloader.dataset.to_dict().items() if key != 'pipeline'},
        ],
        lambda promise: (promise.dataset, promise.augmentation.endswith('aa')),
    )


@pytest.mark.parametrize('autoaugment', [False, True])
@pytest.mark.parametrize('classes', [10, 100])
def test_cifar_views(views, classes, autoaugment):
    name = views[f'cifar{classes}', autoaugment]
    assert [step['type'] for step in _steps(config_of(name).train_dataloader)] == [
        'agmax_mm.RandomPaddedCrop',
        'agmax_mm.RandomMirror',
        *['agmax_mm.AutoAugment'] * autoaugment,
        'PackInputs',
    ]
    assert _built(name, 'train_dataloader', 'agmax_mm.RandomPaddedCrop').padding == 4
    assert _built(name, 'train_dataloader', 'agmax_mm.RandomMirror').prob == 0.5
    if autoaugment:
        assert _built(name, 'train_dataloader', 'agmax_mm.AutoAugment').policy == 'cifar'


@pytest.mark.parametrize('autoaugment', [False, True])
def test_imagenet_views(views, autoaugment):
    name = views['imagenet', autoaugment]
    assert [step['type'].split('/')[-1] for step in _steps(config_of(name).train_dataloader)] == [
        'agmax_mm.LoadImage',
        'agmax_mm.RandomResizedCrop',
        'agmax_mm.RandomMirror',
        *['agmax_mm.AutoAugment'] * autoaugment,
        'agmax_mm.ColorJitter',
        'PackInputs',
    ]
    crop = _built(name, 'train_dataloader', 'agmax_mm.RandomResizedCrop')
    assert crop.size == 224
    assert (*crop.scale, *crop.ratio) == pytest.approx((0.08, 1.0, 3 / 4, 4 / 3))
    assert _built(name, 'train_dataloader', 'agmax_mm.RandomMirror').prob == 0.5
    if autoaugment:
        assert _built(name, 'train_dataloader', 'agmax_mm.AutoAugment').policy == 'imagenet'
    jitter = _built(name, 'train_dataloader', 'agmax_mm.ColorJitter')
    assert (jitter.brightness, jitter.contrast, jitter.saturation) == (0.4, 0.4, 0.4)


def _evaluation(config):
    assert config.val_dataloader == config.test_dataloader
    assert config.val_evaluator == config.test_evaluator == dict(type='Accuracy', topk=(1, 5))
    return config.val_dataloader.dataset.to_dict()


def test_evaluation_crops_are_torchvision_s(tmp_path):
    """Shorter edge to 256 by Pillow's bilinear filter, then the central 224 x 224; for RegNet and EfficientNet 288 and
    256. CIFAR's images are taken as they are.
    """
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
    picture.save(tmp_path / 'picture.png')
    found = groups(_evaluation, lambda promise: (promise.dataset, promise.epochs == 100))
    assert len(found) == 4
    for (dataset, large), name in found.items():
        pipeline = config_of(name).test_dataloader.dataset.pipeline
        assert pipeline[-1].type == 'PackInputs'
        if dataset != 'imagenet':
            assert len(pipeline) == 1
            continue
        results = {'img_path': str(tmp_path / 'picture.png')}
        for step in pipeline[:-1]:
            results = TRANSFORMS.build(step)(results)
        edge, side = (288, 256) if large else (256, 224)
        expected = T.Compose([T.Resize(edge), T.CenterCrop(side)])(picture)
        np.testing.assert_array_equal(results['img'][..., ::-1], np.asarray(expected))
