"""Captioning recipes: one for each row of the CutMix paper's Table A1, and its small version."""

from __future__ import annotations

import csv
from pathlib import Path

from agmax_mm.captioning.metrics import SCORES
from tools.recipes import text

_TABLE = Path(__file__).parent / 'tables' / 'cutmix_a1.csv'
# What the paper prints in its Table 10, too.
_TABLE_10 = ('bleu1', 'bleu4')
_NOTES = {
    'Baseline': 'The ROUGE of 44.7 looks like a slip of the pen: all others are between 47.9 and 49.0.',
}
_DECIDED = (
    'Training on train2014 and evaluation on val2014, as the code that the paper builds on has it: the paper names '
    '120,000 and 40,000 images, and the captions of its test images are not public. Unlike that code, the test '
    'looks at the middle of the images, the frozen backbone keeps its statistics, the loss is a mean over words, '
    'beams stop at the end of a sentence, and punctuation is left out: each by name in docs/captioning.md.'
)


def captioning_files() -> dict[str, str]:
    """The text of each recipe by its path in the checkout."""
    with open(_TABLE, encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        name = f'nic_r50-{row["row"].lower()}'
        found[f'configs/captioning/{name}_100e_coco.py'] = _whole(row, f'{name}_100e_coco')
        found[f'configs/captioning/{name}_20e_flickr8k.py'] = _small(row, f'{name}_20e_flickr8k')
    return found


def _whole(row: dict[str, str], name: str) -> str:
    printed = {metric: row[metric.name.partition('/')[2]] for metric in SCORES}
    figures = ', '.join(f'{metric.title} {value}' for metric, value in printed.items())
    notes = {
        'Paper:': f'Yun et al., ICCV 2019, Table A1, {row["row"]}: {figures}. Table 10 prints BLEU1 and BLEU4.',
        'Decided:': ' '.join(filter(None, [_DECIDED, _NOTES.get(row['row'])])),
        'Ours:': 'not run.',
        'Run:': _command(name, 'data/coco'),
        'Reference:': "--cfg-options model.legacy=True (as in that code's runs)",
    }
    entries = [
        {'table': 'A1', 'row': row['row'], 'metric': metric.name, 'value': float(value)}
        for metric, value in printed.items()
    ]
    return '\n'.join(
        [
            text.docstring(f'NIC on a frozen ResNet-50 {_origin(row)}, COCO captions of 2014, 100 epochs.', notes),
            text.bases(['captioning/nic', 'captioning/coco2014']),
            text.paper(entries),
            text.assignment('default_hooks', {'backbone': {'checkpoint': _checkpoint(row)}}),
        ]
    )


def _small(row: dict[str, str], name: str) -> str:
    notes = {
        'Paper:': 'none.',
        'Ours:': 'not run.',
        'Run:': _command(name, 'data/flickr8k'),
    }
    hooks = {
        'backbone': {'checkpoint': _checkpoint(row)},
        'features': {'type': 'agmax_mm.FeatureCacheHook'},
    }
    title = f'NIC on the features of a ResNet-50 {_origin(row)}, Flickr8k, 20 epochs: the small version.'
    return '\n'.join(
        [
            text.docstring(title, notes),
            text.bases(['captioning/nic', 'captioning/flickr8k']),
            text.assignment('train_cfg', {'max_epochs': 20, 'val_interval': 5}),
            text.assignment('default_hooks', hooks),
        ]
    )


def _origin(row: dict[str, str]) -> str:
    return 'pre-trained as the baseline' if row['row'] == 'Baseline' else f'pre-trained with {row["row"]}'


def _checkpoint(row: dict[str, str]) -> str:
    return f'work_dirs/cutmix/{row["pretraining"]}/backbone_last.safetensors'


def _command(name: str, data: str) -> str:
    return f'python tools/train.py configs/captioning/{name}.py --data {data}'
