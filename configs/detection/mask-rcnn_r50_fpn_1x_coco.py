"""Mask R-CNN R50-FPN on COCO, from a backbone pre-trained here.

Paper:   Atienza, WACV 2022, Table 10: box / mask AP 34.6 / 31.3 with the Standard backbone, 36.4 / 32.6 with
         CutMix+AA+AgMax. mmdet's own figure for this recipe is 38.2 / 34.7, so compare differences, not levels.
Ours:    not run.
Run:     python tools/train.py configs/detection/mask-rcnn_r50_fpn_1x_coco.py \
             --cfg-options default_hooks.backbone.checkpoint=work_dirs/resnet50_cutmix_aa_270e/backbone_best.safetensors
Own data, fewer classes, several seeds: tools/transfer.py --task coco.

The recipe is mmdet's. The paper adds gradient clipping and gives no value: 35 is a common choice for mmdet's detectors.
The learning rate is the host's for 16 images a step, and is scaled to the batch there is.
"""

_base_ = 'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'

# The hook below brings the weights; nothing is downloaded.
model = dict(backbone=dict(init_cfg=None))
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))
custom_hooks = [dict(type='mmdet.CheckInvalidLossHook')]

optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=True)

paper = [
    dict(table=10, row='CutMix+AA with AgMax', metric='coco/bbox_mAP', value=36.4),
    dict(table=10, row='CutMix+AA with AgMax', metric='coco/segm_mAP', value=32.6),
]
