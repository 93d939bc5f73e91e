"""The same scene described twice: as Pascal VOC XML and as COCO JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from agmax_mm.demo.digits.scenes import Scene
from agmax_mm.demo.digits.source import NUM_CLASSES

CLASS_NAMES = tuple(str(label) for label in range(NUM_CLASSES))


def voc_xml(number: int, scene: Scene) -> str:
    """Pascal VOC annotation of a scene. VOC counts pixels from 1 and includes the last one: ``xmin = x1 + 1``."""
    height, width, depth = scene.image.shape
    root = ElementTree.Element('annotation')
    _add(root, {'folder': 'VOC2007', 'filename': f'{number:06d}.jpg'})
    _add(ElementTree.SubElement(root, 'size'), {'width': width, 'height': height, 'depth': depth})
    _add(root, {'segmented': 1})
    for digit in scene.digits:
        entry = ElementTree.SubElement(root, 'object')
        _add(entry, {'name': CLASS_NAMES[digit.label], 'truncated': 0, 'difficult': 0})
        x1, y1, x2, y2 = digit.box
        _add(ElementTree.SubElement(entry, 'bndbox'), {'xmin': x1 + 1, 'ymin': y1 + 1, 'xmax': x2, 'ymax': y2})
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode') + '\n'


def coco_document(scenes: Mapping[int, Scene]) -> dict[str, Any]:
    """COCO annotation file of numbered scenes, with boxes ``[x, y, width, height]`` and run-length masks."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, scene in scenes.items():
        height, width = scene.image.shape[:2]
        images.append({'id': number, 'file_name': f'{number:06d}.jpg', 'width': width, 'height': height})
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': number,
                    'category_id': digit.label + 1,
                    'bbox': [x1, y1, x2 - x1, y2 - y1],
                    'area': int(digit.mask.sum()),
                    'iscrowd': 0,
                    'segmentation': {'size': [height, width], 'counts': run_lengths(digit.mask)},
                }
            )
    categories = [{'id': label + 1, 'name': name} for label, name in enumerate(CLASS_NAMES)]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """COCO's uncompressed run lengths of a mask of shape ``(H, W)``: column by column, first run false."""
    flat = mask.flatten(order='F')
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    runs = np.diff(edges).tolist()
    return [0, *runs] if flat[0] else runs


def _add(parent: ElementTree.Element, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = str(value)
