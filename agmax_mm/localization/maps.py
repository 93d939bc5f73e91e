"""Class activation maps of a classifier: exact where it ends in pooling and a linear layer, otherwise Grad-CAM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.models import GlobalAveragePooling
from torch import Tensor, nn

from agmax_mm.functional import class_activation_map

KINDS = ('cam', 'grad-cam')
# Logits from the maps may differ so much from those of the network, as a share of the largest one.
_TOLERANCE = 0.02


@contextmanager
def last_map(classifier: nn.Module, through: nn.Module | None = None) -> Iterator[list[Tensor]]:
    """Keep what a classifier's pooling is given.

    Args:
        classifier: A classifier of the host.
        through: A module that the map goes through first, for libraries that hook into modules.

    Yields:
        A list to which each forward pass adds the map before the pooling, ``(N, C, H, W)``.

    Raises:
        ValueError: If the classifier has not exactly one global average pooling.
    """
    pools = [module for module in classifier.modules() if isinstance(module, GlobalAveragePooling)]
    if len(pools) != 1:
        raise ValueError(
            'maps: expected a classifier with one GlobalAveragePooling, whose input is a map, '
            f'got {len(pools)} in {type(classifier).__name__}'
        )
    maps: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        given = inputs[0][-1] if isinstance(inputs[0], tuple | list) else inputs[0]
        if through is None:
            maps.append(given)
            return None
        changed = through(given)
        maps.append(changed)
        return ((changed,),)

    handle = pools[0].register_forward_pre_hook(keep)
    try:
        yield maps
    finally:
        handle.remove()


def exact_maps(classifier: Any, features: Tensor, logits: Tensor, classes: Tensor) -> Tensor:
    """Class activation maps by one product.

    Args:
        classifier: A classifier of the host.
        features: The map before its pooling, shape ``(N, C, H, W)``, from :func:`last_map`.
        logits: What it made of the map, shape ``(N, K)``.
        classes: Classes of each image, shape ``(N, M)``.

    Returns:
        Shape ``(N, M, H, W)``.

    Raises:
        ValueError: If the logits are not those of a linear layer on the averaged map.
    """
    weight, bias = _linear_layer(classifier.head, features)
    given = logits.detach()
    expected = F.linear(features.detach().float().mean(dim=(2, 3)), weight.float(), bias)
    if expected.shape != given.shape or (
        float((expected - given).abs().max()) > _TOLERANCE * max(1.0, float(given.abs().max()))
    ):
        raise ValueError(
            f'maps: expected a classifier that averages its last map and applies a linear layer, got another form '
            f'before its head ({type(classifier.head).__name__}); --maps grad-cam takes such networks'
        )
    number = classes.shape[1]
    repeated = features.repeat_interleave(number, dim=0)
    return class_activation_map(repeated, weight, classes.flatten()).unflatten(0, (-1, number))


def grad_cam_maps(network: nn.Module, classifier: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """Grad-CAM on the map before the pooling, by the library ``grad-cam``.

    Args:
        network: Maps images to logits ``(N, K)`` by the classifier.
        classifier: A classifier of the host.
        images: What the network takes, shape ``(N, ...)``.
        classes: Classes of each image, shape ``(N, M)``.

    Returns:
        Shape ``(N, M, H, W)``, each within 0 to 1, in the size of the images.

    Raises:
        ValueError: If the library is not installed, or as :func:`last_map`.

    References:
        R. R. Selvaraju et al., "Grad-CAM", ICCV 2017.
    """
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        raise ValueError(
            f"--maps grad-cam: expected the library grad-cam, got {error}; pip install 'agmax_mm[cam]' brings it"
        ) from None

    layer = _Start()
    with last_map(classifier, through=layer), torch.enable_grad(), GradCAM(network, [layer]) as method:
        maps = [method(images, [ClassifierOutputTarget(int(label)) for label in chosen]) for chosen in classes.T]
    return torch.stack([torch.from_numpy(found) for found in maps], dim=1)


class _Start(nn.Module):
    """Where gradients begin: what comes before the map needs none."""

    def forward(self, features: Tensor) -> Tensor:
        """The same map, with gradient."""
        return features.detach().requires_grad_().clone()


def _linear_layer(head: Any, features: Tensor) -> tuple[Tensor, Tensor | None]:
    """Weight and bias; of a head without a layer, whose maps are those of the classes, the identity."""
    layer = getattr(head, 'fc', None)
    if isinstance(layer, nn.Linear) and layer.in_features == features.shape[1]:
        return layer.weight.detach(), None if layer.bias is None else layer.bias.detach().float()
    return torch.eye(features.shape[1], device=features.device), None
