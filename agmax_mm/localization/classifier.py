"""A classifier whose predictions come with class activation maps."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from agmax_mm.localization.maps import exact_maps, last_map
from agmax_mm.models import AgMaxClassifier
from agmax_mm.registry import MODELS


@MODELS.register_module()
class LocalizingClassifier(AgMaxClassifier):
    """A classifier that also says where it looks.

    Differs from :class:`agmax_mm.models.AgMaxClassifier` in its predictions alone: a data sample gets ``class_maps``,
    the class activation maps of the predicted class and, where there is a label, of the label, shape ``(2, H, W)``.
    :class:`agmax_mm.localization.LocalizationMetric` takes them. The weights are the same, and so is the training.

    It must end in global average pooling and a linear layer.
    """

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None, **kwargs: Any) -> list[DataSample]:
        """Predict classes and their maps; arguments as in the host.

        Raises:
            ValueError: If the network has another end.
        """
        with last_map(self) as maps:
            pooled = self.extract_feat(inputs)
        logits = self.head(pooled)
        predictions: list[DataSample] = self.head.predict(pooled, data_samples, **kwargs)
        classes = [
            torch.cat([sample.pred_label, sample.gt_label[:1] if 'gt_label' in sample else sample.pred_label])
            for sample in predictions
        ]
        found = exact_maps(self, maps[-1], logits, torch.stack(classes).to(logits.device))
        for sample, pair in zip(predictions, found, strict=True):
            sample.set_field(pair, 'class_maps')
        return predictions
