"""The stand-ins give on a GPU what they give on the CPU, in value and gradient."""

from __future__ import annotations

import pytest
import torch
from mmcv.ops import (
    batched_nms,
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    roi_align,
    roi_pool,
    sigmoid_focal_loss,
    soft_nms,
    softmax_focal_loss,
)

from tests.operators.inputs import BOXES, boxes_and_scores, regions
from tests.operators.swap import STAND_INS, operators

pytestmark = pytest.mark.gpu


def on_both(function, *inputs):
    """Output and gradients by the floating inputs, on the CPU and, brought back, on the GPU."""
    found = []
    for device in ('cpu', 'cuda'):
        moved = [tensor.detach().to(device) for tensor in inputs]
        wanted = [tensor.requires_grad_() for tensor in moved if tensor.is_floating_point()]
        with operators(STAND_INS):
            output = function(*moved)
            factors = torch.linspace(-1, 1, output.numel(), dtype=torch.float64).view(output.shape).to(output)
            gradients = torch.autograd.grad((output * factors).sum(), wanted, allow_unused=True)
        found.append([tensor.cpu() for tensor in (output, *gradients) if tensor is not None])
    return found


@pytest.mark.parametrize('kind', [kind for kind in BOXES if 'nan' not in kind])
def test_nms(kind):
    boxes, scores = boxes_and_scores(kind, count=200)
    if kind == 'equal_scores':
        scores = scores + torch.arange(len(scores)) * 1e-6  # each device sorts equal ones in its own way
    for call in (
        lambda b, s: nms(b, s, 0.5),
        lambda b, s: soft_nms(b, s, 0.5, method='linear'),
        lambda b, s: batched_nms(b, s, torch.arange(len(b), device=b.device) % 3, dict(iou_threshold=0.5)),
    ):
        with operators(STAND_INS):
            if not len(boxes):
                assert nms(boxes.cuda(), scores.cuda(), 0.5)[1].is_cuda
                continue
            dets, kept = call(boxes, scores)
            found, found_kept = call(boxes.cuda(), scores.cuda())
        assert found_kept.cpu().tolist() == kept.tolist()
        torch.testing.assert_close(found.cpu(), dets)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_regions_of_interest(dtype, generator):
    features = torch.randn(2, 3, 10, 12, generator=generator, dtype=torch.float64).to(dtype)
    tolerance = dict(atol=1e-5, rtol=1e-5) if dtype.itemsize >= 4 else dict(atol=0.1, rtol=0.05)
    for kind in ('random', 'no_area', 'outside', 'far'):
        rois = regions(kind, dtype=dtype)
        for call in (lambda x, r: roi_align(x, r, (3, 3), 0.25), lambda x, r: roi_pool(x, r, (3, 3), 0.25)):
            cpu, gpu = on_both(lambda x, r=rois, c=call: c(x, r.to(x.device)), features)
            torch.testing.assert_close(gpu, cpu, **tolerance)


def test_deformable_convolutions(generator):
    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    features, offset, mask, weight = normal(2, 4, 7, 8), normal(2, 18, 7, 8), normal(2, 9, 7, 8), normal(6, 4, 3, 3)
    for inputs, call in (
        ((features, offset, weight), lambda x, o, w: deform_conv2d(x, o, w, 1, 1)),
        ((features, offset, mask, weight), lambda x, o, m, w: modulated_deform_conv2d(x, o, m, w, None, 1, 1)),
    ):
        cpu, gpu = on_both(call, *inputs)
        torch.testing.assert_close(gpu, cpu)


def test_focal_losses(generator):
    logits, target = torch.randn(9, 4, generator=generator, dtype=torch.float64), torch.arange(9) % 4
    for loss, reduction in ((sigmoid_focal_loss, 'none'), (softmax_focal_loss, 'sum')):  # mmcv's has no other gradient
        cpu, gpu = on_both(lambda x, f=loss, r=reduction: f(x, target.to(x.device), 2.0, 0.25, None, r), logits)
        torch.testing.assert_close(gpu, cpu)
