"""Faster R-CNN RegNetX-200MF-FPN on Pascal VOC 07+12, from a RegNetX-200MF pre-trained here.

Paper:   none; Atienza, WACV 2022, pre-trains this network (Table 9) and does not transfer it.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task voc \
             --config configs/detection/faster-rcnn_regnetx-200mf_fpn_1x_voc0712.py \
             --backbone work_dirs/agmax/regnetx-200mf_cutmix_aa_100e/backbone_best.safetensors

As with the ResNet-50, but for the network, which is the one of configs/_base_/models/regnetx-200mf.py.
"""

_base_ = './faster-rcnn_r50_fpn_1x_voc0712.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='RegNet',
        arch=dict(w0=24, wa=36.44, wm=2.49, group_w=8, depth=13, bot_mul=1.0),
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=None,
    ),
    neck=dict(in_channels=[24, 56, 152, 368]),
)
paper = []
