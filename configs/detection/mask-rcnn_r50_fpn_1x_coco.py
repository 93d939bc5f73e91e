"""Mask R-CNN R50-FPN on COCO, from a backbone pre-trained here.

Paper:   Atienza, WACV 2022, Table 10: box / mask AP 34.6 / 31.3 with the Standard backbone, 36.4 / 32.6 with
         CutMix+AA+AgMax. mmdet's own figure for this recipe is 38.2 / 34.7, so compare differences, not levels.
Ours:    not run.
Run:     python tools/transfer.py --detector mask-rcnn --task coco --backbone BACKBONE
         python tools/train.py configs/detection/mask-rcnn_r50_fpn_1x_coco.py --cfg-options \
             default_hooks.backbone.checkpoint=work_dirs/agmax/resnet50_cutmix_aa_270e/backbone_best.safetensors
All rows of the table and their pre-training: README.md in this folder.

The recipe is mmdet's. The paper adds gradient clipping and gives no value: 35 is a common choice for mmdet's detectors.
The learning rate is the host's for 16 images a step, and is scaled to the batch there is.
"""

_base_ = 'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'

# The hook below brings the weights; nothing is downloaded.
model = dict(backbone=dict(init_cfg=None))
default_hooks = dict(backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint=None))

optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
auto_scale_lr = dict(enable=True)

paper = [
    dict(table=10, row=row, pretraining=pretraining, metric=metric, value=value)
    for row, pretraining, box, mask in (
        ('Standard', 'baseline/resnet50_standard_270e', 34.6, 31.3),
        ('CutOut+AA', 'baseline/resnet50_cutout_aa_270e', 35.6, 32.1),
        ('CutOut+AA with AgMax', 'agmax/resnet50_cutout_aa_270e', 36.6, 32.8),
        ('MixUp+AA', 'baseline/resnet50_mixup_aa_270e', 36.0, 32.4),
        ('MixUp+AA with AgMax', 'agmax/resnet50_mixup_aa_270e', 37.0, 32.9),
        ('CutMix+AA', 'baseline/resnet50_cutmix_aa_270e', 36.0, 32.3),
        ('CutMix+AA with AgMax', 'agmax/resnet50_cutmix_aa_270e', 36.4, 32.6),
    )
    for metric, value in (('coco/bbox_mAP', box), ('coco/segm_mAP', mask))
]
