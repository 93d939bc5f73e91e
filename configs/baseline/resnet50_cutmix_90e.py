"""ResNet-50 with CutMix, ImageNet-1k, 90 epochs: the baseline of the AgMax recipe of this name.

Paper:   Atienza, WACV 2022, Tables 1 and 2, CutMix without AgMax: 76.3 top-1, 93.2 top-5.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet50_cutmix_90e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_90e.py',
    '../_base_/default_runtime.py',
]

paper = [
    dict(table=1, row='CutMix', column='Baseline', metric='accuracy/top1', value=76.3),
    dict(table=2, row='CutMix', column='ResNet-50, 90 epochs', metric='accuracy/top1', value=76.3),
    dict(table=2, row='CutMix', column='ResNet-50, 90 epochs', metric='accuracy/top5', value=93.2),
]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
