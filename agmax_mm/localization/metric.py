"""All figures of a localisation as a metric of the host, for validations and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric

from agmax_mm.localization.floors import best_share, boxes_of_sample, training_boxes
from agmax_mm.localization.measure import Protocol, measure_images, metrics_of
from agmax_mm.registry import DATASETS, METRICS


@METRICS.register_module()
class LocalizationMetric(BaseMetric):
    """Localisation from class activation maps, with the floors beside it.

    It takes the predictions of :class:`agmax_mm.localization.LocalizingClassifier` on a data set with boxes, whose
    pipeline ends in ``PackInputs`` with ``algorithm_keys=('gt_bboxes',)``.

    Args:
        training: Data set that the size of the centre box is chosen on; by default the config's training set under the
            pipeline of the validation. None leaves the centre box out.
        collect_device: As in the host.
        sigma: As the other options a field of :class:`agmax_mm.localization.measure.Protocol`.
        minmax: See there.
        iou: See there.
        strict: See there.
        thresholds: See there.

    Raises:
        ValueError: If an option is out of range, or an image has no box or no map.
    """

    default_prefix = 'localization'

    def __init__(
        self,
        training: dict[str, Any] | None = None,
        collect_device: str = 'cpu',
        *,
        sigma: float = 0.15,
        minmax: bool = False,
        iou: float = 0.5,
        strict: bool = True,
        thresholds: int = 100,
    ) -> None:
        super().__init__(collect_device=collect_device)
        try:
            self.protocol = Protocol(sigma=sigma, minmax=minmax, iou=iou, strict=strict, thresholds=thresholds)
        except ValueError as error:
            raise ValueError(f'LocalizationMetric.{error}') from None
        self._training = training
        self._share: float | None = None

    def share(self) -> float | None:
        """Side of the centre box as a share of the image's, chosen once; None without a training set with boxes."""
        if self._training is not None:
            self._share = best_share(training_boxes(DATASETS.build(self._training)), self.protocol)
            self._training = None
        return self._share

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep one row for each image."""
        boxes = []
        for sample in data_samples:
            found = boxes_of_sample(sample)
            if found is None or 'class_maps' not in sample:
                what = 'boxes' if found is None else 'class maps'
                raise ValueError(
                    f'LocalizationMetric: expected {what} of each image, got none of {sample.get("img_path")}; '
                    "PackInputs needs algorithm_keys=('gt_bboxes',), and the model type agmax_mm.LocalizingClassifier"
                )
            boxes.append(found)
        maps = torch.stack([sample['class_maps'] for sample in data_samples])
        right = torch.stack([sample['pred_label'][0] == sample['gt_label'][0] for sample in data_samples])
        size = tuple(data_samples[0]['img_shape'][:2])
        self.results += list(measure_images(maps, right, boxes, size, self.share(), self.protocol))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """The metrics by name."""
        found = metrics_of(torch.stack(results), self.protocol)
        # The host puts the prefix before each.
        return {name.removeprefix('localization/'): value for name, value in found.items()}
