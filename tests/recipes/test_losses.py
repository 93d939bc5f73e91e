"""Small runs train to the losses that were looked at when their golden files were committed.

Where the golden file was made with these versions of the libraries on a processor of this name, the losses are compared
up to rounding: models of one name take sums in other orders. Elsewhere each step makes the difference larger, and a
part in a thousand is allowed. A new version of a library that draws other random numbers, or resizes images otherwise,
changes the losses as a whole; then the files are renewed.
"""

from pathlib import Path

import pytest
import torch

from tools.recipes.losses import SMOKE_RUNS, conditions, from_text, smoke_losses, to_text

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / 'tests' / 'golden' / 'losses'


@pytest.mark.skipif(torch.cuda.is_available(), reason='the golden losses are those of a CPU')
@pytest.mark.parametrize('name', SMOKE_RUNS)
def test_losses_are_golden(name, tmp_path):
    if SMOKE_RUNS[name].dataset == 'voc':
        pytest.importorskip('mmdet', exc_type=ImportError)
    made_with, golden = from_text((GOLDEN / f'{name}.txt').read_text(encoding='utf-8'))
    tolerance = 1e-5 if made_with == conditions(name) else 1e-3
    losses = smoke_losses(name, tmp_path, ROOT / 'configs')
    renew = f'if it is meant: python tools/make_golden.py losses (made with {made_with})'
    assert losses == pytest.approx(golden, rel=tolerance, abs=tolerance), renew


def test_there_is_a_file_for_each_run():
    assert {path.stem for path in GOLDEN.glob('*.txt')} == set(SMOKE_RUNS)


def test_full_precision_survives_the_file():
    losses = [0.1 + 0.2, 1 / 3, -1e-17]
    assert from_text(to_text('mi', losses)) == (conditions('mi'), losses)
