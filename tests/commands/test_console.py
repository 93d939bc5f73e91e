"""The console command: which subcommands there are, how a config is named, and what a recipe's page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agmax_mm.commands import COMMANDS, console
from agmax_mm.recipe_files import config_path, recipe_names

ROOT = Path(__file__).parents[2]


def run_console(capsys, *argv):
    with pytest.raises(SystemExit) as exit_:
        console.main(argv)
    return exit_.value.code, capsys.readouterr()


def test_the_overview_names_every_command_with_its_help(capsys):
    code, printed = run_console(capsys, '--help')
    assert code == 0
    for name in COMMANDS:
        (line,) = re.findall(rf'^  {name} +(.+)$', printed.out, re.MULTILINE)
        assert line == console.command_module(name).__doc__.splitlines()[0].removesuffix('.')


def test_every_module_of_a_command_is_in_the_table():
    modules = {path.stem for path in (ROOT / 'agmax_mm' / 'commands').glob('*.py')}
    assert modules - {'__init__', 'console', 'arguments'} == set(COMMANDS.values())


def test_help_of_every_command_has_an_example(capsys):
    for name in COMMANDS:
        code, printed = run_console(capsys, name, '--help')
        assert code == 0
        assert f'usage: agmax-mm {name} ' in printed.out, name
        assert f'agmax-mm {name}' in printed.out.partition('example')[2], name


def test_help_imports_nothing_slow():
    code = (
        'import sys\nfrom agmax_mm.commands import console\n'
        'try:\n    console.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n'
        "print([name for name in ('torch', 'mmengine', 'numpy', 'matplotlib') if name in sys.modules])"
    )
    for argv in (['--help'], ['train', '--help'], ['recipes', '--help'], ['--version']):
        done = subprocess.run([sys.executable, '-c', code, *argv], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == '[]', argv


def test_an_unknown_command_is_told_with_the_nearest(capsys):
    code, printed = run_console(capsys, 'trian')
    assert (code, printed.err) == (2, "error: unknown command 'trian', the nearest known one is 'train'\n")


def test_no_command_prints_the_overview_and_fails(capsys):
    code, printed = run_console(capsys)
    assert code == 2
    assert 'train' in printed.out


def test_the_script_of_completion_knows_commands_and_options(capsys):
    code, printed = run_console(capsys, 'completion', 'bash')
    assert code == 0
    for word in ('predict', '--min-score', '--image-size'):
        assert word in printed.out


@pytest.mark.parametrize(
    'name',
    [
        'agmax/resnet50_cutmix_aa_270e',
        'agmax/resnet50_cutmix_aa_270e.py',
        'configs/agmax/resnet50_cutmix_aa_270e.py',
    ],
)
def test_a_recipe_is_found_by_its_name_from_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_path(name) == str(ROOT / 'configs' / 'agmax' / 'resnet50_cutmix_aa_270e.py')


def test_a_file_comes_before_a_recipe(tmp_path, monkeypatch):
    (tmp_path / 'mine.py').write_text('')
    monkeypatch.chdir(tmp_path)
    assert config_path('mine.py') == 'mine.py'


def test_a_name_of_one_family_needs_no_family():
    assert config_path('pyramidnet200_shakedrop_300e_cifar100').endswith(
        'cutmix/pyramidnet200_shakedrop_300e_cifar100.py'
    )


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        (
            'resnet50_cutmix_270e',
            r'expected the family.*one of agmax/resnet50_cutmix_270e, baseline/resnet50_cutmix_270e',
        ),
        ('agmax/resnet50_cutmx_270e', r"the nearest recipe is 'agmax/resnet50_cutmix_270e'"),
        ('./nowhere.py', r"expected a file, got './nowhere.py', which does not exist"),
    ],
)
def test_an_unclear_name_is_told(name, message):
    with pytest.raises(ValueError, match=message):
        config_path(name)


def test_recipes_lists_those_that_match(capsys):
    code, printed = run_console(capsys, 'recipes', 'agmax/resnet50_cutmix*90e')
    assert code == 0
    lines = printed.out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ['agmax/resnet50_cutmix_90e', 'agmax/resnet50_cutmix_aa_90e']
    assert lines[-1] == f'2 of {len(recipe_names())} recipes'


@pytest.mark.parametrize('argv', [['--help'], ['--version'], ['recipes'], ['split', '--help']])
def test_a_reader_that_leaves_ends_the_command_without_a_word(argv):
    call = [sys.executable, '-m', 'agmax_mm', *argv]
    environment = {**os.environ, 'PYTHONUNBUFFERED': ''}  # else argparse writes its help at once, and hides the error
    pipes = dict.fromkeys(('stdout', 'stderr'), subprocess.PIPE)
    with subprocess.Popen(call, cwd=ROOT, env=environment, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b''
    assert process.returncode == 141


def test_a_page_says_where_each_value_comes_from(capsys):
    """The values are read off the files by eye."""
    code, printed = run_console(
        capsys, 'recipes', 'show', 'agmax/wrn40-2_cutmix_aa_200e_cifar10', '--cfg-options', 'model.head.in_channels=64'
    )
    assert code == 0
    rows = {row[0]: row[1:] for line in printed.out.splitlines() if len(row := re.split(r' {2,}', line.strip())) == 3}
    assert rows['model.backbone.depth'] == ['40', '_base_/models/wrn40-2.py']
    assert rows['model.head.in_channels'] == ['64', '--cfg-options']
    assert rows['model.agreement.type'] == [
        "'agmax_mm.MutualInfoAgreement'",
        'agmax/wrn40-2_cutmix_aa_200e_cifar10.py',
    ]
    assert rows['data_preprocessor.batch_augments.probs'] == ['[0.5]', 'baseline/wrn40-2_cutmix_aa_200e_cifar10.py']
    assert rows['train_dataloader.dataset.pipeline.0.num_views'] == ['2', 'completed at the start']
    assert rows['train_dataloader.dataset.pipeline.0.transforms.2.policy'] == [
        "'cifar'",
        '_base_/datasets/cifar10_aa.py',
    ]


def test_a_value_that_a_file_overrides_comes_from_this_file(capsys):
    """The model's file has 10 classes; the baseline says 100, and AgMax inherits that."""
    code, printed = run_console(capsys, 'recipes', 'show', 'agmax/wrn40-2_standard_200e_cifar100')
    assert code == 0
    assert re.search(r'model\.head\.num_classes +100 +baseline/wrn40-2_standard_200e_cifar100\.py\n', printed.out)


def test_a_page_names_files_of_the_host(capsys):
    pytest.importorskip('mmdet')
    code, printed = run_console(capsys, 'recipes', 'show', 'detection/mask-rcnn_r50_fpn_1x_coco')
    assert code == 0
    assert re.search(
        r'model\.roi_head\.type +\'StandardRoIHead\' +mmdet::_base_/models/mask-rcnn_r50_fpn\.py', printed.out
    )


@pytest.mark.parametrize(
    'line',
    [
        'benchmark data --rounds 0',
        'compare study.py --jobs 0',
        'demo --jobs 0',
        'init --data photos --image-size 0',
        'localize config.py a.pth --out where --workers -1',
        'robustness config.py a.pth --out a.json --batch-size 0',
        'transfer --finetune scratch --task voc --batch-size 0',
        'views config.py --out views.png --images 0',
    ],
)
def test_numbers_that_are_too_small_are_told_with_their_option(line, capsys):
    *_, option, value = line.split()
    with pytest.raises(SystemExit) as stop:
        console.main(line.split())
    least = 0 if option == '--workers' else 1
    assert (stop.value.code, capsys.readouterr().err) == (
        1,
        f'error: {option}: expected at least {least}, got {value}\n',
    )


def test_commands_that_measure_go_on_after_an_interruption():
    """They resume by condition, so a signal ends them with the code that means so."""
    from agmax_mm.commands import localize, robustness

    assert localize.GOES_ON == robustness.GOES_ON


@pytest.mark.parametrize(
    ('argv', 'code', 'printed', 'error'),
    [
        (['predict', 'nowhere.pth', 'x.jpg'], 1, None, 'error: checkpoint: expected a file'),
        (
            ['recipes', 'show', 'baseline/wrn40-2_standard_200e_cifar10'],
            0,
            str(ROOT),
            '',
        ),
    ],
)
def test_commands_print_their_own_lines_alone_and_import_no_detectors(argv, code, printed, error):
    """The host prints a line about a data format that is not installed, which would come before a line of JSON."""
    script = (
        'import atexit, sys\nfrom agmax_mm.commands import console\n'
        "atexit.register(lambda: print('mmdet' in sys.modules, 'mmpretrain' in sys.modules, file=sys.stderr))\n"
        f'console.main({argv})\n'
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout.startswith(printed) if printed else not done.stdout
    *told, imported = done.stderr.splitlines()
    assert ''.join(told).startswith(error)
    assert len(told) == bool(error)
    assert imported == 'False True'
