"""ResNet-50 alone, ImageNet-1k, 300 epochs: the baseline.

Paper:   Yun et al., ICCV 2019, Table 3, ResNet-50: 23.68 top-1 error, 7.05 top-5 error.
Ours:    not run.
Run:     tools/dist_train.sh configs/cutmix/resnet50_baseline_300e.py 4
AgMax:   --cfg-options model.agreement=mi (two views that agree)
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50_he.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_300e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=3, row='ResNet-50', metric='error/top1', value=23.68),
    dict(table=3, row='ResNet-50', metric='error/top5', value=7.05),
]
