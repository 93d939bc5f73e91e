"""ResNet-101 with CutMix, ImageNet-1k, 270 epochs: a baseline.

Paper:   Atienza, WACV 2022, Table 9, CutMix without AgMax: 79.8 top-1.
Ours:    not run.
Run:     tools/dist_train.sh configs/baseline/resnet101_cutmix_270e.py 8
Made by: tools/make_recipes.py
"""

_base_ = [
    '../_base_/models/resnet101.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/datasets/imagenet_val_224.py',
    '../_base_/schedules/imagenet_270e.py',
    '../_base_/default_runtime.py',
]

paper = [dict(table=9, row='ResNet-101', column='CutMix', metric='accuracy/top1', value=79.8)]

data_preprocessor = dict(batch_augments=dict(augments=[dict(type='agmax_mm.CutMix', alpha=1.0)], probs=[1.0]))
