"""Faster R-CNN R50-FPN on Pascal VOC 07+12, from a backbone pre-trained here.

Paper:   Atienza, WACV 2022, Table 10: mAP 80.5 with the Standard backbone, 81.4 with CutMix+AA+AgMax.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task voc --backbone BACKBONE
         python tools/train.py configs/detection/faster-rcnn_r50_fpn_1x_voc0712.py --cfg-options \
             default_hooks.backbone.checkpoint=work_dirs/agmax/resnet50_cutmix_aa_270e/backbone_best.safetensors
All rows of the table and their pre-training: README.md in this folder.

The recipe is mmdet's. The paper adds gradient clipping and gives no value: 35 is a common choice for mmdet's detectors.
The learning rate is the host's for 16 images a step, and is scaled to the batch there is.
"""

_base_ = 'mmdet::pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py'

# The hook below brings the weights; nothing is downloaded.
model = dict(backbone=dict(init_cfg=None))
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))

optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=True)

paper = [
    dict(table=10, row=row, pretraining=pretraining, metric='pascal_voc/mAP', value=value)
    for row, pretraining, value in (
        ('Standard', 'baseline/resnet50_standard_270e', 80.5),
        ('CutOut+AA', 'baseline/resnet50_cutout_aa_270e', 81.2),
        ('CutOut+AA with AgMax', 'agmax/resnet50_cutout_aa_270e', 81.4),
        ('MixUp+AA', 'baseline/resnet50_mixup_aa_270e', 81.1),
        ('MixUp+AA with AgMax', 'agmax/resnet50_mixup_aa_270e', 81.5),
        ('CutMix+AA', 'baseline/resnet50_cutmix_aa_270e', 80.8),
        ('CutMix+AA with AgMax', 'agmax/resnet50_cutmix_aa_270e', 81.4),
    )
]
