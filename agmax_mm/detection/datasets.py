"""mmdet's data sets and COCO metric for annotations that are not perfect.

Configs keep mmdet's names: :func:`agmax_mm.detection.complete.complete_config` puts these in their place.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from mmdet.datasets import CocoDataset, VOCDataset, XMLDataset
from mmdet.evaluation import CocoMetric
from mmengine.dist import get_dist_info
from mmengine.logging import print_log

from agmax_mm.detection.defects import DataReport, box_defect, check_images, first_names

_UNKNOWN = ('error', 'ignore')


class _Checked:
    """Mixed into a data set of mmdet: counts, leaves out, refuses, and reports in one line.

    Boxes of zero area, with reversed corners or outside the image are left out, in training and in evaluation: they
    would make the loss NaN, and no detection could ever find them.

    Args:
        unknown_classes: ``'error'``, or ``'ignore'`` to leave out objects of classes that the config does not name.

    Raises:
        ValueError: On files that are missing, damaged or of another size than annotated, on annotations that cannot be
            read, and on classes that the data and the config do not share.
    """

    def __init__(self, *args: Any, unknown_classes: str = 'error', **kwargs: Any) -> None:
        if unknown_classes not in _UNKNOWN:
            raise ValueError(f'unknown_classes: expected one of {", ".join(_UNKNOWN)}, got {unknown_classes!r}')
        self.unknown_classes = unknown_classes
        self.report = DataReport('')
        super().__init__(*args, **kwargs)

    def load_data_list(self: Any) -> list[dict[str, Any]]:
        """Load and check."""
        source = str(self.ann_file)
        self.report = DataReport(source)
        # Files elsewhere than on a disk are the host's business.
        local = self.backend_args is None
        if local and not os.path.isfile(source):
            raise ValueError(f'{source}: expected an annotation file, which does not exist')
        data_list: list[dict[str, Any]] = super().load_data_list()  # type: ignore[misc]
        if not data_list:
            raise ValueError(f'{source}: expected images, got none')
        if local:
            rank, world_size = get_dist_info()
            images = [(info['img_path'], info['width'], info['height']) for info in data_list]
            check_images(source, images[rank::world_size])
        report = self.report
        report.images = len(data_list)
        report.objects = sum(len(info['instances']) for info in data_list)
        report.empty = sum(not info['instances'] for info in data_list)
        classes = self.metainfo['classes']
        if report.unknown and (self.unknown_classes == 'error' or not report.objects):
            names = first_names(f'{name!r} in {first_names(at, 1)}' for name, at in report.unknown.items())
            raise ValueError(
                f'{source}: expected objects of {first_names(classes)}, got {len(report.unknown)} unknown class(es): '
                f'{names}; '
                "set the data set's unknown_classes='ignore' to train on a part of the classes"
            )
        if not report.objects:
            raise ValueError(f'{source}: expected objects of {first_names(classes)}, got none at all')
        level = 30 if report.left_out or report.unknown else 20
        print_log(report.summary(), logger='current', level=level)
        return data_list

    def _is_sound(self, box: list[float], size: tuple[float, float], where: str) -> bool:
        try:
            defect = box_defect(box, *size)
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: {where}: {error}') from None  # type: ignore[attr-defined]
        if defect is not None:
            self.report.left_out.setdefault(defect, []).append(where)
        return defect is None


class CheckedXMLDataset(_Checked, XMLDataset):
    """mmdet's ``XMLDataset`` with checks, see the base class."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """Load and check."""
        if self.backend_args is None and os.path.isfile(self.ann_file):
            names = Path(self.ann_file).read_text(encoding='utf-8').splitlines()
            folder = Path(self.sub_data_root) / self.ann_subdir
            missing = [str(folder / f'{name}.xml') for name in names if not (folder / f'{name}.xml').is_file()]
            if missing:
                raise ValueError(
                    f'{self.ann_file}: {len(missing)} of {len(names)} annotations do not exist: {first_names(missing)}'
                )
        return super().load_data_list()

    def parse_data_info(self, img_info: dict[str, Any]) -> dict[str, Any]:
        """Parse one file, and leave out what cannot be learnt."""
        self._where = where = str(img_info['xml_path'])
        try:
            info: dict[str, Any] = super().parse_data_info(img_info)
        except (ElementTree.ParseError, AttributeError, TypeError, ValueError, OSError) as error:
            raise ValueError(f'{where}: expected an annotation in the form of Pascal VOC, got {error}') from None
        size = info['width'], info['height']
        info['instances'] = [entry for entry in info['instances'] if self._is_sound(entry['bbox'], size, where)]
        return info

    def _parse_instance_info(self, raw_ann_info: Any, minus_one: bool = True) -> list[dict[str, Any]]:
        known = self.metainfo['classes']
        for name in (entry.findtext('name') for entry in raw_ann_info.findall('object')):
            if name not in known:
                self.report.unknown.setdefault(str(name), []).append(self._where)
        instances: list[dict[str, Any]] = super()._parse_instance_info(raw_ann_info, minus_one)
        return instances


class CheckedVOCDataset(CheckedXMLDataset, VOCDataset):
    """mmdet's ``VOCDataset`` with checks, see the base class."""


class CheckedCocoDataset(_Checked, CocoDataset):
    """mmdet's ``CocoDataset`` with checks, see the base class."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """Load and check."""
        self._categories_checked = False
        self._masks = any(getattr(step, 'with_mask', False) for step in self.pipeline.transforms)
        try:
            return super().load_data_list()
        # The host asserts that ids are unique.
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError, AssertionError) as error:
            kind = f'no key {error}' if isinstance(error, KeyError) else str(error)
            raise ValueError(f'{self.ann_file}: expected annotations in the form of COCO, got {kind}') from None

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any]:
        """Parse one image's annotations, and leave out what cannot be learnt."""
        if not self._categories_checked:
            self._check_categories()
            self._categories_checked = True
        image = raw_data_info['raw_img_info']
        sound = [entry for entry in raw_data_info['raw_ann_info'] if self._is_usable(entry, image)]
        info: dict[str, Any] = super().parse_data_info({**raw_data_info, 'raw_ann_info': sound})
        return info

    def _is_usable(self, entry: dict[str, Any], image: dict[str, Any]) -> bool:
        if entry.get('ignore', False):
            return False
        where = f'{image["file_name"]}, annotation {entry.get("id")}'
        if entry['category_id'] not in self.cat_ids:
            category = self.coco.cats.get(entry['category_id'], {}).get('name', entry['category_id'])
            self.report.unknown.setdefault(str(category), []).append(where)
            return False
        try:
            left, top, width, height = (float(value) for value in entry['bbox'])
            area = float(entry['area'])
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f'{self.ann_file}: {where}: expected a box and its area, got {error!r}') from None
        box = [left, top, left + width, top + height]
        if not self._is_sound(box, (image['width'], image['height']), where):
            return False
        if self._masks and not entry.get('segmentation'):
            self.report.left_out.setdefault('without a mask', []).append(where)
            return False
        # The host leaves these out without a word.
        small = area <= 0 or width < 1 or height < 1
        if small:
            self.report.left_out.setdefault('of less than a pixel', []).append(where)
        return not small

    def _check_categories(self) -> None:
        """The host numbers classes in the order of the file, whatever the config says."""
        names = [self.coco.cats[index]['name'] for index in self.cat_ids]
        classes = list(self.metainfo['classes'])
        absent = [name for name in classes if name not in names]
        if absent:
            there = first_names(entry['name'] for entry in self.coco.cats.values())
            raise ValueError(
                f'{self.ann_file}: expected the categories {first_names(absent)} of the config, got {there}'
            )
        if names != classes:
            raise ValueError(
                f'{self.ann_file}: expected the categories in the order of the config, {first_names(classes)}, got '
                f'{first_names(names)}; labels are numbered in the order of the file'
            )


class CheckedCocoMetric(CocoMetric):
    """mmdet's ``CocoMetric`` without the objects that no detection can find, which training leaves out, too.

    Such boxes have no overlap with anything; counted as objects to be found, they would lower every recall. Where masks
    are evaluated, that holds for objects without a mask. Objects that don't say ``iscrowd`` are none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._coco_api is None:
            return
        api = self._coco_api
        masks = 'segm' in self.metrics
        api.dataset['annotations'] = [
            {'iscrowd': 0, **entry}
            for entry in api.dataset['annotations']
            if _can_be_found(entry, api.imgs.get(entry['image_id'])) and not (masks and not entry.get('segmentation'))
        ]
        api.createIndex()
        # mmdet's other names of the index.
        api.img_ann_map, api.cat_img_map = api.imgToAnns, api.catToImgs


def _can_be_found(entry: dict[str, Any], image: dict[str, Any] | None) -> bool:
    if image is None:
        return False
    left, top, width, height = entry['bbox']
    return box_defect([left, top, left + width, top + height], image['width'], image['height']) is None
