"""Every recipe has the values that were looked at when its golden row was committed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tools.recipes.effective import from_csv, golden_rows, recipe_names, to_csv

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / 'tests' / 'golden' / 'recipes.csv'
RENEW = 'if it is meant: python tools/make_golden.py recipes'


def differences(found, golden):
    """One line for each cell that differs, and for each recipe that one side lacks."""
    lines = [f'{name}: not in {GOLDEN.name}' for name in found.keys() - golden.keys()]
    for name, row in golden.items():
        if name not in found:
            lines.append(f'{name}: not in configs/')
            continue
        columns = {**row, **found[name]}
        lines += [
            f'{name}, {column}: {row.get(column)!r} is now {found[name].get(column)!r}'
            for column in columns
            if row.get(column) != found[name].get(column)
        ]
    return sorted(lines)


def test_effective_values_are_golden():
    """Detection recipes inherit the host's, and are compared where it is installed."""
    names = recipe_names(ROOT / 'configs')
    golden = from_csv(GOLDEN.read_text(encoding='utf-8'))
    if importlib.util.find_spec('mmdet') is None:
        names = [name for name in names if 'rcnn' not in name and 'ssd' not in name]
        golden = {name: row for name, row in golden.items() if name in names}
    changed = differences(golden_rows(ROOT / 'configs', names), golden)
    assert not changed, '\n'.join([RENEW, *changed])


def test_a_changed_value_is_named():
    (name,) = names = ['baseline/wrn40-2_cutmix_200e_cifar10']
    golden = golden_rows(ROOT / 'configs', names)
    assert from_csv(to_csv(golden)) == golden
    changed = {name: {**golden[name], 'batch_augments': 'agmax_mm.CutMix(alpha=1.0) p=1.0'}}
    assert differences(changed, golden) == [
        f"{name}, batch_augments: 'agmax_mm.CutMix(alpha=1.0) p=0.5' is now 'agmax_mm.CutMix(alpha=1.0) p=1.0'"
    ]
    assert differences({}, golden) == [f'{name}: not in configs/']
    assert differences(golden, {}) == [f'{name}: not in recipes.csv']


def test_some_values_by_hand():
    """Of the papers: AgMax's section 4.2 and CutMix's supplement, read in the file that reviewers read."""
    golden = from_csv(GOLDEN.read_text(encoding='utf-8'))
    row = golden['agmax/resnet50_cutmix_aa_270e']
    assert (row['lr'], row['momentum'], row['weight_decay'], row['epochs'], row['batch_size']) == (
        '0.1', '0.9', '0.0001', '270', '256',
    )  # fmt: skip
    assert (row['num_views'], row['features'], row['classes']) == ('2', '2048', '1000')
    assert 'milestones=[75, 150, 225]' in row['schedule']
    assert row['batch_augments'] == 'agmax_mm.CutMix(alpha=1.0) p=1.0'
    row = golden['cutmix/pyramidnet200_cutmix_300e_cifar100']
    assert (row['lr'], row['batch_size'], row['num_views'], row['agreement']) == ('0.25', '64', '1', '')
    assert row['backbone'] == 'agmax_mm.PyramidNet(depth=200, alpha=240)'
