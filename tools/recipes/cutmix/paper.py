"""Tables 3 to 8 and Figure 3 of the CutMix paper as printed.

Source: S. Yun et al., *CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features*, ICCV
2019, arXiv:1905.04899. All figures are errors in percent, those of CIFAR as means of three runs, each at its best
epoch on the test images. Rows of others, which the paper quotes from their publications, are marked with an asterisk.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

# ImageNet-1k, ResNet-50, 300 epochs. Parameters in millions. The paper's text says 21.78 for Feature CutMix.
_TABLE_3 = """\
row,params,top1,top5
ResNet-152*,60.3,21.69,5.94
ResNet-101 + SE*,49.4,20.94,5.50
ResNet-101 + GE*,58.4,20.74,5.29
ResNet-50 + SE*,28.1,22.12,5.99
ResNet-50 + GE*,33.7,21.88,5.80
ResNet-50,25.6,23.68,7.05
ResNet-50 + Cutout,25.6,22.93,6.66
ResNet-50 + StochDepth,25.6,22.46,6.27
ResNet-50 + Mixup,25.6,22.58,6.40
ResNet-50 + Manifold Mixup,25.6,22.50,6.21
ResNet-50 + DropBlock*,25.6,21.87,5.98
ResNet-50 + Feature CutMix,25.6,21.80,6.06
ResNet-50 + CutMix,25.6,21.40,5.92
"""

# ImageNet-1k, deeper networks, 300 epochs.
_TABLE_4 = """\
row,params,top1,top5
ResNet-101,44.6,21.87,6.29
ResNet-101 + Cutout,44.6,20.72,5.51
ResNet-101 + Mixup,44.6,20.52,5.28
ResNet-101 + CutMix,44.6,20.17,5.24
ResNeXt-101,44.1,21.18,5.57
ResNeXt-101 + CutMix,44.1,19.47,5.03
"""

# CIFAR-100, PyramidNet-200.
_TABLE_5 = """\
row,top1,top5
Baseline,16.45,3.69
StochDepth,15.86,3.33
Label smoothing (0.1),16.73,3.37
Cutout,16.53,3.65
Cutout + Label smoothing (0.1),15.61,3.88
DropBlock,15.73,3.26
DropBlock + Label smoothing (0.1),15.16,3.86
Mixup (0.5),15.78,4.04
Mixup (1.0),15.63,3.99
Manifold Mixup (1.0),16.14,4.07
Cutout + Mixup (1.0),15.46,3.42
Cutout + Manifold Mixup (1.0),15.09,3.35
ShakeDrop,15.08,2.72
CutMix,14.47,2.97
CutMix + ShakeDrop,13.81,2.29
"""

# CIFAR-100, light networks.
_TABLE_6 = """\
row,params,top1,top5
PyramidNet-110,1.7,19.85,4.66
PyramidNet-110 + CutMix,1.7,17.97,3.83
ResNet-110,1.1,23.14,5.95
ResNet-110 + CutMix,1.1,20.11,4.43
"""

# CIFAR-10, PyramidNet-200.
_TABLE_7 = """\
row,top1
Baseline,3.85
Cutout,3.10
Mixup (1.0),3.09
Manifold Mixup (1.0),3.15
CutMix,2.88
"""

# CIFAR-100, PyramidNet-200: variants of CutMix.
_TABLE_8 = """\
row,top1,top5
Baseline,16.45,3.69
CutMix,14.47,2.97
Center Gaussian CutMix,15.95,3.40
Fixed-size CutMix,14.97,3.15
One-hot CutMix,15.89,3.32
Scheduled CutMix,14.72,3.17
Complete-label CutMix,15.17,3.10
"""
_TABLES = {3: _TABLE_3, 4: _TABLE_4, 5: _TABLE_5, 6: _TABLE_6, 7: _TABLE_7, 8: _TABLE_8}

# The points of Figure 3, CIFAR-100, PyramidNet-200: drawn there, without figures.
FIGURE_3_ALPHAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
FIGURE_3_LAYERS = (0, 1, 2, 3, 4)

METRICS = {'top1': 'error/top1', 'top5': 'error/top5'}


@dataclass(frozen=True)
class Row:
    """A row of a table, or a point of a figure.

    Attributes:
        place: ``'Table 5'``, ``'Figure 3'`` or ``'release page'``, that of the authors' code.
        name: What is printed at its left, without the asterisk.
        errors: Errors in percent by ``'error/top1'`` and ``'error/top5'``; empty where none is printed.
        params: Parameters of the network in millions, where they are printed.
        quoted: Whether the authors took it from others and did not train it.
    """

    place: str
    name: str
    errors: tuple[tuple[str, float], ...]
    params: float | None = None
    quoted: bool = False

    def as_config(self) -> list[dict[str, object]]:
        """The entries of a recipe's ``paper``."""
        kind, _, number = self.place.partition(' ')
        place: dict[str, object] = {'table': int(number)} if kind == 'Table' else {'table': self.place}
        return [{**place, 'row': self.name, 'metric': metric, 'value': value} for metric, value in self.errors]


def rows() -> list[Row]:
    """All rows and points, in the order of the paper; then the release page's that the paper lacks."""
    return [
        *(row for number, text in _TABLES.items() for row in _rows(number, text)),
        *(Row('Figure 3', f'CutMix, alpha {alpha}', ()) for alpha in FIGURE_3_ALPHAS),
        *(Row('Figure 3', f'Feature CutMix, layer {layer}', ()) for layer in FIGURE_3_LAYERS),
        Row('release page', 'ResNet-152 + CutMix', (('error/top1', 19.20),)),
    ]


def _rows(number: int, text: str) -> Iterator[Row]:
    for line in csv.DictReader(io.StringIO(text)):
        name = line['row']
        yield Row(
            place=f'Table {number}',
            name=name.removesuffix('*'),
            errors=tuple((metric, float(line[key])) for key, metric in METRICS.items() if key in line),
            params=float(line['params']) if 'params' in line else None,
            quoted=name.endswith('*'),
        )
