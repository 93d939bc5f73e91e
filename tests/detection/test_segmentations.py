"""Masks in every form, against pycocotools where it survives them."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from agmax_mm.detection import segmentations
from agmax_mm.detection.segmentations import checked_segmentation, run_lengths

HEIGHT, WIDTH = 20, 30
TRIANGLE = [2, 3, 12, 3, 2, 9]
SIZE = [HEIGHT, WIDTH]


@pytest.mark.parametrize('seed', range(8))
def test_compressed_run_lengths_are_read_as_pycocotools_reads_them(seed):
    generator = np.random.default_rng(seed)
    height, width = (int(value) for value in generator.integers(1, 300, 2))
    mask = np.asfortranarray(generator.random((height, width)) < generator.random(), dtype=np.uint8)
    text = coco_mask.encode(mask)['counts'].decode()
    counts = run_lengths(text)
    values = np.repeat(np.arange(len(counts)) % 2, counts)
    np.testing.assert_array_equal(values.reshape(height, width, order='F'), mask)
    if mask.any():
        kept, defect = checked_segmentation({'size': [height, width], 'counts': text}, height, width)
        assert (kept, defect) == ({'size': [height, width], 'counts': text}, None)


@pytest.mark.parametrize('damage', ['', 'cut', 'ö', ' ', '~' * 9, 'PPPPPPPPPPPP0', '0' * 5, 'T' * 3])
def test_damaged_run_lengths_are_found(damage):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, order='F')
    mask[3:9, 4:25] = 1
    text = coco_mask.encode(mask)['counts'].decode()
    text = text[:-1] if damage == 'cut' else damage
    kept, defect = checked_segmentation({'size': SIZE, 'counts': text}, HEIGHT, WIDTH)
    # An empty text and an empty list are run lengths that do not cover the image, too.
    assert (kept, defect) == (None, segmentations.BROKEN)


def square(x, y, side):
    return [x, y, x + side, y, x + side, y + side, x, y + side]


@pytest.mark.parametrize(
    ('segmentation', 'reason'),
    [
        (None, segmentations.WITHOUT),
        ({}, segmentations.WITHOUT),
        ([], segmentations.WITHOUT),
        ([[], []], segmentations.WITHOUT),
        ('polygon', segmentations.OTHER_FORM),
        (TRIANGLE, segmentations.OTHER_FORM),
        ([[2, 3], [12, 3], [2, 9]], segmentations.OTHER_FORM),
        ([[[2, 3], [12, 3], [2, 9]]], segmentations.OTHER_FORM),
        ([[2, 3, 12, 3, 2]], segmentations.OTHER_FORM),
        ([['a'] * 6], segmentations.OTHER_FORM),
        ([[None] * 6], segmentations.NOT_FINITE),
        ([{'x': 1}], segmentations.OTHER_FORM),
        ([[2, 3, 10, 8]], segmentations.SHORT),
        ([TRIANGLE, [2, 3, float('nan'), 3, 2, 9]], segmentations.NOT_FINITE),
        ([[2, 3, float('inf'), 3, 2, 9]], segmentations.NOT_FINITE),
        ([[2, 3, 1e12, 3, 2, 9]], segmentations.FAR),
        ([[-1e300, 3, 5, 3, 2, 9]], segmentations.FAR),
        ([[0, 0, WIDTH, HEIGHT] * 400_000], segmentations.FAR),
        ([square(WIDTH, 3, 5)], segmentations.NO_AREA),
        ([square(-5, 3, 5)], segmentations.NO_AREA),
        ([[4, 4, 4, 4, 4, 4]], segmentations.NO_AREA),
        ([[4, 4, 9, 9, 14, 14]], segmentations.NO_AREA),
        ({'size': SIZE}, segmentations.OTHER_FORM),
        ({'counts': [0, 600]}, segmentations.OTHER_FORM),
        ({'size': [WIDTH, HEIGHT], 'counts': [0, 600]}, segmentations.OTHER_SIZE),
        ({'size': [1 << 40, 1 << 40], 'counts': [0, 1 << 80]}, segmentations.OTHER_SIZE),
        ({'size': SIZE, 'counts': [100, 100]}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': [700, -100]}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': [0, 1 << 62, 1 << 62, 1 << 62, 1 << 62, 600]}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': [0.5, 599.5]}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': [0, [600]]}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': []}, segmentations.BROKEN),
        ({'size': SIZE, 'counts': [600]}, segmentations.NO_AREA),
    ],
)
def test_what_cannot_be_read_is_named(segmentation, reason):
    assert checked_segmentation(segmentation, HEIGHT, WIDTH) == (None, reason)


@pytest.mark.parametrize(
    ('segmentation', 'kept'),
    [
        ([TRIANGLE], [TRIANGLE]),
        ([TRIANGLE, [], [1, 2, 3, 4]], [TRIANGLE]),
        ([[1, 2], TRIANGLE], [TRIANGLE]),
        # A part of the outline beyond the image is cut by pycocotools.
        ([square(WIDTH - 3, -3, 9)], [square(WIDTH - 3, -3, 9)]),
        ({'size': SIZE, 'counts': [20.0, 80, 500]}, {'size': SIZE, 'counts': [20, 80, 500]}),
    ],
)
def test_what_is_kept_is_readable_and_not_empty(segmentation, kept):
    found, defect = checked_segmentation(segmentation, HEIGHT, WIDTH)
    assert (found, defect) == (kept, None)
    encoded = coco_mask.frPyObjects(found, HEIGHT, WIDTH)
    assert coco_mask.area(encoded if isinstance(encoded, dict) else coco_mask.merge(encoded)) > 0
