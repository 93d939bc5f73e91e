"""Localisation by ResNet-50 alone, CUB-200-2011, 600 epochs.

Paper:   Yun et al., ICCV 2019, Table 9, ResNet-50 + CAM: 49.41 top-1 localisation accuracy.
Decided: here, not in the paper: the weights to start from are those of a plain ImageNet classifier; images are
         mirrored.
Ours:    not run.
Run:     python tools/train.py configs/localization/resnet50_baseline_600e_cub.py
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_stride1.py',
    '../_base_/datasets/cub_boxes.py',
    '../_base_/schedules/localization_600e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='ResNet-50 + CAM', column='CUB200-2011', metric='localization/top1', value=49.41)]

model = dict(head=dict(num_classes=200))
default_hooks = dict(
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='work_dirs/backbones/resnet50.pth'),
    checkpoint=dict(interval=10, save_best='localization/top1'),
)
