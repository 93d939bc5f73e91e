"""Precision-recall curves of a detector, and what it found in some images, recorded while it is evaluated.

The detections are those that the evaluation makes anyway, and the curves come from the host's evaluators: Pascal VOC's
at an overlap of 0.5, COCO's at 0.5 and as the mean over 0.5 to 0.95.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import collect_results, get_dist_info, is_main_process
from mmengine.hooks import Hook
from numpy.typing import NDArray

import agmax_mm.detection.metrics  # noqa: F401  declares the metrics that runs with this hook record
from agmax_mm.fileio import DETECTIONS_FILE, write_json
from agmax_mm.registry import HOOKS

# Shares of the objects at which precision is told, COCO's.
RECALLS = np.linspace(0, 1, 101)
_DIGITS = 4

# One image: its path and COCO's number for it, and arrays of boxes (n, 4), labels (n,) and scores (n,).
Image = dict[str, Any]


def voc_curves(images: Sequence[Image], classes: Sequence[str], eval_mode: str) -> dict[str, Any]:
    """Curves by Pascal VOC's rules: a detection is right if it is the first to overlap an object by half or more.

    Args:
        images: For each ``boxes``, ``labels``, ``scores``, ``true_boxes``, ``true_labels``, ``hard_boxes`` and
            ``hard_labels``, the last two of objects marked as difficult, which count neither way.
        classes: Class names.
        eval_mode: ``'11points'`` or ``'area'``, for the average precision.

    Returns:
        Class name to ``objects`` (their number), ``ap50``, and ``precision50``: for each of :data:`RECALLS` the best
        precision at that recall or beyond. Classes without objects are absent.
    """
    from mmdet.evaluation import eval_map

    detections = [_by_class(image, len(classes)) for image in images]
    truths = [
        {
            'bboxes': image['true_boxes'],
            'labels': image['true_labels'],
            'bboxes_ignore': image['hard_boxes'],
            'labels_ignore': image['hard_labels'],
        }
        for image in images
    ]
    _, found = eval_map(
        detections, truths, iou_thr=0.5, logger='silent', eval_mode=eval_mode, use_legacy_coordinate=True
    )
    return {
        name: {
            'objects': int(entry['num_gts']),
            'ap50': float(entry['ap']),
            'precision50': _envelope(entry['recall'], entry['precision']),
        }
        for name, entry in zip(classes, found, strict=True)
        if entry['num_gts']
    }


def coco_curves(images: Sequence[Image], classes: Sequence[str], metric: Any) -> dict[str, Any]:
    """Curves by COCO's rules, of boxes, objects of all sizes and at most 100 detections an image.

    Args:
        images: For each ``img_id``, ``boxes``, ``labels`` and ``scores``.
        classes: Class names.
        metric: mmdet's ``CocoMetric`` that has just evaluated the same images from an annotation file.

    Returns:
        As :func:`voc_curves`, and ``ap`` and ``precision``, the means over the overlaps of 0.5 to 0.95.
    """
    from pycocotools.cocoeval import COCOeval

    truths = metric._coco_api
    detections = [
        {'image_id': image['img_id'], 'category_id': metric.cat_ids[label], 'bbox': [x, y, x2 - x, y2 - y], 'score': s}
        for image in images
        for (x, y, x2, y2), label, s in zip(
            image['boxes'].tolist(), image['labels'].tolist(), image['scores'].tolist(), strict=True
        )
    ]
    if not detections:
        return {}
    with redirect_stdout(io.StringIO()):  # it reports each of its steps
        evaluation = COCOeval(truths, truths.loadRes(detections), 'bbox')
        evaluation.params.catIds, evaluation.params.imgIds = metric.cat_ids, metric.img_ids
        evaluation.params.areaRng, evaluation.params.areaRngLbl = evaluation.params.areaRng[:1], ['all']
        evaluation.evaluate()
        evaluation.accumulate()
    # Overlap, recall, class; -1 where a class has no objects.
    precision = evaluation.eval['precision'][:, :, :, 0, -1]
    counts = {label: len(truths.getAnnIds(catIds=[label], iscrowd=False)) for label in metric.cat_ids}
    return {
        name: {
            'objects': counts[metric.cat_ids[index]],
            'ap50': float(precision[0, :, index].mean()),
            'precision50': _rounded(precision[0, :, index]),
            'ap': float(precision[:, :, index].mean()),
            'precision': _rounded(precision[:, :, index].mean(axis=0)),
        }
        for index, name in enumerate(classes)
        if (precision[:, :, index] > -1).all()
    }


@HOOKS.register_module()
class DetectionRecordHook(Hook):
    """Record an evaluation's curves and some of its pictures in ``<work_dir>/detections.json``, for reports.

    The file is rewritten with every evaluation, whole or not at all; the last one stays.

    Args:
        pictures: Number of images whose objects and detections are kept, with their masks where there are any, evenly
            spread over the set.
        score: Least score of a detection that is kept for the pictures, in ``0..1``.
    """

    priority = 'LOW'

    def __init__(self, pictures: int = 6, score: float = 0.4) -> None:
        if pictures < 0 or not 0 <= score <= 1:
            raise ValueError(
                f'DetectionRecordHook: expected pictures of at least 0 and a score in 0..1, got {pictures} and {score}'
            )
        self.pictures = pictures
        self.score = score
        self._images: list[Image] = []

    def _rows(self, count: int) -> list[int]:
        """The images of a set that are kept as pictures."""
        return np.linspace(0, count - 1, num=min(self.pictures, count)).astype(int).tolist()

    def before_val_epoch(self, runner: Any) -> None:
        """Forget an evaluation that was stopped."""
        self._images = []

    def after_val_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Sequence[Any] | None = None
    ) -> None:
        """Keep what was found in these images, and what is in them."""
        self._keep(runner.val_loop, outputs)

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Write the file."""
        self._write(runner, runner.val_loop)

    before_test_epoch = before_val_epoch

    def after_test_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Sequence[Any] | None = None
    ) -> None:
        """Keep what was found in these images, and what is in them."""
        self._keep(runner.test_loop, outputs)

    def after_test_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Write the file."""
        self._write(runner, runner.test_loop)

    def _keep(self, loop: Any, samples: Sequence[Any] | None) -> None:
        rank, world_size = get_dist_info()
        rows = self._rows(len(loop.dataloader.dataset))
        for sample in samples or ():
            # The sampler deals the images out to the processes in turn.
            drawn = len(self._images) * world_size + rank in rows
            self._images.append(_image(sample, masks_from=self.score if drawn else None))

    def _write(self, runner: Any, loop: Any) -> None:
        from mmdet.evaluation import CocoMetric, VOCMetric

        images: list[Image] | None = collect_results(self._images, len(loop.dataloader.dataset), 'cpu')
        self._images = []
        if not is_main_process() or not images:
            return
        classes = list(loop.dataloader.dataset.metainfo['classes'])
        content: dict[str, Any] = {'classes': classes, 'recall': RECALLS.round(2).tolist()}
        for metric in loop.evaluator.metrics:
            if isinstance(metric, VOCMetric):
                content |= {'rule': f'voc {metric.eval_mode}', 'curves': voc_curves(images, classes, metric.eval_mode)}
            elif isinstance(metric, CocoMetric) and metric._coco_api is not None:
                content |= {'rule': 'coco', 'curves': coco_curves(images, classes, metric)}
        if 'rule' not in content:
            return
        content['score'] = self.score
        content['pictures'] = [_picture(images[row], self.score) for row in self._rows(len(images))]
        write_json(content, Path(runner.work_dir) / DETECTIONS_FILE)


def _image(sample: Any, masks_from: float | None) -> Image:
    """An image's arrays.

    The masks of all images would fill the memory: those of its objects, and of detections with at least the score
    ``masks_from``, are kept where that is not None, as run lengths.
    """
    image: Image = {'path': str(sample.img_path), 'img_id': sample.get('img_id')}
    found = sample.pred_instances
    image |= {'boxes': _array(found.bboxes), 'labels': _array(found.labels), 'scores': _array(found.scores)}
    for name, part in (('true', 'gt_instances'), ('hard', 'ignored_instances')):
        instances = sample.get(part)
        empty = instances is None or 'bboxes' not in instances
        image[f'{name}_boxes'] = np.zeros((0, 4), np.float32) if empty else _array(instances.bboxes)
        image[f'{name}_labels'] = np.zeros(0, np.int64) if empty else _array(instances.labels)
    if masks_from is not None:
        if 'masks' in found:
            image['masks'] = [run_lengths(mask) for mask in _array(found.masks[found.scores >= masks_from])]
        truth = sample.get('gt_instances')
        if truth is not None and 'masks' in truth:
            height, width = sample.ori_shape[:2]
            # The pipeline may have read them before it resized the image.
            image['true_masks'] = [run_lengths(mask) for mask in truth.masks.resize((height, width)).to_ndarray()]
    return image


def _picture(image: Image, score: float) -> dict[str, Any]:
    seen = image['scores'] >= score
    truth = {'boxes': image['true_boxes'].round(1).tolist(), 'labels': image['true_labels'].tolist()}
    found = {
        'boxes': image['boxes'][seen].round(1).tolist(),
        'labels': image['labels'][seen].tolist(),
        'scores': image['scores'][seen].round(_DIGITS).tolist(),
    }
    if 'true_masks' in image:
        truth['masks'] = image['true_masks']
    if 'masks' in image:
        found['masks'] = image['masks']
    return {'path': image['path'], 'truth': truth, 'found': found}


def _by_class(image: Image, num_classes: int) -> list[NDArray[Any]]:
    rows = np.concatenate([image['boxes'], image['scores'][:, None]], axis=1)
    return [rows[image['labels'] == label] for label in range(num_classes)]


def _envelope(recall: NDArray[Any], precision: NDArray[Any]) -> list[float]:
    """The best precision at each recall or beyond; 0 beyond the last."""
    best = [precision[recall >= level - 1e-9].max(initial=0.0) for level in RECALLS]
    return _rounded(np.array(best))


def run_lengths(mask: NDArray[Any]) -> dict[str, Any]:
    """A mask as COCO writes it uncompressed: lengths of runs down the columns, of zeros first.

    Args:
        mask: Any type, nonzero inside, shape ``(H, W)``.
    """
    flat = np.asarray(mask).astype(bool).ravel(order='F')
    changes = np.flatnonzero(np.diff(flat, prepend=False)) if flat.size else np.zeros(0, int)
    counts = np.diff([0, *changes.tolist(), flat.size])
    return {'size': list(mask.shape), 'counts': counts.tolist()}


def _rounded(values: NDArray[Any]) -> list[float]:
    rounded: list[float] = values.astype(float).round(_DIGITS).tolist()
    return rounded


def _array(values: Any) -> NDArray[Any]:
    array: NDArray[Any] = getattr(values, 'tensor', values).detach().cpu().numpy()
    return array
