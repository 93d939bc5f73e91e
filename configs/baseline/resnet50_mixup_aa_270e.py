"""ResNet-50 with MixUp and AutoAugment, ImageNet-1k, 270 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Table 2, MixUp+AA without AgMax: 78.3 top-1, 94.0 top-5.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_mixup_aa_270e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_aa.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_270e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=2, row='MixUp+AA', column='ResNet-50, 270 epochs', metric='accuracy/top1', value=78.3),
    dict(table=2, row='MixUp+AA', column='ResNet-50, 270 epochs', metric='accuracy/top5', value=94.0),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=0.2)], probs=[1.0]))
