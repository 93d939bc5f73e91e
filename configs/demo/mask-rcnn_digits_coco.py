"""The demo's Mask R-CNN on scenes of digits in COCO files, from a backbone of the demo's pre-training.

As small as the demo's Faster R-CNN, with a mask head of two convolutions.

Ours:   see the report of `make demo`.
Run:    make demo
"""

_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py', '../_base_/detection/digits.py']

model = dict(
    data_preprocessor=dict(type='DetDataPreprocessor'),
    backbone=dict(depth=18, base_channels=32, stem_channels=32, frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64, anchor_generator=dict(scales=[4])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64),
        bbox_head=dict(in_channels=64, fc_out_channels=256, num_classes=10),
        mask_roi_extractor=dict(out_channels=64),
        mask_head=dict(num_convs=2, in_channels=64, conv_out_channels=64, num_classes=10),
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=300, max_per_img=100), rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(nms_pre=300, max_per_img=100), rcnn=dict(max_per_img=30)),
)

train_dataloader = dict(
    dataset=dict(
        type='CocoDataset',
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='VOC2007/JPEGImages/'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='Resize', scale=(160, 160), keep_ratio=True),
            dict(type='PackDetInputs'),
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        type='CocoDataset',
        ann_file='annotations/instances_test.json',
        data_prefix=dict(img='VOC2007/JPEGImages/'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(160, 160), keep_ratio=True),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(
                type='PackDetInputs',
                meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
            ),
        ],
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='CocoMetric', ann_file='work_dirs/demo/data/annotations/instances_test.json', metric=['bbox', 'segm']
)
test_evaluator = val_evaluator
