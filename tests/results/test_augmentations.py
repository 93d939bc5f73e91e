"""Scores by augmentation and arm: which run stands where, by the recipes themselves."""

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure as Canvas

from agmax_mm.engine.config import load_config, prepare_config
from agmax_mm.results.augmentations import arm, augmentation, augmentation_sections
from agmax_mm.results.options import run_settings
from agmax_mm.results.runs import Run, find_runs
from tests.results.records import record

ROOT = Path(__file__).parents[2]


def _recipe(name, options=None):
    config = load_config(str(ROOT / 'configs' / f'{name}.py'), options)
    prepare_config(config, world_size=1)
    content = config.to_dict()
    return Run.not_run(f'{Path(name).name}.py', content.get('paper'), content)


def _places(run):
    settings = run_settings(run)
    return augmentation(settings), arm(settings)


def test_recipes_are_told_by_what_is_in_them():
    for file, expected in {
        'standard': 'Standard',
        'cutout': 'CutOut',
        'mixup': 'MixUp',
        'cutmix': 'CutMix',
        'aa': 'AA',
        'cutout_aa': 'CutOut+AA',
        'mixup_aa': 'MixUp+AA',
        'cutmix_aa': 'CutMix+AA',
    }.items():
        for family, own in (('baseline', 'baseline'), ('agmax', 'AgMax')):
            run = _recipe(f'{family}/wrn40-2_{file}_200e_cifar10')
            assert _places(run) == (expected, own)
            (figure,) = run.record['paper'] if isinstance(run.record['paper'], list) else [run.record['paper']]
            assert figure['row'].removesuffix(' with AgMax') == expected
    assert _places(_recipe('baseline/resnet50_cutmix_90e_ls')) == ('CutMix', 'label smoothing')
    assert _places(_recipe('agmax/wrn40-2_cutmix_200e_cifar10', {'model.agreement': 'none'})) == ('CutMix', 'two views')
    other = _recipe('agmax/wrn40-2_cutmix_200e_cifar10', {'model.agreement': 'mi_qnet'})
    assert _places(other) == ('CutMix', 'AgMax, PairEntropy')


@pytest.fixture
def drawn(monkeypatch):
    figures, save = [], Canvas.savefig
    monkeypatch.setattr(
        Canvas, 'savefig', lambda self, *args, **options: (figures.append(self), save(self, *args, **options))
    )
    return figures


def test_figure_has_ours_with_spread_and_the_paper_s(tmp_path, drawn):
    """Two augmentations, two arms; one run is of another length, and so of another panel, alone."""
    for name, values in {
        'baseline/wrn40-2_standard_200e_cifar10': [90.0, 92.0],
        'agmax/wrn40-2_cutmix_200e_cifar10': [95.0],
    }.items():
        for seed, last in enumerate(values):
            recipe = load_config(str(ROOT / 'configs' / f'{name}.py'))
            prepare_config(recipe, world_size=1)
            folder = tmp_path / 'runs' / name / str(seed)
            folder.mkdir(parents=True)
            file = f'{Path(name).name}.py'
            made = {**record(config=file, last=last, seed=seed), 'paper': recipe.to_dict()['paper']}
            (folder / 'result.json').write_text(json.dumps(made))
            recipe.dump(folder / file)
    recipes = [_recipe('baseline/wrn40-2_cutmix_200e_cifar10'), _recipe('agmax/wrn28-10_cutmix_200e_cifar10')]
    figures = {run.record['config']: run.paper()['accuracy/top1'] for run in recipes}
    (section,) = augmentation_sections([*find_runs([tmp_path / 'runs']), *recipes], tmp_path)
    assert [block.file for block in section.blocks[1:]] == ['augmentations_1.png']
    (panel,) = drawn[0].axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ['Standard', 'CutMix']
    assert panel.get_title() == 'WideResNet-40, CIFAR10, 200 epochs'
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ['AgMax', 'baseline']
    ours = {bars.get_label(): bars for bars in panel.containers}
    assert ours['baseline'].lines[0].get_ydata().tolist() == [91.0]
    assert ours['AgMax'].lines[0].get_ydata().tolist() == [95.0]
    ((low, high),) = (segment[:, 1] for segment in ours['baseline'].lines[2][0].get_segments())
    assert (low, high) == pytest.approx((91 - 2**0.5, 91 + 2**0.5))
    hollow = [line for line in panel.lines if line.get_fillstyle() == 'none']
    assert figures['wrn40-2_cutmix_200e_cifar10.py'] in [value for line in hollow for value in line.get_ydata()]
    assert len([value for line in hollow for value in line.get_ydata()]) == 3


def test_no_figure_of_a_single_augmentation(tmp_path):
    assert augmentation_sections([_recipe('agmax/wrn40-2_cutmix_200e_cifar10'), Run('x', record())], tmp_path) == []
