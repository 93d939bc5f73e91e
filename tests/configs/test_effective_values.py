"""What the recipes amount to once built: the paper's values, looked up in the objects that act on them."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope
from mmengine.runner import Runner
from PIL import Image
from torch import nn
from torchvision import transforms as T
from torchvision.transforms import InterpolationMode

from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.registry import MODELS, TRANSFORMS

# The paper's sections 4.1 (CIFAR) and 4.2 (ImageNet) and the constants of the authors' code, independent of configs/.
CIFAR = dict(
    mean=[0.4914, 0.4822, 0.4465],
    std=[0.2023, 0.1994, 0.2010],
    lighting=[],
    cutmix_prob=0.5,
    weight_decay=5e-4,
    batch_size=128,
    learning_rates={0: 0.1, 50: 0.05 * (1 + math.sqrt(0.5)), 100: 0.05, 199: 0.05 * (1 + math.cos(0.995 * math.pi))},
    last_learning_rate=0.0,
    epochs=200,
)
IMAGENET = dict(
    mean=[0.485, 0.456, 0.406],
    std=[0.229, 0.224, 0.225],
    lighting=[0.1],
    cutmix_prob=1.0,
    weight_decay=1e-4,
    batch_size=256,
    learning_rates={0: 0.1, 74: 0.1, 75: 1e-2, 149: 1e-2, 150: 1e-3, 224: 1e-3, 225: 1e-4, 269: 1e-4},
    last_learning_rate=1e-4,
    epochs=270,
)
PAPER = {
    'resnet50_cutmix_aa_270e': IMAGENET,
    'wrn40-2_cutmix_aa_200e_cifar10': CIFAR,
    'wrn40-2_cutmix_aa_200e_cifar100': CIFAR,
}
RECIPES = [f'{folder}/{name}' for folder in ('agmax', 'baseline') for name in PAPER]
IMAGENET_RECIPES = [recipe for recipe in RECIPES if PAPER[recipe.split('/')[1]] is IMAGENET]
CIFAR_RECIPES = [recipe for recipe in RECIPES if PAPER[recipe.split('/')[1]] is CIFAR]


class _Recipe:
    def __init__(self, name):
        self.paper = PAPER[name.split('/')[1]]
        self.agmax = name.startswith('agmax/')
        self.config = load_config(f'configs/{name}.py')
        prepare_config(self.config, world_size=1)

    def model(self):
        torch.manual_seed(0)
        model = MODELS.build({**self.config.model, 'data_preprocessor': self.config.data_preprocessor})
        model.init_weights()  # as the runner does before training
        return model

    def step(self, loader, kind):
        """The one transform of a type in a loader's pipeline, inside of the views or outside, built."""
        steps = list(self.config[loader].dataset.pipeline)
        steps += [inner for step in steps for inner in step.get('transforms', [])]
        (step,) = [step for step in steps if step.type == kind]
        built = TRANSFORMS.build(step)
        return getattr(built, 't', built)  # the host wraps torchvision's


@pytest.fixture(autouse=True)
def _host_scope():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture
def recipe(request):
    return _Recipe(request.param)


def test_every_recipe_is_in_the_table():
    found = {
        f'{folder}/{path.stem}' for folder in ('agmax', 'baseline') for path in Path('configs', folder).glob('*.py')
    }
    assert found == set(RECIPES)


@pytest.mark.parametrize('recipe', RECIPES, indirect=True)
def test_model_and_preprocessing(recipe):
    model, paper = recipe.model(), recipe.paper
    preprocessor = model.data_preprocessor
    for got, expected in ((preprocessor.mean, paper['mean']), (preprocessor.std, paper['std'])):
        torch.testing.assert_close(got.flatten() / 255, torch.tensor(expected), rtol=1e-5, atol=0)
    colours = torch.arange(3, dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 8, 8)  # blue 0, green 1, red 2
    rgb = preprocessor({'inputs': colours})['inputs'] * preprocessor.std + preprocessor.mean
    torch.testing.assert_close(rgb[0, :, 0, 0], torch.tensor([2.0, 1.0, 0.0]), rtol=0, atol=1e-4)
    assert [type(augment).__name__ for augment in preprocessor.image_augments] == ['PCALighting'] * len(
        paper['lighting']
    )
    assert [augment.alpha_std for augment in preprocessor.image_augments] == paper['lighting']
    cutmix, nothing = preprocessor.batch_augments.augments
    assert (type(cutmix).__name__, cutmix.alpha, cutmix.correct_lam, nothing) == ('CutMix', 1.0, True, None)
    assert preprocessor.batch_augments.probs == pytest.approx([paper['cutmix_prob'], 1 - paper['cutmix_prob']])
    agreement = model.agreement
    if recipe.agmax:
        assert type(agreement).__name__ == 'MutualInfoAgreement'
        assert (agreement.loss_weight, agreement.global_batch, model.num_views) == (1.0, True, 2)
    else:
        assert agreement is None

    norms_at_zero = _check_torch_s_initialisation(model)
    if paper is IMAGENET:
        blocks = [block for stage in range(1, 5) for block in getattr(model.backbone, f'layer{stage}')]
        assert len(blocks) == 16
        assert norms_at_zero == {id(block.norm3) for block in blocks}  # each branch starts at 0
        # torchvision's "v1.5": the 3x3 convolution has the stride.
        assert [model.backbone.layer2[0].conv1.stride, model.backbone.layer2[0].conv2.stride] == [(1, 1), (2, 2)]
    else:
        assert norms_at_zero == set()
        assert {block.drop_rate for stage in range(1, 4) for block in getattr(model.backbone, f'layer{stage}')} == {0}


def _check_torch_s_initialisation(model):
    """Convolutions and linear layers are U(-b, b) with b = fan_in ** -0.5, whose std is b / sqrt(3); returns the norms
    whose gamma is 0, while all others' is 1.
    """
    norms_at_zero = set()
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight = module.weight.detach()
            bound = weight[0].numel() ** -0.5
            assert weight.abs().max() <= bound * (1 + 1e-6), name
            # The relative standard error of a uniform sample's std is sqrt(0.2 / n).
            expected = pytest.approx(bound / math.sqrt(3), rel=5 * math.sqrt(0.2 / weight.numel()))
            assert weight.std().item() == expected, name
            if module.bias is not None:
                assert 0.3 * bound < module.bias.abs().max() <= bound * (1 + 1e-6), name
        elif isinstance(module, nn.BatchNorm2d):
            assert (module.bias == 0).all(), name
            if (module.weight == 0).all():
                norms_at_zero.add(id(module))
            else:
                assert (module.weight == 1).all(), name
    return norms_at_zero


@pytest.mark.parametrize('recipe', RECIPES, indirect=True)
def test_optimiser_and_schedule(recipe):
    paper = recipe.paper
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = build_optim_wrapper(network, recipe.config.optim_wrapper).optimizer
    assert type(optimizer) is torch.optim.SGD
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    assert {id(parameter) for parameter in parameters} == {id(parameter) for parameter in network.parameters()}
    for group in optimizer.param_groups:  # biases and norms are no exception
        assert group['weight_decay'] == paper['weight_decay']
        assert (group['momentum'], group['dampening'], group['nesterov']) == (0.9, 0, True)

    assert recipe.config.train_cfg.max_epochs == paper['epochs']
    scheduler = PARAM_SCHEDULERS.build(recipe.config.param_scheduler, default_args=dict(optimizer=optimizer))
    assert scheduler.by_epoch
    rates = []
    for _ in range(paper['epochs']):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    for epoch, rate in paper['learning_rates'].items():
        assert rates[epoch] == pytest.approx(rate, rel=1e-6), epoch
    assert optimizer.param_groups[0]['lr'] == pytest.approx(paper['last_learning_rate'], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize('recipe', RECIPES, indirect=True)
def test_loaders_and_seeds(recipe):
    images = list(range(recipe.paper['batch_size'] + 1))
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options = {**recipe.config[name].to_dict(), 'dataset': images, 'num_workers': 0, 'persistent_workers': False}
        loader = Runner.build_dataloader(options, seed=0)
        assert isinstance(loader.sampler, DefaultSampler)
        assert loader.sampler.shuffle == (name == 'train_dataloader')
        assert not loader.drop_last
        assert not loader.batch_sampler.drop_last
        assert sum(len(batch) for batch in loader.batch_sampler) == len(images)
    assert recipe.config.train_dataloader.batch_size == recipe.paper['batch_size']
    assert recipe.config.randomness.diff_rank_seed is True  # else all ranks would draw the same augmentations


@pytest.mark.parametrize('recipe', CIFAR_RECIPES, indirect=True)
def test_cifar_views(recipe):
    crop = recipe.step('train_dataloader', 'RandomCrop')
    assert (crop.crop_size, crop.padding, crop.pad_val, crop.padding_mode) == ((32, 32), 4, 0, 'constant')
    assert not crop.pad_if_needed
    flip = recipe.step('train_dataloader', 'RandomFlip')
    assert (flip.prob, flip.direction) == (0.5, 'horizontal')
    assert recipe.step('train_dataloader', 'agmax_mm.AutoAugment').policy == 'cifar'
    for name in ('val_dataloader', 'test_dataloader'):
        assert [step.type for step in recipe.config[name].dataset.pipeline] == ['PackInputs']


@pytest.mark.parametrize('recipe', IMAGENET_RECIPES, indirect=True)
def test_imagenet_views(recipe):
    crop = recipe.step('train_dataloader', 'torchvision/RandomResizedCrop')
    assert crop.size == (224, 224)
    assert (*crop.scale, *crop.ratio) == pytest.approx((0.08, 1.0, 3 / 4, 4 / 3))
    assert crop.interpolation == InterpolationMode.BILINEAR
    assert recipe.step('train_dataloader', 'torchvision/RandomHorizontalFlip').p == 0.5
    assert recipe.step('train_dataloader', 'agmax_mm.AutoAugment').policy == 'imagenet'
    jitter = recipe.step('train_dataloader', 'torchvision/ColorJitter')
    for factors in (jitter.brightness, jitter.contrast, jitter.saturation):
        assert factors == pytest.approx((0.6, 1.4))
    assert jitter.hue is None


@pytest.mark.parametrize('loader', ['val_dataloader', 'test_dataloader'])
@pytest.mark.parametrize('recipe', IMAGENET_RECIPES, indirect=True)
def test_imagenet_evaluation_crop_is_torchvision_s(recipe, loader, tmp_path):
    """Shorter edge to 256 by Pillow's antialiased bilinear filter, then the central 224 x 224, to the last pixel."""
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
    picture.save(tmp_path / 'picture.png')
    results = {'img_path': str(tmp_path / 'picture.png')}
    for step in recipe.config[loader].dataset.pipeline:
        if step.type != 'PackInputs':
            results = TRANSFORMS.build(step)(results)
    expected = T.Compose([T.Resize(256), T.CenterCrop(224)])(picture)
    np.testing.assert_array_equal(results['img'][..., ::-1], np.asarray(expected))
