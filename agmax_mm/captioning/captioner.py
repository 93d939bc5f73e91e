"""The captioner: a backbone looks at a picture, a head writes a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmpretrain.models.utils import ClsDataPreprocessor
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from agmax_mm.captioning.legacy import legacy_names
from agmax_mm.models.backbones import named_backbone
from agmax_mm.registry import MODELS


@MODELS.register_module()
class CaptionDataPreprocessor(ClsDataPreprocessor):
    """The host's, which leaves the features of a frozen backbone, shape ``(N, C)``, as they are."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn collated samples into the input of the model."""
        inputs = data['inputs']
        if isinstance(inputs, Tensor) and inputs.ndim == 2:
            return {'inputs': self.cast_data(inputs), 'data_samples': data.get('data_samples')}
        return super().forward(data, training)


@MODELS.register_module()
class Captioner(BaseModel):
    """Writes a caption for each picture.

    Args:
        backbone: Backbone, its config, or a name (``'timm/resnet18'``, ``'mmpretrain/resnet18_8xb32_in1k'``) that
            brings its own neck and the input width of the head; with options, ``dict(type=name, ...)``.
        neck: Neck or its config; it makes a vector of C channels of the backbone's last map.
        head: Head or its config, such as :class:`agmax_mm.captioning.nic_head.NICHead`.
        freeze_backbone: Keep the backbone's weights and statistics as they are.
        legacy: True or names of :data:`agmax_mm.captioning.legacy.LEGACY`, for this model and its head.
        data_preprocessor: Data preprocessor or its config; by default :class:`CaptionDataPreprocessor`.
        init_cfg: Initialisation, as in the host.

    Raises:
        ValueError: If a name is unknown.
    """

    def __init__(
        self,
        backbone: nn.Module | dict[str, Any] | str,
        neck: nn.Module | dict[str, Any] | None = None,
        head: nn.Module | dict[str, Any] | None = None,
        *,
        freeze_backbone: bool = True,
        legacy: bool | Sequence[str] = False,
        data_preprocessor: nn.Module | dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        if not isinstance(data_preprocessor, nn.Module):
            data_preprocessor = {'type': 'agmax_mm.CaptionDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(data_preprocessor, init_cfg)
        self.legacy = legacy_names(legacy)
        self.freeze_backbone = freeze_backbone
        options = {'type': backbone} if isinstance(backbone, str) else backbone
        if isinstance(options, dict) and '/' in str(options.get('type')):
            named = named_backbone(**{('name' if key == 'type' else key): value for key, value in options.items()})
            backbone, neck = named.backbone, named.neck
            head = {**head, 'in_channels': named.in_channels} if isinstance(head, dict) else head
        if isinstance(head, dict):
            head = {'legacy': sorted(self.legacy), **head}
        self.backbone, self.neck, self.head = (_built(part) for part in (backbone, neck, head))
        if freeze_backbone:
            self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> Captioner:
        """Set the mode; a frozen backbone stays as in evaluation."""
        super().train(mode)
        if self.freeze_backbone and 'batch_statistics' not in self.legacy:
            self.backbone.eval()
        return self

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Features of pictures.

        Args:
            inputs: Normalised images, shape ``(N, 3, H, W)``, or features, which are returned.

        Returns:
            Shape ``(N, C)``.
        """
        if inputs.ndim == 2:
            return inputs
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_backbone):
            maps = self.backbone(inputs)
        found = self.neck(maps) if self.neck is not None else maps
        last: Tensor = found[-1] if isinstance(found, list | tuple) else found
        return last.flatten(1)

    def forward(self, inputs: Tensor, data_samples: list[DataSample] | None = None, mode: str = 'tensor') -> Any:
        """Features (``'tensor'``), losses (``'loss'``) or data samples with captions (``'predict'``), as in the host.

        Args:
            inputs: Normalised images, shape ``(N, 3, H, W)``, or features, shape ``(N, C)``.
            data_samples: One for each; in training with a ``gt_caption``.
            mode: One of the three.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs)
        if mode == 'loss':
            assert data_samples is not None
            return self.head.loss(self.extract_feat(inputs), [sample.gt_caption for sample in data_samples])
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f'Captioner: expected the mode tensor, loss or predict, got {mode!r}')

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Data samples with a ``pred_caption``, a text, and its ``pred_log_probability``."""
        found = self.head.predict(self.extract_feat(inputs))
        samples = data_samples or [DataSample() for _ in found.words]
        sums = found.log_probability.tolist()
        for sample, numbers, log_probability in zip(samples, found.words.tolist(), sums, strict=True):
            sample.set_field(self.head.vocabulary.decode(numbers), 'pred_caption', dtype=str)
            sample.set_field(log_probability, 'pred_log_probability', dtype=float)
        return samples


def _built(part: Any) -> Any:
    return MODELS.build(part) if isinstance(part, dict) else part
