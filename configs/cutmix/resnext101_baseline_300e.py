"""ResNeXt-101 alone, ImageNet-1k, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Table 4, ResNeXt-101: 21.18 top-1 error, 5.57 top-5 error.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnext101_baseline_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnext101.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=4, row='ResNeXt-101', metric='error/top1', value=21.18),
    dict(table=4, row='ResNeXt-101', metric='error/top5', value=5.57),
]
