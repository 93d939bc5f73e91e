"""Rows and metrics by hand, and the floors by a plain search."""

from __future__ import annotations

import pytest
import torch

from agmax_mm.localization.floors import best_share, boxed_places
from agmax_mm.localization.measure import (
    Protocol,
    best_sigma,
    centre_box,
    curves_of,
    measure_images,
    metrics_of,
)
from agmax_mm.localization.metric import LocalizationMetric


def square(x1, y1, x2, y2, side=10):
    values = torch.zeros(side, side)
    values[y1:y2, x1:x2] = 1
    return values


# Three images of 10 x 10: found with the right class; found by the label's map alone; found by neither.
MAPS = torch.stack(
    [
        torch.stack([square(2, 2, 8, 8), square(2, 2, 8, 8)]),
        torch.stack([square(0, 0, 1, 1), square(5, 5, 10, 10)]),
        torch.stack([square(0, 0, 10, 2), square(0, 0, 10, 2)]),
    ]
)
RIGHT = torch.tensor([True, False, True])
BOXES = [torch.tensor([[2, 2, 8, 8]]), torch.tensor([[0, 0, 2, 2], [5, 5, 10, 9]]), torch.tensor([[0, 2, 10, 10]])]


def rows(protocol=None, share=0.6):
    return measure_images(MAPS, RIGHT, BOXES, (10, 10), share, protocol or Protocol())


def test_metrics_by_hand():
    found = metrics_of(rows(), Protocol())
    third = pytest.approx(100 / 3)
    assert found['localization/top1'] == third
    assert found['localization/gt_known'] == pytest.approx(200 / 3)  # the second by 20 / 25
    assert found['localization/classified'] == pytest.approx(200 / 3)
    assert found['localization/max_box_acc'] == pytest.approx(200 / 3)
    assert found['threshold'] == 0
    # 0.3 and 0.5: two images, 0.7: two images, as 0.8 is enough.
    assert found['localization/max_box_acc_v2'] == pytest.approx(200 / 3)
    # The box from 2 to 8 has overlaps of 1, 12 / 44 and 36 of 80: (8 - 2) * 6 / (36 + 80 - 36).
    assert found['localization/centre_gt_known'] == third
    assert found['localization/centre_top1'] == third
    assert found['localization/centre_v2'] == pytest.approx((200 / 3 + 100 / 3 + 100 / 3) / 3)
    # The whole image: 0.36, 0.2 and 0.8.
    assert found['localization/whole_gt_known'] == third
    assert found['localization/whole_top1'] == third
    assert found['localization/whole_v2'] == pytest.approx((200 / 3 + 100 / 3 + 100 / 3) / 3)


def test_without_a_centre_box_there_are_no_figures_of_it():
    found = metrics_of(rows(share=None), Protocol())
    assert not [name for name in found if 'centre' in name]
    assert 'localization/whole_gt_known' in found


def test_an_overlap_of_just_a_half_counts_where_it_is_to_reach_it():
    maps = torch.stack([square(0, 0, 4, 2), square(0, 0, 4, 2)])[None]
    boxes = [torch.tensor([[0, 0, 4, 4]])]
    for strict, expected in ((True, 0.0), (False, 100.0)):
        protocol = Protocol(strict=strict)
        found = metrics_of(measure_images(maps, torch.tensor([True]), boxes, (10, 10), None, protocol), protocol)
        assert found['localization/top1'] == found['localization/gt_known'] == expected
        assert found['localization/max_box_acc'] == 100  # MaxBoxAcc always counts it


def test_any_part_of_a_map_may_fit_in_the_second_version():
    maps = square(0, 0, 6, 6)
    maps[7:10, 7:10] = 1  # a smaller part, around the object
    given = torch.stack([maps, maps])[None]
    measured = measure_images(
        given, torch.tensor([True]), [torch.tensor([[7, 7, 10, 10]])], (10, 10), None, Protocol(thresholds=10)
    )
    found = metrics_of(measured, Protocol(thresholds=10))
    assert found['localization/max_box_acc'] == found['localization/gt_known'] == 0
    assert found['localization/max_box_acc_v2'] == 100


def test_curves_are_the_shares_that_the_largest_part_finds():
    maps = square(2, 2, 8, 8)
    maps[2:8, 2:4] = 0.5  # above a threshold of 0.5, 24 of 36 pixels are left
    given = torch.stack([maps, maps])[None]
    found = measure_images(
        given, torch.tensor([True]), [torch.tensor([[2, 2, 8, 8]])], (10, 10), None, Protocol(thresholds=10)
    )
    curves = curves_of(found)
    assert curves['curve/0.5'] == [100.0] * 10
    assert curves['curve/0.7'] == [100.0] * 5 + [0.0] * 5


def test_maps_are_enlarged_to_the_input_before_boxes_are_sought():
    coarse = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    given = torch.stack([coarse, coarse])[None]
    (row,) = measure_images(given, torch.tensor([True]), [torch.tensor([[4, 4, 8, 8]])], (8, 8), None, Protocol())
    # Bilinear weights along a side are 0, 0, 1/8, 3/8, 5/8, 7/8, 1, 1, and products of two inside. Of 0.15 the part of
    # weights above it reaches from 3 to 8: 3/8 times 3/8 is below, 3/8 times 1 above.
    assert row[1] == pytest.approx(16 / 25)


def test_the_centre_box_is_the_one_that_a_plain_search_finds():
    known = [
        (torch.tensor([[20.0, 20.0, 80.0, 80.0]]), (100, 100)),
        (torch.tensor([[30.0, 30.0, 70.0, 70.0]]), (100, 100)),
    ]
    found = best_share(known, Protocol())
    right = []
    for step in range(1, 113):
        side = 100 * step / 112
        overlaps = [min(side, edge) ** 2 / max(side, edge) ** 2 for edge in (60, 40)]
        right.append(sum(overlap > 0.5 for overlap in overlaps))
    best = [step for step, count in enumerate(right, start=1) if count == max(right)]
    assert max(right) == 2
    assert found == best[len(best) // 2] / 112
    assert best_share([], Protocol()) is None
    assert centre_box((20, 40), 0.5).tolist() == [10, 5, 30, 15]


def test_sigma_is_the_middle_one_of_those_that_find_most_images():
    overlaps = torch.tensor([[0.1, 0.6, 0.9, 0.6, 0.2], [0.5, 0.2, 0.6, 0.7, 0.8], [0.0, 0.6, 0.6, 0.9, 0.5]])
    # Above a half by threshold: 0, 2, 3, 3, 1 images.
    assert best_sigma(overlaps, Protocol(thresholds=5)) == 0.6
    assert best_sigma(overlaps[:, :3], Protocol(thresholds=3)) == pytest.approx(2 / 3)
    assert best_sigma(overlaps, Protocol(thresholds=5, iou=0.85)) == 0.6  # 0, 0, 1, 1, 0
    # An overlap of just a half counts: 1, 2, 3, 3, 2 images; and of just 0.8, of the second one.
    assert best_sigma(overlaps[1:2, [0, 3]], Protocol(thresholds=2, strict=True)) == 0.5
    assert best_sigma(overlaps[1:2, [0, 1]], Protocol(thresholds=2, strict=False)) == 0


@pytest.mark.parametrize(
    ('options', 'message'),
    [(dict(sigma=1.0), 'LocalizationMetric.sigma'), (dict(iou=0), 'iou'), (dict(thresholds=0), 'thresholds')],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LocalizationMetric(**options)


def test_the_metric_tells_a_wrong_class_from_a_wrong_box():
    heat = torch.zeros(4, 8)
    heat[1:3, 2:7] = 1
    sample = dict(
        gt_bboxes=torch.tensor([[2, 1, 7, 3]]),
        class_maps=torch.stack([heat, heat]),
        gt_label=torch.tensor([0]),
        img_shape=(4, 8),
    )
    metric = LocalizationMetric()
    metric.process({}, [{**sample, 'pred_label': torch.tensor([label])} for label in (0, 0, 0, 2)])
    found = metric.compute_metrics(metric.results)
    assert found['classified'] == found['top1'] == 75
    assert found['gt_known'] == 100
    assert found['whole_gt_known'] == 0
    assert found['whole_v2'] == pytest.approx(100 / 3)  # 10 of 32 places


def test_training_images_without_boxes_choose_nothing():
    class Facts(list):
        get_data_info = list.__getitem__

    boxes = torch.ones(2, 4)
    assert boxed_places(Facts([{'gt_bboxes': boxes[:0]}, {'gt_bboxes': boxes}, {}])) == [1]


def test_a_metric_without_boxes_or_maps_says_what_is_missing():
    metric = LocalizationMetric()
    with pytest.raises(ValueError, match='expected boxes of each image, got none of a.png; PackInputs needs'):
        metric.process({}, [{'img_path': 'a.png'}])
    with pytest.raises(ValueError, match='expected class maps of each image'):
        metric.process({}, [{'img_path': 'a.png', 'gt_bboxes': torch.ones(1, 4)}])
