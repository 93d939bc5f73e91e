"""Commands begin quickly: their help imports nothing heavy, classification no detectors, and texts are made once."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from yapf.yapflib import yapf_api

from agmax_mm.engine.config import load_config
from agmax_mm.engine.formatted_config import FormattedOnce
from agmax_mm.recipe_files import config_path

ROOT = Path(__file__).parents[2]
TOOLS = sorted(path.name for path in (ROOT / 'tools').glob('*.py'))


def imported(*code):
    """Which of the heavy packages a Python process imports."""
    report = 'import atexit, sys; atexit.register(lambda: print("IMPORTED", *sys.modules))'
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join([report, *code])], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = ('torch', 'numpy', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'sklearn', 'cv2', 'PIL', 'yapf')
    line = done.stdout.strip().splitlines()[-1]
    assert line.startswith('IMPORTED')
    return {name.split('.')[0] for name in line.split()} & set(heavy)


@pytest.mark.parametrize('tool', TOOLS)
def test_help_imports_nothing_heavy(tool):
    arguments = f'import runpy; sys.argv = ["{tool}", "--help"]; runpy.run_path("tools/{tool}", run_name="__main__")'
    assert imported(arguments) == set()


def test_classification_imports_no_detectors_until_they_are_needed():
    installed = importlib.util.find_spec('mmdet') is not None
    found = imported(
        'from agmax_mm.host_imports import import_left_out, quick_imports',
        'import gc',
        'assert gc.get_freeze_count() < 1000',
        'with quick_imports():',
        '    import agmax_mm.engine.launch',
        '    assert not gc.isenabled()',
        'assert gc.isenabled()',
        'assert gc.get_freeze_count() > 100_000',
        'assert not sys.modules.keys() & {"mmdet", "sklearn", "matplotlib"}',
        'import_left_out()',
        'import mmengine.registry',
        f'assert ("mmdet" in sys.modules) == {installed}',
        f'if {installed}: assert "ResLayerExtraNorm" in sys.modules["mmdet.registry"].MODELS',
    )
    assert ('mmdet' in found) == installed


@pytest.mark.parametrize('recipe', ['agmax/resnet50_cutmix_aa_270e', 'detection/faster-rcnn_r50_fpn_1x_voc0712'])
def test_the_text_of_a_config_is_the_hosts(recipe):
    content = load_config(config_path(recipe), {}).to_dict()
    assert FormattedOnce(content).pretty_text == Config(content).pretty_text
    content['no identifier'] = {'x': [1]}
    with pytest.raises(SyntaxError):
        assert FormattedOnce(content).pretty_text


def test_a_config_is_formatted_when_it_has_changed(monkeypatch):
    calls = []
    real = yapf_api.FormatCode
    monkeypatch.setattr(yapf_api, 'FormatCode', lambda *args, **kwargs: calls.append(1) or real(*args, **kwargs))
    content = {'a': 1, 'b': {'c': [1, 2], 'd': 'of this test alone'}}
    config, plain = FormattedOnce.of(Config(content)), Config(content)
    texts = [config.pretty_text, config.dump(), config.copy().pretty_text]
    assert len(calls) == 2  # one for each of its assignments
    config.b.c = [1, 2, 3]
    assert 'c=[1,2,3,]' in ''.join(config.pretty_text.split())
    assert len(calls) == 3
    assert set(texts) == {plain.pretty_text}
    assert config.to_dict() == {'a': 1, 'b': {'c': [1, 2, 3], 'd': 'of this test alone'}}
