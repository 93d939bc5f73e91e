"""Faster R-CNN RegNetY-400MF-FPN on Pascal VOC 07+12, from a RegNetY-400MF pre-trained here.

Paper:   none; Atienza, WACV 2022, pre-trains this network (Table 9) and does not transfer it.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task voc \
             --config configs/detection/faster-rcnn_regnety-400mf_fpn_1x_voc0712.py \
             --backbone work_dirs/agmax/regnety-400mf_cutmix_aa_100e/backbone_best.safetensors

As with the ResNet-50, but for the network, which is the one of configs/_base_/models/regnety-400mf.py.
"""

_base_ = './faster-rcnn_r50_fpn_1x_voc0712.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='agmax_mm.TimmBackbone',
        model_name='regnety_004',
        out_indices=(1, 2, 3, 4),
        frozen_stages=1,
        norm_eval=True,
        init_cfg=None,
    ),
    neck=dict(in_channels=[48, 104, 208, 440]),
)
paper = []
