"""Faster R-CNN EfficientNet-B0-FPN on Pascal VOC 07+12, from an EfficientNet-B0 pre-trained here.

Paper:   none; Atienza, WACV 2022, pre-trains this network (Table 9) and does not transfer it.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task voc \
             --config configs/detection/faster-rcnn_efficientnet-b0_fpn_1x_voc0712.py \
             --backbone work_dirs/agmax/efficientnet-b0_cutmix_aa_100e/backbone_best.safetensors

As with the ResNet-50, but for the network, which is the one of configs/_base_/models/efficientnet-b0.py.
"""

_base_ = './faster-rcnn_r50_fpn_1x_voc0712.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='agmax_mm.TimmBackbone',
        model_name='efficientnet_b0',
        out_indices=(1, 2, 3, 4),
        frozen_stages=1,
        norm_eval=True,
        init_cfg=None,
    ),
    neck=dict(in_channels=[24, 40, 112, 320]),
)
paper = []
