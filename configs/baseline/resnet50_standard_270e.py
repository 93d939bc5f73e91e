"""ResNet-50 with the standard augmentation, ImageNet-1k, 270 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, Standard without AgMax: 76.8 top-1, 93.3 top-5.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_standard_270e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_270e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=2, row='Standard', column='ResNet-50, 270 epochs', metric='accuracy/top1', value=76.8),
    dict(table=2, row='Standard', column='ResNet-50, 270 epochs', metric='accuracy/top5', value=93.3),
]
