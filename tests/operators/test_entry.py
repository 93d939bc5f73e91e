"""The stand-ins are found however the host is entered, and a compiled module goes before them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOXES = 'torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 1.0, 10.0, 11.0], [20.0, 20.0, 30.0, 30.0]])'


def python(site, *lines, code=0):
    """Run lines of Python with this checkout and this mmcv; return what they print."""
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(map(str, (site, ROOT))), 'PYTHONDONTWRITEBYTECODE': '1'}
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join(lines)], env=environment, cwd=site, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_script_that_imports_us_first(without_operators):
    output = python(
        without_operators,
        'import agmax_mm, sys',
        'assert "torch" not in sys.modules and "agmax_mm.operators.extension" not in sys.modules',
        'import torch, mmcv.ops',
        f'print(mmcv.ops.nms({BOXES}, torch.tensor([0.9, 0.8, 0.7]), 0.5)[1].tolist())',
        'print(mmcv.ops.get_compiler_version())',
        # One without a stand-in names itself when it is called.
        'try:',
        '    mmcv.ops.carafe(torch.zeros(1, 4, 2, 2), torch.zeros(1, 25, 4, 4), 5, 1, 2)',
        'except ValueError as error:',
        '    print(error)',
    )
    *found, line = output.splitlines()
    assert found == ['[0, 2]', 'none: torchvision operators through agmax_mm']
    assert line.startswith("mmcv operator 'carafe_forward': expected a compiled one")
    assert 'make install OPERATORS=compiled' in line


def test_without_us_mmcv_fails_and_the_next_import_works(without_operators):
    output = python(
        without_operators,
        'import sys',
        # What a wheel, or make install, puts in place for all of Python.
        "sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, '__name__', '') != 'AgMaxOperators']",
        'try:',
        '    import mmcv.ops',
        'except ModuleNotFoundError as error:',
        '    print(error)',
        'import agmax_mm, mmcv.ops',
        'print(mmcv.ops.RoIAlign.__name__)',
    )
    assert output.splitlines() == ["No module named 'mmcv._ext'", 'RoIAlign']


def test_host_modules_that_were_imported_too_early_are_put_right(without_operators):
    pytest.importorskip('mmdet')
    output = python(
        without_operators,
        'import numpy as np',
        'from mmdet.structures.mask import BitmapMasks',
        'import mmdet.utils.large_image',
        'import agmax_mm, mmdet.models',
        'masks = BitmapMasks(np.ones((1, 8, 8), np.uint8), 8, 8)',
        'box = np.array([[0.0, 0.0, 8.0, 8.0]], np.float32)',
        'print(masks.crop_and_resize(box, (2, 2), np.array([0])).masks.tolist())',
        f'import torch; boxes = {BOXES}; one = torch.tensor([0, 0, 0])',
        'nms = mmdet.utils.large_image.batched_nms',
        'print(nms(boxes, torch.tensor([0.9, 0.8, 0.7]), one, dict(iou_threshold=0.5))[1].tolist())',
    )
    assert output.splitlines()[-2:] == ['[[[True, True], [True, True]]]', '[0, 2]']


def test_a_compiled_module_goes_first(without_operators):
    (without_operators / 'mmcv' / '_ext.py').write_text('def __getattr__(name): return lambda *a, **k: "compiled"\n')
    output = python(
        without_operators,
        'import agmax_mm, sys, mmcv._ext',
        'print(mmcv._ext.nms(), "agmax_mm.operators.extension" in sys.modules)',
    )
    assert output == 'compiled False\n'


def test_a_broken_compiled_module_is_not_hidden(without_operators):
    (without_operators / 'mmcv' / '_ext.py').write_text('raise ImportError("undefined symbol: _ZN3c10")\n')
    error = python(without_operators, 'import agmax_mm, mmcv.ops', code=1)
    assert error.strip().endswith('ImportError: undefined symbol: _ZN3c10')
