"""Localisation by VGG-GAP with CutMix, ImageNet-1k, 20 epochs.

Paper:   Yun et al., ICCV 2019, Table 9, VGG-GAP + CutMix: 43.45 top-1 localisation accuracy (42.73 without).
Decided: here, not in the paper: the weights to start from are those of a plain ImageNet classifier; images are
         mirrored; every batch is mixed; the new convolution learns as the backbone does
         (optim_wrapper.paramwise_cfg.custom_keys.neck.lr_mult=10 for the other way).
Ours:    not run.
Run:     tools/dist_train.sh configs/localization/vgg16-gap_cutmix_20e.py 4
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/vgg16-gap.py',
    '../_base_/datasets/imagenet_boxes.py',
    '../_base_/schedules/localization_20e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='VGG-GAP + CutMix', column='ImageNet', metric='localization/top1', value=43.45)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
default_hooks = dict(
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='work_dirs/backbones/vgg16.pth'),
    checkpoint=dict(interval=1, save_best='localization/top1'),
)
