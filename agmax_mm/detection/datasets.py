"""mmdet's data sets and COCO metric for annotations that are not perfect.

Configs keep mmdet's names: :func:`agmax_mm.detection.complete.complete_config` puts these in their place.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mmdet.datasets import CocoDataset, VOCDataset, XMLDataset
from mmdet.evaluation import CocoMetric
from mmengine.dist import get_dist_info
from mmengine.logging import print_log

from agmax_mm.datasets.voc_files import image_name, listed_names, read_annotation
from agmax_mm.detection.coco_files import coco_api, read_coco, usable_annotations
from agmax_mm.detection.defects import DataReport, box_defect, check_images, is_inside, loaded_size
from agmax_mm.detection.layouts import class_names
from agmax_mm.wording import first_names

_UNKNOWN = ('error', 'ignore')


class _Checked:
    """Mixed into a data set of mmdet: counts, leaves out, refuses, and reports in one line.

    Boxes of zero area, with reversed corners or outside the image are left out, in training and in evaluation: they
    would make the loss NaN, and no detection could ever find them. So are, in training, images smaller than the host
    takes (``filter_cfg.min_size``).

    Args:
        unknown_classes: ``'error'``, or ``'ignore'`` to leave out objects of classes that the config does not name.

    Raises:
        ValueError: On files that are missing, damaged, half-written, outside of the data root or of another size than
            annotated, on annotations that cannot be read, on classes that the data and the config do not share, and
            where nothing is left to learn; with the counts of what was left out.
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
        self.report = report = DataReport(source)
        classes = class_names(self.metainfo['classes'], 'metainfo.classes')
        # Files elsewhere than on a disk are the host's business.
        local = self.backend_args is None
        if local and not os.path.isfile(source):
            raise ValueError(f'{source}: expected an annotation file, which does not exist')
        data_list: list[dict[str, Any]] = self._read_data_list()
        if not data_list:
            raise ValueError(f'{source}: expected images, got none')
        if local:
            roots = [self.data_root, *self.data_prefix.values()]
            outside = [info['img_path'] for info in data_list if not is_inside(info['img_path'], roots)]
            if outside:
                raise ValueError(
                    f'{source}: expected images in the data root {self.data_root!r}, got {len(outside)} outside of it: '
                    f'{first_names(outside)}'
                )
            rank, world_size = get_dist_info()
            images = [(info['img_path'], info['width'], info['height']) for info in data_list]
            check_images(source, images[rank::world_size])
        data_list = self._large_enough(data_list)
        objects = [entry for info in data_list for entry in info['instances']]
        report.images = len(data_list)
        report.objects = len(objects)
        report.ignored = sum(bool(entry['ignore_flag']) for entry in objects)
        report.empty = sum(not info['instances'] for info in data_list)
        if report.unknown and (self.unknown_classes == 'error' or not objects):
            names = first_names(f'{name!r} in {first_names(at, 1)}' for name, at in report.unknown.items())
            raise ValueError(
                f'{source}: expected objects of {first_names(classes)}, got {len(report.unknown)} unknown class(es): '
                f"{names}; name the data's classes (--classes, or metainfo.classes in a config), or set the data set's "
                "unknown_classes='ignore' to train on a part of the classes"
            )
        if not objects:
            reasons = report.reasons()
            told = f'; all {sum(map(len, report.left_out.values()))} left out: {reasons}' if reasons else ''
            raise ValueError(f'{source}: expected objects of {first_names(classes)}, got none at all{told}')
        if report.ignored == report.objects:
            raise ValueError(
                f'{source}: expected objects to learn and to find, got {report.objects} that count neither way '
                '(iscrowd=1 or difficult=1, which some tools write for every object)'
            )
        level = 30 if report.left_out or report.unknown else 20
        print_log(report.summary(), logger='current', level=level)
        return data_list

    def _read_data_list(self) -> list[dict[str, Any]]:
        """Images and objects as the host reads them."""
        data_list: list[dict[str, Any]] = super().load_data_list()  # type: ignore[misc]
        return data_list

    def _large_enough(self: Any, data_list: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The host leaves small images out without a word."""
        least = 0 if self.test_mode or not self.filter_cfg else self.filter_cfg.get('min_size', 0)
        small = [info for info in data_list if min(info['width'], info['height']) < least]
        for info in small:
            self.report.leave_out(f'images of less than {least} pixels a side', info['img_path'])
        return [info for info in data_list if min(info['width'], info['height']) >= least]

    def _is_sound(self, box: list[float], size: tuple[float, float], where: str) -> bool:
        try:
            defect = box_defect(box, *size)
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: {where}: {error}') from None  # type: ignore[attr-defined]
        if defect is not None:
            self.report.leave_out(defect, where)
        return defect is None


class CheckedXMLDataset(_Checked, XMLDataset):
    """mmdet's ``XMLDataset`` with checks, see the base class.

    An image is the only file of the annotation's stem, whatever its format; where there are several or none, the one
    that ``<filename>`` names. A size that is missing or 0 is read from the image.
    """

    def _read_data_list(self) -> list[dict[str, Any]]:
        """Read a list without what is no name, and images of other formats than .jpg."""
        if self.backend_args is not None:
            return super()._read_data_list()
        names = listed_names(self.ann_file)
        folder = Path(self.sub_data_root) / self.ann_subdir
        files = [str(folder / f'{name}.xml') for name in names]
        missing = [file for file in files if not os.path.isfile(file)]
        if missing:
            raise ValueError(
                f'{self.ann_file}: {len(missing)} of {len(names)} annotations do not exist: {first_names(missing)}'
            )
        self.cat2label = {name: label for label, name in enumerate(self.metainfo['classes'])}
        data_list = [
            self.parse_data_info({'img_id': name, 'xml_path': file}) for name, file in zip(names, files, strict=True)
        ]
        owners: dict[str, str] = {}
        for info in data_list:
            owner = owners.setdefault(info['img_path'], info['xml_path'])
            if owner != info['xml_path']:
                raise ValueError(
                    f'{self.ann_file}: expected an image for each annotation, got one, {info["img_path"]}, for '
                    f'{owner} and {info["xml_path"]}'
                )
        return data_list

    def parse_data_info(self, img_info: dict[str, Any]) -> dict[str, Any]:
        """Parse one file, and leave out what cannot be learnt."""
        self._where = where = str(img_info['xml_path'])
        if self.backend_args is not None:
            info: dict[str, Any] = super().parse_data_info(img_info)
        else:
            info = self._parse_file(img_info)
        size = info['width'], info['height']
        info['instances'] = [entry for entry in info['instances'] if self._is_sound(entry['bbox'], size, where)]
        return info

    def _parse_file(self, img_info: dict[str, Any]) -> dict[str, Any]:
        where, stem = img_info['xml_path'], img_info['img_id']
        annotation = read_annotation(where)
        folder = Path(self.sub_data_root) / self.img_subdir
        try:
            path = str(folder / image_name(folder, stem, annotation.file_name))
        except ValueError as error:
            raise ValueError(f'{where}: {error}') from None
        size = annotation.size
        if size is None:
            self.report.without_size.append(where)
            # Images that cannot be read are told of together, when all are looked at.
            size = loaded_size(path) or (0, 0)
        instances = self._parse_instance_info(annotation.tree, minus_one=True)
        return {**img_info, 'img_path': path, 'width': size[0], 'height': size[1], 'instances': instances}

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
    """mmdet's ``CocoDataset`` with checks, see the base class.

    Left out are annotations of images that are not listed, and where masks are learnt those whose masks the host does
    not read, see :mod:`agmax_mm.detection.segmentations`.
    """

    def _read_data_list(self) -> list[dict[str, Any]]:
        if self.backend_args is None:
            # The host makes its index by calling this with the file.
            self.COCOAPI = self._checked_api
        try:
            return super()._read_data_list()
        finally:
            self.__dict__.pop('COCOAPI', None)

    def _checked_api(self, path: str) -> Any:
        content = read_coco(path)
        self._check_categories([category['name'] for category in content['categories']])
        known = {entry['id'] for entry in content['categories'] if entry['name'] in self.metainfo['classes']}
        loading = [step for step in self.pipeline.transforms if getattr(step, 'with_mask', False)]
        kept = usable_annotations(content, self.report, masks=bool(loading), categories=known)
        names = {image['id']: image['file_name'] for image in content['images']}
        outlines = any(not getattr(step, 'poly2mask', True) for step in loading)
        large = []
        for entry in kept:
            # The host leaves these out without a word.
            small = entry['area'] <= 0 or entry['bbox'][2] < 1 or entry['bbox'][3] < 1
            runs = outlines and isinstance(entry['segmentation'], dict) and not entry['iscrowd']
            if small or runs:
                reason = 'of less than a pixel' if small else 'with a run-length mask (poly2mask=False takes none)'
                self.report.leave_out(reason, f'{names[entry["image_id"]]}, annotation {entry["id"]}')
            else:
                large.append(entry)
        return coco_api(content, large)

    def _check_categories(self, there: list[str]) -> None:
        """The host numbers classes in the order of the file, whatever the config says."""
        classes = list(self.metainfo['classes'])
        absent = [name for name in classes if name not in there]
        if absent:
            raise ValueError(
                f'{self.ann_file}: expected the categories {first_names(absent)} of the config, got '
                f'{first_names(there)}'
            )
        names = [name for name in there if name in classes]
        if names != classes:
            raise ValueError(
                f'{self.ann_file}: expected the categories in the order of the config, {first_names(classes)}, got '
                f'{first_names(names)}; labels are numbered in the order of the file'
            )


class CheckedCocoMetric(CocoMetric):
    """mmdet's ``CocoMetric`` without the objects that no detection can find, which training leaves out, too.

    Such boxes have no overlap with anything; counted as objects to be found, they would lower every recall. Where masks
    are evaluated, that holds for objects without a mask that can be read. Objects that don't say ``iscrowd`` are none;
    those marked with ``ignore`` count as crowds do, neither way. Annotations are numbered from 1, whatever their ids.
    """

    _coco_api: Any

    def __init__(self, ann_file: str | None = None, *args: Any, **kwargs: Any) -> None:
        local = kwargs.get('backend_args') is None and not kwargs.get('sort_categories', False)
        super().__init__(None if local else ann_file, *args, **kwargs)
        if ann_file is None:
            return
        content = read_coco(ann_file) if local else self._coco_api.dataset
        marked = [
            {**entry, 'ignore': 0, 'iscrowd': 1} if entry.get('ignore', False) else entry
            for entry in content['annotations']
        ]
        kept = usable_annotations(
            {**content, 'annotations': marked}, DataReport(str(ann_file)), masks='segm' in self.metrics
        )
        self._coco_api = coco_api(content, kept)
