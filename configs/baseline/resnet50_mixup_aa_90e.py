"""ResNet-50 with MixUp and AutoAugment, ImageNet-1k, 90 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Tables 1 and 2, MixUp+AA without AgMax: 75.9 top-1, 92.9 top-5.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_mixup_aa_90e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_aa.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_90e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=1, row='MixUp+AA', column='Baseline', metric='accuracy/top1', value=75.9),
    dict(table=2, row='MixUp+AA', column='ResNet-50, 90 epochs', metric='accuracy/top1', value=75.9),
    dict(table=2, row='MixUp+AA', column='ResNet-50, 90 epochs', metric='accuracy/top5', value=92.9),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.MixUp', alpha=0.2)], probs=[1.0]))
