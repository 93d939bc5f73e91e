"""Tiny detection sets: one bright rectangle a picture, in Pascal VOC and in COCO layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIZE = (64, 96)  # height, width
# Detectors small enough for a step to take a second: few RoIs, few proposals, few channels.
SMALL_DETECTOR = [
    'model.backbone.depth=18',
    'model.neck.in_channels=[64,128,256,512]',
    'model.neck.out_channels=16',
    'model.rpn_head.in_channels=16',
    'model.rpn_head.feat_channels=16',
    'model.roi_head.bbox_roi_extractor.out_channels=16',
    'model.roi_head.bbox_head.in_channels=16',
    'model.roi_head.bbox_head.fc_out_channels=32',
    'model.train_cfg.rcnn.sampler.num=8',
    'model.train_cfg.rpn_proposal.max_per_img=16',
    'model.test_cfg.rpn.max_per_img=16',
]
SMALL_MASKS = [
    'model.roi_head.mask_roi_extractor.out_channels=16',
    'model.roi_head.mask_head.in_channels=16',
    'model.roi_head.mask_head.conv_out_channels=16',
]
IN_PROCESS = [f'{loader}.num_workers=0' for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')]


def picture(generator: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Return noise with a bright rectangle, and the rectangle as x, y, width, height."""
    height, width = SIZE
    image = generator.integers(0, 90, (height, width, 3), dtype=np.uint8)
    w, h = (int(value) for value in generator.integers(34, 48, 2))
    x, y = int(generator.integers(0, width - w)), int(generator.integers(0, height - h))
    image[y : y + h, x : x + w] = 220
    return image, (x, y, w, h)


def write_voc(root: Path, names: tuple[str, ...] = ('box',), train: int = 4, test: int = 2) -> Path:
    """Write ``VOC2007`` below ``root``."""
    generator = np.random.default_rng(0)
    year = root / 'VOC2007'
    for folder in ('Annotations', 'JPEGImages', 'ImageSets/Main'):
        (year / folder).mkdir(parents=True)
    for index in range(train + test):
        image, (x, y, w, h) = picture(generator)
        cv2.imwrite(str(year / 'JPEGImages' / f'{index:03}.jpg'), image)
        box = f'<xmin>{x + 1}</xmin><ymin>{y + 1}</ymin><xmax>{x + w}</xmax><ymax>{y + h}</ymax>'
        (year / 'Annotations' / f'{index:03}.xml').write_text(
            f'<annotation><size><width>{SIZE[1]}</width><height>{SIZE[0]}</height><depth>3</depth></size>'
            f'<object><name>{names[index % len(names)]}</name><bndbox>{box}</bndbox></object></annotation>'
        )
    for split, indices in (('trainval', range(train)), ('test', range(train, train + test))):
        listing = ''.join(f'{index:03}\n' for index in indices)
        (year / 'ImageSets' / 'Main' / f'{split}.txt').write_text(listing)
    return root


def write_coco(root: Path, names: tuple[str, ...] = ('box', 'other'), train: int = 4, val: int = 2) -> Path:
    """Write ``annotations/instances_{train,val}.json`` and ``images/`` below ``root``."""
    generator = np.random.default_rng(0)
    (root / 'annotations').mkdir(parents=True)
    (root / 'images').mkdir()
    for split, count in (('train', train), ('val', val)):
        images, annotations = [], []
        for index in range(count):
            image, (x, y, w, h) = picture(generator)
            name = f'{split}{index}.png'
            cv2.imwrite(str(root / 'images' / name), image)
            images.append({'id': index, 'file_name': name, 'height': SIZE[0], 'width': SIZE[1]})
            outline = [x, y, x + w, y, x + w, y + h, x, y + h]
            annotations.append(
                {
                    'id': index + 1,
                    'image_id': index,
                    'category_id': 1 + index % len(names),
                    'bbox': [x, y, w, h],
                    'area': w * h,
                    'iscrowd': 0,
                    'segmentation': [outline],
                }
            )
        categories = [{'id': index + 1, 'name': name} for index, name in enumerate(names)]
        content = {'images': images, 'annotations': annotations, 'categories': categories}
        (root / 'annotations' / f'instances_{split}.json').write_text(json.dumps(content))
    return root


def edit_coco(root: Path, change: Callable[[dict[str, Any]], Any], split: str = 'train') -> None:
    """Change an annotation file of :func:`write_coco` in place."""
    path = root / f'annotations/instances_{split}.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def edit_xml(root: Path, index: int, change: Callable[[str], str]) -> None:
    """Change an annotation of :func:`write_voc` in place."""
    path = root / f'VOC2007/Annotations/{index:03}.xml'
    path.write_text(change(path.read_text()))
