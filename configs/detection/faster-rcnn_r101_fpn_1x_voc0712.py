"""Faster R-CNN R101-FPN on Pascal VOC 07+12, from a ResNet-101 pre-trained here.

Paper:   none; Atienza, WACV 2022, pre-trains this network (Table 9) and does not transfer it.
Ours:    not run.
Run:     python tools/transfer.py --detector faster-rcnn --task voc \
             --backbone work_dirs/agmax/resnet101_cutmix_aa_270e/backbone_best.safetensors

As with the ResNet-50, but for the depth.
"""

_base_ = './faster-rcnn_r50_fpn_1x_voc0712.py'

model = dict(backbone=dict(depth=101))
paper = []
