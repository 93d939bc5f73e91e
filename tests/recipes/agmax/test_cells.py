"""Every cell has a recipe, under the name that people expect."""

import pytest

from tools.recipes.agmax.cells import recipe_of, recipes, reference_options
from tools.recipes.agmax.paper import figures


def test_number_of_recipes():
    """By hand.

    CIFAR: 8 augmentations x 2 data sets x 2 networks x {without, with} = 64, and 8 x 3 further agreements. ResNet-50:
    8 x {90, 270} x {without, with} = 32, 8 with label smoothing, 4 x 2 further agreements. Table 9: 4 x 5.
    """
    paths = [recipe.path for recipe in recipes()]
    assert len(paths) == len(set(paths)) == 64 + 24 + 32 + 8 + 8 + 20 == 156
    assert sum(path.startswith('baseline/') for path in paths) == 32 + 16 + 8 + 4 * 3
    assert sum(path.startswith('agmax/') for path in paths) == 32 + 24 + 16 + 8 + 4 * 2


def test_every_figure_belongs_to_one_recipe():
    known = recipes()
    assert sum(map(len, known.values())) == len(figures())
    for recipe, stands_for in known.items():
        assert {recipe_of(figure) for figure in stands_for} == {recipe}
        assert recipe.plain() in known


@pytest.mark.parametrize(
    ('place', 'path'),
    [
        ((1, 'CutOut', 'Baseline'), 'baseline/resnet50_cutout_90e.py'),
        ((1, 'CutOut+AA', 'Label smoothing'), 'baseline/resnet50_cutout_aa_90e_ls.py'),
        ((1, 'AA', 'AgMax'), 'agmax/resnet50_aa_90e.py'),
        ((2, 'Standard', 'CIFAR-10, WRN-40-2'), 'baseline/wrn40-2_standard_200e_cifar10.py'),
        ((2, 'MixUp+AA with AgMax', 'CIFAR-100, WRN-28-10'), 'agmax/wrn28-10_mixup_aa_200e_cifar100.py'),
        ((2, 'CutMix', 'ResNet-50, 90 epochs'), 'baseline/resnet50_cutmix_90e.py'),
        ((2, 'CutMix with AgMax', 'ResNet-50, 270 epochs'), 'agmax/resnet50_cutmix_270e.py'),
        ((7, 'MixUp', 'MI'), 'agmax/wrn40-2_mixup_200e_cifar100.py'),
        ((7, 'MixUp', 'CE'), 'agmax/wrn40-2_mixup_200e_cifar100_ce.py'),
        ((8, 'MixUp+AA', 'MI'), 'agmax/resnet50_mixup_aa_90e.py'),
        ((8, 'MixUp+AA', 'KL'), 'agmax/resnet50_mixup_aa_90e_kl.py'),
        ((9, 'ResNet-101', 'Standard'), 'baseline/resnet101_standard_270e.py'),
        ((9, 'ResNet-101', 'CutMix+AA+AgMax'), 'agmax/resnet101_cutmix_aa_270e.py'),
        ((9, 'RegNetX-200MF', 'AgMax'), 'agmax/regnetx-200mf_standard_100e.py'),
        ((9, 'RegNetY-400MF', 'CutMix'), 'baseline/regnety-400mf_cutmix_100e.py'),
        ((9, 'EfficientNet-B0', 'CutMix+AA'), 'baseline/efficientnet-b0_cutmix_aa_100e.py'),
        ((9, 'EfficientNet-B0', 'AgMax'), 'agmax/efficientnet-b0_standard_100e_mse.py'),
        ((9, 'EfficientNet-B0', 'CutMix+AA+AgMax'), 'agmax/efficientnet-b0_cutmix_aa_100e.py'),
    ],
)
def test_path_of_a_cell(place, path):
    found = {recipe_of(figure).path for figure in figures() if (figure.table, figure.row, figure.column) == place}
    assert found == {path}


def test_reference_options_follow_the_released_code():
    options = {recipe.path: reference_options(recipe) for recipe in recipes() if recipe.agreement is not None}
    assert options['agmax/wrn40-2_cutmix_200e_cifar10.py'] == {'model.agreement': 'mi_qnet'}
    assert options['agmax/wrn40-2_cutmix_200e_cifar100_kl.py'] == {}
    assert options['agmax/resnet50_cutmix_90e.py'] == {'model.agreement': 'mi_qnet', 'model.init_std': 0.2}
    assert options['agmax/resnet50_cutmix_90e_mse.py'] == {
        'model.init_std': 0.2,
        'model.backbone.zero_init_residual': False,
    }
    assert options['agmax/efficientnet-b0_standard_100e_mse.py'] == {'model.init_std': 0.2}
