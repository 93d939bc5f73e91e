"""ResNet-101 with the standard augmentation, ImageNet-1k, 270 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 9, Standard without AgMax: 78.1 top-1.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet101_standard_270e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet101.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_270e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='ResNet-101', column='Standard', metric='accuracy/top1', value=78.1)]
