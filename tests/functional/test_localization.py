"""Maps, boxes and overlaps: worked by hand, against plain loops, and against torchvision."""

from __future__ import annotations

from collections import deque

import pytest
import torch
import torchvision

from agmax_mm import functional as AF


def plain_parts(mask):
    """Connected parts of a mask by flooding, each the set of its places, 8 neighbours."""
    height, width = mask.shape
    left = {(y, x) for y in range(height) for x in range(width) if mask[y, x]}
    parts = []
    while left:
        queue, part = deque([min(left)]), set()
        left.discard(queue[0])
        while queue:
            y, x = queue.popleft()
            part.add((y, x))
            for place in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                if place in left:
                    left.discard(place)
                    queue.append(place)
        parts.append(part)
    return parts


def plain_box(part):
    rows, columns = [y for y, _ in part], [x for _, x in part]
    return (min(columns), min(rows), max(columns) + 1, max(rows) + 1)


def plain_boxes(mask):
    """Boxes of the parts, largest first."""
    order = sorted(plain_parts(mask), key=lambda part: (-len(part), plain_box(part)[1], plain_box(part)[0]))
    return [plain_box(part) for part in order]


def plain_iou(a, b):
    """Overlap by counting pixels of whole-numbered boxes."""
    cells = [{(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])} for box in (a, b)]
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


def test_map_is_the_weighted_sum_and_its_mean_is_the_logit(generator):
    features = torch.rand(4, 6, 5, 3, generator=generator)
    layer = torch.nn.Linear(6, 7)
    logits = layer(features.mean(dim=(2, 3)))
    for label in range(7):
        classes = torch.full((4,), label)
        maps = AF.class_activation_map(features, layer.weight, classes)
        torch.testing.assert_close(maps.mean(dim=(1, 2)) + layer.bias[label], logits[:, label])
    by_hand = sum(layer.weight[2, k] * features[1, k, 4, 0] for k in range(6))
    torch.testing.assert_close(AF.class_activation_map(features, layer.weight, torch.full((4,), 2))[1, 4, 0], by_hand)
    half = AF.class_activation_map(features.bfloat16(), layer.weight.bfloat16(), torch.zeros(4, dtype=torch.long))
    assert half.dtype == torch.float32


def test_map_has_the_gradient_of_its_features():
    features = torch.ones(1, 2, 1, 2, requires_grad=True)
    AF.class_activation_map(features, torch.tensor([[0.0, 0.0], [3.0, -1.0]]), torch.tensor([1])).sum().backward()
    assert features.grad.tolist() == [[[[3.0, 3.0]], [[-1.0, -1.0]]]]


# 1 is far above any share, 0.1 below 0.15 of it.
MAPS = {
    'one part': ([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0]], (1, 1, 3, 3)),
    'corners connect': ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], (0, 0, 2, 2)),
    'the largest of two': ([[1, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 1]], (3, 0, 4, 3)),
    'of two equals the upper': ([[0, 0, 0, 1], [0, 0, 0, 1], [1, 1, 0, 0]], (3, 0, 4, 2)),
    'of two equals beside each other the left': ([[1, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]], (0, 0, 1, 2)),
    'the last pixel belongs to it': ([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], (3, 2, 4, 3)),
    'weak places do not': ([[0.1, 0.1, 1, 0.2], [0.14, 0, 0, 0], [0, 0, 0, 0]], (2, 0, 4, 1)),
    'exactly at the threshold does not': ([[0.15, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], (1, 0, 2, 1)),
    'constant': ([[2, 2, 2, 2]] * 3, (0, 0, 4, 3)),
    'zero': ([[0, 0, 0, 0]] * 3, (0, 0, 4, 3)),
    'negative': ([[-1, -2, -1, -1], [-3, -1, -1, -1], [-1, -1, -1, -1]], (0, 0, 4, 3)),
}


@pytest.mark.parametrize('name', MAPS)
def test_boxes_by_hand(name):
    values, box = MAPS[name]
    assert tuple(AF.box_from_map(torch.tensor(values, dtype=torch.float64)).tolist()) == box


def test_scaling_to_the_range_moves_the_threshold():
    values = torch.tensor([[-1.0, 0.2, 1.0, -1.0]])  # in their range 0, 0.6, 1, 0
    assert AF.box_from_map(values, sigma=0.5).tolist() == [2, 0, 3, 1]
    assert AF.box_from_map(values, sigma=0.5, minmax=True).tolist() == [1, 0, 3, 1]
    # A constant map has no range.
    assert AF.box_from_map(torch.full((2, 3), 5.0), minmax=True).tolist() == [0, 0, 3, 2]


def test_boxes_of_random_maps_are_those_of_flooding(generator):
    maps = torch.rand(40, 9, 7, generator=generator)
    maps[::2] = maps[::2].round(decimals=1)  # with ties
    for sigma in (0.0, 0.3, 0.6, 0.9):
        found = AF.box_from_map(maps.reshape(4, 10, 9, 7), sigma=sigma)
        assert found.shape == (4, 10, 4)
        expected = [plain_boxes((values > sigma * values.max()).numpy())[0] for values in maps.double()]
        assert found.reshape(40, 4).tolist() == [list(box) for box in expected]


def test_all_parts_of_random_masks_are_those_of_flooding(generator):
    for mask in torch.rand(30, 8, 11, generator=generator) > 0.7:
        assert sorted(map(tuple, AF.component_boxes(mask.numpy()).tolist())) == sorted(plain_boxes(mask.numpy()))
    assert AF.component_boxes(torch.zeros(3, 3).bool().numpy()).shape == (0, 4)


@pytest.mark.parametrize(
    ('a', 'b', 'expected'),
    [
        ((0, 0, 4, 4), (2, 0, 6, 4), 8 / 24),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0.0),  # half-open boxes that touch share nothing
        ((1, 1, 3, 3), (0, 0, 4, 4), 4 / 16),
        ((0, 0, 3, 3), (0, 0, 3, 3), 1.0),
        ((0, 0, 0, 5), (0, 0, 0, 5), 0.0),
        ((0.5, 0, 1.5, 1), (1, 0, 2, 1), 0.5 / 1.5),
    ],
)
def test_overlap_by_hand(a, b, expected):
    assert float(AF.box_iou(torch.tensor(a), torch.tensor(b))) == pytest.approx(expected, abs=1e-15)
    assert float(AF.box_iou(torch.tensor(b), torch.tensor(a))) == pytest.approx(expected, abs=1e-15)


def test_overlap_is_torchvisions(generator):
    corners = torch.randint(0, 30, (2, 25, 2), generator=generator)
    sides = torch.randint(1, 20, (2, 25, 2), generator=generator)
    a, b = torch.cat([corners, corners + sides], dim=2).double()
    torch.testing.assert_close(AF.box_iou(a[:, None], b[None]), torchvision.ops.box_iou(a, b))
    torch.testing.assert_close(AF.box_iou(a, b), torchvision.ops.box_iou(a, b).diagonal())


def test_max_box_accuracy_is_that_of_a_plain_loop(generator):
    """MaxBoxAcc of the largest part, and of all parts, at one threshold for the whole set."""
    maps = torch.rand(12, 8, 8, generator=generator)
    maps = torch.nn.functional.avg_pool2d(maps[:, None], 3, stride=1, padding=1)[:, 0]
    boxes = [torch.tensor([[1, 1, 5, 6], [4, 4, 8, 8]])[: 1 + index % 2] for index in range(12)]
    levels = torch.arange(20) / 20
    overlaps = torch.stack([AF.component_overlaps(one, given, levels) for one, given in zip(maps, boxes, strict=True)])
    for which, iou in ((0, 0.3), (0, 0.5), (1, 0.3), (1, 0.5)):
        shares = []
        for level in levels.tolist():
            hits = 0
            for one, given in zip(maps.double(), boxes, strict=True):
                scaled = (one - one.min()) / (one.max() - one.min())
                found = plain_boxes((scaled > level).numpy())
                found = found if which else found[:1]
                hits += max(plain_iou(box, truth) for box in found for truth in given.tolist()) >= iou
            shares.append(hits / 12)
        accuracy, place = AF.max_box_accuracy(overlaps[:, which], iou=iou)
        assert accuracy == max(shares)
        assert place == shares.index(max(shares))


def test_one_threshold_serves_the_whole_set():
    # Each image has a threshold of its own that would find it; no single one finds both.
    accuracy, place = AF.max_box_accuracy(torch.tensor([[0.9, 0.1, 0.5], [0.1, 0.9, 0.49]]))
    assert (accuracy, place) == (0.5, 0)


def test_an_overlap_of_just_the_bound_is_found():
    assert AF.max_box_accuracy(torch.tensor([[0.49, 0.3], [0.5, 0.7]])) == (0.5, 0)
    assert AF.max_box_accuracy(torch.tensor([[0.49, 0.3], [0.5, 0.7]]), iou=0.7) == (0.5, 1)


def test_overlaps_without_scaling_are_those_of_the_box_of_a_map(generator):
    maps = torch.randn(6, 8, 8, generator=generator) - torch.tensor([0.0, 0.5, 1.0, 0.0, 0.5, 9.0])[:, None, None]
    given, levels = torch.tensor([[1, 1, 5, 6], [4, 4, 8, 8]]), torch.arange(10) / 10
    for one in maps:  # the last one is nowhere positive: the whole image
        boxes = torch.stack([AF.box_from_map(one, sigma=level) for level in levels.tolist()])
        expected = AF.box_iou(boxes[:, None], given[None]).amax(dim=1)
        found = AF.component_overlaps(one, given, levels, minmax=False)
        torch.testing.assert_close(found[0], expected, rtol=0, atol=0)
        assert not torch.equal(found, AF.component_overlaps(one, given, levels))


def test_a_map_that_says_nothing_is_the_whole_image():
    overlaps = AF.component_overlaps(torch.zeros(4, 4), torch.tensor([[0, 0, 4, 2]]), torch.tensor([0.0, 0.5]))
    assert overlaps.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: AF.class_activation_map(torch.ones(1, 2, 3, 3), torch.ones(4, 3), torch.tensor([0])), 'a weight'),
        (lambda: AF.class_activation_map(torch.ones(1, 2, 3, 3), torch.ones(4, 2), torch.tensor([4])), '0 to 3'),
        (lambda: AF.class_activation_map(torch.ones(2, 2, 3, 3), torch.ones(4, 2), torch.tensor([0])), 'each of 2'),
        (lambda: AF.box_from_map(torch.ones(3, 3), sigma=1.0), r'within \[0, 1\), got 1.0'),
        (lambda: AF.box_from_map(torch.ones(3)), r'expected maps \(..., H, W\)'),
        (lambda: AF.box_from_map(torch.tensor([[float('nan')]])), 'finite'),
        (lambda: AF.box_iou(torch.tensor([2, 0, 1, 1]), torch.tensor([0, 0, 1, 1])), 'where they begin or later'),
        (lambda: AF.box_iou(torch.ones(3), torch.ones(4)), r'expected boxes \(..., 4\)'),
        (lambda: AF.component_overlaps(torch.ones(2, 2), torch.zeros(0, 4), torch.zeros(1)), 'at least one box'),
        (lambda: AF.max_box_accuracy(torch.zeros(0, 5)), 'got'),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
