"""Every trained row has a recipe, under the name that people expect."""

import pytest

from tools.recipes.cutmix.cells import recipe_of, recipes
from tools.recipes.cutmix.paper import rows


def test_number_of_recipes():
    """By hand.

    Tables 3 to 7: 7 + 6 + 15 + 4 + 5; Table 8: 5 beside CutMix and the baseline; Figure 3: 5 alphas beside 1.0, and 5
    layers; ResNet-152 with and without CutMix.
    """
    paths = [recipe.path for recipe in recipes()]
    assert len(paths) == len(set(paths)) == 7 + 6 + 15 + 4 + 5 + 5 + 5 + 5 + 2 == 54


def test_every_row_belongs_to_one_recipe_unless_it_is_quoted():
    known = recipes()
    for row in rows():
        holders = [recipe for recipe, stands_for in known.items() if row in stands_for]
        if row.name == 'ResNet-152':  # quoted, and there as what the release page's row is compared to
            assert (recipe_of(row), [recipe.path for recipe in holders]) == (
                None,
                ['cutmix/resnet152_baseline_300e.py'],
            )
        else:
            assert holders == ([] if row.quoted else [recipe_of(row)])
    assert all(recipe.baseline() in known for recipe in known)


@pytest.mark.parametrize(
    ('place', 'name', 'path'),
    [
        ('Table 3', 'ResNet-50', 'resnet50_baseline_300e.py'),
        ('Table 3', 'ResNet-50 + StochDepth', 'resnet50_stochdepth_300e.py'),
        ('Table 3', 'ResNet-50 + Manifold Mixup', 'resnet50_manifold-mixup_300e.py'),
        ('Table 3', 'ResNet-50 + Feature CutMix', 'resnet50_feature-cutmix_300e.py'),
        ('Table 4', 'ResNet-101 + Cutout', 'resnet101_cutout_300e.py'),
        ('Table 4', 'ResNeXt-101 + CutMix', 'resnext101_cutmix_300e.py'),
        ('Table 5', 'Label smoothing (0.1)', 'pyramidnet200_ls_300e_cifar100.py'),
        ('Table 5', 'DropBlock + Label smoothing (0.1)', 'pyramidnet200_dropblock_ls_300e_cifar100.py'),
        ('Table 5', 'Mixup (0.5)', 'pyramidnet200_mixup-0.5_300e_cifar100.py'),
        ('Table 5', 'Cutout + Mixup (1.0)', 'pyramidnet200_cutout_mixup_300e_cifar100.py'),
        ('Table 5', 'CutMix', 'pyramidnet200_cutmix_300e_cifar100.py'),
        ('Table 5', 'CutMix + ShakeDrop', 'pyramidnet200_cutmix_shakedrop_300e_cifar100.py'),
        ('Table 6', 'PyramidNet-110 + CutMix', 'pyramidnet110_cutmix_300e_cifar100.py'),
        ('Table 6', 'ResNet-110', 'resnet110_baseline_300e_cifar100.py'),
        ('Table 7', 'Manifold Mixup (1.0)', 'pyramidnet200_manifold-mixup_300e_cifar10.py'),
        ('Table 8', 'CutMix', 'pyramidnet200_cutmix_300e_cifar100.py'),
        ('Table 8', 'One-hot CutMix', 'pyramidnet200_cutmix-one-hot_300e_cifar100.py'),
        ('Figure 3', 'CutMix, alpha 1.0', 'pyramidnet200_cutmix_300e_cifar100.py'),
        ('Figure 3', 'CutMix, alpha 0.25', 'pyramidnet200_cutmix-alpha0.25_300e_cifar100.py'),
        ('Figure 3', 'Feature CutMix, layer 4', 'pyramidnet200_feature-cutmix-layer4_300e_cifar100.py'),
    ],
)
def test_path_of_a_row(place, name, path):
    (recipe,) = [recipe_of(row) for row in rows() if (row.place, row.name) == (place, name)]
    assert recipe.path == f'cutmix/{path}'
