"""Faster R-CNN R50-FPN on COCO, from a backbone pre-trained here: for data with boxes and without masks.

Paper:   none.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task coco --backbone BACKBONE

The recipe is mmdet's, with the gradient clipping of the Mask R-CNN beside it.
"""

_base_ = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py'

# The hook below brings the weights; nothing is downloaded.
model = dict(backbone=dict(init_cfg=None))
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))

optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=True)
