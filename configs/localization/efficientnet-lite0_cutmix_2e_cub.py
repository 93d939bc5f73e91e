"""Localisation by EfficientNet-Lite0 with CutMix, five classes of CUB-200-2011, 2 epochs.

Paper:   none; a small version of Yun et al., ICCV 2019, Table 9.
Ours:    benchmarks/studies/localization_birds.md.
Run:     python tools/train.py configs/localization/efficientnet-lite0_cutmix_2e_cub.py
Start:   --cfg-options default_hooks.backbone.checkpoint=FILE, of this package, torchvision, timm or the CutMix authors
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/efficientnet-lite0_stride1.py',
    '../_base_/datasets/cub_boxes_small.py',
    '../_base_/schedules/localization_2e.py',
    '../_base_/default_runtime.py',
]

paper = []

model = dict(head=dict(num_classes=5))
data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[0.5]))
default_hooks = dict(
    backbone=dict(type='agmax_mm.LoadBackboneHook', checkpoint='work_dirs/backbones/efficientnet_lite0.pth'),
    checkpoint=dict(interval=2, save_best=None),
)
