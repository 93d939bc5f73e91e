"""The operators as the papers and mmcv's documentation define them, without torchvision: slow and clear."""

from __future__ import annotations

import math

import torch


def overlap(a, b, offset=0):
    """Intersection over union of two boxes as Python numbers; NaN if both have no area."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    areas = sum((box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b))
    union = areas - width * height
    return width * height / union if union else math.nan


def nms(boxes, scores, threshold, offset=0):
    boxes = boxes.tolist()
    waiting = scores.sort(descending=True)[1].tolist()
    kept = []
    while waiting:
        best = waiting.pop(0)
        kept.append(best)
        waiting = [other for other in waiting if not overlap(boxes[best], boxes[other], offset) > threshold]
    return kept


def nms_match(boxes, scores, threshold):
    boxes = boxes.tolist()
    waiting = scores.sort(descending=True)[1].tolist()
    groups = []
    while waiting:
        best = waiting.pop(0)
        mine = [other for other in waiting if overlap(boxes[best], boxes[other]) >= threshold]
        waiting = [other for other in waiting if other not in mine]
        groups.append([best, *mine])
    return groups


def soft_nms(boxes, scores, threshold, sigma, min_score, method, offset=0):
    """Indices and lowered scores; all scores must differ."""
    boxes, left = boxes.tolist(), dict(enumerate(scores.tolist()))
    found = []
    while left:
        best = max(left, key=left.get)
        found.append((best, left.pop(best)))
        for other in list(left):
            shared = overlap(boxes[best], boxes[other], offset)
            if method == 'gaussian':
                left[other] *= math.exp(-shared * shared / sigma)
            elif shared >= threshold:
                left[other] *= 0 if method == 'naive' else 1 - shared
            if left[other] < min_score:
                del left[other]
    return found


def shares(start, cell, cells, samples, size):
    """How much of each pixel along one side each cell of a region takes: ``(cells, size)``.

    A sample lies between two pixels; the border is repeated, up to one pixel outside.
    """
    matrix = torch.zeros(cells, size, dtype=torch.float64)
    for i in range(cells):
        for m in range(samples):
            place = start + (i + (m + 0.5) / samples) * cell
            if -1 <= place <= size:
                place = min(max(place, 0), size - 1)
                low = min(math.floor(place), size - 2)
                matrix[i, low] += (low + 1 - place) / samples
                matrix[i, low + 1] += (place - low) / samples
    return matrix


def roi_align(features, rois, size, scale, ratio, aligned):
    """Bilinear interpolation and the average work along rows and columns apart, so that a cell is a product of both."""
    height, width = features.shape[2:]
    output = [0 * features.sum() + features.new_zeros(0, features.shape[1], size, size)]
    for image, *corners in rois.tolist():
        x1, y1, x2, y2 = (corner * scale - (0.5 if aligned else 0) for corner in corners)
        sides = [y2 - y1, x2 - x1] if aligned else [max(y2 - y1, 1), max(x2 - x1, 1)]
        cells = [side / size for side in sides]
        samples = [ratio or math.ceil(cell) for cell in cells]
        rows = shares(y1, cells[0], size, samples[0], height)
        columns = shares(x1, cells[1], size, samples[1], width)
        output.append((rows @ features[int(image)] @ columns.T)[None])
    return torch.cat(output)


def roi_pool(features, rois, size, scale):
    height, width = features.shape[2:]
    output, nothing = [], 0 * features.sum()
    for image, x1, y1, x2, y2 in rois.tolist():
        left, top, right, bottom = x1 * scale, y1 * scale, (x2 + 1) * scale, (y2 + 1) * scale
        for plane in features[int(image)]:
            for i in range(size):
                for j in range(size):
                    rows = [top + (bottom - top) * i / size, top + (bottom - top) * (i + 1) / size]
                    columns = [left + (right - left) * j / size, left + (right - left) * (j + 1) / size]
                    cell = plane[
                        min(max(math.floor(rows[0]), 0), height) : min(max(math.ceil(rows[1]), 0), height),
                        min(max(math.floor(columns[0]), 0), width) : min(max(math.ceil(columns[1]), 0), width),
                    ]
                    turned = right <= left or bottom <= top
                    output.append(nothing if turned or not cell.numel() else cell.max())
    return torch.stack(output).view(len(rois), features.shape[1], size, size)


def deform_conv(features, offset, weight, mask, bias, stride, padding, dilation, groups, offset_groups):
    """One element of the kernel after the other, sampled by torch; all steps are (vertical, horizontal)."""
    images, channels, height, width = features.shape
    kernel_h, kernel_w = weight.shape[2:]
    out_h, out_w = offset.shape[2:]
    shifts = offset.reshape(images * offset_groups, kernel_h, kernel_w, 2, out_h, out_w)
    factors = torch.ones_like(shifts[:, :, :, 0]) if mask is None else mask.reshape(shifts[:, :, :, 0].shape)
    planes = features.reshape(images * offset_groups, channels // offset_groups, height, width)
    total = 0
    for i in range(kernel_h):
        for j in range(kernel_w):
            y = torch.arange(out_h)[:, None] * stride[0] - padding[0] + i * dilation[0] + shifts[:, i, j, 0]
            x = torch.arange(out_w) * stride[1] - padding[1] + j * dilation[1] + shifts[:, i, j, 1]
            places = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], 3)
            samples = torch.nn.functional.grid_sample(planes, places, align_corners=True) * factors[:, None, i, j]
            samples = samples.reshape(images, channels, out_h, out_w)
            total = total + torch.nn.functional.conv2d(samples, weight[:, :, i : i + 1, j : j + 1], None, groups=groups)
    return total if bias is None else total + bias[:, None, None]


def sigmoid_focal_loss(logits, target, gamma, alpha, weight=None):
    """Equation 5 of the paper for each class: -alpha_t (1 - p_t)^gamma log(p_t)."""
    losses = torch.zeros_like(logits)
    for n, wanted in enumerate(target.tolist()):
        for c in range(logits.shape[1]):
            p = torch.sigmoid(logits[n, c])
            p_t, alpha_t = (p, alpha) if c == wanted else (1 - p, 1 - alpha)
            factor = weight[wanted] if weight is not None and 0 <= wanted < len(weight) else 1
            losses[n, c] = -alpha_t * (1 - p_t) ** gamma * p_t.log() * factor
    return losses


def softmax_focal_loss(logits, target, gamma, alpha, weight=None):
    losses = []
    for row, wanted in zip(logits, target.tolist(), strict=True):
        p = row.softmax(0)[wanted]
        factor = 1 if weight is None else weight[wanted]
        losses.append(-alpha * (1 - p) ** gamma * p.log() * factor if wanted >= 0 else 0 * row.sum())
    return torch.stack(losses)
