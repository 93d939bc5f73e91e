"""Whether confidence is accuracy: expected calibration error and the reliability diagram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from agmax_mm import functional as AF
from agmax_mm.metrics import Metric, declare
from agmax_mm.results.curves import Line, Panel, draw_lines
from agmax_mm.results.page import Figure, Table, Text
from agmax_mm.robustness.contract import Condition, Entries, Results, Values
from agmax_mm.robustness.data import Batch, Data
from agmax_mm.robustness.network import Network

ECE = declare(Metric('calibration/ece', 'expected calibration error', '%', higher_is_better=False))
ACCURACY = declare(Metric('calibration/top1', 'top-1', '%', higher_is_better=True))
CONFIDENCE = declare(Metric('calibration/confidence', 'mean confidence', '%', higher_is_better=True))
METRICS = (ECE, ACCURACY, CONFIDENCE)


@dataclass(frozen=True)
class Options:
    """Options of ``calibration``.

    Attributes:
        bins: Number of bins of equal width; the figure depends on it.
    """

    bins: int = 15

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ValueError(f'bins: expected at least 1, got {self.bins}')


def conditions(options: Options) -> list[Condition]:
    """One: the images as they are."""
    return [{'bins': options.bins}]


def measure(model: Network, data: Data, condition: Condition) -> Values:
    """The error and its parts; number, confidence and accuracy of each bin."""

    def probabilities(batch: Batch) -> Tensor:
        return torch.cat([model.logits(batch.images).double().softmax(1), batch.labels[:, None].double()], dim=1)

    with torch.no_grad():
        rows = data.each(probabilities)
    scores, labels = rows[:, :-1], rows[:, -1].long()
    confidence, classes = scores.max(1)
    bins = AF.reliability_bins(scores, labels, condition['bins'])
    return {
        ECE.name: 100 * AF.expected_calibration_error(scores, labels, condition['bins']),
        ACCURACY.name: 100 * float((classes == labels).double().mean()),
        CONFIDENCE.name: 100 * float(confidence.mean()),
        **{f'bins/{name}': values.tolist() for name, values in bins._asdict().items()},
    }


def summary(entries: Entries) -> dict[str, float | None]:
    """Nothing: there is one condition."""
    return {}


def blocks(results: Results, folder: Path | None) -> Iterator[Text | Table | Figure]:
    """The errors of all models, and their reliability diagrams."""
    bins = {condition['bins'] for entries in results.values() for condition, _ in entries}
    yield Text(
        f'Bins: {", ".join(map(str, sorted(bins)))} of equal width, each with its upper end. Few images raise it.'
    )
    rows, panels = [], []
    for model, entries in results.items():
        for condition, values in entries:
            figures = (f'{values[metric.name]:.2f}' for metric in METRICS)
            rows.append((model, str(condition['bins']), *figures))
            filled = [index for index, count in enumerate(values['bins/counts']) if count]
            shares = {name: [values[f'bins/{name}'][index] for index in filled] for name in ('confidence', 'accuracy')}
            lines = [
                Line('perfect', [0, 1], [0, 1], marker='', dashed=True),
                Line(model, shares['confidence'], shares['accuracy']),
            ]
            panels.append(Panel(model, 'confidence', 'share of right ones', lines))
    yield Table(('model', 'bins', *(metric.label for metric in METRICS)), rows)
    if folder is not None:
        draw_lines(panels, folder / 'calibration.png')
        yield Figure('calibration.png', 'Reliability diagram: accuracy by confidence; empty bins are left out.')
