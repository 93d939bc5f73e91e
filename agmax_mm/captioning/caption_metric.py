"""The evaluation of captions, as a metric of the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from agmax_mm.captioning.comparisons import Comparison, comparisons, python_scores
from agmax_mm.captioning.meteor import meteor, why_unavailable
from agmax_mm.captioning.metrics import METEOR, PREFIX
from agmax_mm.captioning.tokens import tokenize
from agmax_mm.registry import METRICS


@METRICS.register_module()
class CaptionMetric(BaseMetric):
    """BLEU-1 to BLEU-4, ROUGE-L, CIDEr and METEOR of one caption for each picture, as COCO evaluates them.

    Args:
        meteor: True for METEOR, which needs Java and the package ``pycocoevalcap``, ``'auto'`` for METEOR where they
            are there, False for none.
        comparisons: Number of draws of captions of other pictures whose scores are logged beside, once, and recorded
            with those of one caption for all; 0 for none. It takes some seconds for a hundred pictures, and minutes for
            thousands.
        collect_device: As in the host.

    Raises:
        ValueError: If ``meteor`` is something else, or is True where it cannot be measured.
    """

    default_prefix = PREFIX

    def __init__(self, *, meteor: bool | str = 'auto', comparisons: int = 0, collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device)
        if meteor not in (True, False, 'auto'):
            raise ValueError(f"CaptionMetric.meteor: expected True, False or 'auto', got {meteor!r}")
        if comparisons < 0:
            raise ValueError(f'CaptionMetric.comparisons: expected at least 0, got {comparisons}')
        missing = why_unavailable() if meteor else None
        if missing is not None:
            if meteor is True:
                raise ValueError(f'CaptionMetric.meteor: {missing}')
            print_log(f'METEOR is left out: {missing}', logger='current', level=30)
        self.meteor = bool(meteor) and missing is None
        self.draws = comparisons
        # Of the last evaluation, for the record.
        self.comparisons: list[Comparison] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the captions of a batch, and what people wrote."""
        for sample in data_samples:
            self.results.append(
                {
                    'image_id': sample['image_id'],
                    'caption': tokenize(sample['pred_caption']),
                    'references': [tokenize(caption) for caption in sample['gt_captions']],
                }
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """The scores of all pictures, by the names of :mod:`agmax_mm.captioning.metrics`."""
        captions = [result['caption'] for result in results]
        references = [result['references'] for result in results]
        scores = python_scores(captions, references)
        if self.meteor:
            scores[METEOR.name] = meteor(captions, references)[0]
        if self.draws and not self.comparisons:
            self.comparisons = comparisons(references, self.draws)
            for other in self.comparisons:
                found = ', '.join(f'{name} {value:.4f}' for name, value in other.scores.items())
                print_log(f'For comparison, {other.name}: {found}', logger='current')
        # The host puts it in front again.
        return {name.removeprefix(f'{PREFIX}/'): value for name, value in scores.items()}
