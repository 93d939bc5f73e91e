"""The recipes' files and pages are what the generator writes, and it says so when they are not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loops import for_all
from tools.recipes.files import compare, expected_files, write

ROOT = Path(__file__).parents[2]
BASELINE = 'configs/baseline/resnet50_cutmix_90e.py'
AGMAX = 'configs/agmax/resnet50_cutmix_90e.py'
PAGE = 'docs/recipes.md'
FOLDERS = (
    *('configs/baseline', 'configs/agmax', 'configs/captioning', 'configs/cutmix', 'configs/localization'),
    *('configs/modern', 'configs/speech', 'docs'),
)
EXPECTED = expected_files(ROOT)
RECIPES = [path for path in EXPECTED if path.endswith('.py')]


@pytest.fixture
def checkout(tmp_path):
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns('__pycache__'))
    return tmp_path


def test_files_are_what_is_generated():
    assert compare(ROOT) == {}
    assert len(RECIPES) == 156 + 54 + 8 + 16 + 48 + 2
    assert {path for folder in FOLDERS for path in (ROOT / folder).glob('*.py')} == {ROOT / path for path in RECIPES}


def test_missing_changed_and_stale_files_are_fixed(checkout):
    (checkout / BASELINE).unlink()
    for changed in (AGMAX, PAGE):
        (checkout / changed).write_text((checkout / changed).read_text() + '\n')
    stale, foreign = checkout / 'configs/agmax/resnet50_gone_90e.py', checkout / 'configs/agmax/mine.py'
    stale.write_text(EXPECTED[AGMAX])
    foreign.write_text("_base_ = './resnet50_cutmix_90e.py'\n")
    gone = 'configs/agmax/resnet50_gone_90e.py'
    assert compare(checkout) == {BASELINE: 'missing', AGMAX: 'changed', PAGE: 'changed', gone: 'stale'}
    assert write(checkout) == {BASELINE: 'written', AGMAX: 'written', PAGE: 'written', gone: 'removed'}
    assert compare(checkout) == {}
    assert foreign.is_file()
    assert write(checkout) == {}


def test_command_names_the_files_that_differ(checkout):
    (checkout / BASELINE).unlink()
    command = [sys.executable, 'tools/make_recipes.py', '--root', checkout]
    check = subprocess.run([*command, '--check'], cwd=ROOT, capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (1, '')
    assert f'missing: {checkout / BASELINE}\n' in check.stderr
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f'written {checkout / BASELINE}\n')


@for_all(RECIPES)
def test_text_says_what_the_recipe_is(path):
    text = EXPECTED[path]
    docstring = text.split('"""')[1]
    for label in ('Paper:', 'Ours:', 'Run:', 'Made by:'):
        assert f'\n{label} ' in docstring
    assert f' {path}' in docstring
    assert ('\nControl: ' in docstring) == (path.startswith('configs/agmax/') or path.endswith('_agmax.py'))
    assert ('\nAgMax: ' in docstring) == path.startswith('configs/cutmix/')
    assert max(map(len, text.splitlines())) <= 120


def test_docstring_of_a_recipe_by_hand():
    assert EXPECTED['configs/agmax/resnet50_mixup_90e_kl.py'].startswith('''\
"""AgMax by Kullback-Leibler divergence on ResNet-50 with MixUp, ImageNet-1k, 90 epochs.

Paper:     Atienza, WACV 2022, Table 8, MixUp with AgMax by KL: 77.7 top-1 (77.5 with mutual information, 76.5 without).
Ours:      not run.
''')
    cutmix = EXPECTED['configs/cutmix/pyramidnet200_cutmix_shakedrop_300e_cifar100.py']
    assert cutmix.startswith('''\
"""PyramidNet-200 with CutMix and ShakeDrop, CIFAR-100, 300 epochs.

Paper:   Yun et al., ICCV 2019, Table 5, CutMix + ShakeDrop: 13.81 top-1 error, 2.29 top-5 error (16.45 and 3.69 for the
         baseline).
Authors: a batch is mixed with a chance of 0.5. Not in the paper.
''')
    # The tables disagree about this one.
    text = ' '.join(EXPECTED['configs/agmax/resnet50_mixup_90e.py'].split())
    assert (
        'Tables 1 and 2, MixUp with AgMax: 77.6 top-1, 93.7 top-5 (76.5 and 93.3 without). Table 8 prints 77.5.' in text
    )


def test_recipe_without_figures_and_with_lists_by_hand():
    text = EXPECTED['configs/cutmix/pyramidnet200_feature-cutmix-layer0_300e_cifar100.py']
    assert text.endswith("""
paper = []

model = dict(
    head=dict(num_classes=100),
    feature_mix=dict(type='agmax_mm.FeatureMix', mix=dict(type='agmax_mm.CutMix', alpha=1.0, prob=0.5), layers=[0]),
)
""")
    text = EXPECTED['configs/agmax/wrn40-2_cutout_aa_200e_cifar100_mse.py']
    assert text.endswith("""
_base_ = './wrn40-2_cutout_aa_200e_cifar100.py'

paper = [dict(table=7, row='CutOut+AA', column='MSE', metric='accuracy/top1', value=81.2)]

model = dict(agreement=dict(_delete_=True, type='agmax_mm.MSEAgreement', loss_weight=1.0))
""")


def test_recipes_of_localization_by_hand():
    """Table 9 of the CutMix paper, and what is decided here."""
    text = EXPECTED['configs/localization/vgg16-gap_cutmix_600e_cub.py']
    assert text.startswith('''\
"""Localisation by VGG-GAP with CutMix, CUB-200-2011, 600 epochs.

Paper:   Yun et al., ICCV 2019, Table 9, VGG-GAP + CutMix: 52.53 top-1 localisation accuracy (37.12 without).
''')
    assert 'the new convolution learns as the backbone does' in ' '.join(text.split())
    twin = EXPECTED['configs/localization/vgg16-gap_cutmix_600e_cub_agmax.py']
    assert twin.endswith("""
_base_ = './vgg16-gap_cutmix_600e_cub.py'

paper = []

model = dict(agreement=dict(type='agmax_mm.MutualInfoAgreement', loss_weight=1.0))
""")
    printed = {
        path: [float(value) for value in re.findall(r'value=([\d.]+)', text)]
        for path, text in EXPECTED.items()
        if path.startswith('configs/localization/')
    }
    assert printed['configs/localization/resnet50_cutmix_600e_cub.py'] == [54.81]
    assert printed['configs/localization/resnet50_baseline_20e.py'] == [46.30]
    assert printed['configs/localization/vgg16-gap_cutout_20e.py'] == [43.13]
    assert sum(map(len, printed.values())) == 16  # two networks, four methods, two data sets
