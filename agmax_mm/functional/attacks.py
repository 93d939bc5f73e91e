"""Adversarial images under the largest change of a pixel: one step, and many.

Shapes: N = images, K = classes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Model = Callable[[Tensor], Tensor]


def fgsm(
    model: Model,
    images: Tensor,
    labels: Tensor,
    eps: float | Tensor,
    *,
    low: float | Tensor | None = 0.0,
    high: float | Tensor | None = 1.0,
) -> Tensor:
    r"""Fast gradient sign method: one step of ``eps`` that increases the cross-entropy.

    .. math::
        x' = \mathrm{clamp}\left(x + \epsilon \, \mathrm{sign} \nabla_x \mathrm{CE}(f(x), y), low, high\right)

    Args:
        model: Maps images to logits ``(N, K)``. It should be in evaluation mode, so that images are independent.
        images: Images in the space that ``model`` takes, floating point, shape ``(N, ...)``.
        labels: True classes, shape ``(N,)``.
        eps: Size of the change in the units of ``images``; a tensor that broadcasts against them, such as one value
            for each channel, ``(C, 1, 1)``, is taken, too.
        low: Least value of a pixel, or ``None`` for no limit; a tensor as for ``eps``.
        high: Greatest value of a pixel, or ``None`` for no limit.

    Returns:
        The changed images, without gradient. Where the gradient is exactly 0 a pixel stays as it is. ``eps=0`` gives
        the images themselves within ``low`` and ``high``.

    Raises:
        ValueError: If the shapes do not fit, the images are integers, ``eps`` is negative or ``low`` exceeds ``high``.

    References:
        I. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015; Table 11 of
        the CutMix paper (``eps = 8/255`` of the pixels' range) and Table 6 of the AgMax paper.

    Example:
        >>> weight = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> image = torch.tensor([[0.5, 0.5]])
        >>> fgsm(lambda x: x @ weight.T, image, torch.tensor([0]), 0.25)  # lowers what speaks for class 0
        tensor([[0.2500, 0.5000]])
    """
    _check(images, labels, eps, low, high)
    if not torch.as_tensor(eps).any():
        return _clamped(images.detach(), low, high)
    return _clamped(images.detach() + eps * _gradient(model, images, labels).sign(), low, high)


def pgd(
    model: Model,
    images: Tensor,
    labels: Tensor,
    eps: float | Tensor,
    *,
    steps: int = 10,
    step_size: float | Tensor | None = None,
    random_start: bool = True,
    generator: torch.Generator | None = None,
    low: float | Tensor | None = 0.0,
    high: float | Tensor | None = 1.0,
) -> Tensor:
    r"""Projected gradient descent: many small steps, each followed by the way back into the ``eps`` box.

    A network that only hides its gradient resists :func:`fgsm` and fails here.

    Args:
        model: As for :func:`fgsm`.
        images: As for :func:`fgsm`.
        labels: True classes, shape ``(N,)``.
        eps: The greatest change of a pixel; as for :func:`fgsm`.
        steps: Number of steps, at least 1.
        step_size: Size of a step, ``2.5 * eps / steps`` by default, which can cross the box.
        random_start: Begin at a uniform draw from the box instead of at the images.
        generator: Source of that draw, on any device; torch's global one by default.
        low: Least value of a pixel, or ``None`` for no limit.
        high: Greatest value of a pixel, or ``None`` for no limit.

    Returns:
        The changed images, without gradient, at most ``eps`` from ``images`` and within ``low`` and ``high``.

    Raises:
        ValueError: As for :func:`fgsm`, or if ``steps`` is below 1.

    References:
        A. Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
    """
    _check(images, labels, eps, low, high)
    if steps < 1:
        raise ValueError(f'pgd.steps: expected at least 1, got {steps}')
    if not torch.as_tensor(eps).any():
        return _clamped(images.detach(), low, high)
    step_size = 2.5 * eps / steps if step_size is None else step_size
    images = images.detach()
    changed = images
    if random_start:
        # On the generator's device: one of the CPU draws the same for images on a GPU.
        device = images.device if generator is None else generator.device
        draw = torch.rand(images.shape, generator=generator, dtype=images.dtype, device=device).to(images.device)
        changed = _clamped(images + eps * (2 * draw - 1), low, high)
    for _ in range(steps):
        changed = changed + step_size * _gradient(model, changed, labels).sign()
        changed = _clamped(torch.maximum(torch.minimum(changed, images + eps), images - eps), low, high)
    return changed


def _gradient(model: Model, images: Tensor, labels: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = images.detach().clone().requires_grad_()
        # The sum, not the mean: an image's gradient must not shrink with the number of its neighbours.
        loss = F.cross_entropy(model(leaf), labels, reduction='sum')
        (gradient,) = torch.autograd.grad(loss, leaf)
    return gradient


def _clamped(images: Tensor, low: float | Tensor | None, high: float | Tensor | None) -> Tensor:
    # torch.clamp takes numbers or tensors, but not one of each.
    if low is not None:
        images = torch.maximum(images, torch.as_tensor(low, dtype=images.dtype, device=images.device))
    if high is not None:
        images = torch.minimum(images, torch.as_tensor(high, dtype=images.dtype, device=images.device))
    return images


def _check(
    images: Tensor, labels: Tensor, eps: float | Tensor, low: float | Tensor | None, high: float | Tensor | None
) -> None:
    if not images.is_floating_point():
        raise ValueError(f'images: expected floating point, got {images.dtype}')
    if labels.shape != images.shape[:1]:
        raise ValueError(f'labels: expected shape {tuple(images.shape[:1])}, got {tuple(labels.shape)}')
    if not bool((torch.as_tensor(eps) >= 0).all()):
        raise ValueError(f'eps: expected at least 0, got {eps}')
    if low is not None and high is not None and bool((torch.as_tensor(low) > torch.as_tensor(high)).any()):
        raise ValueError(f'low: expected at most high ({high}), got {low}')
