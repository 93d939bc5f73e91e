"""What is measured of a localisation, as people read it."""

from agmax_mm.metrics import Metric, declare


def _declare(name: str, title: str) -> Metric:
    return declare(Metric(f'localization/{name}', title, '%', higher_is_better=True))


TOP1 = _declare('top1', 'top-1 Loc')
GT_KNOWN = _declare('gt_known', 'GT-known Loc')
CLASSIFIED = _declare('classified', 'top-1')
MAX_BOX = _declare('max_box_acc', 'MaxBoxAcc')
MAX_BOX_V2 = _declare('max_box_acc_v2', 'MaxBoxAccV2')
# The floors: one box for all images.
CENTRE_TOP1 = _declare('centre_top1', 'top-1 Loc of the centre box')
CENTRE = _declare('centre_gt_known', 'GT-known Loc of the centre box')
CENTRE_V2 = _declare('centre_v2', 'MaxBoxAccV2 of the centre box')
WHOLE_TOP1 = _declare('whole_top1', 'top-1 Loc of the whole image')
WHOLE = _declare('whole_gt_known', 'GT-known Loc of the whole image')
WHOLE_V2 = _declare('whole_v2', 'MaxBoxAccV2 of the whole image')

METRICS = (
    *(TOP1, GT_KNOWN, CLASSIFIED, MAX_BOX, MAX_BOX_V2),
    *(CENTRE_TOP1, CENTRE, CENTRE_V2, WHOLE_TOP1, WHOLE, WHOLE_V2),
)
