"""Faster R-CNN C4 with a ResNet-50 on Pascal VOC 07+12, from a backbone pre-trained here.

Paper:   Yun et al., ICCV 2019, Table 10: mAP 75.6 (baseline), 73.9 (Mixup), 75.0 (Cutout), 76.7 (CutMix).
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn-c4 --task voc --backbone BACKBONE
All rows of the table and their pre-training: README.md in this folder.

From the paper: batch 8, learning rate 0.01, 120,000 steps, a tenth of it from 100,000. From faster-rcnn.pytorch,
which the paper builds on: the stem and the first stage and all batch normalisation stay as they are, anchors of 8,
16 and 32 times the stride of 16, 12,000 proposals kept to 2,000 (6,000 to 300 for testing), 256 regions an image, 7
x 7 per region, which the fourth stage makes 4 x 4 and a mean, suppression at 0.3 for testing, no decay of biases,
no warm-up. Unlike there: RGB images with the classifier's mean and deviation and the stride in the 3 x 3, as in the
backbones here.
"""

_base_ = ['mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py', '../_base_/detection/voc0712_120k.py']

model = dict(
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    # norm_cfg is the host's: scale and shift of the batch normalisation do not learn, either.
    backbone=dict(frozen_stages=1, norm_eval=True, style='pytorch', init_cfg=None),
    rpn_head=dict(anchor_generator=dict(scales=[8, 16, 32])),
    roi_head=dict(
        # Gets the fourth stage of the backbone's file.
        shared_head=dict(style='pytorch', init_cfg=None),
        # 14 here goes with a roi_feat_size of 7.
        bbox_roi_extractor=dict(roi_layer=dict(output_size=7)),
        bbox_head=dict(roi_feat_size=4, num_classes=20),
    ),
    train_cfg=dict(rcnn=dict(sampler=dict(num=256))),
    test_cfg=dict(rpn=dict(max_per_img=300), rcnn=dict(nms=dict(iou_threshold=0.3))),
)

train_dataloader = dict(batch_size=8, num_workers=4)

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(bias_decay_mult=0.0),
)
param_scheduler = [dict(type='MultiStepLR', begin=0, end=120_000, by_epoch=False, milestones=[100_000], gamma=0.1)]
auto_scale_lr = dict(enable=True, base_batch_size=8)

paper = [
    dict(table=10, row=row, pretraining=pretraining, metric='pascal_voc/mAP', value=value)
    for row, pretraining, value in (
        ('Baseline', 'cutmix/resnet50_baseline_300e', 75.6),
        ('Mixup', 'cutmix/resnet50_mixup_300e', 73.9),
        ('Cutout', 'cutmix/resnet50_cutout_300e', 75.0),
        ('CutMix', 'cutmix/resnet50_cutmix_300e', 76.7),
    )
]
