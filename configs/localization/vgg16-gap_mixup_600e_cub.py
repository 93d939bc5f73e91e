"""Localisation by VGG-GAP with MixUp, CUB-200-2011, 600 epochs.

Paper:   Yun et al., ICCV 2019, Table 9, VGG-GAP + Mixup: 41.73 top-1 localisation accuracy (37.12 without).
Decided: here, not in the paper: the weights to start from are those of a plain ImageNet classifier; images are
         mirrored; every batch is mixed; the new convolution learns as the backbone does
         (optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult=10 for the other way).
Ours:    not run.
Run:     python tools/train.py configs/localization/vgg16-gap_mixup_600e_cub.py
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg16-gap.py',
    '../_base_/datasets/cub_boxes.py',
    '../_base_/schedules/localization_600e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='VGG-GAP + Mixup', column='CUB200-2011', metric='localization/top1', value=41.73)]

model = dict(head=dict(num_classes=200))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=1.0)], probs=[1.0]))
optim_wrapper = dict(optimizer=dict(lr=0.0001))
default_hooks = dict(
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='work_dirs/backbones/vgg16.pth'),
    checkpoint=dict(interval=10, save_best='localization/top1'),
)
