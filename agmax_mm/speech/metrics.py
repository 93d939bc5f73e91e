"""Accuracy on words, split by split, with silence apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from agmax_mm.metrics import Metric, declare
from agmax_mm.registry import METRICS
from agmax_mm.speech.datasets import SILENCE

TEST = declare(Metric('accuracy/test', 'test top-1', '%', higher_is_better=True))
VALID = declare(Metric('accuracy/valid', 'validation top-1', '%', higher_is_better=True))
# The order of the columns in tables: the paper's.
_ORDER = ('test', 'valid', 'train')


@METRICS.register_module()
class WordAccuracy(BaseMetric):
    """Share of recordings, in percent, whose most probable class is the word.

    ``accuracy/<split>`` is of the words alone. Where a split holds clips of silence, ``accuracy/<split>_silence`` is of
    those alone, and ``accuracy/<split>_all`` of both together, as the AgMax authors count.
    """

    default_prefix = 'accuracy'

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Note split, label and hit of each sample."""
        for sample in data_samples:
            label = int(sample['gt_label'])
            self.results.append((sample['split'], label, int(sample['pred_score'].argmax()) == label))

    def compute_metrics(self, results: list[tuple[str, int, bool]]) -> dict[str, float]:
        """Return the accuracies by name."""
        silent = 0 if self.dataset_meta and tuple(self.dataset_meta['classes'])[:1] == (SILENCE,) else None
        hits: dict[str, list[bool]] = defaultdict(list)
        for split, label, hit in results:
            hits[f'{split}_silence' if label == silent else split].append(hit)
            hits[f'{split}_all'].append(hit)
        scores: dict[str, float] = {}
        for split in sorted({split for split, _, _ in results}, key=_ORDER.index):
            names = [split, f'{split}_silence', f'{split}_all'] if f'{split}_silence' in hits else [split]
            scores |= {name: 100.0 * sum(hits[name]) / len(hits[name]) for name in names if name in hits}
        return scores
