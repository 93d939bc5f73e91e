"""Faster R-CNN R50-FPN on Pascal VOC 07+12, from a backbone pre-trained here.

Paper:   Atienza, WACV 2022, Table 10: mAP 80.5 with the Standard backbone, 81.4 with CutMix+AA+AgMax.
Ours:    not run.
Run:     python tools/train.py configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py \
             --cfg-options default_hooks.backbone.checkpoint=work_dirs/resnet50_cutmix_aa_270e/backbone_best.safetensors
Own data, fewer classes, several seeds: tools/transfer.py --task voc.

The recipe is mmdet's. The paper adds gradient clipping and gives no value: 35 is a common choice for mmdet's detectors.
The learning rate is the host's for 16 images a step, and is scaled to the batch there is.
"""

_base_ = 'mmdet::pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py'

# The hook below brings the weights; nothing is downloaded.
model = dict(backbone=dict(init_cfg=None))
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))
custom_hooks = [dict(type='mmdet.CheckInvalidLossHook')]

optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=True)

paper = dict(table=10, row='CutMix+AA with AgMax', metric='pascal_voc/mAP', value=81.4)
