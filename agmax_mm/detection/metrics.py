"""The metrics of detection. The host measures them as shares of 1."""

from __future__ import annotations

from agmax_mm.metrics import Metric, declare, declare_family

VOC_MAP = declare(Metric('pascal_voc/mAP', 'VOC mAP', '%', higher_is_better=True, factor=100))
BOX_AP = declare(Metric('coco/bbox_mAP', 'box AP', '%', higher_is_better=True, factor=100))
MASK_AP = declare(Metric('coco/segm_mAP', 'mask AP', '%', higher_is_better=True, factor=100))
# The scores of a result row, by kind of data.
SCORES = {'voc': (VOC_MAP,), 'coco': (BOX_AP, MASK_AP)}

for _beginning in ('pascal_voc/', 'coco/'):
    declare_family(_beginning, higher_is_better=True)
