"""Try the package on versions of Python and torch, and write the table of what was tried.

Each trial makes an environment of its own in a temporary folder (about 6 GB, removed afterwards), without a compiler on
offer. It installs the wheel of this checkout with detection, and runs: the operators against their definitions, a
training of a classifier, three steps and an evaluation of Mask R-CNN and RetinaNet on the stand-ins. Then it uses the
wheel's console command from pictures to a detector, in a folder without the sources.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / 'docs' / 'versions.md'
HEADER = """# Versions that were tried

`python tools/try_versions.py PYTHON:TORCH...` tries each in a new environment without a compiler: the wheel with the
extra `det`; the operators against their definitions, a classifier's training, three steps and an evaluation of
Mask R-CNN and RetinaNet; then, in a folder without the sources, with the console command of the wheel alone: `digits`,
`train`, `test`, `predict`, `export`, `transfer` and `report`.

| Python | torch | torchvision | numpy | result | installed in | tried | machine |
|---|---|---|---|---|---|---|---|
"""
OPERATORS = [f'tests/operators/test_{name}.py' for name in ('nms', 'roi', 'deform_conv', 'focal_loss')]
CLASSIFIER = ['tests/engine/test_runner.py']
DETECTORS = ('mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'retinanet/retinanet_r50_fpn_1x_coco.py')
DATA = (
    'from pathlib import Path; from tests.detection.sets import write_coco; import sys; write_coco(Path(sys.argv[1]))'
)

# From pictures to a detector, with what the wheel brings.
COMMANDS = """
digits data
train demo/pretrain_agmax --data data/digits --epochs 1 --batch-size 64 --work-dir run --seed 0
test demo/pretrain_agmax run/epoch_1.pth --data data/digits --out scores.json
predict run/epoch_1.pth data/digits/test --out predictions.json
export run backbone.safetensors
transfer --backbone backbone.safetensors --task voc --data-root data --classes 0,1,2,3,4,5,6,7,8,9 --finetune full
 --iters 2 --batch-size 2 --image-size 96 --work-dir detector --cfg-options model.train_cfg.rcnn.sampler.num=8
 model.train_cfg.rpn_proposal.max_per_img=16 model.test_cfg.rpn.max_per_img=16
report run detector --out report
""".replace('\n ', ' ').split('\n')[1:-1]
WRITTEN = ('scores.json', 'predictions.json', 'backbone.safetensors', 'detector/transfer.json', 'report/index.html')


class TrialError(Exception):
    """A step that failed; its text is one line."""


def torchvision_of(torch: str) -> str:
    """Return the requirement of the torchvision that goes with a torch: ``torchvision_of('2.14.1') == '0.29.*'``."""
    return f'0.{int(torch.split(".")[1]) + 15}.*'


def call(title: str, *command: object, folder: Path | None = None) -> str:
    """Run a command without a compiler on offer and return its output; raise TrialError if it fails.

    Args:
        title: The command's name in an error.
        command: Program and arguments.
        folder: Where to run it, without the sources (default: in the checkout, with them).
    """
    settings = {**os.environ, 'CC': '/bin/false', 'CXX': '/bin/false', 'OMP_NUM_THREADS': '1'}
    settings.pop('PYTHONPATH', None)
    if folder is None:
        settings['PYTHONPATH'] = str(ROOT)
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder or ROOT, env=settings, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        wrong = [line for line in lines if re.search(r'error|^FAILED', line, re.IGNORECASE)]
        raise TrialError(f'{title}: {(wrong or lines or ["no output"])[-1].strip()[:200]}')
    return done.stdout


def trial(python: str, torch: str, folder: Path) -> dict[str, str]:
    """Make an environment, run everything in it, and return the table's row."""
    row = {'Python': python, 'torch': torch, 'torchvision': '', 'numpy': '', 'result': 'works', 'installed in': ''}
    started = time.monotonic()
    try:
        call('environment', python, '-m', 'venv', folder / 'env')
        inside = folder / 'env' / 'bin' / 'python'
        row['Python'] = call('Python', inside, '-c', 'import platform; print(platform.python_version())').strip()
        call('pip', inside, '-m', 'pip', 'install', '--quiet', '--upgrade', 'pip')
        pip = (inside, '-m', 'pip', 'install', '--quiet')
        pair = [f'torch=={torch}', f'torchvision=={torchvision_of(torch)}']
        source = folder / 'source'  # a build leaves files beside the sources
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns('.*', 'work_dirs', 'build', '*.egg-info'))
        call('wheel', inside, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '-w', folder, source)
        (wheel,) = folder.glob('agmax_mm-*.whl')
        # The headless build last: servers have no libGL.
        call('installation', *pip, *pair, f'{wheel}[det]', 'pytest', 'pytest-timeout')
        call('OpenCV', *pip, '--force-reinstall', '--no-deps', headless(inside))
        row['installed in'] = f'{time.monotonic() - started:.0f} s'
        row.update(versions(inside))
        call('operators', inside, '-m', 'pytest', '-q', '-x', *OPERATORS)
        call('classifier', inside, '-m', 'pytest', '-q', '-x', *CLASSIFIER)
        call('data', inside, '-c', DATA, folder / 'data')
        host = Path(call('mmdet', inside, '-c', 'import mmdet; print(mmdet.__path__[0])').splitlines()[-1])
        configs = [host / '.mim' / 'configs' / name for name in DETECTORS]
        found = folder / 'found.json'
        call('detectors', inside, 'tests/operators/detectors.py', folder / 'data', folder / 'run', found, *configs)
        if any('coco/bbox_mAP' not in result['metrics'] for result in json.loads(found.read_text()).values()):
            raise TrialError('detectors: expected an evaluation, got none')
        elsewhere = folder / 'elsewhere'
        elsewhere.mkdir()
        for line in COMMANDS:
            call(line.split()[0], inside.with_name('agmax-mm'), *line.split(), folder=elsewhere)
        if missing := [name for name in WRITTEN if not (elsewhere / name).is_file()]:
            raise TrialError(f'commands: expected {", ".join(missing)}, got no such file')
    except TrialError as error:
        row['result'] = f'fails: {error}'
    return row


def headless(python: Path) -> str:
    """Return the requirement of the headless OpenCV of the version that is installed."""
    ask = 'import importlib.metadata as m; print(m.version("opencv-python"))'
    return f'opencv-python-headless=={call("OpenCV", python, "-c", ask).strip()}'


def versions(python: Path) -> dict[str, str]:
    """Return the installed versions of the table's columns."""
    names = ('torch', 'torchvision', 'numpy')
    ask = f'import importlib.metadata as m; print(*(m.version(name) for name in {names}))'
    return dict(zip(names, call('versions', python, '-c', ask).split(), strict=True))


def write_row(row: dict[str, str]) -> None:
    """Put a row into the table, in the place of the one of the same Python and torch."""
    text = TABLE.read_text(encoding='utf-8') if TABLE.is_file() else HEADER
    cells = [*row.values(), time.strftime('%Y-%m-%d'), f'{platform.machine()}, {os.cpu_count()} cores']
    line = f'| {" | ".join(cells)} |'
    start = f'| {row["Python"]} | {row["torch"]} |'
    kept = [old for old in text.removeprefix(HEADER).splitlines() if old and not old.startswith(start)]
    lines = sorted([*kept, line], key=lambda old: [int(number) for number in re.findall(r'\d+', old)[:6]])
    from agmax_mm.fileio import write_text

    write_text(HEADER + '\n'.join(lines) + '\n', TABLE)


def main() -> None:
    """Try what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/try_versions.py python3.10:2.6.0 python3.11:2.12.1',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'pairs', nargs='+', metavar='PYTHON:TORCH', help='a Python of this machine and a version of torch'
    )
    parser.add_argument('--folder', type=Path, help='where to make the environments (default: the temporary folder)')
    args = parser.parse_args()
    for pair in args.pairs:
        python, separator, torch = pair.rpartition(':')
        if not separator or not shutil.which(python):
            parser.error(f'expected PYTHON:TORCH with a Python that is here, got {pair!r}')
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            row = trial(python, torch, Path(folder))
        write_row(row)
        print(f'Python {row["Python"]}, torch {row["torch"]}: {row["result"]}', flush=True)


if __name__ == '__main__':
    main()
