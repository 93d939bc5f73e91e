"""What an evaluation of a captioner leaves behind, and the words that travel with its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import collect_results, is_main_process, master_only
from mmengine.hooks import Hook

import agmax_mm.captioning.metrics  # noqa: F401  declares the metrics that runs with this hook record
from agmax_mm.captioning.caption_metric import CaptionMetric
from agmax_mm.captioning.vocabulary import Vocabulary
from agmax_mm.fileio import CAPTIONS_FILE, write_json
from agmax_mm.host import unwrap
from agmax_mm.registry import HOOKS

# Captions of all pictures in the form that COCO's evaluation takes.
RESULTS_FILE = 'caption_results.json'
VOCABULARY_FILE = 'vocabulary.json'


@HOOKS.register_module()
class CaptionRecordHook(Hook):
    """Record the captions of an evaluation, and the vocabulary.

    Into the work directory go ``captions.json``, for reports, and ``caption_results.json``, all captions in COCO's
    form, both rewritten with each evaluation, and ``vocabulary.json``. Each checkpoint gets the words themselves in its
    config in place of the captions that they were counted in, so that it is enough to predict with.

    Args:
        pictures: Number of pictures that are kept for reports with what people wrote, evenly spread over the set.
    """

    priority = 'LOW'

    def __init__(self, pictures: int = 12) -> None:
        if pictures < 0:
            raise ValueError(f'CaptionRecordHook.pictures: expected at least 0, got {pictures}')
        self.pictures = pictures
        self._captions: list[dict[str, Any]] = []

    @master_only
    def before_train(self, runner: Any) -> None:
        """Write the vocabulary."""
        _vocabulary(runner).write(Path(runner.work_dir) / VOCABULARY_FILE)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Put the words into the config of a checkpoint."""
        model = runner.cfg.model.to_dict()
        model['head']['vocabulary'] = _vocabulary(runner).as_config()
        # The last assignment holds.
        checkpoint['meta']['cfg'] = f'{checkpoint["meta"]["cfg"]}\nmodel = {model!r}\n'

    def before_val_epoch(self, runner: Any) -> None:
        """Forget an evaluation that was stopped."""
        self._captions = []

    def after_val_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Sequence[Any] | None = None
    ) -> None:
        """Keep the captions of a batch."""
        for sample in outputs or ():
            self._captions.append(
                {
                    'image_id': sample.image_id,
                    'path': str(sample.get('img_path')),
                    'caption': sample.pred_caption,
                    'log_probability': sample.pred_log_probability,
                    'references': list(sample.gt_captions),
                }
            )

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Write the files."""
        self._write(runner, runner.val_loop)

    before_test_epoch = before_val_epoch
    after_test_iter = after_val_iter

    def after_test_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Write the files."""
        self._write(runner, runner.test_loop)

    def _write(self, runner: Any, loop: Any) -> None:
        captions: list[dict[str, Any]] | None = collect_results(self._captions, len(loop.dataloader.dataset), 'cpu')
        self._captions = []
        if not is_main_process() or not captions:
            return
        folder = Path(runner.work_dir)
        results = [{'image_id': entry['image_id'], 'caption': entry['caption']} for entry in captions]
        write_json(results, folder / RESULTS_FILE)
        rows = np.linspace(0, len(captions) - 1, num=min(self.pictures, len(captions))).astype(int).tolist()
        comparisons = [
            other.as_json()
            for metric in loop.evaluator.metrics
            if isinstance(metric, CaptionMetric)
            for other in metric.comparisons
        ]
        content = {'pictures': [captions[row] for row in rows], 'comparisons': comparisons}
        write_json(content, folder / CAPTIONS_FILE)


def _vocabulary(runner: Any) -> Vocabulary:
    head: Any = unwrap(runner.model).head
    vocabulary: Vocabulary = head.vocabulary
    return vocabulary
