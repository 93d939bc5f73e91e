"""Localisation by ResNet-50 alone, ImageNet-1k, 20 epochs.

Paper:   Yun et al., ICCV 2019, Table 9, ResNet-50 + CAM: 46.30 top-1 localisation accuracy.
Decided: here, not in the paper: the weights to start from are those of a plain ImageNet classifier; images are
         mirrored.
Ours:    not run.
Run:     tools/dist_train.sh configs/localization/resnet50_baseline_20e.py 4
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_stride1.py',
    '../_base_/datasets/imagenet_boxes.py',
    '../_base_/schedules/localization_20e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='ResNet-50 + CAM', column='ImageNet', metric='localization/top1', value=46.3)]

default_hooks = dict(
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='work_dirs/backbones/resnet50.pth'),
    checkpoint=dict(interval=1, save_best='localization/top1'),
)
