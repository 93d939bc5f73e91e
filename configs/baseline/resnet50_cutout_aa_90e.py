"""ResNet-50 with CutOut and AutoAugment, ImageNet-1k, 90 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Tables 1 and 2, CutOut+AA without AgMax: 75.7 top-1, 92.8 top-5.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_cutout_aa_90e.py 8
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
    dict(table=1, row='CutOut+AA', column='Baseline', metric='accuracy/top1', value=75.7),
    dict(table=2, row='CutOut+AA', column='ResNet-50, 90 epochs', metric='accuracy/top1', value=75.7),
    dict(table=2, row='CutOut+AA', column='ResNet-50, 90 epochs', metric='accuracy/top5', value=92.8),
]

data_preprocessor = dict(
    image_augments=[*_base_.data_preprocessor.image_augments, dict(type='agmax_mm.CutOut', length=112)]
)
