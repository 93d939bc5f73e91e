"""The checks on hand-made environments, one ill each."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agmax_mm.doctor import Environment, diagnose, render
from agmax_mm.doctor.checks import TESTED, TORCH_BOUND
from agmax_mm.doctor.probes import TRIALS, Probe

CLASSIFICATION = {
    'torch': '2.14.1',
    'torchvision': '0.29.1',
    'numpy': '2.4.6',
    'opencv-python': '4.11.0.86',
    'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6',
    'onedl-mmpretrain': '1.3.6',
    'timm': '1.0.31',
    'simplejpeg': '1.9.0',
}
DETECTION = {
    **CLASSIFICATION,
    'opencv-python-headless': '4.11.0.86',
    'onedl-mmdetection': '3.5.1',
    'imagecorruptions-imaug': '1.1.5',
    'pycocotools': '2.0.11',
}
NO_OPERATORS = "ModuleNotFoundError: No module named 'mmcv._ext'"
MMCV = 'py -m pip install --no-cache-dir --force-reinstall --no-deps onedl-mmcv==2.3.6'


def environment(
    changes: Mapping[str, str | None] | None = None,
    failing: Mapping[str, str] | None = None,
    base: Mapping[str, str] = DETECTION,
    python: tuple[int, int] = (3, 11),
    facts: Mapping[str, Mapping[str, object]] | None = None,
) -> Environment:
    """A healthy environment, except for the changed distributions (None removes one) and the failing trials."""
    changed = {**base, **(changes or {})}
    probes = {name: Probe(True, facts=(facts or {}).get(name, {})) for name in TRIALS}
    probes.update({name: Probe(False, error) for name, error in (failing or {}).items()})
    distributions = {name: version for name, version in changed.items() if version is not None}
    return Environment(python, distributions, probes, command='py')


def worst(env: Environment) -> tuple[str, str, str]:
    """Level, problem and fixing command of what is reported first."""
    finding = diagnose(env).findings[0]
    return finding.level, finding.problem, finding.fix


def test_healthy_with_detection_has_only_the_harmless_note():
    diagnosis = diagnose(environment())
    assert (diagnosis.classification, diagnosis.detection, diagnosis.exit_code) == ('works', 'works', 0)
    assert [(finding.level, finding.fix) for finding in diagnosis.findings] == [('note', '')]
    assert 'harmless' in diagnosis.findings[0].problem


def test_classification_alone_is_healthy_without_operators():
    failing = {'operators': NO_OPERATORS, 'mmdet': "ModuleNotFoundError: No module named 'mmdet'"}
    diagnosis = diagnose(environment(base=CLASSIFICATION, failing=failing))
    assert (diagnosis.classification, diagnosis.detection, diagnosis.exit_code) == ('works', 'not installed', 0)
    assert diagnosis.findings == ()


def test_empty_environment_gets_one_command_for_everything():
    missing = {name: f"ModuleNotFoundError: No module named '{name}'" for name in TRIALS}
    env = environment(base={}, failing=missing)
    diagnosis = diagnose(env)
    assert (diagnosis.classification, diagnosis.detection, diagnosis.exit_code) == ('broken', 'not installed', 1)
    assert len(diagnosis.findings) == 1
    assert set(diagnosis.findings[0].fix.removeprefix('py -m pip install ').split()) == {
        f'{name}=={TESTED[name]}' for name in CLASSIFICATION
    }


@pytest.mark.parametrize('python', [(3, 9), (3, 14)])
def test_wrong_python_is_all_that_is_reported(python):
    missing = dict.fromkeys(TRIALS, 'ImportError: x')
    diagnosis = diagnose(environment(base={}, failing=missing, python=python))
    assert [finding.fix for finding in diagnosis.findings] == ['make install']
    assert diagnosis.exit_code == 1


def test_torch_missing():
    failing = dict.fromkeys(TRIALS, "ModuleNotFoundError: No module named 'torch'")
    level, problem, fix = worst(environment({'torch': None}, failing))
    assert (level, problem, fix) == ('error', 'not installed: torch', 'py -m pip install torch==2.14.1')


def test_torch_newer_than_tested_only_warns():
    minor = TORCH_BOUND[1]
    env = environment({'torch': f'2.{minor}.0', 'torchvision': f'0.{minor + 15}.0'})
    assert worst(env)[0] == 'warning'
    assert f'newer than tested: expected >=2.6,<2.{minor}' in worst(env)[1]
    assert diagnose(env).exit_code == 0


def test_torch_too_old():
    assert worst(environment({'torch': '2.5.1', 'torchvision': '0.20.1'}))[0:2] == (
        'error',
        f'torch 2.5.1 is too old: expected >=2.6,<2.{TORCH_BOUND[1]}',
    )


@pytest.mark.parametrize(('vision', 'fits'), [('0.28.0', False), ('0.29.1+cu130', True), ('0.30.0', False)])
def test_torchvision_must_belong_to_torch(vision, fits):
    diagnosis = diagnose(environment({'torchvision': vision}))
    errors = [finding for finding in diagnosis.findings if finding.level == 'error']
    assert (not errors) == fits
    if not fits:
        assert 'expected torchvision 0.29' in errors[0].problem
        assert errors[0].fix == 'py -m pip install torch==2.14.1 torchvision==0.29.1'


def test_torchvision_of_another_build():
    failing = {'torchvision': 'RuntimeError: operator torchvision::nms does not exist'}
    level, problem, fix = worst(environment(failing=failing))
    assert level == 'error'
    assert 'torchvision::nms' in problem
    assert '--force-reinstall' in fix


@pytest.mark.parametrize(
    ('error', 'cause'),
    [
        ('ImportError: mmcv/_ext.so: undefined symbol: _ZN3c10', 'compiled for another torch'),
        ('crashed: the process ended with code -11', 'compiled for another torch'),
        ('ArithmeticError: mmcv.ops.nms: expected to keep boxes [0, 2], got [0]', 'do not work'),
    ],
)
def test_operators_that_do_not_work_break_detection_alone_and_need_no_compiler_to_be_fixed(error, cause):
    env = environment(failing={'operators': error, 'mmdet': error})
    level, problem, fix = worst(env)
    assert (level, fix) == ('error', MMCV)
    assert cause in problem
    diagnosis = diagnose(env)
    assert (diagnosis.classification, diagnosis.detection, diagnosis.exit_code) == ('works', 'broken', 1)
    assert sum(finding.level == 'error' for finding in diagnosis.findings) == 1


def test_operators_without_the_gpu():
    env = environment(facts={'torch': {'gpu': True}, 'operators': {'cuda': False}})
    assert worst(env)[0] == 'warning'
    assert worst(environment(facts={'torch': {'gpu': True}, 'operators': {'cuda': True}}))[0] == 'note'


@pytest.mark.parametrize('original', ['mmengine', 'mmcv', 'mmcv-full', 'mmcv-lite', 'mmdet', 'mmpretrain'])
def test_original_distributions_mixed_in(original):
    env = environment({original: '2.1.0'})
    level, problem, fix = worst(env)
    assert level == 'error'
    assert f'{original} 2.1.0' in problem
    assert 'onedl-' in problem
    steps = fix.split(' && ')
    assert steps[0] == f'py -m pip uninstall -y {original}'
    # Uninstalling takes shared files away, so that all of the maintained ones must be laid down again.
    assert {'onedl-mmengine==0.10.12', 'onedl-mmpretrain==1.3.6', 'onedl-mmdetection==3.5.1'} <= set(steps[1].split())
    assert ' && '.join(steps[2:]) == MMCV


def test_original_distributions_alone_are_replaced_without_a_compiler():
    base = {name: version for name, version in CLASSIFICATION.items() if not name.startswith('onedl-')}
    env = environment({'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmpretrain': '1.2.0'}, base=base)
    errors = [finding for finding in diagnose(env).findings if finding.level == 'error']
    assert len(errors) == 1
    assert '--no-build-isolation' not in errors[0].fix
    assert 'onedl-mmcv==2.3.6' in errors[0].fix


def test_two_opencv_wheels_that_differ():
    level, problem, fix = worst(environment({'opencv-python': '5.0.0.93'}))
    assert level == 'error'
    assert 'opencv-python 5.0.0.93 and opencv-python-headless 4.11.0.86' in problem
    # The headless build goes last, because the one installed last is the one imported.
    assert fix == (
        'py -m pip install --no-deps opencv-python==4.11.0.86 && '
        'py -m pip install --force-reinstall --no-deps opencv-python-headless==4.11.0.86'
    )


def test_opencv_without_libgl():
    error = 'ImportError: libGL.so.1: cannot open shared object file: No such file or directory'
    env = environment(
        base=CLASSIFICATION, failing=dict.fromkeys(('cv2', 'mmcv', 'mmpretrain', 'operators', 'mmdet'), error)
    )
    diagnosis = diagnose(env)
    assert [finding.level for finding in diagnosis.findings] == ['error']
    fix = 'py -m pip install --force-reinstall --no-deps opencv-python-headless==4.11.0.86'
    assert diagnosis.findings[0].fix == fix
    assert diagnosis.classification == 'broken'


@pytest.mark.parametrize('both', [True, False])
def test_old_imagecorruptions(both):
    level, problem, fix = worst(
        environment({'imagecorruptions': '1.1.2', 'imagecorruptions-imaug': '1.1.5' if both else None})
    )
    assert level == 'error'
    assert ('both write' in problem) == both
    assert fix.startswith('py -m pip uninstall -y imagecorruptions && ')
    assert fix.endswith('imagecorruptions-imaug==1.1.5')


def test_transformers_too_new():
    assert worst(environment({'transformers': '5.1.0'})) == (
        'warning',
        "transformers 5.1.0 is too new for mmpretrain's multimodal models, which are left out: expected <5",
        "py -m pip install 'transformers>=4.53,<5'",
    )
    assert worst(environment({'transformers': '4.57.0'}))[0] == 'note'


def test_numpy_too_new():
    level, problem, fix = worst(environment({'numpy': '2.5.0'}))
    assert (level, fix) == ('warning', 'py -m pip install numpy==2.4.6')
    assert 'numpy 2.5.0' in problem
    both = {'opencv-python': '4.12.0.88', 'opencv-python-headless': '4.12.0.88'}
    assert 'exclude each other' in worst(environment(both))[1]
    error = 'ImportError: numpy.core.multiarray failed to import'
    level, problem, _ = worst(environment({'numpy': '2.5.0'}, failing={'cv2': error}))
    assert level == 'error'
    assert 'does not go with cv2' in problem


def test_unknown_failure_is_reported_once():
    env = environment(failing={'mmengine': 'ImportError: x', 'mmcv': 'ImportError: y', 'mmpretrain': 'ImportError: y'})
    errors = [finding.problem for finding in diagnose(env).findings if finding.level == 'error']
    assert errors == ['mmengine does not work: ImportError: x']


def test_render_puts_the_command_under_the_problem():
    env = environment({'opencv-python': '5.0.0.93'})
    lines = render(env, diagnose(env)).splitlines()
    index = next(number for number, line in enumerate(lines) if line.startswith('error: '))
    assert lines[index + 1].startswith('  fix: py -m pip ')
