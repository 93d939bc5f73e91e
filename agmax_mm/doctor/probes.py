"""Small trials of the libraries. They run in another process, because a broken library can crash it.

``python agmax_mm/doctor/probes.py NAME...`` runs the named trials and prints one JSON line each. This file imports only
the standard library, and is run by its path, so that it starts without any library.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_S = 300


@dataclass(frozen=True)
class Probe:
    """Result of one trial: whether it succeeded, its error, and facts such as versions."""

    ok: bool
    error: str = ''
    facts: Mapping[str, Any] = field(default_factory=dict)


def _torch() -> dict[str, Any]:
    import torch

    torch.ones(2).sum().item()
    return {'version': torch.__version__, 'cuda': torch.version.cuda, 'gpu': torch.cuda.is_available()}


def _torchvision() -> dict[str, Any]:
    import torch
    import torchvision

    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    return {'version': torchvision.__version__}


def _numpy() -> dict[str, Any]:
    import numpy
    import torch

    torch.from_numpy(numpy.ones(2)).sum().item()
    return {'version': numpy.__version__}


def _cv2() -> dict[str, Any]:
    import cv2
    import numpy

    cv2.resize(numpy.zeros((2, 2, 3), numpy.uint8), (4, 4))
    return {'version': cv2.__version__}


def _import_package() -> None:
    """Import the package, so that the host is imported as by its commands: with stand-ins, without what cannot be."""
    sys.path.append(str(Path(__file__).parents[2]))
    importlib.import_module('agmax_mm')


def _operators() -> dict[str, Any]:
    """Run two of mmcv's operators, compiled or stand-ins, on inputs with known results."""
    import torch

    _import_package()
    from mmcv.ops import nms, roi_align

    # The second box covers 9/11 of its union with the first, the third covers none of it.
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 1.0, 10.0, 11.0], [20.0, 20.0, 30.0, 30.0]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    kept = nms(boxes, scores, 0.5)[1].tolist()
    if kept != [0, 2]:
        raise ArithmeticError(f'mmcv.ops.nms: expected to keep boxes [0, 2], got {kept}')

    # Bilinear interpolation of the ramp x + 10 y is exact, so each cell holds the ramp's value at the cell's centre.
    ramp = (torch.arange(8.0) + 10 * torch.arange(8.0)[:, None])[None, None]
    cells = roi_align(ramp, torch.tensor([[0.0, 1.0, 1.0, 5.0, 5.0]]), (2, 2)).flatten().tolist()
    expected = [16.5, 18.5, 36.5, 38.5]
    if any(abs(got - want) > 1e-4 for got, want in zip(cells, expected, strict=True)):
        raise ArithmeticError(f'mmcv.ops.roi_align: expected {expected}, got {cells}')
    compiled = bool(getattr(importlib.import_module('mmcv._ext'), '__file__', None))
    return {'compiled': compiled, 'cuda': _runs_on_gpu(lambda: nms(boxes.cuda(), scores.cuda(), 0.5))}


def _runs_on_gpu(call: Callable[[], Any]) -> bool:
    import torch

    if not torch.cuda.is_available():
        return False
    try:
        call()
    except RuntimeError:
        return False
    return True


def _importing(module: str) -> Callable[[], dict[str, Any]]:
    def trial() -> dict[str, Any]:
        if module.startswith(('mmdet', 'mmpretrain')):
            _import_package()
        importlib.import_module(module)
        package = sys.modules[module.partition('.')[0]]
        return {'version': getattr(package, '__version__', '')}

    return trial


# Trials that others depend on come first.
TRIALS: dict[str, Callable[[], dict[str, Any]]] = {
    'torch': _torch,
    'torchvision': _torchvision,
    'numpy': _numpy,
    'cv2': _cv2,
    'mmengine': _importing('mmengine'),
    'mmcv': _importing('mmcv'),
    'mmpretrain': _importing('mmpretrain.models'),
    'operators': _operators,
    'mmdet': _importing('mmdet.models'),
}


def main(names: Iterable[str]) -> int:
    """Run the named trials, print a JSON line for each, and return 1 if one of them failed."""
    # Libraries print on standard output, some of them from C. This text goes to standard error instead.
    results = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)
    failed = False
    for name in names:
        line: dict[str, Any] = {'name': name, 'ok': True, 'error': '', 'facts': {}}
        try:
            line['facts'] = TRIALS[name]()
        except BaseException as error:  # a library may even call sys.exit while it is imported
            reason = ' '.join(str(error).split()) or 'no message'
            line.update(ok=False, error=f'{type(error).__name__}: {reason}'[:600])
            failed = True
        print(json.dumps(line), file=results, flush=True)
    return int(failed)


def run_probes(names: Iterable[str] = tuple(TRIALS), python: str = sys.executable) -> dict[str, Probe]:
    """Run the trials in another process. If one crashes, the remaining trials run in a new process."""
    left = list(names)
    found: dict[str, Probe] = {}
    while left:
        command = [python, __file__, *left]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
            output, ending = done.stdout, f'the process ended with code {done.returncode}'
        except subprocess.TimeoutExpired as expired:
            output = expired.stdout.decode() if isinstance(expired.stdout, bytes) else expired.stdout or ''
            ending = f'no answer in {TIMEOUT_S} s'
        for text in output.splitlines():
            line = json.loads(text)
            found[line['name']] = Probe(line['ok'], line['error'], line['facts'])
        left = [name for name in left if name not in found]
        if left:
            found[left[0]] = Probe(False, f'crashed: {ending}')
            del left[0]
    return found


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:] or TRIALS))
