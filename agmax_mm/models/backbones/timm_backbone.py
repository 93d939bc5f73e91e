"""Any timm model as a backbone."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor

from agmax_mm.registry import MODELS


def create_timm_model(model_name: str, **options: Any) -> Any:
    """Build a timm model without its classifier and with timm's initialisation; nothing is downloaded.

    Args:
        model_name: A name of ``timm.list_models()``. A tag, as in ``resnet18.a1_in1k``, names weights and is ignored.
        options: Further arguments of ``timm.create_model``, such as ``img_size``.
    """
    import timm  # here, because most networks do without it

    return timm.create_model(model_name, pretrained=False, num_classes=0, **options)


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """Any timm model, with the features that timm gives to its own classifier.

    The host's ``TIMMBackbone`` returns the tensor before timm's pooling. For some models that is a map, for others it
    is tokens or a channels-last map. Some models also normalise or convolve after pooling, before the classifier. This
    class always returns a map that ``GlobalAveragePooling`` can follow: the last map if timm only averages it, and
    otherwise the pooled features as a map of 1x1. The names of the weights are those of the host's class.

    Args:
        model_name: A name of ``timm.list_models()``, see :func:`create_timm_model`.
        in_channels: Channels of the input.
        init_cfg: Initialisation, as in the host; by default timm's.
        options: Further arguments of ``timm.create_model``, such as ``img_size=32`` or ``drop_path_rate=0.1``.
    """

    def __init__(
        self, model_name: str, *, in_channels: int = 3, init_cfg: dict[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(init_cfg)
        self.timm_model: Any = create_timm_model(model_name, in_chans=in_channels, **options)
        self.gives_maps = _only_averages(self.timm_model)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Return one map ``(N, C, H', W')`` for images ``(N, in_channels, H, W)``."""
        if self.gives_maps:
            return (self.timm_model.forward_features(x),)
        return (self.timm_model(x)[:, :, None, None],)


@torch.no_grad()
def _only_averages(model: Any) -> bool:
    """Return whether timm's features are the average of the last map over its positions, tried on a random map."""
    if getattr(model, 'drop_rate', 0):
        return False
    maps = torch.rand(2, model.num_features, 3, 2, generator=torch.Generator().manual_seed(0))
    training = model.training
    try:
        features = model.eval().forward_head(maps, pre_logits=True)
    except (RuntimeError, ValueError, IndexError, AssertionError):  # made for tokens, or for channels in the last place
        return False
    finally:
        model.train(training)
    average = maps.mean(dim=(2, 3))
    return features.shape == average.shape and torch.allclose(features, average, atol=1e-6)
