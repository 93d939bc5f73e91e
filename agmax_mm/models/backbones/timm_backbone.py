"""Any timm model as a backbone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

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
        out_indices: Stages whose maps are returned, for detectors; ``(1, 2, 3, 4)`` have strides of 4 to 32 in most
            convolutional networks. The layers behind the last one keep their weights, but neither compute nor learn.
            By default the features of the classifier are returned.
        frozen_stages: With ``out_indices``: the stem and the stages up to this one do not learn; -1 for none.
        norm_eval: Whether batch normalisation keeps its statistics in training.
        frozen: Nothing learns; batch normalisation keeps its statistics, too.
        init_cfg: Initialisation, as in the host; by default timm's.
        options: Further arguments of ``timm.create_model``, such as ``img_size=32`` or ``drop_path_rate=0.1``.

    Raises:
        ValueError: If a stage is asked for that the model does not have, or the model gives no maps of its stages.
    """

    def __init__(
        self,
        model_name: str,
        *,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        frozen: bool = False,
        init_cfg: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg)
        self.timm_model: Any = create_timm_model(model_name, in_chans=in_channels, **options)
        self.out_indices = None if out_indices is None else tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval or frozen
        if frozen:
            self.timm_model.requires_grad_(False)
        if self.out_indices is None:
            if frozen_stages >= 0:
                raise ValueError('TimmBackbone: expected out_indices beside frozen_stages, got none')
            self.gives_maps = _only_averages(self.timm_model)
            self._fix_norms(set())
            return
        create = functools.partial(create_timm_model, model_name, in_chans=in_channels, **options)
        learn = _names_up_to(create, self.out_indices, model_name)
        fixed = _names_up_to(create, [frozen_stages], model_name) if frozen_stages >= 0 else set()
        for name, parameter in self.timm_model.named_parameters():
            parameter.requires_grad = not frozen and name in learn and name not in fixed
        self._fix_norms(fixed)

    def _fix_norms(self, fixed: set[str]) -> None:
        self._fixed_norms = [
            module
            for name, module in self.timm_model.named_modules()
            if isinstance(module, _BatchNorm) and (self.norm_eval or f'{name}.weight' in fixed)
        ]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return maps ``(N, C, H', W')`` for images ``(N, in_channels, H, W)``: one for each stage, or one."""
        if self.out_indices is not None:
            maps = self.timm_model.forward_intermediates(
                x, indices=list(self.out_indices), stop_early=True, intermediates_only=True
            )
            return tuple(maps)
        if self.gives_maps:
            return (self.timm_model.forward_features(x),)
        return (self.timm_model(x)[:, :, None, None],)

    def train(self, mode: bool = True) -> TimmBackbone:
        """Set the mode; batch normalisation that is fixed stays as in evaluation."""
        super().train(mode)
        for module in getattr(self, '_fixed_norms', ()):
            module.eval()
        return self


def _names_up_to(create: Callable[[], Any], indices: Sequence[int], model_name: str) -> set[str]:
    """Names of the tensors that the maps of these stages depend on."""
    with torch.device('meta'):
        model = create()
    if not hasattr(model, 'prune_intermediate_layers'):
        raise ValueError(f'TimmBackbone: expected a timm model with maps of its stages, got {model_name!r}')
    try:
        model.prune_intermediate_layers(list(indices), prune_norm=True, prune_head=True)
    except (AssertionError, IndexError) as error:
        raise ValueError(f'TimmBackbone: expected stages of {model_name!r}, got {list(indices)}: {error}') from None
    return set(model.state_dict())


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
