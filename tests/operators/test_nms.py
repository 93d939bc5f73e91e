"""Non-maximum suppression by the stand-ins, against the plain loops and against mmcv's compiled operators."""

from __future__ import annotations

import pytest
import torch
from mmcv.ops import batched_nms, nms, nms_match, soft_nms

from tests.operators import plain
from tests.operators.inputs import BOXES, boxes_and_scores
from tests.operators.swap import COMPILED, STAND_INS, operators

needs_compiled = pytest.mark.skipif(COMPILED is None, reason='mmcv has no compiled operators here')
METHODS = ('naive', 'linear', 'gaussian')


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('kind', BOXES)
def test_nms_keeps_what_the_definition_keeps(kind, offset, dtype):
    boxes, scores = boxes_and_scores(kind, dtype=dtype)
    for threshold in (0.0, 0.3, 0.7, 1.0):
        with operators(STAND_INS):
            dets, kept = nms(boxes, scores, threshold, offset=offset)
        assert kept.tolist() == plain.nms(boxes, scores, threshold, offset), threshold
        torch.testing.assert_close(dets, torch.cat([boxes, scores[:, None]], 1)[kept], equal_nan=True)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_nms_in_half_precision_is_that_of_the_same_numbers_in_single(dtype):
    boxes, scores = boxes_and_scores('random', dtype=dtype)
    with operators(STAND_INS):
        kept = nms(boxes, scores, 0.5)[1]
        single = nms(boxes.float(), scores.float(), 0.5)[1]
    assert sorted(kept.tolist()) == sorted(single.tolist())
    assert 0 < len(kept) < len(boxes)


def test_the_threshold_is_that_of_single_precision():
    # The overlap is 3/10, which is a little more than 0.3 in single precision, and so is the threshold: both stay.
    boxes = torch.tensor([[0.0, 0.0, 10.0, 1.0], [0.0, 0.0, 3.0, 1.0]])
    with operators(STAND_INS):
        assert nms(boxes, torch.tensor([0.9, 0.8]), 0.3)[1].tolist() == [0, 1]
        assert nms(boxes, torch.tensor([0.9, 0.8]), 0.29)[1].tolist() == [0]


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('kind', ['random', 'none', 'one', 'inside_out', 'outside'])
def test_soft_nms_is_the_definition(kind, method):
    boxes, scores = boxes_and_scores(kind)
    for offset, threshold in ((0, 0.3), (1, 0.05)):
        with operators(STAND_INS):
            dets, kept = soft_nms(boxes, scores, threshold, sigma=0.4, min_score=0.02, method=method, offset=offset)
        expected = plain.soft_nms(boxes, scores, threshold, 0.4, 0.02, method, offset)
        assert kept.tolist() == [index for index, _ in expected]
        torch.testing.assert_close(dets[:, 4], torch.tensor([score for _, score in expected]), atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(dets[:, :4], boxes[kept], equal_nan=True)


@pytest.mark.parametrize('kind', [kind for kind in BOXES if kind != 'none'])
def test_nms_match_is_the_definition(kind):
    boxes, scores = boxes_and_scores(kind)
    with operators(STAND_INS):
        groups = nms_match(torch.cat([boxes, scores[:, None]], 1), 0.4)
    assert [group.tolist() for group in groups] == plain.nms_match(boxes, scores, 0.4)


@pytest.mark.parametrize('split_thr', [10000, 20])
@pytest.mark.parametrize('class_agnostic', [False, True])
def test_batched_nms_suppresses_within_a_class(class_agnostic, split_thr):
    boxes, scores = boxes_and_scores('random')
    classes = torch.arange(len(boxes)) % 3
    config = dict(type='nms', iou_threshold=0.3, split_thr=split_thr)
    with operators(STAND_INS):
        dets, kept = batched_nms(boxes, scores, classes, config, class_agnostic=class_agnostic)
    # Above the threshold the host goes through the classes one by one, also where they shall not matter.
    if class_agnostic and split_thr > len(boxes):
        expected = set(plain.nms(boxes, scores, 0.3))
    else:
        expected = set()
        for number in range(3):
            mine = (classes == number).nonzero().squeeze(1)
            expected |= {int(mine[index]) for index in plain.nms(boxes[mine], scores[mine], 0.3)}
    assert set(kept.tolist()) == expected
    assert len(expected) < len(boxes)
    torch.testing.assert_close(dets[:, 4], scores[kept])
    assert dets[:, 4].tolist() == sorted(dets[:, 4].tolist(), reverse=True)


@needs_compiled
@pytest.mark.parametrize('kind', BOXES)
def test_equal_to_the_compiled_ones(kind):
    boxes, scores = boxes_and_scores(kind, count=300)
    classes = torch.arange(len(boxes)) % 4

    def everything():
        found = []
        for threshold in (0.0, 0.3, 0.5, 0.7, 1.0):
            found += [nms(boxes, scores, threshold), nms(boxes, scores, threshold, score_threshold=0.2, max_num=9)]
        found.append(nms(boxes, scores, 0.5, offset=1))
        for agnostic in (False, True):
            for split in (10000, 50):
                if len(boxes):
                    config = dict(type='nms', iou_threshold=0.5, split_thr=split)
                    found.append(batched_nms(boxes, scores, classes, config, class_agnostic=agnostic))
        for method in METHODS:
            found.append(soft_nms(boxes, scores, 0.3, sigma=0.5, min_score=0.02, method=method))
        return found, [group.tolist() for group in nms_match(torch.cat([boxes, scores[:, None]], 1), 0.5)]

    with operators(STAND_INS):
        found, groups = everything()
    with operators(COMPILED):
        expected, expected_groups = everything()
    assert groups == expected_groups
    for number, ((dets, kept), (expected_dets, expected_kept)) in enumerate(zip(found, expected, strict=True)):
        assert kept.tolist() == expected_kept.tolist(), number
        torch.testing.assert_close(dets, expected_dets, atol=1e-6, rtol=1e-5, equal_nan=True)
