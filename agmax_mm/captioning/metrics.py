"""The metrics of captioning: shares of 1, of CIDEr up to 10. Papers print a hundred times that."""

from __future__ import annotations

from agmax_mm.metrics import Metric, declare

PREFIX = 'caption'


def _declared(name: str, title: str) -> Metric:
    return declare(Metric(f'{PREFIX}/{name}', title, '', higher_is_better=True, factor=100))


BLEU = tuple(_declared(f'bleu{n}', f'BLEU{n}') for n in (1, 2, 3, 4))
METEOR = _declared('meteor', 'METEOR')
ROUGE_L = _declared('rouge_l', 'ROUGE')
CIDER = _declared('cider', 'CIDEr')
# In the order of the CutMix paper's Table A1.
SCORES = (*BLEU, METEOR, ROUGE_L, CIDER)
