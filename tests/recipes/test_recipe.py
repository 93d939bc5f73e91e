"""Every figure has a recipe, under the name that people expect."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from agmax_mm.engine.config import load_config
from agmax_mm.engine.options import parse_options
from agmax_mm.registry import MODELS
from tests.loops import for_all
from tools.recipes.papers import figures
from tools.recipes.recipe import Recipe, recipes, reference_options

CONFIGS = Path(__file__).parents[2] / 'configs'
AGMAX = [
    ((1, 'CutOut', 'Baseline'), 'baseline/resnet50_cutout_90e'),
    ((1, 'CutOut+AA', 'Label smoothing'), 'baseline/resnet50_cutout_aa_90e_ls'),
    ((1, 'AA', 'AgMax'), 'agmax/resnet50_aa_90e'),
    ((2, 'Standard', 'CIFAR-10, WRN-40-2'), 'baseline/wrn40-2_standard_200e_cifar10'),
    ((2, 'MixUp+AA with AgMax', 'CIFAR-100, WRN-28-10'), 'agmax/wrn28-10_mixup_aa_200e_cifar100'),
    ((2, 'CutMix', 'ResNet-50, 90 epochs'), 'baseline/resnet50_cutmix_90e'),
    ((2, 'CutMix with AgMax', 'ResNet-50, 270 epochs'), 'agmax/resnet50_cutmix_270e'),
    ((7, 'MixUp', 'MI'), 'agmax/wrn40-2_mixup_200e_cifar100'),
    ((7, 'MixUp', 'CE'), 'agmax/wrn40-2_mixup_200e_cifar100_ce'),
    ((8, 'MixUp+AA', 'MI'), 'agmax/resnet50_mixup_aa_90e'),
    ((8, 'MixUp+AA', 'KL'), 'agmax/resnet50_mixup_aa_90e_kl'),
    ((9, 'ResNet-101', 'Standard'), 'baseline/resnet101_standard_270e'),
    ((9, 'ResNet-101', 'CutMix+AA+AgMax'), 'agmax/resnet101_cutmix_aa_270e'),
    ((9, 'RegNetX-200MF', 'AgMax'), 'agmax/regnetx-200mf_standard_100e'),
    ((9, 'RegNetY-400MF', 'CutMix'), 'baseline/regnety-400mf_cutmix_100e'),
    ((9, 'EfficientNet-B0', 'CutMix+AA'), 'baseline/efficientnet-b0_cutmix_aa_100e'),
    ((9, 'EfficientNet-B0', 'AgMax'), 'agmax/efficientnet-b0_standard_100e_mse'),
    ((9, 'EfficientNet-B0', 'CutMix+AA+AgMax'), 'agmax/efficientnet-b0_cutmix_aa_100e'),
]
CUTMIX = [
    ((3, 'ResNet-50'), 'resnet50_baseline_300e'),
    ((3, 'ResNet-50 + StochDepth'), 'resnet50_stochdepth_300e'),
    ((3, 'ResNet-50 + Manifold Mixup'), 'resnet50_manifold-mixup_300e'),
    ((3, 'ResNet-50 + Feature CutMix'), 'resnet50_feature-cutmix_300e'),
    ((4, 'ResNet-101 + Cutout'), 'resnet101_cutout_300e'),
    ((4, 'ResNeXt-101 + CutMix'), 'resnext101_cutmix_300e'),
    ((5, 'Label smoothing (0.1)'), 'pyramidnet200_ls_300e_cifar100'),
    ((5, 'DropBlock + Label smoothing (0.1)'), 'pyramidnet200_dropblock_ls_300e_cifar100'),
    ((5, 'Mixup (0.5)'), 'pyramidnet200_mixup-0.5_300e_cifar100'),
    ((5, 'Cutout + Mixup (1.0)'), 'pyramidnet200_cutout_mixup_300e_cifar100'),
    ((5, 'CutMix'), 'pyramidnet200_cutmix_300e_cifar100'),
    ((5, 'CutMix + ShakeDrop'), 'pyramidnet200_cutmix_shakedrop_300e_cifar100'),
    ((6, 'PyramidNet-110 + CutMix'), 'pyramidnet110_cutmix_300e_cifar100'),
    ((6, 'ResNet-110'), 'resnet110_baseline_300e_cifar100'),
    ((7, 'Manifold Mixup (1.0)'), 'pyramidnet200_manifold-mixup_300e_cifar10'),
    ((8, 'CutMix'), 'pyramidnet200_cutmix_300e_cifar100'),
    ((8, 'One-hot CutMix'), 'pyramidnet200_cutmix-one-hot_300e_cifar100'),
    (('Figure 3', 'CutMix, alpha 1.0'), 'pyramidnet200_cutmix_300e_cifar100'),
    (('Figure 3', 'CutMix, alpha 0.25'), 'pyramidnet200_cutmix-alpha0.25_300e_cifar100'),
    (('Figure 3', 'Feature CutMix, layer 4'), 'pyramidnet200_feature-cutmix-layer4_300e_cifar100'),
]


def test_number_of_agmax_recipes():
    """By hand.

    CIFAR: 8 augmentations x 2 data sets x 2 networks x {without, with} = 64, and 8 x 3 further agreements. ResNet-50:
    8 x {90, 270} x {without, with} = 32, 8 with label smoothing, 4 x 2 further agreements. Table 9: 4 x 5.
    """
    names = [recipe.name for recipe in recipes('agmax')]
    assert len(names) == len(set(names)) == 64 + 24 + 32 + 8 + 8 + 20 == 156
    assert sum(name.startswith('baseline/') for name in names) == 32 + 16 + 8 + 4 * 3
    assert sum(name.startswith('agmax/') for name in names) == 32 + 24 + 16 + 8 + 4 * 2


def test_number_of_cutmix_recipes():
    """By hand.

    Tables 3 to 7: 7 + 6 + 15 + 4 + 5; Table 8: 5 beside CutMix and the baseline; Figure 3: 5 alphas beside 1.0, and 5
    layers; ResNet-152 with and without CutMix.
    """
    names = [recipe.name for recipe in recipes('cutmix')]
    assert len(names) == len(set(names)) == 7 + 6 + 15 + 4 + 5 + 5 + 5 + 5 + 2 == 54


@for_all(['agmax', 'cutmix'])
def test_every_figure_belongs_to_one_recipe_unless_it_is_quoted(paper):
    known = recipes(paper)
    assert sum(map(len, known.values())) == sum(figure.recipe is not None for figure in figures(paper))
    for recipe, stands_for in known.items():
        assert {figure.recipe for figure in stands_for} == {recipe.name}
        assert recipe.plain() in known
        assert Recipe.from_name(recipe.name) == recipe
    for figure in figures(paper):
        # This one is there as what the release page's row is compared to.
        assert (figure.recipe is None) == (figure.quoted and figure.row != 'ResNet-152'), figure


@for_all([*AGMAX, *CUTMIX])
def test_recipe_of_a_place(case):
    (table, row, *column), name = case
    paper = 'agmax' if column else 'cutmix'
    found = {
        figure.recipe
        for figure in figures(paper)
        if (figure.table, figure.row) == (table, row) and figure.column in (*column, None)
    }
    assert found == {name if column else f'cutmix/{name}'}


def test_parts_of_a_name():
    recipe = Recipe.from_name('agmax/wrn40-2_cutmix_aa_200e_cifar100_kl')
    assert recipe == Recipe('agmax', 'wrn40-2', ('cutmix', 'aa'), 200, 'cifar100', 'kl')
    assert (recipe.agreement, recipe.path) == ('kl', 'agmax/wrn40-2_cutmix_aa_200e_cifar100_kl.py')
    assert recipe.plain().name == 'baseline/wrn40-2_cutmix_aa_200e_cifar100'
    recipe = Recipe.from_name('cutmix/pyramidnet200_cutout_manifold-mixup_300e_cifar10')
    assert (recipe.methods, recipe.agreement) == (('cutout', 'manifold-mixup'), None)
    assert recipe.plain().name == 'cutmix/pyramidnet200_baseline_300e_cifar10'
    with pytest.raises(ValueError, match=r"expected the name of a recipe such as .*, got 'resnet50'"):
        Recipe.from_name('resnet50')


def test_reference_options_follow_the_released_code():
    options = {recipe.name: reference_options(recipe) for paper in ('agmax', 'cutmix') for recipe in recipes(paper)}
    assert options['agmax/wrn40-2_cutmix_200e_cifar10'] == {'model.agreement': 'mi_qnet'}
    assert options['agmax/wrn40-2_cutmix_200e_cifar100_kl'] == {}
    assert options['agmax/resnet50_cutmix_90e'] == {'model.agreement': 'mi_qnet', 'model.init_std': 0.2}
    assert options['agmax/resnet50_cutmix_90e_mse'] == {
        'model.init_std': 0.2,
        'model.backbone.zero_init_residual': False,
    }
    assert options['agmax/efficientnet-b0_standard_100e_mse'] == {'model.init_std': 0.2}
    narrow = {name for name, found in options.items() if found.get('model.agreement.pair_head.hid_channels') == 2048}
    assert {name for name in narrow if '_270e' not in name} == {
        f'agmax/{model}_cutmix_aa_100e' for model in ('regnetx-200mf', 'regnety-400mf', 'efficientnet-b0')
    }
    assert sum(name.startswith('agmax/resnet50_') for name in narrow) == len(narrow) - 3 == 8
    changed = {name for name, found in options.items() if found and not name.startswith('agmax/')}
    assert changed == {f'baseline/regnety-400mf_{method}_100e' for method in ('standard', 'cutmix', 'cutmix_aa')}


@for_all(
    ['agmax/resnet50_cutmix_aa_270e', 'agmax/regnety-400mf_cutmix_aa_100e', 'baseline/regnety-400mf_standard_100e']
)
def test_reference_line_is_applied(name):
    docstring = ast.get_docstring(ast.parse((CONFIGS / f'{name}.py').read_text()))
    (line,) = re.findall(
        r"^Reference: --cfg-options (.+(?:\n .+)*) \(as\s+in\s+the authors' code\)$", docstring, re.MULTILINE
    )
    config = load_config(str(CONFIGS / f'{name}.py'), parse_options(shlex.split(' '.join(line.split()))))
    for key, value in reference_options(Recipe.from_name(name)).items():
        found = config
        for part in key.split('.'):
            found = found[part]
        if key == 'model.agreement':
            assert found.type == 'agmax_mm.PairEntropyAgreement'
        else:
            assert found == value, key


def test_regnety_starts_as_the_authors_by_its_reference_line():
    """Their timm drew all convolutions from N(0, 2 / (k k C_out)); later ones divide by the groups."""
    name = 'baseline/regnety-400mf_standard_100e'
    config = load_config(str(CONFIGS / f'{name}.py'), reference_options(Recipe.from_name(name)))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        torch.manual_seed(0)
        backbone = MODELS.build({**config.model, 'data_preprocessor': config.data_preprocessor})
        backbone.init_weights()
    grouped = [module for module in backbone.modules() if isinstance(module, torch.nn.Conv2d) and module.groups > 1]
    assert len(grouped) == 16
    for module in grouped:
        std = (2 / (module.kernel_size[0] ** 2 * module.out_channels)) ** 0.5
        n = module.weight.numel()
        assert module.weight.std().item() == pytest.approx(std, rel=5 / (2 * n) ** 0.5)
    norms = [module for module in backbone.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert sum((module.weight == 0).all().item() for module in norms) == 16  # the residual branches still start at 0
