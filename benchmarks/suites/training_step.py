"""One training step of a network on views of noise, which takes as long as one on photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from agmax_mm.engine.amp import BFloat16OptimWrapper, keep_logits_wide, use_channels_last
from agmax_mm.engine.checkpointing import checkpoint_activations
from agmax_mm.engine.compile import compile_network
from agmax_mm.registry import MODELS

# The networks of the measurements: backbone, its output channels, classes and side of the images.
NETWORKS: dict[str, tuple[dict[str, Any], int, int, int]] = {
    'ResNet-50': ({'type': 'ResNet', 'depth': 50}, 2048, 1000, 224),
    'WRN-40-2': ({'type': 'agmax_mm.WideResNet', 'depth': 40, 'widen_factor': 2}, 128, 10, 32),
}
_CUTMIX = {'augments': [{'type': 'agmax_mm.CutMix', 'alpha': 1.0}], 'probs': [1.0]}


@dataclass(frozen=True)
class Form:
    """The form of a training step.

    Attributes:
        network: One of :data:`NETWORKS`.
        agreement: Name of the agreement, as in recipes.
        views: Views of an image.
        images: Images a step, so that the network sees ``views * images``.
        half: bfloat16 autocast.
        channels_last: Layout of the convolutions.
        checkpointing: Activation checkpointing of the backbone's blocks.
        compiled: ``torch.compile``.
        share: Share of the images that have a second view.
        scale: Side of the second view over that of the first.
        cutmix: CutMix in each step.
        device: Where the step is done.
    """

    network: str = 'ResNet-50'
    agreement: str = 'none'
    views: int = 2
    images: int = 32
    half: bool = False
    channels_last: bool = False
    checkpointing: bool = False
    compiled: bool = False
    share: float = 1.0
    scale: float = 1.0
    cutmix: bool = False
    device: str = 'cpu'


def build_model(form: Form) -> nn.Module:
    """The classifier of a form, on its device, initialised alike for all forms."""
    backbone, channels, classes, _ = NETWORKS[form.network]
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model: nn.Module = MODELS.build(
            {
                'type': 'agmax_mm.AgMaxClassifier',
                'backbone': backbone,
                'neck': {'type': 'GlobalAveragePooling'},
                'head': {'type': 'LinearClsHead', 'num_classes': classes, 'in_channels': channels},
                'agreement': form.agreement,
                'num_views': form.views,
                'second_view': {'share': form.share, 'scale': form.scale} if form.views == 2 else None,
                'data_preprocessor': {
                    'type': 'agmax_mm.TwoViewDataPreprocessor',
                    'mean': [123.675, 116.28, 103.53],
                    'std': [58.395, 57.12, 57.375],
                    'num_classes': classes,
                    'batch_augments': _CUTMIX if form.cutmix else None,
                },
            }
        )
    model.to(form.device)
    if form.channels_last:
        use_channels_last(model)
    if form.checkpointing:
        checkpoint_activations(model, True)
    if form.compiled:
        compile_network(model, True)
    if form.half:
        keep_logits_wide(model)
    return model.train()


def make_step(form: Form) -> Callable[[], dict[str, Tensor]]:
    """A training step, from the loader's batch to the updated weights, as the runner does it."""
    model = build_model(form)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    wrapper = (BFloat16OptimWrapper if form.half else OptimWrapper)(optimizer)
    views, labels = make_batch(form)
    samples = [DataSample().set_gt_label(label) for label in labels]
    batch = {'inputs': views if form.views > 1 else views[0], 'data_samples': samples}

    def step() -> dict[str, Tensor]:
        logged: dict[str, Tensor] = model.train_step(batch, wrapper)  # type: ignore[operator]
        return logged

    return step


def make_batch(form: Form) -> tuple[list[Tensor], Tensor]:
    """Views ``(N, 3, H, W)`` of noise in uint8 and labels ``(N,)``, as the loader hands them over."""
    classes, side = NETWORKS[form.network][2:]
    generator = torch.Generator().manual_seed(0)
    shape = (form.images, 3, side, side)
    views = [torch.randint(256, shape, generator=generator, dtype=torch.uint8) for _ in range(form.views)]
    labels = torch.randint(classes, (form.images,), generator=generator)
    return [view.pin_memory() for view in views] if form.device == 'cuda' else views, labels
