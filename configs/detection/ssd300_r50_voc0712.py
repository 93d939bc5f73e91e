"""SSD300 with a ResNet-50 on Pascal VOC 07+12, from a backbone pre-trained here.

Paper:   Yun et al., ICCV 2019, Table 10: mAP 76.7 (baseline), 76.6 (Mixup), 76.8 (Cutout), 77.6 (CutMix).
Ours:    not run.
Run:     python tools/transfer.py --detector ssd300 --task voc --backbone BACKBONE
All rows of the table and their pre-training: README.md in this folder.

From the paper: 300 px, the first source is the second stage's output, batch 32, learning rate 1e-3, 120,000 steps,
a tenth of it from 80,000 and 100,000. From ssd.pytorch, which the paper builds on: anchors, weight decay, L2
normalisation of the first source to 20, augmentation, no warm-up, negatives 3 to 1. Neither says the rest, decided
here: the second source is the third stage (19 x 19 x 1024, the shape of the VGG's fc7), there is no fourth stage,
and all of the backbone learns, its batch statistics included (tools/transfer.py --finetune frozen for the other
way).
"""

_base_ = ['mmdet::_base_/models/ssd300.py', '../_base_/detection/voc0712_120k.py']

model = dict(
    # The classifier's, in place of the VGG's mean without a deviation.
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(1, 2),
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=None,
    ),
    # The host's 0.2 is VOC's: priors from 30 to 264 px.
    bbox_head=dict(
        type='agmax_mm.detection.ssd_head.SSDHead',
        num_classes=20,
        anchor_generator=dict(basesize_ratio_range=(0.2, 0.9)),
    ),
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Expand', mean=[123.675, 116.28, 103.53], to_rgb=True, ratio_range=(1, 4)),
    dict(type='MinIoURandomCrop', min_ious=(0.1, 0.3, 0.5, 0.7, 0.9), min_crop_size=0.3),
    dict(type='Resize', scale=(300, 300), keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=32,
        contrast_range=(0.5, 1.5),
        saturation_range=(0.5, 1.5),
        hue_delta=18,
    ),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(300, 300), keep_ratio=False),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    # All images become squares: nothing to group by shape.
    batch_sampler=None,
    dataset=dict(datasets=[dict(part, pipeline=train_pipeline) for part in _base_.train_dataloader.dataset.datasets]),
)
val_dataloader = dict(batch_size=8, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4))
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=120_000, by_epoch=False, milestones=[80_000, 100_000], gamma=0.1)
]
auto_scale_lr = dict(enable=True, base_batch_size=32)

paper = [
    dict(table=10, row=row, pretraining=pretraining, metric='pascal_voc/mAP', value=value)
    for row, pretraining, value in (
        ('Baseline', 'cutmix/resnet50_baseline_300e', 76.7),
        ('Mixup', 'cutmix/resnet50_mixup_300e', 76.6),
        ('Cutout', 'cutmix/resnet50_cutout_300e', 76.8),
        ('CutMix', 'cutmix/resnet50_cutmix_300e', 77.6),
    )
]
